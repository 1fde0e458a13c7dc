//! What is compared with the baseline, and the queries of a scenario's own.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::Event;
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::{RECOVERY, Story, digest};

/// The checks that compare, and what they ask.
fn comparing() -> [(&'static str, Question); 5] {
    [
        ("configuration", Question::Configuration),
        ("fingerprint", Question::Fingerprint),
        ("inventory", Question::Inventory),
        ("globals", Question::Globals),
        ("sequences", Question::Sequences),
    ]
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn equal_contents_hold() {
    for (check, _) in comparing() {
        Story::before_disaster().expect(check, Held, &[]);
    }
    Story::before_disaster().expect("sql", Held, &[]);
}

#[test]
fn nothing_compared_with_nothing_is_unknown() {
    for (check, question) in comparing() {
        let mut story = Story::latest();
        for moment in [Moment::Baseline, Moment::Recovered] {
            story.edit(moment, &question, |table| table.rows.clear());
        }
        story.edit(Moment::Baseline, &Question::Inventory, |table| {
            if check != "inventory" {
                table.rows.push(["shop", "sequence", "shop.ids", "x"].map(text).to_vec());
            }
        });
        story.expect(check, Unknown, &["nothing_compared"]);
    }
}

#[test]
fn a_database_without_sequences_holds_when_its_catalogue_says_so_too() {
    let mut story = Story::latest();
    for moment in [Moment::Baseline, Moment::Recovered] {
        story.edit(moment.clone(), &Question::Sequences, |table| table.rows.clear());
        story.edit(moment, &Question::Inventory, |table| {
            table.rows.retain(|row| row[1].as_deref() != Some("sequence"));
        });
    }
    story.expect("sequences", Held, &["ahead"]);
}

#[test]
fn a_comparison_is_unknown_when_either_side_was_never_asked_or_refused() {
    for (check, question) in comparing() {
        for moment in [Moment::Baseline, Moment::Recovered] {
            let mut story = Story::latest();
            story.refuse(moment.clone(), &question, "57014: canceling statement");
            story.expect(check, Unknown, &["refused"]);
            story.forget(moment, &question);
            story.expect(check, Unknown, &["never_asked"]);
        }
    }
}

#[test]
fn a_recovered_server_that_cannot_read_itself_is_broken_and_a_source_is_not() {
    for (check, question) in comparing() {
        let mut story = Story::latest();
        story.refuse(Moment::Recovered, &question, "XX001: invalid page in block 7");
        story.expect(check, Broken, &["unreadable"]);
        let mut story = Story::latest();
        story.refuse(Moment::Baseline, &question, "XX001: invalid page in block 7");
        story.expect(check, Unknown, &["refused"]);
    }
}

#[test]
fn what_is_missing_or_extra_is_broken() {
    for (check, question) in comparing() {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &question, |table| {
            let first = table.rows.remove(0);
            table.rows.push(first);
            let name = table.columns.len() - 2;
            let name = if check == "fingerprint" || check == "sequences" { 1 } else { name };
            table.rows.last_mut().expect("a row")[name] = text("shop.other");
        });
        story.expect(check, Broken, &["missing", "extra"]);
    }
}

#[test]
fn an_object_that_came_back_altered_shows_both_definitions() {
    for (check, question) in [("inventory", Question::Inventory), ("globals", Question::Globals)] {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &question, |table| {
            let last = table.columns.len() - 1;
            table.rows[0][last] = text("owner postgres");
        });
        story.expect(check, Broken, &["altered"]);
        let details = &story.findings(check)[0].details;
        assert_eq!(details.len(), 2, "{details:?}");
        assert_eq!(details[1], "is: owner postgres");
    }
}

#[test]
fn definitions_that_part_at_their_end_are_shown_from_a_little_before_it() {
    for (same, shown) in [(80, "x".repeat(80)), (81, format!("…{}", "x".repeat(40)))] {
        let mut story = Story::latest();
        for (moment, end) in [(Moment::Baseline, "old"), (Moment::Recovered, "new")] {
            story.edit(moment, &Question::Inventory, |table| {
                let last = table.columns.len() - 1;
                table.rows[0][last] = text(&format!("{}{end}", "x".repeat(same)));
            });
        }
        story.expect("inventory", Broken, &["altered"]);
        let details = &story.findings("inventory")[0].details;
        assert_eq!(details[..], [format!("was: {shown}old"), format!("is: {shown}new")]);
    }
}

#[test]
fn an_object_that_is_there_twice_is_altered() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Inventory, |table| {
        table.rows.push(table.rows[0].clone());
    });
    story.expect("inventory", Broken, &["altered"]);
}

