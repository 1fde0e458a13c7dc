//! Target: recovery ended where it was meant to, for the reason it was meant to.
//!
//! Two forms of boundary: our own (a mark, the start of a harmful record) lies between two records;
//! one that a user gave (`lsn …`) may lie inside of one, and then recovery stops behind it.
//!
//! Three witnesses must agree with the aim: the server's log (where it stopped), the history file
//! of its new timeline (where it left the old one), and, for a disaster that is undone, the
//! position that the disaster itself noted.

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection, RecoveryBrief};
use crate::case::Case;
use crate::check::Check;
use crate::check::answered::{rows, shown};
use crate::check::log::{self, Entry, Severity};
use crate::check::snapshot;
use crate::check::stop;
use crate::finding::Finding;
use crate::journal::{Event, Scope};
use crate::lsn::Lsn;
use crate::question::{Moment, Question, Table};

const NAME: &str = "target";

/// The size of a page of WAL, in bytes: PostgreSQL's default, which no package changes.
const PAGE_BYTES: u64 = 8192;
/// The header of the first page of a segment, in bytes.
const LONG_HEADER_BYTES: u64 = 40;
/// The header of every other page, in bytes.
const SHORT_HEADER_BYTES: u64 = 24;

const STOPPED_BEFORE: &str = "recovery stopping before WAL location (LSN)";
const STOPPING: &str = "recovery stopping ";
/// What the server says before it begins, if it was asked to stop at a position.
const ASKED: &str = "starting point-in-time recovery to WAL location (LSN)";
/// How the target of a recovery begins whose position the user gave.
const GIVEN: &str = "lsn ";
/// How the target of a recovery begins that is the harm itself.
const THE_HARM: &str = "before_disaster";
const COMPLETE: &str = "archive recovery complete";
const NOT_REACHED: &str = "recovery ended before configured recovery target was reached";

/// Wants recovery to have ended just before the chosen record, or, where none was chosen, at the
/// end of all there is, on the timeline that the source was on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {}

impl Check for Target {
    const SUMMARY: &'static str =
        "recovery stopped just before the chosen record, or at the end, on the right timeline";
    const EXAMPLE: &'static str = "target";

    fn asks(&self, brief: &Brief) -> Vec<(Moment, Question)> {
        let questions = [Question::Server, Question::ServerLog, Question::History];
        asked(brief).flat_map(|moment| questions.clone().map(|it| (moment.clone(), it))).collect()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        if case.brief().protection == Protection::Snapshots {
            return snapshot::judge(NAME, case);
        }
        let Some(recovery) = case.brief().recoveries.last() else {
            let said = "the brief names no recovery";
            return vec![Finding::unknown(NAME, "no_aim", said)];
        };
        let boundary = match aimed(case, recovery) {
            Ok(boundary) => boundary,
            Err(finding) => return vec![*finding],
        };
        let (mut found, mut stop) = (vec![], None);
        match rows(case, NAME, &case.restored(), &Question::ServerLog) {
            Ok(table) => {
                let entries = log::entries(table);
                found.push(completed(&entries));
                found.push(stopped(case, boundary, &entries));
                stop = last_stop(&entries).filter(|_| given(case, boundary, &entries));
            }
            Err(finding) => found.push(*finding),
        }
        match rows(case, NAME, &case.restored(), &Question::History) {
            Ok(table) => {
                found.push(timeline(case, table));
                found.push(switched(case, boundary, stop, table));
            }
            Err(finding) => found.push(*finding),
        }
        if let (Some(boundary), true) = (boundary, recovery.undoes) {
            found.push(agreed(case, boundary));
        }
        found
    }
}

/// When restored servers are asked: those of the recoveries, and those of the twins.
pub(super) fn asked(brief: &Brief) -> impl Iterator<Item = Moment> + use<> {
    let aside = brief.recoveries.last().map(RecoveryBrief::restored);
    let aside = aside.filter(|moment| *moment != Moment::Recovered);
    [Moment::Recovered].into_iter().chain(aside)
}

/// The position aimed at; `None` for all there is. The journal must aim as the brief promised.
fn aimed(case: &Case<'_>, recovery: &RecoveryBrief) -> Result<Option<Lsn>, Box<Finding>> {
    let Some(aim) = case.aim() else {
        let finding = Finding::unknown(NAME, "no_aim", "no target was ever decided");
        return Err(Box::new(finding));
    };
    match (recovery.chosen, aim.boundary) {
        (true, None) => {
            let said = format!("`{}` was to be found, and no position was", shown(&aim.target));
            Err(Box::new(Finding::unknown(NAME, "no_boundary", said)))
        }
        (false, Some(boundary)) => {
            let said = format!("`{}` was promised, and {boundary} aimed at", recovery.target);
            Err(Box::new(Finding::unknown(NAME, "other_aim", said)))
        }
        (_, boundary) => Ok(boundary),
    }
}

