//! The chain of WAL in the archive.

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "wal_chain";
/// The rows of the answer: a segment, another, and the reading of both.
const FIRST: usize = 0;
const READING: usize = 2;
/// The columns of the answer.
const BYTES: usize = 1;
const SYSTEM: usize = 2;
const SAID: usize = 3;

fn answered(edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Wal, edit);
    story
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn a_chain_that_is_whole_holds() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
    }
}

#[test]
fn a_segment_that_is_not_there_is_broken() {
    let story = answered(|table| {
        table.rows[FIRST][BYTES] = None;
        table.rows[FIRST][SYSTEM] = None;
    });
    story.expect(CHECK, Broken, &["segment_missing"]);
}

#[test]
fn a_segment_that_is_short_or_cannot_be_fetched_is_broken() {
    let story = answered(|table| table.rows[FIRST][BYTES] = text("16777215"));
    story.expect(CHECK, Broken, &["wal_unreadable"]);
    let story = answered(|table| {
        table.rows[FIRST][BYTES] = None;
        table.rows[FIRST][SYSTEM] = None;
        table.rows[FIRST][SAID] = text("unable to decompress");
    });
    story.expect(CHECK, Broken, &["wal_unreadable"]);
}

#[test]
fn a_segment_of_another_cluster_is_broken() {
    for system in [text("7312345678901234568"), None] {
        let story = answered(|table| table.rows[FIRST][SYSTEM] = system);
        story.expect(CHECK, Broken, &["segment_foreign"]);
    }
}

#[test]
fn wal_that_cannot_be_read_through_is_broken() {
    let story = answered(|table| table.rows[READING][SAID] = text("incorrect data checksum"));
    story.expect(CHECK, Broken, &["wal_unreadable"]);
}

#[test]
fn an_archive_that_was_not_looked_at_is_unknown() {
    let story = answered(|table| table.rows.clear());
    story.expect(CHECK, Unknown, &["nothing_compared"]);
    let story = answered(|table| drop(table.rows.remove(READING)));
    story.expect(CHECK, Unknown, &["nothing_compared"]);
    let mut story = Story::latest();
    story.refuse(Moment::Recovered, &Question::Wal, "too many segments");
    story.expect(CHECK, Unknown, &["refused"]);
    story.forget(Moment::Recovered, &Question::Wal);
    story.expect(CHECK, Unknown, &["never_asked"]);
    for name in ["system_identifier", "segment_bytes"] {
        let mut story = Story::latest();
        story.edit(Moment::Baseline, &Question::Server, |table| {
            table.rows.retain(|row| row[0].as_deref() != Some(name));
        });
        story.expect(CHECK, Unknown, &["unsaid"]);
    }
}

#[test]
fn a_dump_has_no_chain() {
    let mut story = Story::latest();
    story.brief.protection = Protection::Snapshots;
    story.forget(Moment::Recovered, &Question::Wal);
    story.expect(CHECK, Held, &[]);
}