#[test]
fn a_thousand_differences_are_counted_and_not_listed() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Inventory, |table| {
        for n in 0..1000 {
            let row = ["shop", "table", &format!("shop.t{n}"), "x"];
            table.rows.push(row.iter().map(|value| text(value)).collect());
        }
    });
    let found = story.findings("inventory");
    assert_eq!(found.len(), 101);
    assert_eq!(found[100].said, "and 900 more");
}

#[test]
fn an_altered_table_is_told_by_rows_content_or_shape() {
    for (column, value, code, details) in [
        (2, "1999".to_owned(), "rows", &[][..]),
        (3, digest(b"x"), "content", &["digest was "][..]),
        (4, "x".to_owned(), "shape", &["shape was `"][..]),
    ] {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &Question::Fingerprint, |table| {
            table.rows[0][column] = Some(value);
        });
        story.expect("fingerprint", Broken, &[code]);
        let told = &story.findings("fingerprint")[0].details;
        assert_eq!(told.len(), details.len(), "{told:?}");
        assert!(
            told.iter().zip(details).all(|(told, wanted)| told.starts_with(wanted)),
            "{told:?}"
        );
    }
}

#[test]
fn a_harmed_table_that_is_still_gone_was_not_undone() {
    let mut story = Story::before_disaster();
    story.edit(Moment::Recovered, &Question::Fingerprint, |table| {
        table.rows.retain(|row| row[1].as_deref() != Some("shop.orders"));
    });
    story.expect("fingerprint", Broken, &["not_undone"]);
    story.brief.harmed.clear();
    story.expect("fingerprint", Broken, &["missing"]);
}

#[test]
fn an_unlogged_table_comes_back_empty_as_expected_and_is_shown() {
    let mut story = Story::latest();
    story.edit(Moment::Baseline, &Question::Fingerprint, |table| {
        table.rows[2][2] = text("40");
        table.rows[2][3] = Some(digest(b"forty"));
    });
    story.expect("fingerprint", Held, &[]);
    let found = story.findings("fingerprint");
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert!(codes.contains(&"expected_difference"), "{codes:?}");
    // Emptied is all that is expected of it.
    story.edit(Moment::Recovered, &Question::Fingerprint, |table| table.rows[2][2] = text("39"));
    story.expect("fingerprint", Broken, &["rows"]);
}

#[test]
fn a_logged_table_that_comes_back_empty_is_broken() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Fingerprint, |table| table.rows[0][2] = text("0"));
    story.expect("fingerprint", Broken, &["rows"]);
}

#[test]
fn tables_without_a_row_are_nothing_compared() {
    let mut story = Story::latest();
    for moment in [Moment::Baseline, Moment::Recovered] {
        story.edit(moment, &Question::Fingerprint, |table| {
            for row in &mut table.rows {
                row[2] = text("0");
            }
        });
    }
    story.expect("fingerprint", Unknown, &["nothing_compared"]);
}

#[test]
fn the_workloads_tables_alone_are_left_to_the_ledger() {
    for (relation, status) in [
        ("ledger.tx", Held),
        ("ledger.entry", Held),
        ("ledger.account", Held),
        ("pgrehearse.probe", Held),
        ("ledger.other", Broken),
        ("ledgers.tx", Broken),
        ("other ledger.tx", Broken),
    ] {
        let (database, relation) = relation.split_once(' ').unwrap_or(("shop", relation));
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &Question::Fingerprint, |table| {
            let row = [database, relation, "9", &digest(b"x"), "id uuid"];
            table.rows.push(row.iter().map(|value| text(value)).collect());
        });
        story.expect("fingerprint", status, &["extra"]);
    }
}

#[test]
fn a_fingerprint_that_is_none_is_unknown() {
    for (column, value) in
        [(2, text("many")), (3, text("")), (3, None), (1, None), (1, text("shop.orders"))]
    {
        let mut story = Story::latest();
        story
            .edit(Moment::Recovered, &Question::Fingerprint, |table| table.rows[0][column] = value);
        story.expect("fingerprint", Unknown, &["malformed_answer"]);
    }
}

#[test]
fn an_answer_with_other_columns_is_unknown() {
    for (check, question) in comparing() {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &question, |table| table.columns[0] = "other".to_owned());
        story.expect(check, Unknown, &["malformed_answer"]);
        let mut story = Story::latest();
        story.edit(Moment::Baseline, &question, |table| {
            table.rows[0].pop();
        });
        let found = story.findings(check);
        // A stored table that is no table was altered; one in the journal is malformed.
        assert!(found.iter().all(|finding| finding.status == Unknown), "{found:#?}");
    }
}