/// Whether recovery ran to its own end.
fn completed(entries: &[Entry<'_>]) -> Finding {
    let fatal = |entry: &&Entry<'_>| matches!(entry.severity, Severity::Fatal | Severity::Panic);
    if entries.iter().any(|entry| entry.said.starts_with(NOT_REACHED)) {
        let said = "recovery ran out of WAL before it reached its target";
        Finding::broken(NAME, "target_unreached", said)
    } else if entries.iter().any(|entry| entry.said.starts_with(COMPLETE)) {
        Finding::held(NAME, "complete", "archive recovery ran to its end")
    } else {
        let last = entries.iter().rfind(fatal);
        let details = last.map(|entry| format!("last said: {}", shown(entry.said)));
        let said = "the log does not say that archive recovery ran to its end";
        Finding::unknown(NAME, "incomplete", said).with(details.into_iter().collect())
    }
}

/// Where the log says that recovery stopped.
fn stopped(case: &Case<'_>, boundary: Option<Lsn>, entries: &[Entry<'_>]) -> Finding {
    let stops: Vec<&str> = entries
        .iter()
        .filter(|entry| entry.severity == Severity::Other && entry.said.starts_with(STOPPING))
        .map(|entry| entry.said)
        .collect();
    if let Some(stop) = case.aim().and_then(|aim| aim.stop) {
        return stop::judge(NAME, stop, &stops);
    }
    match (boundary, stops.as_slice()) {
        (None, []) => Finding::held(NAME, "no_stop", "the log names no stop before the end"),
        (None, [stop, ..]) => {
            let said = format!("all there is was wanted, but the log says `{}`", shown(stop));
            Finding::broken(NAME, "stopped_early", said)
        }
        (Some(boundary), []) => {
            let said = format!("the log does not say that recovery stopped before {boundary}");
            Finding::unknown(NAME, "no_stop", said)
        }
        (Some(boundary), [.., stop]) => {
            let given = given(case, Some(boundary), entries);
            let behind = |at| {
                given && at > boundary && case.switch().is_some_and(|end| is_next(case, end, at))
            };
            if last_stop(entries).is_some_and(|at| is_next(case, boundary, at) || behind(at)) {
                let said = format!("recovery stopped before {boundary}, as it was asked to");
                Finding::held(NAME, "stopped", said)
            } else {
                let said = format!("wanted a stop before {boundary}, found `{}`", shown(stop));
                Finding::broken(NAME, "stopped_elsewhere", said)
            }
        }
    }
}

/// The start of the record before which recovery stopped, by the last that the log says of it.
fn last_stop(entries: &[Entry<'_>]) -> Option<Lsn> {
    let stops =
        |entry: &&Entry<'_>| entry.severity == Severity::Other && entry.said.starts_with(STOPPING);
    let last = entries.iter().rfind(stops)?;
    last.said.strip_prefix(STOPPED_BEFORE).and_then(log::quoted_lsn)
}

/// Whether the boundary is one that the user gave, and the server was really asked for it.
fn given(case: &Case<'_>, boundary: Option<Lsn>, entries: &[Entry<'_>]) -> bool {
    let asked = |entry: &Entry<'_>| {
        entry.said.starts_with(ASKED) && log::quoted_lsn(entry.said) == boundary
    };
    case.aim().is_some_and(|aim| aim.target.starts_with(GIVEN)) && entries.iter().any(asked)
}

/// The timeline that the recovered server left.
fn timeline(case: &Case<'_>, history: &Table) -> Finding {
    let Some(promise) = case.promise() else {
        let said = "which timeline the source was on is not in the journal";
        return Finding::unknown(NAME, "no_promise", said);
    };
    let last = history.rows.len().checked_sub(1);
    let parent = last.and_then(|row| history.get(row, "parent"));
    match parent.map(str::parse::<u32>) {
        Some(Ok(parent)) if parent == promise.timeline => {
            let said = format!("its timeline left timeline {parent}, the source's");
            Finding::held(NAME, "timeline", said)
        }
        Some(Ok(parent)) => {
            let wanted = promise.timeline;
            let said = format!("its timeline left timeline {parent}, the source was on {wanted}");
            Finding::broken(NAME, "other_timeline", said)
        }
        Some(Err(_)) | None => {
            let said = "the history names no timeline that was left";
            Finding::unknown(NAME, "no_history", said)
        }
    }
}

