//! Server log: the restored server said nothing on its way up that a healthy restore does not say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, RecoveryBrief};
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::log::{self, Entry, Severity};
use crate::check::target::asked;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};

const NAME: &str = "server_log";

/// Where a log begins that holds all since the server's first start.
const FIRST: &str = "starting PostgreSQL ";
/// A stop that someone asked for, us included.
const ASKED_TO_STOP: &[&str] = &[
    "received smart shutdown request",
    "received fast shutdown request",
    "received immediate shutdown request",
];
/// `cannot_connect_now`: our own probes, while the server starts.
const NOT_YET: &str = "57P03";
/// `admin_shutdown` and `crash_shutdown`: sessions ended by a stop that was asked for.
const STOPPED: &[&str] = &["57P01", "57P02"];
/// The class of internal errors and damaged data.
const DAMAGED: &str = "XX";

const REDO_DONE: &str = "redo done at ";
const STOPPING: &str = "recovery stopping ";

/// What no healthy restore says, at any severity: how the message begins, and its code.
const BAD: &[(&str, &str)] = &[
    ("incorrect resource manager data checksum", "wal_damaged"),
    ("WAL file is from different database system", "wal_damaged"),
    ("out-of-sequence timeline ID", "wal_damaged"),
    ("unexpected timeline ID", "wal_damaged"),
    ("out-of-order block_id", "wal_damaged"),
    ("invalid block_id", "wal_damaged"),
    ("could not restore image", "wal_damaged"),
    ("recovery ended before", "target_unreached"),
    ("database system was not properly shut down", "crash_recovery"),
    ("invalid page", "page_damaged"),
    ("page verification failed", "page_damaged"),
    ("could not read block", "file_damaged"),
    ("could not open file", "file_damaged"),
    ("all server processes terminated", "process_died"),
    ("shutting down due to startup process failure", "startup_failed"),
    ("aborting startup due to startup process failure", "startup_failed"),
];

/// The same for what stands inside a message: `database "x" has a collation version mismatch`.
const BAD_INSIDE: &[(&str, &str)] = &[
    ("collation version mismatch", "collation_mismatch"),
    ("has version mismatch", "collation_mismatch"),
    (" was terminated by signal ", "process_died"),
];

/// How PostgreSQL announces that it found no further record. Normal once, where all there is was
/// wanted; anywhere else WAL is damaged or missing in the middle.
const END_OF_WAL: &[&str] = &[
    "invalid record length",
    "record with incorrect prev-link",
    "record with invalid length",
    "unexpected pageaddr",
    "invalid magic number",
    "invalid info bits",
    "invalid resource manager ID",
    "there is no contrecord flag",
    "invalid contrecord length",
    "missing contrecord",
    "contrecord is requested",
];

/// Reads the log from the first start to the first write. Red are PANIC and FATAL, but for our
/// own probes while it starts (57P03) and sessions ended by a stop that was asked for earlier in
/// the log (57P01, 57P02); SQLSTATE class XX; and what [`BAD`] lists. An ordinary ERROR is a
/// client's. The log is taken before the harness kills the server, so a crash recovery in it is
/// one where an archive recovery was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerLog {}

impl Check for ServerLog {
    const SUMMARY: &'static str =
        "the server's log has no panic, no damaged WAL or page, no crash recovery, no early end";
    const EXAMPLE: &'static str = "server_log";

