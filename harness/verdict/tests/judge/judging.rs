//! The verdict: what passes, what does not, and that a pass needs all of it.

use std::collections::BTreeSet;

use pgrehearse_verdict::brief::RecoveryBrief;
use pgrehearse_verdict::finding::{Blame, Status};
use pgrehearse_verdict::journal::{
    Cause, Clocks, End, Event, Fault, RigCause, Scope, SubjectCause,
};
use pgrehearse_verdict::ledger::Entry;
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Moment, Question};
use pgrehearse_verdict::verdict::Verdict::{Failed, Passed, Unknown};
use pgrehearse_verdict::verdict::{Verdict, judge};

use crate::story::{RECOVERY, Story};

#[track_caller]
fn expect(story: &Story, verdict: Verdict, because: &str) {
    let judgement = story.judge();
    assert_eq!(judgement.verdict, verdict, "{judgement:#?}");
    assert!(judgement.because.contains(because), "{}", judgement.because);
    assert!(!judgement.because.contains('\n'));
}

#[test]
fn both_stories_pass() {
    let story = Story::before_disaster();
    let because = format!("all {} checks held, and 1 of 1 must-fail", story.brief.checks.len());
    expect(&story, Passed, &because);
    expect(&Story::latest(), Passed, "not shown able to fail");
}

#[test]
fn every_check_and_both_objectives_are_part_of_a_pass() {
    let story = Story::before_disaster();
    let judgement = story.judge();
    let found: BTreeSet<&str> = judgement.findings.iter().map(|f| f.check.as_str()).collect();
    for spec in &story.brief.checks {
        assert!(found.contains(spec.name()), "{} found nothing", spec.name());
    }
    let objectives: Vec<&str> = judgement.objectives.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(objectives, ["rto", "rpo"]);
}

#[test]
fn no_proper_prefix_of_a_passing_journal_passes() {
    for story in [Story::before_disaster(), Story::latest()] {
        let journal = story.journal();
        let lines: Vec<&str> = journal.split_inclusive('\n').collect();
        for length in 0..lines.len() {
            let record = story.read(&lines[..length].concat()).expect("a prefix can be read");
            assert_eq!(judge(&record).verdict, Unknown, "after {length} lines");
        }
        // Nor one that was cut within its last line.
        let record = story.read(&journal[..journal.len() - 1]).expect("a cut line is left out");
        assert_eq!(judge(&record).verdict, Unknown);
    }
}

/// A line without which a drill passes all the same, in words.
fn dispensable(scope: &Scope, event: &Event) -> Option<String> {
    Some(match (scope, event) {
        (Scope::Control(_), Event::Aimed(_)) => "control: aimed".to_owned(),
        (Scope::Control(_), Event::Fault(_)) => "control: fault".to_owned(),
        (Scope::Control(_), Event::Answered { question, .. }) => format!("control: {question}"),
        (_, Event::Remark { .. }) => "remark".to_owned(),
        (_, Event::Ran(_)) => "ran".to_owned(),
        (_, Event::Ticked(_)) => "ticked".to_owned(),
        _ => return None,
    })
}

#[test]
fn a_passing_drill_needs_every_line_but_those_that_only_tell() {
    let mut passing = BTreeSet::new();
    for story in [Story::before_disaster(), Story::latest()] {
        for at in 0..story.lines.len() {
            let mut without = story.clone();
            let (scope, event) = without.lines.remove(at);
            let verdict = without.judge().verdict;
            let name = dispensable(&scope, &event);
            match &name {
                None => assert_ne!(verdict, Passed, "without {scope:?} {event:?}"),
                Some(name) if verdict == Passed => {
                    passing.insert(name.clone());
                }
                Some(_) => {}
            }
        }
    }
    // The twin is caught twice over, by its fault and by its log: either will do. It needs no aim
    // for that, since what failed never stopped anywhere.
    let told = ["control: aimed", "control: fault", "control: server log", "ran", "remark"];
    let mut told: BTreeSet<String> = told.iter().map(|name| (*name).to_owned()).collect();
    told.insert("ticked".to_owned());
    assert_eq!(passing, told);
}

/// Whether an event is the one that is meant.
type Fits = fn(&Event) -> bool;

