//! What could be read, and what lies in the files.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "pages";
/// The rows of what `pg_checksums` said.
const EXIT: usize = 0;
const BLOCKS: usize = 2;
const BAD: usize = 3;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn read(edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Pages, edit);
    story
}

fn scanned(edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Stopped, &Question::Checksums, edit);
    story
}

#[test]
fn what_was_read_and_has_the_right_checksums_holds() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
        let codes: Vec<_> = story.findings(CHECK).into_iter().map(|it| it.code).collect();
        assert_eq!(codes, ["readable", "checksums"]);
    }
}

#[test]
fn a_relation_that_cannot_be_read_is_broken_and_one_that_was_not_is_unknown() {
    for said in ["XX001: missing chunk number 0 for toast value 16443", "58P01: no such file"] {
        let story = read(|table| table.rows[0][2] = text(said));
        story.expect(CHECK, Broken, &["page_unreadable"]);
    }
    let story = read(|table| table.rows[0][2] = text("57014: canceling statement"));
    story.expect(CHECK, Unknown, &["unread"]);
    read(|table| table.rows.clear()).expect(CHECK, Unknown, &["nothing_compared"]);
    for column in [0, 1] {
        let story = read(|table| table.rows[0][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
}

#[test]
fn rows_of_a_transaction_that_was_not_committed_are_broken() {
    let story = read(|table| table.rows[0][2] = text("uncommitted: 745"));
    story.expect(CHECK, Broken, &["uncommitted"]);
    let found = story.findings(CHECK);
    assert!(found.iter().any(|it| it.said.ends_with("not committed: uncommitted: 745")));
    // An error that only quotes the word is none of ours.
    let story = read(|table| table.rows[0][2] = text("XX001: uncommitted xmin 745"));
    story.expect(CHECK, Broken, &["page_unreadable"]);
}

#[test]
fn a_wrong_checksum_is_broken_whatever_the_exit_status() {
    for exit in ["0", "1"] {
        let story = scanned(|table| {
            table.rows[EXIT][1] = text(exit);
            table.rows[BAD][1] = text("2");
            table.rows.push(vec![text("said"), text("checksum verification failed in file")]);
        });
        story.expect(CHECK, Broken, &["bad_checksums"]);
        let found = story.findings(CHECK);
        assert!(found.iter().any(|it| it.details == ["checksum verification failed in file"]));
    }
}

#[test]
fn a_scan_that_did_not_say_all_is_unknown() {
    for (row, value) in [(EXIT, "1"), (BLOCKS, "0"), (BLOCKS, "many"), (BAD, "none")] {
        let story = scanned(|table| table.rows[row][1] = text(value));
        story.expect(CHECK, Unknown, &["unscanned"]);
    }
    for row in [EXIT, BLOCKS, BAD] {
        let story = scanned(|table| drop(table.rows.remove(row)));
        story.expect(CHECK, Unknown, &["unscanned"]);
    }
}

#[test]
fn without_checksums_the_reading_alone_holds_and_that_is_said() {
    let mut story = scanned(|table| {
        table.rows = vec![
            vec![text("exit"), text("1")],
            vec![text("said"), text("pg_checksums: error: data checksums are not enabled")],
        ];
    });
    story.expect(CHECK, Unknown, &["unscanned"]);
    story.set(Moment::Recovered, "data_checksums", Some("off"));
    story.expect(CHECK, Held, &[]);
    assert_eq!(story.findings(CHECK)[1].code, "no_checksums");
    for value in [None, Some("maybe")] {
        story.set(Moment::Recovered, "data_checksums", value);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
}

#[test]
fn a_question_that_was_refused_or_never_asked_is_unknown() {
    for (moment, question) in
        [(Moment::Recovered, Question::Pages), (Moment::Stopped, Question::Checksums)]
    {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &question, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &question);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