    fn asks(&self, brief: &Brief) -> Vec<(Moment, Question)> {
        let anew = |recovery: &RecoveryBrief| recovery.new_database.is_some();
        let standing = brief.recoveries.iter().any(anew).then_some(Moment::Standing);
        asked(brief).chain(standing).map(|moment| (moment, Question::ServerLog)).collect()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let table = match rows(case, NAME, &case.restored(), &Question::ServerLog) {
            Ok(table) => table,
            Err(finding) => return vec![*finding],
        };
        let entries = log::entries(table);
        let before = match before(case, table) {
            Ok(before) => before,
            Err(finding) => return vec![*finding],
        };
        let mut found = said(&entries[before..]);
        found.extend(ends(case, &entries[before..]));
        if entries.is_empty() {
            let said = format!("none of {} lines is an entry of a log", table.rows.len());
            found.push(Finding::unknown(NAME, "empty_log", said));
        } else if !entries.iter().any(|entry| entry.said.starts_with(FIRST)) {
            let said = "the log does not begin with the server's start: what it lacks is unknown";
            found.push(Finding::unknown(NAME, "log_begins_late", said));
        } else if found.is_empty() {
            let count = entries.len() - before;
            let said = format!("nothing in {count} entries speaks of damage");
            found.push(Finding::held(NAME, "clean", said));
        }
        difference::bounded(NAME, found)
    }
}

/// Entries of the log `now` from before the recovery: of a server that goes on serving, the
/// disaster and whoever it threw out are in its log, too.
fn before(case: &Case<'_>, now: &Table) -> Result<usize, Box<Finding>> {
    if case.new_database().is_none() {
        return Ok(0);
    }
    let then = rows(case, NAME, &Moment::Standing, &Question::ServerLog)?;
    if now.rows.starts_with(&then.rows) {
        return Ok(log::entries(then).len());
    }
    let said = "the log does not go on from where it was before the recovery";
    Err(Box::new(Finding::unknown(NAME, "log_broken_off", said)))
}

/// What is red by itself.
fn said(entries: &[Entry<'_>]) -> Vec<Finding> {
    let mut asked_to_stop = false;
    let mut found = vec![];
    for entry in entries.iter().filter(|entry| entry.severity != Severity::Detail) {
        asked_to_stop |= ASKED_TO_STOP.iter().any(|text| entry.said.starts_with(text));
        if let Some(code) = red(entry, asked_to_stop) {
            let said = format!("the log says `{}`", shown(entry.said));
            found.push(Finding::broken(NAME, code, said));
        }
    }
    found
}

fn red(entry: &Entry<'_>, asked_to_stop: bool) -> Option<&'static str> {
    let begins = BAD.iter().find(|(text, _)| entry.said.starts_with(text));
    let listed = begins.or_else(|| BAD_INSIDE.iter().find(|(text, _)| entry.said.contains(text)));
    if let Some((_, code)) = listed {
        return Some(code);
    }
    let excused = entry.state == NOT_YET || asked_to_stop && STOPPED.contains(&entry.state);
    match entry.severity {
        Severity::Panic => Some("panic"),
        Severity::Fatal if !excused => Some("fatal"),
        _ if entry.state.starts_with(DAMAGED) => Some("internal_error"),
        _ => None,
    }
}

/// The announcements that WAL ended: one, before redo was done, and only where no end was chosen.
fn ends(case: &Case<'_>, entries: &[Entry<'_>]) -> Vec<Finding> {
    let is_end = |entry: &Entry<'_>| {
        entry.severity == Severity::Other
            && END_OF_WAL.iter().any(|text| entry.said.starts_with(text))
    };
    let ends: Vec<&str> = entries.iter().filter(|entry| is_end(entry)).map(|e| e.said).collect();
    let Some(first) = ends.first() else {
        return vec![];
    };
    let chosen = case.brief().recoveries.last().is_some_and(|recovery| recovery.chosen);
    let stopped = entries.iter().any(|entry| entry.said.starts_with(STOPPING));
    let done = entries.iter().position(|entry| entry.said.starts_with(REDO_DONE));
    let after = done.is_some_and(|done| entries[done..].iter().any(is_end));
    // The same end may be announced twice: seen in the archive, and in the server's own folder.
    let places = ends.iter().collect::<BTreeSet<_>>().len();
    let why = if chosen || stopped {
        "though recovery was to stop before the end"
    } else if places > 1 {
        "and that it ended at other places, too"
    } else if after {
        "after redo was done"
    } else {
        return vec![];
    };
    let said = format!("the log says that WAL ended, {why}: `{}`", shown(first));
    vec![Finding::broken(NAME, "wal_ended", said)]
}
