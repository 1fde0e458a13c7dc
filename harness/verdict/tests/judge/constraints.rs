//! What is said of constraints that rows breach, or breached before.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "constraints";

/// The latest story with what is said of the constraints at a moment changed.
fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::Constraints, edit);
    story
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn constraints_that_are_kept_hold_and_what_the_source_breached_is_named() {
    for story in [Story::latest(), Story::before_disaster()] {
        story.expect(CHECK, Held, &[]);
        let codes: Vec<_> = story.findings(CHECK).into_iter().map(|it| it.code).collect();
        assert_eq!(codes, ["breached_before", "kept"]);
    }
    for fewer in ["1", "0"] {
        answered(Moment::Recovered, |table| table.rows[2][3] = text(fewer)).expect(
            CHECK,
            Held,
            &[],
        );
    }
}

#[test]
fn a_row_more_in_breach_is_broken() {
    for (row, breaches) in [(0, "1"), (1, "2"), (2, "4")] {
        let story = answered(Moment::Recovered, |table| table.rows[row][3] = text(breaches));
        story.expect(CHECK, Broken, &["breached"]);
    }
    // A constraint that was not there before is the inventory's; its breaches are not.
    let new = |breaches: &str| {
        let row = ["shop", "check", "new on shop.orders", breaches];
        let mut row: Vec<_> = row.into_iter().map(text).collect();
        row.push(None);
        answered(Moment::Recovered, |table| table.rows.push(row))
    };
    new("1").expect(CHECK, Broken, &["breached"]);
    new("0").expect(CHECK, Held, &[]);
}

#[test]
fn a_constraint_that_is_gone_is_broken() {
    let story = answered(Moment::Recovered, |table| drop(table.rows.remove(0)));
    story.expect(CHECK, Broken, &["missing"]);
    assert_eq!(story.findings(CHECK)[0].subject, "shop orders_fkey on shop.orders");
}

#[test]
fn what_could_not_be_evaluated_is_unknown_and_what_cannot_be_read_is_broken() {
    for (said, status, code) in [
        ("57014: canceling statement due to statement timeout", Unknown, "unevaluated"),
        ("42883: function f(integer) does not exist", Unknown, "unevaluated"),
        ("too many rows to hold each against each", Unknown, "unevaluated"),
        ("XX001: invalid page in block 7", Broken, "unreadable"),
    ] {
        let story = answered(Moment::Recovered, |table| {
            table.rows[0][3] = None;
            table.rows[0][4] = text(said);
        });
        story.expect(CHECK, status, &[code]);
    }
    // Nobody knows whether these are new.
    let mut story = answered(Moment::Baseline, |table| {
        table.rows[0][3] = None;
        table.rows[0][4] = text("57014: canceling statement");
    });
    story.expect(CHECK, Held, &[]);
    story.edit(Moment::Recovered, &Question::Constraints, |table| table.rows[0][3] = text("1"));
    story.expect(CHECK, Unknown, &["unevaluated"]);
}

#[test]
fn nothing_evaluated_is_unknown() {
    let mut story = answered(Moment::Baseline, |table| table.rows.clear());
    story.expect(CHECK, Broken, &["breached"]);
    story.edit(Moment::Recovered, &Question::Constraints, |table| drop(table.rows.remove(2)));
    story.expect(CHECK, Unknown, &["nothing_compared"]);
    story.edit(Moment::Recovered, &Question::Constraints, |table| table.rows.clear());
    story.expect(CHECK, Unknown, &["nothing_compared"]);
    answered(Moment::Recovered, |table| table.rows.clear()).expect(CHECK, Broken, &["missing"]);
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    type Edit = fn(&mut Table);
    let edits: [Edit; 6] = [
        |table| table.rows[0][0] = None,
        |table| table.rows[0][1] = None,
        |table| table.rows[0][2] = None,
        |table| table.rows[0][3] = None,
        |table| table.rows[0][3] = text("-1"),
        |table| table.rows.push(table.rows[0].clone()),
    ];
    for edit in edits {
        for moment in [Moment::Baseline, Moment::Recovered] {
            answered(moment, edit).expect(CHECK, Unknown, &["malformed_answer"]);
        }
    }
}

#[test]
fn a_question_that_was_refused_or_never_asked_is_unknown() {
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::Constraints, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::Constraints);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
