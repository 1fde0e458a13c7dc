//! What is said of encodings, collations and texts.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "text";
/// The rows of the answer.
const ENCODING: usize = 0;
const LOCALE: usize = 1;
const COLLATION: usize = 3;
const COLUMN: usize = 4;

/// The latest story with what is said of text at a moment changed.
fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::Text, edit);
    story
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn text_as_it_was_holds_and_what_was_stale_is_named() {
    for story in [Story::latest(), Story::before_disaster()] {
        story.expect(CHECK, Held, &[]);
        let mut codes: Vec<_> = story.findings(CHECK).into_iter().map(|it| it.code).collect();
        codes.sort();
        assert_eq!(codes, ["stale_before", "unverifiable", "valid"]);
    }
}

#[test]
fn another_encoding_or_locale_is_broken() {
    for (row, value) in [(ENCODING, "LATIN1"), (LOCALE, "de")] {
        let story = answered(Moment::Recovered, |table| table.rows[row][3] = text(value));
        story.expect(CHECK, Broken, &["altered"]);
    }
    let story = answered(Moment::Recovered, |table| table.rows[ENCODING][3] = None);
    story.expect(CHECK, Broken, &["altered"]);
    for row in [ENCODING, COLUMN] {
        let story = answered(Moment::Recovered, |table| drop(table.rows.remove(row)));
        story.expect(CHECK, Broken, &["missing"]);
    }
}

#[test]
fn a_collation_that_its_library_left_behind_is_broken_if_it_was_not_before() {
    for (recorded, found) in [("1", text("3")), ("2", text("3")), ("1", None)] {
        let story = answered(Moment::Recovered, |table| {
            table.rows[COLLATION][3] = text(recorded);
            table.rows[COLLATION][4] = found;
        });
        story.expect(CHECK, Broken, &["collation_stale"]);
    }
    let mut story = answered(Moment::Baseline, |table| drop(table.rows.remove(COLLATION)));
    story.expect(CHECK, Broken, &["collation_stale"]);
    // Recorded anew, as a dump does when it is restored.
    story = answered(Moment::Recovered, |table| table.rows[COLLATION][3] = text("2"));
    story.expect(CHECK, Held, &[]);
    story.edit(Moment::Recovered, &Question::Text, |table| drop(table.rows.remove(COLLATION)));
    story.expect(CHECK, Held, &[]);
}

#[test]
fn bytes_that_are_no_text_are_broken_if_they_were_not_there_before() {
    let invalid = "22021: invalid byte sequence for encoding \"UTF8\": 0xff";
    let timeout = "57014: canceling statement due to statement timeout";
    for (was, is, status, codes) in [
        (None, invalid, Broken, &["invalid_text"][..]),
        (Some(invalid), invalid, Held, &[]),
        (Some(timeout), invalid, Unknown, &["unevaluated"]),
        (None, timeout, Unknown, &["unevaluated"]),
        (Some(timeout), timeout, Unknown, &["unevaluated"]),
        (None, "XX001: missing chunk number 0", Broken, &["unreadable"]),
        (Some(invalid), "XX001: missing chunk number 0", Broken, &["unreadable"]),
    ] {
        let mut story = answered(Moment::Recovered, |table| table.rows[COLUMN][4] = text(is));
        story.edit(Moment::Baseline, &Question::Text, |table| {
            table.rows[COLUMN][4] = was.and_then(text);
        });
        story.expect(CHECK, status, codes);
    }
}

#[test]
fn no_database_at_the_baseline_is_unknown() {
    let story = answered(Moment::Baseline, |table| table.rows.clear());
    story.expect(CHECK, Unknown, &["nothing_compared"]);
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    for column in 0..3 {
        let story = answered(Moment::Recovered, |table| table.rows[0][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    let story = answered(Moment::Baseline, |table| table.rows[0][1] = text("colour"));
    story.expect(CHECK, Unknown, &["malformed_answer"]);
    let story = answered(Moment::Recovered, |table| table.rows.push(table.rows[0].clone()));
    story.expect(CHECK, Unknown, &["malformed_answer"]);
}

#[test]
fn a_question_that_was_refused_or_never_asked_is_unknown() {
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::Text, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::Text);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
