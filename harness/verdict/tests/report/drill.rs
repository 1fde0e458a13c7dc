//! What a report shows of a journal.

use crate::runs;
use pgrehearse_verdict::case::Record;
use pgrehearse_verdict::journal::{
    Aim, Backup, Began, Cause, End, Event, Fault, Line, Promise, RigCause, Sabotaged, Scope,
    SubjectCause, Tick,
};
use pgrehearse_verdict::ledger::LedgerError;
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, columns};
use pgrehearse_verdict::report::{Drill, FACT};

fn record(events: Vec<(Scope, Event)>) -> Record {
    let lines = (1..).zip(events).map(|(n, (scope, event))| Line {
        n,
        at_ns: n * 1_000_000_000,
        scope,
        event,
    });
    Record {
        brief_sha256: String::new(),
        brief: runs::passed().brief,
        lines: lines.collect(),
        ledger: Err(LedgerError::Missing),
        answers: Default::default(),
    }
}

fn drill(events: Vec<(Scope, Event)>) -> Drill {
    Drill::of(&record(events), runs::passed().judgement, "01-drop_table".to_owned())
}

fn remark(text: &str) -> (Scope, Event) {
    (Scope::Source, Event::Remark { text: text.to_owned() })
}

fn server(pairs: &[(&str, &str)]) -> Answer {
    let mut table = Table::new(columns::SERVER);
    table.rows = pairs
        .iter()
        .map(|(name, value)| vec![Some((*name).to_owned()), Some((*value).to_owned())])
        .collect();
    Answer::Rows(table)
}

fn asked(scope: Scope, moment: Moment, pairs: &[(&str, &str)]) -> (Scope, Event) {
    (scope, Event::Answered { moment, question: Question::Server, answer: server(pairs) })
}

fn backup() -> Backup {
    Backup {
        label: "20261103-090004F".to_owned(),
        kind: "full".to_owned(),
        start: Some(Lsn(0x0400_0028)),
        stop: Some(Lsn(0x0400_0138)),
        bytes: Some(41_234_567),
        took_ns: 2_100_000_000,
        every_s: None,
        ..Backup::default()
    }
}

fn told() -> Vec<(Scope, Event)> {
    let source = |event| (Scope::Source, event);
    let recovery = |event| (Scope::Recovery(1), event);
    let control = |event| (Scope::Control("wal_segment_missing".to_owned()), event);
    let target = Aim {
        target: "before_disaster".to_owned(),
        boundary: Some(Lsn(0x07A3_B2C8)),
        how: "the commit of the harm, found in WAL".to_owned(),
        ..Aim::default()
    };
    let change = "a segment removed".to_owned();
    vec![
        source(Event::Step { number: 2, text: "backup: full".to_owned() }),
        source(Event::BackedUp(backup())),
        source(Event::Marked { name: "healthy".to_owned(), lsn: Lsn(0x06F1_2A40) }),
        source(Event::Struck { disaster: "drop_table shop.orders".to_owned() }),
        source(Event::Witnessed { what: "shop.orders is gone".to_owned(), so: true }),
        recovery(Event::Ticked(Tick::Begun)),
        recovery(Event::Aimed(target)),
        recovery(Event::Ticked(Tick::Promoted)),
        recovery(Event::Writable {
            last_failed_began_ns: 6_500_000_000,
            first_good_ended_ns: 7_250_000_000,
        }),
        control(Event::Ticked(Tick::Begun)),
        control(Event::Sabotaged(Sabotaged {
            change,
            proof: Some("the archive has a hole".to_owned()),
            original_untouched: true,
            absent: false,
        })),
        source(Event::Ended { how: End::Completed }),
    ]
}

#[test]
fn the_timeline_tells_the_drill_in_the_order_of_time() {
    let timeline = drill(told()).timeline;
    let texts: Vec<String> = timeline.iter().map(|(at, text)| format!("{at} {text}")).collect();
    assert_eq!(
        texts,
        [
            "1 step 2: backup: full",
            "2 full backup `20261103-090004F`, 41.2 MB, WAL 0/4000028 to 0/4000138, took 2.1 s",
            "3 mark `healthy` at 0/6F12A40",
            "4 the disaster is issued: drop_table shop.orders",
            "5 witnessed: shop.orders is gone",
            "6 recovery 1: recovery begun",
            "7 recovery 1: target before_disaster: before 0/7A3B2C8, the commit of the harm, \
             found in WAL",
            "7.25 recovery 1: writable: the application's write is acknowledged (at 6.5 s it was \
             not yet)",
            "8 recovery 1: promoted",
            "11 control wal_segment_missing: a copy is spoiled: a segment removed; proved: the \
             archive has a hole",
            "12 completed",
        ]
    );
}

#[test]
fn a_sabotage_without_effect_says_so() {
    let spoiled =
        Sabotaged { change: "a byte".into(), original_untouched: true, ..Sabotaged::default() };
    let drill = drill(vec![(Scope::Control("c".to_owned()), Event::Sabotaged(spoiled))]);
    assert_eq!(drill.timeline[0].1, "control c: a copy is spoiled, without effect: a byte");
}