#[test]
fn a_sequence_may_go_on_and_never_back() {
    for (next, status, code) in [
        ("501", Held, ""),
        ("533", Held, ""),
        ("9223372036854775808", Held, ""),
        ("500", Broken, "behind"),
        ("1", Broken, "behind"),
        ("soon", Unknown, "malformed_answer"),
    ] {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][2] = text(next));
        story.expect("sequences", status, &[code]);
    }
}

#[test]
fn a_sequence_behind_its_column_collides() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][3] = text("533"));
    story.expect("sequences", Broken, &["collides"]);
    story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][3] = None);
    story.expect("sequences", Held, &[]);
}

#[test]
fn a_sequence_that_cannot_be_used_is_broken() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Sequences, |table| {
        table.rows[0][4] = text("23505: duplicate key value violates unique constraint");
    });
    story.expect("sequences", Broken, &["unusable"]);
}

#[test]
fn a_sequence_that_collided_in_the_source_is_shown_and_not_blamed_on_the_restore() {
    let mut story = Story::latest();
    for (moment, next) in [(Moment::Baseline, "500"), (Moment::Recovered, "500")] {
        story.edit(moment, &Question::Sequences, |table| table.rows[0][2] = text(next));
    }
    story.expect("sequences", Held, &[]);
    let found = story.findings("sequences");
    assert!(found.iter().any(|finding| finding.code == "collided_before"), "{found:#?}");
    story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][2] = text("499"));
    story.expect("sequences", Broken, &["behind"]);
}

#[test]
fn an_unlogged_sequence_begins_again_unless_what_it_gave_out_is_kept() {
    let mut story = Story::latest();
    for moment in [Moment::Baseline, Moment::Recovered] {
        story.edit(moment, &Question::Sequences, |table| {
            table.rows[0][1] = text("shop.ids (unlogged)");
        });
    }
    story.edit(Moment::Recovered, &Question::Sequences, |table| {
        table.rows[0][2] = text("1");
        table.rows[0][3] = None;
    });
    story.expect("sequences", Held, &[]);
    let found = story.findings("sequences");
    assert!(found.iter().any(|finding| finding.code == "expected_difference"), "{found:#?}");
    story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][3] = text("400"));
    story.expect("sequences", Broken, &["behind"]);
}

#[test]
fn a_sequence_without_a_number_left_is_broken_unless_it_had_none_in_the_source() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Sequences, |table| {
        table.rows[0][2] = text("501");
        table.rows[0][4] = text("2200H: nextval: reached maximum value of sequence");
    });
    story.edit(Moment::Baseline, &Question::Sequences, |table| table.rows[0][2] = text("501"));
    story.expect("sequences", Held, &[]);
    let found = story.findings("sequences");
    assert!(found.iter().any(|finding| finding.code == "spent_before"), "{found:#?}");
    story.edit(Moment::Recovered, &Question::Sequences, |table| table.rows[0][2] = text("533"));
    story.expect("sequences", Broken, &["unusable"]);
}

fn sql() -> Question {
    Question::Sql {
        database: "shop".to_owned(),
        query: "select count(*) from shop.customers".to_owned(),
    }
}

#[test]
fn a_query_of_ones_own_must_answer_one_value_and_just_that() {
    for (rows, code) in [
        (vec![vec![text("1999")]], "differs"),
        (vec![vec![text("2000 ")]], "differs"),
        (vec![vec![None]], "differs"),
        (vec![], "not_one_row"),
        (vec![vec![text("2000")], vec![text("2000")]], "not_one_row"),
    ] {
        let mut story = Story::latest();
        story.edit(Moment::Recovered, &sql(), |table| table.rows = rows);
        story.expect("sql", Broken, &[code]);
    }
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &sql(), |table| {
        table.columns.push("more".to_owned());
        table.rows = vec![vec![text("2000"), text("2000")]];
    });
    story.expect("sql", Broken, &["not_one_column"]);
}

#[test]
fn a_query_that_fails_is_broken_and_one_that_was_not_asked_is_unknown() {
    let mut story = Story::latest();
    story.refuse(Moment::Recovered, &sql(), "42P01: relation does not exist");
    story.expect("sql", Broken, &["query_failed"]);
    story.forget(Moment::Recovered, &sql());
    story.expect("sql", Unknown, &["never_asked"]);
}

#[test]
fn an_answer_of_another_recovery_is_none_of_this_one() {
    let mut story = Story::latest();
    for (scope, event) in &mut story.lines {
        if *scope == RECOVERY
            && matches!(event, Event::Answered { question: Question::Sql { .. }, .. })
        {
            *scope = pgrehearse_verdict::journal::Scope::Recovery(2);
        }
    }
    story.expect("sql", Unknown, &["never_asked"]);
}
