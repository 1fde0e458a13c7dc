//! What the planner knew, and knows.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "statistics";
/// The rows of the answer.
const TABLE: usize = 0;
const EXTENDED: usize = 1;
const NEVER: usize = 2;
const ELSEWHERE: usize = 3;
/// The columns of the answer.
const ENTRIES: usize = 2;
const TUPLES: usize = 3;
const BYTES: usize = 4;

fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::Statistics, edit);
    story
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn statistics_that_are_there_hold_whatever_their_numbers() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
    }
    let story = answered(Moment::Recovered, |table| {
        table.rows[TABLE][ENTRIES] = text("7");
        table.rows[TABLE][TUPLES] = text("0");
        table.rows[NEVER][ENTRIES] = text("7");
    });
    story.expect(CHECK, Held, &[]);
    assert!(story.findings(CHECK)[0].details[0].contains("7 of 9"));
}

#[test]
fn statistics_that_are_gone_are_broken() {
    for row in [TABLE, EXTENDED, ELSEWHERE] {
        let story = answered(Moment::Recovered, |table| table.rows[row][ENTRIES] = text("0"));
        story.expect(CHECK, Broken, &["no_statistics"]);
        let story = answered(Moment::Recovered, |table| drop(table.rows.remove(row)));
        story.expect(CHECK, Broken, &["missing"]);
    }
    let story = answered(Moment::Recovered, |table| table.rows[TABLE][TUPLES] = text("-1"));
    story.expect(CHECK, Broken, &["no_statistics"]);
    let story = answered(Moment::Recovered, |table| drop(table.rows.remove(NEVER)));
    story.expect(CHECK, Held, &[]);
}

#[test]
fn a_table_that_came_back_empty_has_none() {
    let story = answered(Moment::Recovered, |table| {
        table.rows[TABLE][ENTRIES] = text("0");
        table.rows[TABLE][BYTES] = text("0");
    });
    story.expect(CHECK, Held, &[]);
}

#[test]
fn nothing_analysed_before_holds_and_no_table_at_all_is_unknown() {
    let story = answered(Moment::Baseline, |table| {
        for row in &mut table.rows {
            row[ENTRIES] = text("0");
            row[TUPLES] = text("-1");
        }
    });
    story.expect(CHECK, Held, &[]);
    assert_eq!(story.findings(CHECK)[0].code, "none_before");
    let story = answered(Moment::Baseline, |table| table.rows.clear());
    story.expect(CHECK, Unknown, &["nothing_compared"]);
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    for column in 0..3 {
        let story = answered(Moment::Recovered, |table| table.rows[0][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    for column in [ENTRIES, TUPLES, BYTES] {
        let story = answered(Moment::Baseline, |table| table.rows[0][column] = text("many"));
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    let story = answered(Moment::Recovered, |table| table.rows.push(table.rows[0].clone()));
    story.expect(CHECK, Unknown, &["malformed_answer"]);
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::Statistics, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::Statistics);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
