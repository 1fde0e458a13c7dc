//! What is said of references to large objects.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "large_objects";

/// The latest story with what is said of large objects at a moment changed.
fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::LargeObjects, edit);
    story
}

/// A row with other numbers.
fn numbers(table: &mut Table, row: usize, resolving: &str, dangling: &str) {
    table.rows[row][2] = Some(resolving.to_owned());
    table.rows[row][3] = Some(dangling.to_owned());
}

#[test]
fn references_that_lead_somewhere_hold() {
    for story in [Story::latest(), Story::before_disaster()] {
        story.expect(CHECK, Held, &[]);
        let said = &story.findings(CHECK).last().unwrap().said.clone();
        assert_eq!(said, "25 references to 20 large objects lead to one");
    }
    answered(Moment::Recovered, |table| numbers(table, 1, "21", "0")).expect(CHECK, Held, &[]);
}

#[test]
fn a_reference_or_an_object_less_is_broken() {
    for (row, resolving, dangling) in
        [(0, "19", "0"), (0, "20", "1"), (1, "19", "2"), (1, "19", "1"), (1, "20", "2")]
    {
        answered(Moment::Recovered, |table| numbers(table, row, resolving, dangling)).expect(
            CHECK,
            Broken,
            &["dangling"],
        );
    }
    let story = answered(Moment::Recovered, |table| drop(table.rows.remove(1)));
    story.expect(CHECK, Broken, &["missing"]);
    let new = ["shop", "shop.new.column", "0", "1"].map(|text| Some(text.to_owned()));
    let story = answered(Moment::Recovered, |table| table.rows.push(new.to_vec()));
    story.expect(CHECK, Broken, &["dangling"]);
}

#[test]
fn what_led_nowhere_before_is_told_where_the_column_does_name_large_objects() {
    for (resolving, told) in [("0", false), ("1", true)] {
        let mut story = Story::latest();
        for moment in [Moment::Baseline, Moment::Recovered] {
            story.edit(moment, &Question::LargeObjects, |table| numbers(table, 1, resolving, "3"));
        }
        story.expect(CHECK, Held, &[]);
        assert_eq!(story.findings(CHECK).iter().any(|it| it.code == "dangled_before"), told);
    }
}

#[test]
fn an_unlogged_table_may_come_back_empty_and_not_with_references_to_nothing() {
    let story = answered(Moment::Recovered, |table| numbers(table, 2, "0", "0"));
    story.expect(CHECK, Held, &[]);
    assert!(story.findings(CHECK).iter().any(|it| it.code == "expected_difference"));
    let story = answered(Moment::Recovered, |table| numbers(table, 2, "0", "5"));
    story.expect(CHECK, Broken, &["dangling"]);
}

#[test]
fn no_large_object_holds_only_where_a_database_was_looked_through() {
    let mut story = answered(Moment::Baseline, |table| {
        table.rows.truncate(1);
        numbers(table, 0, "0", "0");
    });
    story.edit(Moment::Recovered, &Question::LargeObjects, |table| {
        table.rows.truncate(1);
        numbers(table, 0, "0", "0");
    });
    story.expect(CHECK, Held, &[]);
    let story = answered(Moment::Baseline, |table| table.rows.clear());
    story.expect(CHECK, Unknown, &["nothing_compared"]);
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    for column in 0..4 {
        let story = answered(Moment::Recovered, |table| table.rows[0][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    answered(Moment::Recovered, |table| numbers(table, 0, "many", "0")).expect(
        CHECK,
        Unknown,
        &["malformed_answer"],
    );
    answered(Moment::Recovered, |table| table.rows.push(table.rows[0].clone())).expect(
        CHECK,
        Unknown,
        &["malformed_answer"],
    );
}

#[test]
fn a_question_that_was_refused_or_never_asked_is_unknown() {
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::LargeObjects, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::LargeObjects);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
    let mut story = Story::latest();
    story.refuse(Moment::Recovered, &Question::LargeObjects, "XX001: invalid page in block 1");
    story.expect(CHECK, Broken, &["unreadable"]);
}
