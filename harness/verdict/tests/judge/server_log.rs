//! `server_log`: what a healthy restore says, and what none does.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::{Story, startup};

const NAME: &str = "server_log";

/// A story whose log says `said` just before redo was done.
fn saying(mut story: Story, said: &str) -> Story {
    let line = if said.starts_with("FATAL") || said.starts_with("PANIC") {
        said.to_owned()
    } else {
        startup(said)
    };
    story.log(|lines| {
        let at = lines.iter().position(|line| line.contains("redo done")).expect("redo was done");
        lines.insert(at, line);
    });
    story
}

#[test]
fn the_log_of_a_healthy_restore_is_clean() {
    Story::before_disaster().expect(NAME, Held, &[]);
    Story::latest().expect(NAME, Held, &[]);
}

#[test]
fn what_no_healthy_restore_says_is_broken() {
    for (said, code) in [
        ("XX000 PANIC:  could not locate a valid checkpoint record", "panic"),
        ("22023 FATAL:  recovery aborted because of insufficient parameter settings", "fatal"),
        ("FATAL:  could not", "fatal"),
        ("57P01 FATAL:  terminating connection due to administrator command", "fatal"),
        (
            "00000 LOG:  incorrect resource manager data checksum in record at 0/3000060",
            "wal_damaged",
        ),
        (
            "F0000 FATAL:  recovery ended before configured recovery target was reached",
            "target_unreached",
        ),
        (
            "00000 LOG:  database system was not properly shut down; automatic recovery in \
             progress",
            "crash_recovery",
        ),
        (
            "01000 WARNING:  database \"shop\" has a collation version mismatch",
            "collation_mismatch",
        ),
        ("01000 WARNING:  collation \"de\" has version mismatch", "collation_mismatch"),
        ("XX001 ERROR:  invalid page in block 7 of relation base/5/16390", "page_damaged"),
        ("01000 WARNING:  page verification failed, calculated checksum 1", "page_damaged"),
        ("XX001 ERROR:  could not read block 4 in file \"base/5/16390\"", "file_damaged"),
        ("58P01 ERROR:  could not open file \"base/5/16390\": No such file", "file_damaged"),
        ("00000 LOG:  server process (PID 7) was terminated by signal 9: Killed", "process_died"),
        ("XX002 ERROR:  index \"customers_pkey\" contains unexpected zero page", "internal_error"),
    ] {
        saying(Story::latest(), said).expect(NAME, Broken, &[code]);
    }
}

#[test]
fn what_a_client_did_wrong_is_no_harm() {
    for said in [
        "25006 ERROR:  cannot execute INSERT in a read-only transaction",
        "00000 STATEMENT:  select 'PANIC: invalid page in block 7'",
        "00000 LOG:  duration: 1 ms  statement: select 'invalid page in block 7'",
        "57P03 FATAL:  the database system is not yet accepting connections",
    ] {
        saying(Story::latest(), said).expect(NAME, Held, &[]);
    }
}

#[test]
fn sessions_end_without_harm_after_a_stop_that_was_asked_for() {
    let mut story = Story::latest();
    story.log(|lines| {
        lines.push(startup("00000 LOG:  received fast shutdown request"));
        lines.push(startup("57P01 FATAL:  terminating connection due to administrator command"));
    });
    story.expect(NAME, Held, &[]);
}

#[test]
fn an_end_of_wal_is_broken_where_an_earlier_end_was_chosen() {
    for said in [
        "00000 LOG:  invalid record length at 0/3000060: wanted 24, got 0",
        "00000 LOG:  record with incorrect prev-link 0/1 at 0/3000060",
        "00000 LOG:  unexpected pageaddr 0/1000000 in log segment 000000010000000000000003",
    ] {
        saying(Story::before_disaster(), said).expect(NAME, Broken, &["wal_ended"]);
    }
}

#[test]
fn an_earlier_end_is_known_by_the_brief_or_by_the_log_alone() {
    let end = "00000 LOG:  invalid record length at 0/5000298: expected at least 24, got 0";
    let told = |story: &Story| {
        story.findings(NAME).into_iter().any(|it| it.said.contains("was to stop before the end"))
    };
    let mut by_brief = saying(Story::latest(), end);
    assert!(!told(&by_brief));
    by_brief.brief.recoveries[0].chosen = true;
    assert!(told(&by_brief));
    let stops = "00000 LOG:  recovery stopping before commit of transaction 801";
    assert!(told(&saying(saying(Story::latest(), end), stops)));
}

#[test]
fn wal_ends_once_and_before_redo_is_done() {
    let other = "00000 LOG:  invalid record length at 0/3000060: expected at least 24, got 0";
    saying(Story::latest(), other).expect(NAME, Broken, &["wal_ended"]);
    let same = "00000 LOG:  invalid record length at 0/5000298: expected at least 24, got 0";
    saying(Story::latest(), same).expect(NAME, Held, &[]);
    let mut story = Story::latest();
    story.log(|lines| {
        lines.retain(|line| !line.contains("invalid record length"));
        lines.push(startup(same));
    });
    story.expect(NAME, Broken, &["wal_ended"]);
}

#[test]
fn a_segment_that_is_simply_not_there_ends_wal_without_a_word() {
    let mut story = Story::latest();
    story.log(|lines| lines.retain(|line| !line.contains("invalid record length")));
    story.expect(NAME, Held, &[]);
}

#[test]
fn a_log_that_says_nothing_is_unknown() {
    let mut story = Story::latest();
    story.log(Vec::clear);
    story.expect(NAME, Unknown, &["empty_log"]);
    story.log(|lines| lines.push("cp: cannot stat 'x'".to_owned()));
    story.expect(NAME, Unknown, &["empty_log"]);
    story.forget(Moment::Recovered, &Question::ServerLog);
    story.expect(NAME, Unknown, &["never_asked"]);
}

#[test]
fn a_log_without_its_beginning_is_unknown() {
    let mut story = Story::latest();
    story.log(|lines| {
        lines.remove(0);
    });
    story.expect(NAME, Unknown, &["log_begins_late"]);
}
