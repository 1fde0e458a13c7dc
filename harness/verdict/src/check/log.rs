//! The lines of a server's log, as `log_line_prefix = '%m [%p] %b %e '` makes them, e.g.
//! `2026-11-23 18:00:00.123 UTC [123] startup 00000 LOG:  redo starts at 0/2000028`.

use crate::lsn::Lsn;
use crate::question::Table;

/// The length of an SQLSTATE.
const STATE_BYTES: usize = 5;

/// What follows an SQLSTATE, colon included, in a line that says something of its own.
const SEVERITIES: &[(&str, Severity)] = &[
    ("PANIC:", Severity::Panic),
    ("FATAL:", Severity::Fatal),
    ("ERROR:", Severity::Error),
    ("WARNING:", Severity::Other),
    ("NOTICE:", Severity::Other),
    ("INFO:", Severity::Other),
    ("LOG:", Severity::Other),
    ("DEBUG:", Severity::Other),
    ("DETAIL:", Severity::Detail),
    ("HINT:", Severity::Detail),
    ("CONTEXT:", Severity::Detail),
    ("QUERY:", Severity::Detail),
    ("STATEMENT:", Severity::Detail),
    ("LOCATION:", Severity::Detail),
    ("BACKTRACE:", Severity::Detail),
];

/// How bad the server thought it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The whole server gave up.
    Panic,
    /// A process gave up.
    Fatal,
    /// A statement was given up.
    Error,
    /// Anything that is not an error.
    Other,
    /// It explains the entry before it, and may repeat what a client said.
    Detail,
}

/// One entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// How bad it is.
    pub severity: Severity,
    /// The SQLSTATE.
    pub state: &'a str,
    /// What was said.
    pub said: &'a str,
}

/// The entries of a log in order. A line that does not bear our prefix is the continuation of
/// another or was written by a program the server called, and is left out, unless it claims to
/// be a FATAL or a PANIC: those are written without a prefix where the server dies very early.
pub(crate) fn entries(log: &Table) -> Vec<Entry<'_>> {
    log.rows.iter().filter_map(|row| entry(row.first()?.as_deref()?)).collect()
}

fn entry(line: &str) -> Option<Entry<'_>> {
    prefixed(line).or_else(|| bare(line))
}

/// `date time zone [pid] backend type SQLSTATE SEVERITY:  message`; a backend type has spaces.
fn prefixed(line: &str) -> Option<Entry<'_>> {
    if !line.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (_, mut rest) = line.split_once("] ")?;
    loop {
        let (word, after) = rest.split_once(' ')?;
        let severity = SEVERITIES
            .iter()
            .find_map(|(name, severity)| Some((*severity, after.strip_prefix(*name)?)));
        if let Some((severity, said)) = severity
            && word.len() == STATE_BYTES
            && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        {
            return Some(Entry { severity, state: word, said: said.trim() });
        }
        rest = after;
    }
}

fn bare(line: &str) -> Option<Entry<'_>> {
    let worst = [("PANIC:", Severity::Panic), ("FATAL:", Severity::Fatal)];
    worst.into_iter().find_map(|(name, severity)| {
        let said = line.strip_prefix(name)?.trim();
        Some(Entry { severity, state: "", said })
    })
}

/// The position in double quotes at the end of `recovery stopping before WAL location (LSN) "…"`.
pub(crate) fn quoted_lsn(said: &str) -> Option<Lsn> {
    said.rsplit('"').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_found_behind_any_backend_type() {
        for backend in
            ["startup", "client backend", "not initialized", "logical replication worker"]
        {
            let line = format!(
                "2026-11-23 18:00:00.123 UTC [12] {backend} 57P03 FATAL:  the database system is \
                 starting up"
            );
            let said = "the database system is starting up";
            let wanted = Entry { severity: Severity::Fatal, state: "57P03", said };
            assert_eq!(entry(&line), Some(wanted), "{backend}");
        }
    }

    #[test]
    fn a_line_of_another_program_is_no_entry() {
        for line in [
            "cp: cannot stat '/archive/00000002.history': No such file or directory",
            "\t2026-11-23 18:00:00.123 UTC [12] startup 00000 LOG:  inside of a statement",
            "2026-11-23 18:00:00.123 P00   INFO: archive-get command begin 2.55.1: [00000002] --x",
            "",
        ] {
            assert_eq!(entry(line), None, "{line}");
        }
    }

    #[test]
    fn a_fatal_without_a_prefix_is_still_heard() {
        let wanted = Entry { severity: Severity::Fatal, state: "", said: "could not" };
        assert_eq!(entry("FATAL:  could not"), Some(wanted));
    }

    #[test]
    fn the_position_where_recovery_stopped_is_read() {
        let said = "recovery stopping before WAL location (LSN) \"0/30002D0\"";
        assert_eq!(quoted_lsn(said), Some(Lsn(0x030002D0)));
        assert_eq!(quoted_lsn("recovery stopping after reaching consistency"), None);
    }
}
