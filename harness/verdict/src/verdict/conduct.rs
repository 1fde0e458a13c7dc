//! Whether the drill was one: begun, protected, struck, done to its end, and with work in it that
//! could have been lost. What is missing makes the verdict unknown; only the subject fails it.

use crate::brief::Protection;
use crate::case::Record;
use crate::finding::Finding;
use crate::journal::{Cause, End, Event, Fault, Line, Scope};
use crate::ledger::Fate;
use crate::question::Moment;

/// The name these findings bear in place of a check's.
pub(super) const NAME: &str = "drill";
/// The check that a failed recovery counts for: it did not get where it should.
pub(super) const RECOVERY_CHECK: &str = "target";
/// The code of a failed recovery.
pub(super) const RECOVERY_FAILED: &str = "recovery_failed";

/// Everything there is to say, what failed first; one finding that holds if all was as promised.
pub(super) fn findings(record: &Record) -> Vec<Finding> {
    let mut found = faults(record);
    found.extend(ending(record));
    found.extend(beginning(record));
    found.extend(clocks(record));
    found.extend(promised(record));
    found.extend(steps(record));
    found.extend(protection(record));
    found.extend(disasters(record));
    found.extend(order(record));
    found.extend(recoveries(record));
    let acknowledged = match work(record) {
        Ok(acknowledged) => acknowledged,
        Err(finding) => {
            found.push(*finding);
            0
        }
    };
    if record.brief.checks.is_empty() {
        found.push(Finding::unknown(NAME, "no_checks", "no check was declared"));
    }
    if found.is_empty() {
        let said = format!(
            "{} steps were done, {} disasters witnessed, {acknowledged} transactions acknowledged",
            record.brief.steps.len(),
            record.brief.disasters.len(),
        );
        found.push(Finding::held(NAME, "performed", said));
    }
    found
}

/// The lines of the source and of the recoveries: what belongs to no must-fail twin.
fn main_lines(record: &Record) -> impl Iterator<Item = (usize, &Line)> {
    let lines = record.lines.iter().enumerate();
    lines.filter(|(_, line)| !matches!(line.scope, Scope::Control(_)))
}

fn main_events(record: &Record) -> impl Iterator<Item = &Event> {
    main_lines(record).map(|(_, line)| &line.event)
}

/// Where the rig first failed, or the disaster turned out to have done nothing: what was seen
/// later may be a consequence of that, and is not blamed on the subject.
pub(super) fn spoiled_at(record: &Record) -> Option<usize> {
    let spoils = |event: &Event| match event {
        Event::Fault(fault) => matches!(fault.cause, Cause::Rig(_)),
        Event::Witnessed { so, .. } => !so,
        _ => false,
    };
    main_lines(record).find(|(_, line)| spoils(&line.event)).map(|(at, _)| at)
}

fn faults(record: &Record) -> Vec<Finding> {
    let spoiled = spoiled_at(record).unwrap_or(usize::MAX);
    let finding = |(at, line): (usize, &Line)| {
        let Event::Fault(fault) = &line.event else { return None };
        let finding = match (fault.cause, &line.scope) {
            (Cause::Rig(_), _) => Finding::unknown(NAME, "rig_fault", told(fault)).of_the_rig(),
            (Cause::Subject(_), Scope::Recovery(number)) => {
                recovery_failed(fault).about(format!("recovery {number}"))
            }
            (Cause::Subject(_), _) => Finding::broken(NAME, "fault", told(fault)),
        };
        Some(if at > spoiled { finding.of_the_rig() } else { finding })
    };
    main_lines(record).filter_map(finding).collect()
}

/// A recovery in which the subject failed.
pub(super) fn recovery_failed(fault: &Fault) -> Finding {
    Finding::broken(RECOVERY_CHECK, RECOVERY_FAILED, told(fault))
}

fn told(fault: &Fault) -> String {
    format!("{}: {}", fault.during, fault.said)
}

/// How the drill ended, if its journal says so.
pub(super) fn ended(record: &Record) -> Option<End> {
    record.lines.iter().rev().find_map(|line| match line.event {
        Event::Ended { how } => Some(how),
        _ => None,
    })
}

fn ending(record: &Record) -> Option<Finding> {
    let (code, said) = match ended(record) {
        Some(End::Completed) => return None,
        None => ("not_ended", "the journal breaks off before the drill ended"),
        Some(End::Faulted) => ("faulted", "a fault stopped the drill"),
        Some(End::Interrupted) => ("interrupted", "the drill was interrupted"),
        Some(End::TimedOut) => ("timed_out", "the time of the drill was up"),
        Some(End::Panicked) => ("panicked", "pgrehearse itself failed during the drill"),
    };
    let finding = Finding::unknown(NAME, code, said);
    let ours = code != "faulted";
    Some(if ours { finding.of_the_rig() } else { finding })
}

/// Times are told by a clock that stands still while the machine sleeps, and moments of a server by
/// one that can be set: what was measured, or aimed at, may be wrong.
fn clocks(record: &Record) -> Vec<Finding> {
    let told = |code, ms: i64, what: &str| {
        let seconds = ms as f64 / 1000.0;
        let said = format!("during the drill the machine's {what} {seconds:.1} s");
        (ms != 0).then(|| Finding::unknown(NAME, code, said).of_the_rig())
    };
    let noted = record.lines.iter().filter_map(|line| match &line.event {
        Event::Clocks(clocks) => Some(clocks),
        _ => None,
    });
    noted
        .flat_map(|clocks| {
            let set = told("clock_set", clocks.stepped_ms, "wall clock was set by");
            let slept = told("suspended", clocks.suspended_ms, "work was suspended for");
            set.into_iter().chain(slept)
        })
        .collect()
}