/// A drill with one check of the user's own and no objective: nothing but the conduct of the
/// drill itself asks for what is taken out here.
#[test]
fn a_drill_is_unknown_when_it_was_not_done_as_planned_whatever_its_checks_say() {
    let needed: [(&str, Fits); 9] = [
        ("not_begun", |event| matches!(event, Event::Began(_))),
        ("steps_missing", |event| matches!(event, Event::Step { number: 2, .. })),
        ("mark_missing", |event| matches!(event, Event::Marked { .. })),
        ("no_backup", |event| matches!(event, Event::BackedUp(_))),
        ("not_struck", |event| matches!(event, Event::Struck { .. })),
        ("unwitnessed", |event| matches!(event, Event::Witnessed { .. })),
        ("no_ledger", |event| matches!(event, Event::Sealed { .. })),
        ("not_recovered", |event| matches!(event, Event::Writable { .. })),
        ("not_ended", |event| matches!(event, Event::Ended { .. })),
    ];
    for (code, taken_out) in needed {
        let mut story = narrow("sql");
        expect(&story, Passed, "");
        story.lines.retain(|(_, event)| !taken_out(event));
        expect(&story, Unknown, "drill: ");
        let codes: Vec<String> = story.findings("drill").into_iter().map(|f| f.code).collect();
        assert_eq!(codes, [code]);
    }
    let mut twice = narrow("sql");
    let first = twice.lines[0].clone();
    twice.lines.insert(1, first);
    expect(&twice, Unknown, "drill: ");
}

/// The story with this check alone, and no objective.
fn narrow(check: &str) -> Story {
    let mut story = Story::latest();
    story.brief.checks.retain(|spec| spec.name() == check);
    story.brief.objectives = Default::default();
    story
}

#[test]
fn a_question_that_was_due_and_never_asked_is_unknown_even_if_its_check_can_do_without() {
    let mut story = narrow("target");
    expect(&story, Passed, "");
    story.forget(Moment::Recovered, &Question::Server);
    expect(&story, Unknown, "server was never asked at recovered");
    let mut story = narrow("target");
    story.refuse(Moment::Recovered, &Question::Server, "57014: canceling statement");
    expect(&story, Unknown, "server was refused at recovered");
}

#[test]
fn a_missing_line_cannot_hide_behind_the_numbering() {
    let story = Story::latest();
    let journal = story.journal();
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    for at in 0..lines.len() - 1 {
        let mut without = lines.clone();
        without.remove(at);
        assert!(story.read(&without.concat()).is_err(), "line {}", at + 1);
    }
}

#[test]
fn verdict_lines_change_nothing() {
    let story = Story::before_disaster();
    let before = story.judge();
    let mut journal = story.journal();
    for verdict in ["failed", "passed"] {
        let n = story.lines.len() + 1;
        journal.push_str(&format!(
            "{{\"n\":{n},\"at_ns\":1,\"scope\":\"source\",\"event\":{{\"judged\":\
             {{\"verdict\":\"{verdict}\"}}}}}}\n"
        ));
        assert_eq!(judge(&story.read(&journal).expect("it can be read")), before);
    }
}

fn fault(cause: Cause) -> Event {
    Event::Fault(Fault { cause, during: "work".to_owned(), said: "it broke".to_owned() })
}

fn is_end(event: &Event) -> bool {
    matches!(event, Event::Ended { .. })
}

#[test]
fn a_fault_of_the_subject_fails_and_one_of_the_rig_is_unknown() {
    for (cause, verdict) in [
        (Cause::Subject(SubjectCause::Command), Failed),
        (Cause::Subject(SubjectCause::TimeLimit), Failed),
        (Cause::Subject(SubjectCause::Server), Failed),
        (Cause::Subject(SubjectCause::Target), Failed),
        (Cause::Rig(RigCause::EngineApi), Unknown),
        (Cause::Rig(RigCause::OutOfMemory), Unknown),
        (Cause::Rig(RigCause::Panic), Unknown),
        (Cause::Rig(RigCause::NotADrill), Unknown),
    ] {
        for scope in [Scope::Source, RECOVERY] {
            let mut story = Story::latest();
            story.put_before(scope, fault(cause), is_end);
            expect(&story, verdict, "it broke");
        }
    }
}