#[test]
fn a_disaster_that_was_not_seen_is_not_said_to_be() {
    let event = Event::Witnessed { what: "shop.orders is gone".to_owned(), so: false };
    let drill = drill(vec![(Scope::Source, event)]);
    assert_eq!(drill.timeline[0].1, "looked for and not found: shop.orders is gone");
    assert_eq!(drill.facts, [("witnessed: shop.orders is gone".into(), "not so".into())]);
}

#[test]
fn faults_are_told_with_whose_they_are() {
    let fault = |cause, said: &str| {
        let during = "restore".to_owned();
        Event::Fault(Fault { cause, during, said: said.to_owned() })
    };
    let drill = drill(vec![
        (Scope::Recovery(1), fault(Cause::Subject(SubjectCause::Command), "exit status 82")),
        (Scope::Source, fault(Cause::Rig(RigCause::NoSpace), "No space left on device")),
    ]);
    assert_eq!(
        drill.faults,
        [
            "recovery 1: fault (subject: a command failed) during restore: exit status 82",
            "fault (rig: no space on a volume the rig sized) during restore: No space left on \
             device",
        ]
    );
    assert_eq!(drill.timeline.len(), 2);
}

#[test]
fn facts_come_from_servers_backups_and_remarks_that_state_one() {
    let began = Began {
        format: 1,
        run: "r".to_owned(),
        drill: "01-drop_table".to_owned(),
        tool: "0.1.0".to_owned(),
        rig: "local".to_owned(),
        wall: "2026-11-03T09:00:00Z".to_owned(),
        source_nonce: "n0nce".to_owned(),
        brief_sha256: None,
    };
    let promise = Promise {
        safe: Some(Lsn(0x0700_0000)),
        timeline: 1,
        archive_timeout_s: Some(60.0),
        archive_lag_s: 0.0,
        archive_failures: 0,
    };
    let drill = drill(vec![
        (Scope::Source, Event::Began(began)),
        asked(Scope::Source, Moment::Baseline, &[("version", "170012"), ("nonce", "n0nce")]),
        asked(Scope::Recovery(1), Moment::Recovered, &[("timeline", "1")]),
        asked(Scope::Recovery(1), Moment::Recovered, &[("timeline", "2")]),
        asked(Scope::Control("c".into()), Moment::Recovered, &[("timeline", "3")]),
        (Scope::Source, Event::BackedUp(backup())),
        (Scope::Source, Event::Promised(promise)),
        remark(&format!("{FACT}pgbackrest = 2.55.1")),
        remark("a spread checkpoint"),
        (Scope::Source, Event::Sealed { bytes: 5_000, sha256: "ab".to_owned() }),
    ]);
    let fact = |name: &str| {
        let found = drill.facts.iter().filter(|fact| fact.0 == name).collect::<Vec<_>>();
        assert!(found.len() < 2, "{name} is told twice");
        found.first().map(|fact| fact.1.as_str())
    };
    assert_eq!(fact("source: PostgreSQL"), Some("17.12"));
    assert_eq!(fact("recovery 1: timeline"), Some("2"));
    assert_eq!(fact("pgbackrest"), Some("2.55.1"));
    assert_eq!(fact("said to be safe before the strike"), Some("up to 0/7000000 on timeline 1"));
    assert_eq!(fact("ledger"), Some("5 kB, SHA-256 ab"));
    assert!(fact("backup 20261103-090004F").is_some());
    assert_eq!(drill.remarks, ["a spread checkpoint"]);
    assert!(!drill.facts.iter().any(|(_, value)| value.contains("n0nce")));
    assert!(!drill.facts.iter().any(|(name, _)| name.contains("control")));
}

#[test]
fn a_long_journal_keeps_its_beginning_and_its_end() {
    let steps = (0..5_000)
        .map(|number| (Scope::Source, Event::Step { number, text: "run: 1s".to_owned() }));
    let drill = drill(steps.collect());
    assert_eq!(drill.timeline.len(), 501);
    assert_eq!(drill.timeline[0].1, "step 0: run: 1s");
    assert_eq!(drill.timeline[250].1, "… 4500 more, in the journal …");
    assert_eq!(drill.timeline[500].1, "step 4999: run: 1s");
    assert_eq!(drill.took_s, 5_000.0);
}

#[test]
fn texts_of_the_journal_are_bounded_and_in_one_line() {
    let drill = drill(vec![remark(&"x\n\u{1b}[2J".repeat(1 << 20))]);
    assert!(drill.remarks[0].len() < 4 << 10);
    assert!(!drill.remarks[0].contains(['\n', '\u{1b}']));
}

#[test]
fn an_empty_journal_is_an_empty_drill() {
    let drill = drill(vec![]);
    assert_eq!(drill.took_s, 0.0);
    assert!(drill.timeline.is_empty() && drill.facts.is_empty() && drill.faults.is_empty());
}
