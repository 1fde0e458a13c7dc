//! What is said of the indexes, and what is asked for beside it.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::{Story, pkey};

/// The latest story with the answer on indexes changed.
fn answered(edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Indexes, edit);
    story
}

/// The latest story with the inventory of the baseline changed.
fn inventory(edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Baseline, &Question::Inventory, edit);
    story
}

fn row(values: [&str; 4]) -> Vec<Option<String>> {
    values.iter().map(|value| (*value != "~").then(|| (*value).to_owned())).collect()
}

/// Nothing was looked at but the map of the table; of its index this is said.
fn only(table: &mut Table, what: &str) {
    table.rows.drain(..3);
    table.rows.push(row(["shop", "shop.customers_pkey", what, "~"]));
}

#[test]
fn whole_indexes_hold() {
    for story in [Story::latest(), Story::before_disaster()] {
        story.expect("indexes", Held, &["whole"]);
    }
}

#[test]
fn what_is_amiss_is_told_by_where_it_was_seen_and_how_it_is_said() {
    for (at, what, said, status, code) in [
        (1, "structure", "XX002: item order invariant violated", Broken, "index_corrupt"),
        (0, "structure", "XX001: heap tuple lacks an index tuple", Broken, "index_corrupt"),
        (2, "count", "58P01: could not open file", Broken, "index_corrupt"),
        (2, "count", "disagrees: 1999 rows, 2000 in the table", Broken, "index_disagrees"),
        (1, "heap", "damaged: 3 damages, block 1: xmin", Broken, "heap_corrupt"),
        (1, "heap", "XX001: invalid page in block 7", Broken, "heap_corrupt"),
        (3, "visibility", "disagrees: the map calls 3 rows visible", Broken, "map_disagrees"),
        (3, "visibility", "XX001: invalid page in block 7", Broken, "heap_corrupt"),
        (3, "visibility", "`pg_visibility` cannot be made: 0A000: no", Unknown, "untried"),
        (3, "visibility", "XX001", Broken, "heap_corrupt"),
        (1, "structure", "`amcheck` cannot be made: 0A000: not available", Unknown, "untried"),
        (2, "count", "57014: canceling statement due to timeout", Unknown, "untried"),
        (2, "count", "the server does not read the table through it", Unknown, "untried"),
        (2, "count", "disagreeable", Unknown, "untried"),
        (2, "count", "", Unknown, "untried"),
        (2, "size", "disagrees: 1", Unknown, "malformed_answer"),
    ] {
        let story = answered(|table| {
            // The look itself is still there; another line says what is amiss.
            let mut line = table.rows[at].clone();
            line[2] = Some(what.to_owned());
            line[3] = Some(said.to_owned());
            table.rows.push(line);
        });
        story.expect("indexes", status, &[code]);
    }
}

#[test]
fn an_index_that_was_not_looked_at_is_unknown() {
    for missing in [1, 2] {
        let story = answered(|table| drop(table.rows.remove(missing)));
        story.expect("indexes", Unknown, &["untried"]);
        assert_eq!(story.findings("indexes")[0].subject, "shop shop.customers_pkey");
    }
    let story = answered(|table| drop(table.rows.remove(3)));
    story.expect("indexes", Unknown, &["untried"]);
    assert_eq!(story.findings("indexes")[0].subject, "shop shop.customers");
    answered(|table| table.rows.clear()).expect("indexes", Unknown, &["untried"]);
    answered(|table| table.rows[1][0] = Some("other".to_owned())).expect(
        "indexes",
        Unknown,
        &["untried"],
    );
    // The one of the catalogues was not promised.
    answered(|table| drop(table.rows.remove(0))).expect("indexes", Held, &[]);
}

#[test]
fn an_index_that_says_it_is_not_in_use_must_not_have_been_before() {
    let mut story = answered(|table| {
        only(table, "unused");
    });
    story.expect("indexes", Unknown, &["untried"]);
    story.edit(Moment::Baseline, &Question::Inventory, |table| {
        table.rows[1][3] = Some(format!("{}; NOT VALID", pkey("btree")));
    });
    story.expect("indexes", Held, &[]);
    story.edit(Moment::Recovered, &Question::Indexes, |table| table.rows.clear());
    story.expect("indexes", Unknown, &["untried"]);
}

#[test]
fn an_index_of_a_view_that_was_never_filled_has_nothing_to_look_at() {
    let story = answered(|table| {
        only(table, "unfilled");
    });
    story.expect("indexes", Held, &[]);
}

#[test]
fn an_index_that_is_no_b_tree_is_only_counted() {
    let mut story = inventory(|table| table.rows[1][3] = Some(pkey("gist")));
    story.edit(Moment::Recovered, &Question::Indexes, |table| drop(table.rows.remove(1)));
    story.expect("indexes", Held, &[]);
    story.edit(Moment::Recovered, &Question::Indexes, |table| drop(table.rows.remove(1)));
    story.expect("indexes", Unknown, &["untried"]);
}

#[test]
fn every_table_must_have_been_walked_whatever_its_checksums_say() {
    for checksums in [Some("on"), Some("off"), None] {
        let mut story = Story::latest();
        story.set(Moment::Recovered, "data_checksums", checksums);
        story.expect("indexes", Held, &[]);
        story.edit(Moment::Recovered, &Question::Indexes, |table| {
            table.rows.retain(|row| row[2].as_deref() != Some("heap"));
        });
        story.expect("indexes", Unknown, &["untried"]);
    }
}

#[test]
fn no_index_holds_only_where_the_inventory_agrees_that_there_was_none() {
    let mut story = inventory(|table| drop(table.rows.remove(1)));
    story.edit(Moment::Recovered, &Question::Indexes, |table| drop(table.rows.drain(..3)));
    story.expect("indexes", Held, &[]);
    story.edit(Moment::Baseline, &Question::Inventory, |table| table.rows.clear());
    story.expect("indexes", Unknown, &["nothing_compared"]);
}

#[test]
fn one_reason_for_a_thousand_indexes_is_one_finding() {
    let untried = |number: usize| {
        let story = answered(|table| {
            for number in 0..number {
                let name = format!("shop.i{number}");
                table.rows.push(row(["shop", &name, "structure", "no `amcheck`"]));
            }
        });
        story.findings("indexes")
    };
    assert_eq!(untried(10)[0].details.len(), 10, "all ten are shown, and no rest");
    let found = untried(1000);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].said.starts_with("1000 indexes"), "{found:#?}");
    assert_eq!((found[0].details.len(), &*found[0].details[10]), (11, "and 990 more"));
}

#[test]
fn an_answer_with_a_null_in_it_is_none() {
    for column in 0..3 {
        let story = answered(|table| table.rows[0][column] = None);
        story.expect("indexes", Unknown, &["malformed_answer"]);
    }
}

#[test]
fn a_question_that_was_refused_or_never_asked_is_unknown() {
    for (moment, question) in
        [(Moment::Recovered, Question::Indexes), (Moment::Baseline, Question::Inventory)]
    {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &question, "57014: canceling statement");
        story.expect("indexes", Unknown, &["refused"]);
        story.forget(moment, &question);
        story.expect("indexes", Unknown, &["never_asked"]);
    }
    let mut story = Story::latest();
    story.refuse(Moment::Recovered, &Question::Indexes, "XX002: index \"i\" is damaged");
    story.expect("indexes", Broken, &["unreadable"]);
}
