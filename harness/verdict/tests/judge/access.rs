//! Who is let in, and who is not.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "access";
/// The rows of the answer.
const WRONG: usize = 0;
const RIGHT: usize = 1;
const BARRED_FROM_DATABASE: usize = 3;
const BARRED: usize = 5;

fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::Access, edit);
    story
}

fn said(row: usize, said: Option<&str>) -> impl FnOnce(&mut Table) {
    let said = said.map(str::to_owned);
    move |table| table.rows[row][4] = said
}

#[test]
fn doors_that_answer_as_they_did_hold_and_unknown_passwords_are_named() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
        let found = story.findings(CHECK);
        assert_eq!((found.len(), &*found[0].code), (1, "kept"));
        let kept = "4 knocks with a wrong password and 3 with the right one were answered as they \
                    were";
        assert_eq!(found[0].said, kept);
        let unknown = "the password of `shop_intern` (login) is not known here: only a wrong one \
                       was tried";
        assert_eq!(found[0].details[..], [unknown.to_owned()]);
    }
}

#[test]
fn a_wrong_password_that_gets_in_is_broken_unless_it_did_before() {
    // Refused by the database or by a limit, once the password was taken.
    for words in [None, Some("42501: permission denied for database")] {
        let mut story = answered(Moment::Recovered, said(WRONG, words));
        story.expect(CHECK, Broken, &["let_in"]);
        story.edit(Moment::Baseline, &Question::Access, said(WRONG, None));
        story.expect(CHECK, Held, &[]);
        assert!(story.findings(CHECK).iter().any(|finding| finding.code == "open_before"));
        story.edit(Moment::Baseline, &Question::Access, |table| drop(table.rows.remove(WRONG)));
        story.expect(CHECK, Broken, &["let_in"]);
    }
}

#[test]
fn the_right_password_opens_what_it_opened_and_nothing_else() {
    let refused = Some("28P01: password authentication failed for user");
    answered(Moment::Recovered, said(RIGHT, refused)).expect(CHECK, Broken, &["shut_out"]);
    let denied = Some("42501: permission denied for database \"shop\"");
    answered(Moment::Recovered, said(RIGHT, denied)).expect(CHECK, Broken, &["shut_out"]);
    for row in [BARRED, BARRED_FROM_DATABASE] {
        answered(Moment::Recovered, said(row, None)).expect(CHECK, Broken, &["let_in"]);
    }
}

#[test]
fn a_password_whose_time_came_between_the_two_looks_holds() {
    let mut story = answered(Moment::Recovered, |table| {
        table.rows[RIGHT][2] = Some("expired".to_owned());
        table.rows[RIGHT][4] = Some("28P01: password authentication failed".to_owned());
    });
    story.expect(CHECK, Held, &[]);
    assert!(story.findings(CHECK).iter().any(|finding| finding.code == "expired"));
    // One that was let in although its time had come already.
    story.edit(Moment::Baseline, &Question::Access, |table| {
        table.rows[RIGHT][2] = Some("expired".to_owned());
    });
    story.expect(CHECK, Broken, &["shut_out"]);
}

#[test]
fn a_knock_that_nobody_answered_is_unknown() {
    for words in ["connection reset", "53300: too many connections for role", "57P03: starting"] {
        for row in [WRONG, RIGHT] {
            let story = answered(Moment::Recovered, said(row, Some(words)));
            story.expect(CHECK, Unknown, &["untried"]);
        }
        let story = answered(Moment::Baseline, said(RIGHT, Some(words)));
        story.expect(CHECK, Unknown, &["untried"]);
    }
    for row in [WRONG, RIGHT] {
        let story = answered(Moment::Recovered, |table| drop(table.rows.remove(row)));
        story.expect(CHECK, Unknown, &["untried"]);
    }
}

#[test]
fn no_knock_is_unknown() {
    for moment in [Moment::Baseline, Moment::Recovered] {
        let story = answered(moment, |table| {
            table.rows.retain(|row| row[3].as_deref() != Some("a wrong password"));
        });
        story.expect(CHECK, Unknown, &["nothing_compared"]);
    }
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    for column in 0..4 {
        let story = answered(Moment::Recovered, |table| table.rows[0][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    for column in [2, 3] {
        let other = Some("by the window".to_owned());
        let story = answered(Moment::Baseline, |table| table.rows[0][column] = other);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    let story = answered(Moment::Recovered, |table| table.rows.push(table.rows[0].clone()));
    story.expect(CHECK, Unknown, &["malformed_answer"]);
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::Access, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::Access);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