#[test]
fn a_recovery_that_failed_is_red_of_target() {
    let mut story = Story::latest();
    story.put_before(RECOVERY, fault(Cause::Subject(SubjectCause::Server)), is_end);
    story.expect("target", Status::Broken, &["recovery_failed"]);
}

#[test]
fn what_is_broken_after_the_rig_failed_is_not_blamed_on_the_subject() {
    let mut story = Story::latest();
    story.set(Moment::Recovered, "in_recovery", Some("t"));
    expect(&story, Failed, "usable");
    let mut early = story.clone();
    early.put_before(RECOVERY, fault(Cause::Rig(RigCause::OutOfMemory)), |event| {
        matches!(event, Event::Writable { .. })
    });
    early.put_before(RECOVERY, fault(Cause::Subject(SubjectCause::Command)), is_end);
    expect(&early, Unknown, "it broke");
    let broken = early.judge().findings;
    let mut broken = broken.iter().filter(|finding| finding.status == Status::Broken);
    assert!(broken.all(|finding| finding.blame == Blame::Rig));
    // What was seen before the rig failed was seen all the same.
    story.put_before(Scope::Source, fault(Cause::Rig(RigCause::EngineApi)), is_end);
    expect(&story, Failed, "usable");
}

#[test]
fn a_drill_that_did_not_end_in_order_does_not_pass() {
    for how in [End::Faulted, End::Interrupted, End::TimedOut, End::Panicked] {
        let mut story = Story::latest();
        story.change(&Scope::Source, |event| {
            Some(if is_end(&event) { Event::Ended { how } } else { event })
        });
        expect(&story, Unknown, "drill:");
        assert_eq!(story.judge().ended, Some(how));
    }
}

#[test]
fn a_machine_whose_clock_was_set_or_that_slept_proved_nothing() {
    let drill = |stepped_ms, suspended_ms| {
        let mut story = Story::latest();
        let clocks = Event::Clocks(Clocks { stepped_ms, suspended_ms });
        story.put_before(Scope::Source, clocks, is_end);
        story
    };
    expect(&drill(-3_600_000, 0), Unknown, "the machine's wall clock was set by -3600.0 s");
    expect(&drill(0, 30_000), Unknown, "the machine's work was suspended for 30.0 s");
    drill(1_000, 2_000).expect("drill", Status::Unknown, &["clock_set", "suspended"]);
}

#[test]
fn time_that_runs_out_in_the_subjects_work_fails() {
    let mut story = Story::latest();
    story.put_before(RECOVERY, fault(Cause::Subject(SubjectCause::TimeLimit)), is_end);
    story.change(&Scope::Source, |event| {
        Some(if is_end(&event) { Event::Ended { how: End::TimedOut } } else { event })
    });
    expect(&story, Failed, "it broke");
}

#[test]
fn a_disaster_that_did_nothing_is_no_drill() {
    let mut story = Story::before_disaster();
    story.change(&Scope::Source, |event| {
        Some(match event {
            Event::Witnessed { what, .. } => Event::Witnessed { what, so: false },
            other => other,
        })
    });
    expect(&story, Unknown, "the disaster did nothing");
    // Not even where something else looks broken then.
    story.set(Moment::Recovered, "in_recovery", Some("t"));
    expect(&story, Unknown, "the disaster did nothing");
}

#[test]
fn a_drill_without_acknowledged_work_is_unknown() {
    let mut story = Story::latest();
    story.ledger.retain(|row| matches!(row.entry, Entry::Opened(_)));
    story.seal();
    let codes: Vec<String> = story.findings("drill").into_iter().map(|f| f.code).collect();
    assert_eq!(codes, ["nothing_acknowledged"]);
}

#[test]
fn a_drill_with_nothing_planned_is_unknown() {
    let mut story = Story::latest();
    story.brief.checks.clear();
    expect(&story, Unknown, "no check was declared");
    let mut story = Story::latest();
    story.brief.disasters.clear();
    expect(&story, Unknown, "no disaster was planned");
    let mut story = Story::latest();
    story.brief.recoveries.clear();
    assert_eq!(story.judge().verdict, Unknown);
}