fn beginning(record: &Record) -> Option<Finding> {
    let begins = |line: &Line| matches!(line.event, Event::Began(_));
    let once = record.lines.iter().filter(|line| begins(line)).count() == 1;
    if once && record.lines.first().is_some_and(begins) {
        return None;
    }
    let said = "the journal does not begin with the beginning of one drill";
    Some(Finding::unknown(NAME, "not_begun", said))
}

/// The brief must be the one that the drill began with: a check that is taken out of it afterwards
/// would else never be missed.
fn promised(record: &Record) -> Option<Finding> {
    let sealed = record.lines.iter().find_map(|line| match &line.event {
        Event::Began(began) => Some(began.brief_sha256.as_deref()),
        _ => None,
    });
    let (code, said) = match sealed? {
        Some(sealed) if sealed == record.brief_sha256 => return None,
        Some(_) => ("brief_altered", "the brief is not the one that the drill began with"),
        None => ("brief_unsealed", "the journal does not say which brief the drill began with"),
    };
    Some(Finding::unknown(NAME, code, said))
}

fn steps(record: &Record) -> Option<Finding> {
    let numbers = 1..=u32::try_from(record.brief.steps.len()).unwrap_or(u32::MAX);
    let done = |wanted: &u32| {
        main_events(record)
            .any(|event| matches!(event, Event::Step { number, .. } if number == wanted))
    };
    let missing: Vec<String> =
        numbers.filter(|number| !done(number)).map(|number| number.to_string()).collect();
    if missing.is_empty() {
        return None;
    }
    let said = format!("steps that were never begun: {}", missing.join(", "));
    Some(Finding::unknown(NAME, "steps_missing", said))
}

/// Marks and backups: what a recovery could be aimed at, and made from.
fn protection(record: &Record) -> Vec<Finding> {
    let mut found = vec![];
    for mark in &record.brief.marks {
        let taken = |event: &Event| matches!(event, Event::Marked { name, .. } if name == mark);
        if !main_events(record).any(taken) {
            let said = format!("the mark `{mark}` was never taken");
            found.push(Finding::unknown(NAME, "mark_missing", said));
        }
    }
    match record.brief.protection {
        Protection::Archive | Protection::Snapshots => {
            if !main_events(record).any(|event| matches!(event, Event::BackedUp(_))) {
                let said = "no backup was ever finished";
                found.push(Finding::unknown(NAME, "no_backup", said));
            }
        }
    }
    found
}

fn disasters(record: &Record) -> Vec<Finding> {
    let wanted = record.brief.disasters.len();
    let mut found = vec![];
    if wanted == 0 {
        found.push(Finding::unknown(NAME, "no_disaster", "no disaster was planned"));
    }
    let struck = main_events(record).filter(|event| matches!(event, Event::Struck { .. })).count();
    if struck < wanted {
        let said = format!("{struck} of {wanted} disasters struck");
        found.push(Finding::unknown(NAME, "not_struck", said));
    }
    let mut witnessed = 0;
    for event in main_events(record) {
        match event {
            Event::Witnessed { so: true, .. } => witnessed += 1,
            Event::Witnessed { so: false, what } => {
                let said = format!("the disaster did nothing, so this was no drill: {what}");
                found.push(Finding::unknown(NAME, "not_a_drill", said).of_the_rig());
            }
            _ => {}
        }
    }
    if witnessed < wanted {
        let said = format!("the harm of {witnessed} of {wanted} disasters was witnessed");
        found.push(Finding::unknown(NAME, "unwitnessed", said));
    }
    found
}

/// What recoveries are compared with was asked before the first strike, and what is compared with
/// it after.
fn order(record: &Record) -> Option<Finding> {
    let is_strike = |(_, line): &(usize, &Line)| matches!(line.event, Event::Struck { .. });
    let (first, _) = main_lines(record).find(is_strike)?;
    let wrong = |(at, line): (usize, &Line)| match &line.event {
        Event::Answered { moment: Moment::Baseline, .. } => at > first,
        Event::Answered {
            moment:
                Moment::Aside
                | Moment::Standing
                | Moment::Recovered
                | Moment::Restarted
                | Moment::Stopped,
            ..
        } => at < first,
        _ => false,
    };
    if !main_lines(record).any(wrong) {
        return None;
    }
    let said = "a baseline was asked after the strike, or a recovered server before it";
    Some(Finding::unknown(NAME, "out_of_order", said))
}

fn recoveries(record: &Record) -> Vec<Finding> {
    let numbers = 1..=u32::try_from(record.brief.recoveries.len()).unwrap_or(u32::MAX);
    if numbers.is_empty() {
        return vec![Finding::unknown(NAME, "no_recovery", "no recovery was planned")];
    }
    let done = |number: &u32| {
        main_lines(record).any(|(_, line)| {
            line.scope == Scope::Recovery(*number) && matches!(line.event, Event::Writable { .. })
        })
    };
    let missing = |number: u32| {
        let said = format!("recovery {number} did not end in a server that takes writes");
        Finding::unknown(NAME, "not_recovered", said).about(format!("recovery {number}"))
    };
    numbers.filter(|number| !done(number)).map(missing).collect()
}

/// How many transactions were acknowledged: work that a recovery could have lost.
fn work(record: &Record) -> Result<usize, Box<Finding>> {
    let ledger = record
        .ledger
        .as_ref()
        .map_err(|error| Box::new(Finding::unknown(NAME, "no_ledger", error.to_string())))?;
    let acked = ledger.transactions.values().filter(|tx| tx.fate == Fate::Acked).count();
    if acked == 0 {
        let said = "no transaction was ever acknowledged, so none could have been lost";
        return Err(Box::new(Finding::unknown(NAME, "nothing_acknowledged", said)));
    }
    Ok(acked)
}