/// Where the recovered server left the old timeline: the end of the last record it replayed.
/// `stop` is where the log says it stopped, for a boundary that may lie inside of a record.
fn switched(case: &Case<'_>, boundary: Option<Lsn>, stop: Option<Lsn>, history: &Table) -> Finding {
    let last = history.rows.len().checked_sub(1);
    let switch = last.and_then(|row| history.get(row, "switch")).map(str::parse::<Lsn>);
    match (boundary, switch) {
        (None, Some(Ok(switch))) => {
            Finding::held(NAME, "switch", format!("the old timeline was left at {switch}"))
        }
        (Some(boundary), Some(Ok(switch)))
            if is_next(case, switch, boundary)
                || stop.is_some_and(|at| at > boundary && is_next(case, switch, at)) =>
        {
            let said = format!("the old timeline was left at {switch}, wanted {boundary}");
            Finding::held(NAME, "switch", said)
        }
        (Some(boundary), Some(Ok(switch))) => {
            let said = format!("the old timeline was left at {switch}, wanted {boundary}");
            Finding::broken(NAME, "switched_elsewhere", said)
        }
        (_, Some(Err(_)) | None) => {
            let said = "the history does not say where the old timeline was left";
            Finding::unknown(NAME, "no_history", said)
        }
    }
}

/// Whether a record that follows the position `end` directly starts at `start`.
///
/// A record that ends with a page ends at the page's boundary, but the next one starts behind the
/// header of the next page: 24 bytes on, or 40 where a segment begins (a switch of segments ends
/// there, too). So the end of one record, which is what a history file and a restore point give,
/// and the start of the next, which is what the log gives, are the same place in two spellings:
/// asked to stop before 0/4000028, PostgreSQL 15 writes the switch 0/4000000; asked to stop before
/// 0/3002000, it logs 0/3002018. No record can lie between.
fn is_next(case: &Case<'_>, end: Lsn, start: Lsn) -> bool {
    if end == start {
        return true;
    }
    if !end.0.is_multiple_of(PAGE_BYTES) {
        return false;
    }
    let server = rows(case, NAME, &case.restored(), &Question::Server);
    let segment = server.ok().and_then(|table| table.pair("segment_bytes")?.parse::<u64>().ok());
    let Some(segment) = segment.filter(|bytes| *bytes >= PAGE_BYTES) else {
        return false;
    };
    let header = if end.0.is_multiple_of(segment) { LONG_HEADER_BYTES } else { SHORT_HEADER_BYTES };
    start.0.checked_sub(end.0) == Some(header)
}

/// Whether the boundary, which was found from WAL alone, lies before the harm's commit ended, by
/// the disaster's own note: a record cannot start where, or after, it ends.
fn agreed(case: &Case<'_>, boundary: Lsn) -> Finding {
    // What was noted before an earlier recovery belongs to a history that was left since.
    let lines = &case.record.lines;
    let last = case.brief().recoveries.len() as u64;
    let earlier = |scope: &Scope| matches!(scope, Scope::Recovery(n) if u64::from(*n) < last);
    let since = lines.iter().rposition(|line| earlier(&line.scope)).map_or(0, |at| at + 1);
    let notes = || {
        lines[since..].iter().filter_map(|line| match &line.event {
            Event::Noted { began, lsn, .. } => Some((*began, *lsn)),
            _ => None,
        })
    };
    // Only where the target is the harm itself must nothing of before it be left out.
    let exact = case.aim().is_some_and(|aim| aim.target.starts_with(THE_HARM));
    let began = notes().filter_map(|(began, _)| began).min().filter(|_| exact);
    match notes().filter_map(|(_, lsn)| lsn).min() {
        Some(_) if began.is_some_and(|began| boundary < began) => {
            let began = began.unwrap_or(boundary);
            let said = format!("{boundary} lies before {began}, where the harm had not begun yet");
            Finding::broken(NAME, "boundary_early", said)
        }
        Some(noted) if boundary < noted => {
            let said = format!("{boundary} lies before {noted}, where the harm was done");
            Finding::held(NAME, "boundary_agrees", said)
        }
        Some(noted) => {
            let said = format!("{boundary} lies behind {noted}, where the harm was done already");
            Finding::broken(NAME, "boundary_disagrees", said)
        }
        None => {
            let said = "the disaster noted no position to check the target against";
            Finding::unknown(NAME, "boundary_unchecked", said)
        }
    }
}
