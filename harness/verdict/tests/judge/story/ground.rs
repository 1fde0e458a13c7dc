//! The stories that pass, from their first line to their last.

use std::collections::BTreeMap;

use pgrehearse_verdict::brief::{
    Brief, ControlBrief, DisasterBrief, FORMAT, Objectives, Protection, RecoveryBrief,
};
use pgrehearse_verdict::check::{Spec, SqlCheck};
use pgrehearse_verdict::journal::{
    Aim, Backup, Began, Cause, End, Event, Fault, Promise, Ran, Sabotaged, Scope, SubjectCause,
    Tick,
};
use pgrehearse_verdict::ledger::{Effect, Entry, Opening, Row};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, columns};

use super::answers::{
    access, activity, artifacts, checksums, configuration, constraints, fingerprint, globals,
    indexes, inventory, large_objects, lines, log, probe, sequences, server, startup, statistics,
    text, wal,
};
use super::{RECOVERY, Story, control, stored, table};

const NONCE: &str = "nonce-of-the-restored";
const A: &str = "aaaaaaaa-0000-4000-8000-000000000001";
const B: &str = "bbbbbbbb-0000-4000-8000-000000000002";
const C: &str = "cccccccc-0000-4000-8000-000000000003";

pub fn before_disaster() -> Story {
    let mut story = Story {
        brief: brief(true),
        lines: vec![],
        ledger: ledger(Lsn(0x4000100)),
        answers: BTreeMap::new(),
    };
    tell(&mut story, true);
    let scope = control();
    let aim = aim(Some(Lsn(0x4000028)));
    story.put_before(scope.clone(), sabotaged(), is_end);
    story.put_before(scope.clone(), Event::Aimed(aim), is_end);
    let fault = Fault {
        cause: Cause::Subject(SubjectCause::Server),
        during: "the restored server starts".to_owned(),
        said: "it ended with status 1".to_owned(),
    };
    story.put_before(scope.clone(), Event::Fault(fault), is_end);
    let mut log = log(true);
    log.truncate(8);
    log.push(startup("XX000 FATAL:  recovery ended before configured recovery target was reached"));
    story.put_before(scope, answered(Moment::Recovered, Question::ServerLog, lines(log)), is_end);
    story.seal();
    story
}