#[test]
fn an_earlier_recovery_must_have_worked_too() {
    let mut story = Story::latest();
    let recovery: RecoveryBrief = story.brief.recoveries[0].clone();
    story.brief.recoveries.push(recovery);
    for (scope, _) in &mut story.lines {
        if *scope == RECOVERY {
            *scope = Scope::Recovery(2);
        }
    }
    expect(&story, Unknown, "recovery 1 did not end in a server that takes writes");
    let writable = Event::Writable { last_failed_began_ns: 1, first_good_ended_ns: 2 };
    story.put_before(Scope::Recovery(1), writable, |event| matches!(event, Event::Struck { .. }));
    expect(&story, Passed, "");
}

#[test]
fn a_baseline_asked_after_the_strike_compares_the_harm_with_itself() {
    let mut story = Story::latest();
    let late = story.lines.iter().position(|(_, event)| {
        matches!(event, Event::Answered { moment: Moment::Baseline, question, .. }
            if *question == Question::Inventory)
    });
    let late = story.lines.remove(late.expect("the inventory was taken"));
    let at = story.lines.len() - 1;
    story.lines.insert(at, late);
    expect(&story, Unknown, "a baseline was asked after the strike");
}

#[test]
fn an_objective_that_is_broken_fails_and_one_that_cannot_be_told_is_unknown() {
    let mut story = Story::latest();
    story.brief.objectives.rto_s = Some(1.0);
    expect(&story, Failed, "rto: ");
    story.brief.objectives.rto_s = Some(10.5);
    expect(&story, Unknown, "rto: ");
    let mut story = Story::latest();
    story.brief.objectives.rpo_s = Some(1.0);
    expect(&story, Failed, "rpo: ");
}

#[test]
fn a_canary_must_fail_for_its_reason_and_for_no_other() {
    let by = |by: &[&str], change: fn(&mut Story)| {
        let mut story = Story::latest();
        story.brief.must_fail = Some(by.iter().map(|name| (*name).to_owned()).collect());
        change(&mut story);
        story.judge().canary.map(|canary| canary.as_it_must)
    };
    let in_recovery = |story: &mut Story| story.set(Moment::Recovered, "in_recovery", Some("t"));
    let slow = |story: &mut Story| story.brief.objectives.rto_s = Some(1.0);
    let both = |story: &mut Story| {
        story.set(Moment::Recovered, "in_recovery", Some("t"));
        story.brief.objectives.rto_s = Some(1.0);
    };
    let unasked = |story: &mut Story| story.forget(Moment::Recovered, &Question::Logins);
    assert_eq!(by(&["usable"], in_recovery), Some(true));
    assert_eq!(by(&["rto"], slow), Some(true));
    assert_eq!(by(&["rto", "usable"], both), Some(true));
    assert_eq!(by(&["rto"], both), Some(false), "another reason beside it");
    assert_eq!(by(&["rto", "usable"], slow), Some(false), "a reason is missing");
    assert_eq!(by(&["usable"], |_| {}), Some(false), "it came out green");
    assert_eq!(by(&["usable"], unasked), Some(false), "it could not be told");
    assert_eq!(by(&[], |_| {}), Some(false), "it came out green for no reason");
    assert_eq!(Story::latest().judge().canary, None);
}

/// The drill whose last transaction was sent before the boundary and acknowledged behind it, and
/// did not come back; with where its commit record starts, if the archived WAL was read.
fn straddling(start: Option<Lsn>) -> Story {
    let mut story = Story::before_disaster();
    for row in &mut story.ledger {
        match &mut row.entry {
            Entry::Sent { lo, .. } if *lo == Lsn(0x4000100) => *lo = Lsn(0x4000000),
            Entry::Acked { hi, .. } if *hi == Lsn(0x4000140) => *hi = Lsn(0x4000040),
            _ => {}
        }
    }
    story.seal();
    if let Some(start) = start {
        story.put_before(RECOVERY, Event::Commits(vec![(735, start)]), is_end);
    }
    story
}

#[test]
fn archived_wal_tells_on_which_side_of_the_boundary_a_transaction_was_committed() {
    expect(&straddling(Some(Lsn(0x4000010))), Failed, "ledger: ");
    for start in [None, Some(Lsn(0x4000028)), Some(Lsn(0x4000030))] {
        let judged = straddling(start).judge();
        assert_eq!(judged.verdict, Passed, "{start:?} {}", judged.because);
    }
}