pub fn latest() -> Story {
    let mut story = Story {
        brief: brief(false),
        lines: vec![],
        ledger: ledger(Lsn(0x5000300)),
        answers: BTreeMap::new(),
    };
    tell(&mut story, false);
    story.seal();
    story
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

fn sabotaged() -> Event {
    Event::Sabotaged(Sabotaged {
        change: "segment 000000010000000000000003 taken out of the copy".to_owned(),
        proof: Some("pg_waldump read 3 segments before and 1 after".to_owned()),
        original_untouched: true,
        absent: false,
    })
}

fn brief(undo: bool) -> Brief {
    let mut checks = Spec::standard();
    checks.push(Spec::Sql(SqlCheck {
        query: "select count(*) from shop.customers".to_owned(),
        database: "shop".to_owned(),
        equals: "2000".to_owned(),
    }));
    let twin = ControlBrief {
        id: "wal_segment_missing".to_owned(),
        harm: "a segment in the middle of the archive is gone".to_owned(),
        class: "wal".to_owned(),
        caught_by: vec!["target".to_owned(), "ledger".to_owned()],
    };
    let disaster = if undo { "drop_table: shop.orders" } else { "lost_data_directory" };
    Brief {
        format: FORMAT,
        id: "accident".to_owned(),
        name: "an accident is undone".to_owned(),
        why: None,
        tags: vec![],
        file: "scenarios/accident.yaml".to_owned(),
        scenario_sha256: "0".repeat(64),
        seed: 7,
        rig: "local".to_owned(),
        postgres: 17,
        engine: "pgbackrest".to_owned(),
        fixture: "shop".to_owned(),
        steps: vec!["backup: full".to_owned(), disaster.to_owned(), "recover".to_owned()],
        protection: Protection::Archive,
        disasters: vec![DisasterBrief {
            kind: if undo { "drop_table" } else { "lost_data_directory" }.to_owned(),
            text: disaster.to_owned(),
            leaves_wal: undo,
        }],
        recoveries: vec![RecoveryBrief {
            target: if undo { "before_disaster" } else { "latest" }.to_owned(),
            chosen: undo,
            undoes: undo,
            ..RecoveryBrief::default()
        }],
        marks: vec!["healthy".to_owned()],
        objectives: Objectives { rto_s: Some(3600.0), rpo_s: Some(300.0), ..Objectives::default() },
        checks,
        application: vec![("shop".to_owned(), "shop_web".to_owned())],
        smoke: vec![("shop".to_owned(), "shop_web".to_owned(), "smoke/orders.sql".to_owned())],
        harmed: if undo { vec!["shop.orders".to_owned()] } else { vec![] },
        controls: if undo { vec![twin] } else { vec![] },
        must_fail: None,
    }
}

/// Two transactions acknowledged early, and one after the strike whose commit starts at `lo`.
fn ledger(lo: Lsn) -> Vec<Row> {
    let opening = Opening {
        format: 1,
        drill: "1-accident".to_owned(),
        writers: 2,
        accounts: 2,
        balance: 1000,
    };
    let mut rows = vec![Row { at_ns: 2_000_000_000, entry: Entry::Opened(opening) }];
    let mut transaction = |tx: &str, writer, seq, at_s: u64, lo: u64, xid| {
        let mut add = |after_ms: u64, entry| {
            rows.push(Row { at_ns: at_s * 1_000_000_000 + after_ms * 1_000_000, entry });
        };
        let tx = tx.to_owned();
        let note = format!("note of {writer}/{seq}");
        let effects = vec![
            Effect::Account { account: 0, by: -5 },
            Effect::Account { account: 1, by: 5 },
            Effect::Insert { line: 1, account: 1, amount: 5, note: "five".to_owned() },
        ];
        add(0, Entry::Intent { tx: tx.clone(), writer, seq, note, effects });
        add(10, Entry::Sent { tx: tx.clone(), xid, lo: Lsn(lo) });
        add(20, Entry::Acked { tx, hi: Lsn(lo + 0x40) });
    };
    transaction(A, 0, 1, 10, 0x3000100, 731);
    transaction(B, 1, 1, 11, 0x3000200, 732);
    // After the strike, if the server is still there to take it.
    if lo < Lsn(0x5000000) {
        transaction(C, 0, 2, 22, lo.0, 735);
    }
    rows
}

fn tell(story: &mut Story, undo: bool) {
    let boundary = undo.then_some(Lsn(0x4000028));
    for event in protected() {
        story.lines.push((Scope::Source, event));
    }
    for event in struck(undo) {
        story.lines.push((Scope::Source, event));
    }
    let mut add = |event| story.lines.push((RECOVERY, event));
    add(Event::Step { number: 3, text: "recover".to_owned() });
    add(Event::Ticked(Tick::Begun));
    add(Event::Aimed(aim(boundary)));
    add(Event::Ran(ran("target", "restore")));
    add(Event::Planted { nonce: NONCE.to_owned() });
    add(Event::SourceDown { so: true, said: "killed, and its socket refuses".to_owned() });
    add(Event::Writable {
        last_failed_began_ns: 28_000_000_000,
        first_good_ended_ns: 29_000_000_000,
    });
    add(Event::Probed { note: "probe-1".to_owned() });
    for (question, table) in recovered(undo) {
        let answer = match question {
            Question::Fingerprint => stored(&mut story.answers, &table),
            _ => Answer::Rows(table),
        };
        let event = Event::Answered { moment: Moment::Recovered, question, answer };
        story.lines.push((RECOVERY, event));
    }
    story.lines.push((RECOVERY, answered(Moment::Restarted, Question::Probe, probe())));
    story.lines.push((RECOVERY, answered(Moment::Stopped, Question::Checksums, checksums())));
    story.lines.push((Scope::Source, Event::Ended { how: End::Completed }));
}

fn aim(boundary: Option<Lsn>) -> Aim {
    let target = if boundary.is_some() { "before_disaster" } else { "latest" };
    Aim { target: target.to_owned(), boundary, how: "found in WAL".to_owned(), ..Aim::default() }
}

fn protected() -> Vec<Event> {
    let began = Began {
        format: pgrehearse_verdict::journal::FORMAT,
        run: "run".to_owned(),
        drill: "1-accident".to_owned(),
        tool: "0.1.0".to_owned(),
        rig: "local".to_owned(),
        wall: "2026-11-23T18:00:00Z".to_owned(),
        source_nonce: "nonce-of-the-source".to_owned(),
        brief_sha256: None,
    };
    let backup = Backup {
        label: "20261123-180000F".to_owned(),
        kind: "full".to_owned(),
        start: Some(Lsn(0x2000028)),
        stop: Some(Lsn(0x2000100)),
        bytes: Some(30_000_000),
        took_ns: 5,
        every_s: None,
        ..Backup::default()
    };
    let promise = Promise {
        safe: Some(Lsn(0x4000000)),
        timeline: 1,
        archive_timeout_s: Some(60.0),
        archive_lag_s: 0.5,
        archive_failures: 0,
    };
    let baseline = |question, table| answered(Moment::Baseline, question, table);
    vec![
        Event::Began(began),
        baseline(Question::Server, server("nonce-of-the-source", "17:00:00")),
        baseline(Question::Fingerprint, fingerprint()),
        baseline(Question::Inventory, inventory()),
        baseline(Question::Globals, globals()),
        baseline(Question::Configuration, configuration("on")),
        baseline(Question::Sequences, sequences("501")),
        baseline(Question::Constraints, constraints()),
        baseline(Question::LargeObjects, large_objects()),
        baseline(Question::Text, text()),
        baseline(Question::Statistics, statistics()),
        baseline(Question::Activity, activity("on", "4")),
        baseline(Question::Access, access()),
        Event::Step { number: 1, text: "backup: full".to_owned() },
        Event::Ran(ran("source", "backup")),
        Event::BackedUp(backup),
        answered(Moment::BackedUp, Question::Artifacts, artifacts()),
        Event::Marked { name: "healthy".to_owned(), lsn: Lsn(0x3000400) },
        Event::Remark { text: "nothing of note".to_owned() },
        Event::Step { number: 2, text: "disaster".to_owned() },
        Event::Promised(promise),
    ]
}

/// A command that ended well and said nothing.
fn ran(node: &str, word: &str) -> Ran {
    Ran {
        node: node.to_owned(),
        purpose: word.to_owned(),
        argv: vec!["/usr/bin/pgbackrest".to_owned(), word.to_owned()],
        exit: Some(0),
        signal: None,
        took_ns: 5,
        stdout: String::new(),
        stderr: String::new(),
        cut: false,
    }
}

fn struck(undo: bool) -> Vec<Event> {
    let mut events = vec![Event::Struck { disaster: "disaster".to_owned() }];
    if undo {
        events.push(Event::Noted {
            xid: Some(733),
            began: Some(Lsn(0x3000100)),
            lsn: Some(Lsn(0x40000F8)),
        });
    }
    events.push(Event::Witnessed { what: "it was gone".to_owned(), so: true });
    events.push(Event::Sealed { bytes: 0, sha256: String::new() });
    events
}

fn answered(moment: Moment, question: Question, table: Table) -> Event {
    Event::Answered { moment, question, answer: Answer::Rows(table) }
}

fn recovered(undo: bool) -> Vec<(Question, Table)> {
    let sql = Question::Sql {
        database: "shop".to_owned(),
        query: "select count(*) from shop.customers".to_owned(),
    };
    let history = if undo {
        ["1", "0/4000000", "before LSN 0/4000028"]
    } else {
        ["1", "0/5000298", "no recovery target specified"]
    };
    let tx: &[&[&str]] = &[&[A, "0", "1", "note of 0/1"], &[B, "1", "1", "note of 1/1"]];
    let entry: &[&[&str]] = &[&[A, "1", "0", "1", "5", "five"], &[B, "1", "1", "1", "5", "five"]];
    let account: &[&[&str]] = &[
        &["0", "0", "995", "1"],
        &["0", "1", "1005", "1"],
        &["1", "0", "995", "1"],
        &["1", "1", "1005", "1"],
    ];
    let login = table(columns::TRIALS, &[&["shop", "shop_web", "log in", "~"]]);
    let smoke = table(columns::TRIALS, &[&["shop", "shop_web", "smoke/orders.sql", "~"]]);
    vec![
        (Question::Server, server(NONCE, "18:00:00")),
        (Question::ServerLog, lines(log(undo))),
        (Question::History, table(columns::HISTORY, &[&history])),
        (Question::Fingerprint, fingerprint()),
        (Question::Inventory, inventory()),
        (Question::Globals, globals()),
        (Question::Configuration, configuration("off")),
        (Question::Artifacts, artifacts()),
        (Question::Wal, wal()),
        (Question::Sequences, sequences("533")),
        (Question::LedgerTransactions, table(columns::LEDGER_TX, tx)),
        (Question::LedgerEntries, table(columns::LEDGER_ENTRY, entry)),
        (Question::LedgerAccounts, table(columns::LEDGER_ACCOUNT, account)),
        (Question::Logins, login),
        (Question::Smoke, smoke),
        (Question::Probe, probe()),
        (sql, table(&["count"], &[&["2000"]])),
        (Question::Indexes, indexes()),
        (Question::Constraints, constraints()),
        (Question::LargeObjects, large_objects()),
        (Question::Text, text()),
        (Question::Pages, table(columns::PAGES, &[&["shop", "shop.customers", "~"]])),
        (Question::Statistics, statistics()),
        (Question::Activity, activity("off", "0")),
        (Question::Access, access()),
    ]
}
