//! What the lines that a program writes say of its work.

/// The tools that send what they were asked for to their standard output, and all that they say
/// of it to their standard error.
const DATA_ON_STDOUT: &[&str] = &["pg_dump", "pg_dumpall", "pg_restore", "psql"];

/// What stands in a line that tells of an error.
const ERRORS: &[&str] = &[
    "ERROR:",
    "FATAL:",
    "PANIC:",
    "ASSERT:",
    "error:",
    "Error:",
    "fatal:",
    "status: error",
    "errors ignored on restore",
    "NOT VALID",
    "Traceback ",
];
/// What stands in a line that warns.
const WARNINGS: &[&str] = &["WARN:", "WARNING:", "warning:", "Warning:"];
/// How a line begins, behind the program's name, that only explains the one before it.
const EXPLAINS: &[&str] =
    &["DETAIL:", "HINT:", "CONTEXT:", "STATEMENT:", "LINE ", "detail:", "hint:", "Command was:"];

/// A line that is known to mean no harm.
struct Known {
    /// The tools whose line it is; none: every tool's.
    tools: &'static [&'static str],
    /// All of this stands in it, in this order; the first at its beginning, behind the name.
    holds: &'static [&'static str],
    /// Why it is harmless.
    why: &'static str,
}

const DUMPS: &[&str] = &["pg_dump", "pg_dumpall"];
const STREAMS: &[&str] = &["pg_basebackup", "pg_receivewal"];
const BACKREST: &[&str] = &["pgbackrest"];
const PROGRESS: &str = "it tells how far it has come";

const fn known(
    tools: &'static [&'static str],
    holds: &'static [&'static str],
    why: &'static str,
) -> Known {
    Known { tools, holds, why }
}

const KNOWN: &[Known] = &[
    known(
        BACKREST,
        &["WARN: no prior backup exists, ", "has been changed to full"],
        "more was backed up than was asked for",
    ),
    known(
        BACKREST,
        &["WARN: option 'repo", "is not set for", "may run out of space"],
        "nothing is ever removed from the repository of a drill",
    ),
    known(
        BACKREST,
        &["WARN: a timeline switch has occurred since", "enabling delta checksum"],
        "files are told apart by their contents in place of their times",
    ),
    known(
        BACKREST,
        &["WARN: --delta or --force specified but unable to find", "have been disabled"],
        "all files are restored anew",
    ),
    known(
        BACKREST,
        &["WARN: unknown ", " mapped to "],
        "the files belong to the server's user of this ground",
    ),
    known(
        DUMPS,
        &["warning: there are circular foreign-key constraints"],
        "it foretells an error of the restore, which is listened for where it would come",
    ),
    known(
        &["psql", "pg_restore"],
        // From PostgreSQL 17 on the name stands in quotes.
        &["WARNING:", "wal_level", " is insufficient to publish logical changes"],
        "the publication is made all the same, on a server with the source's own `wal_level`",
    ),
    known(&[], &["NOTICE:"], "a notice of the server's asks for no action"),
    known(DUMPS, &["last built-in OID is "], PROGRESS),
    known(DUMPS, &["reading "], PROGRESS),
    known(DUMPS, &["identifying "], PROGRESS),
    known(DUMPS, &["finding "], PROGRESS),
    known(DUMPS, &["flagging "], PROGRESS),
    known(DUMPS, &["saving "], PROGRESS),
    known(DUMPS, &["dumping contents of "], PROGRESS),
    known(DUMPS, &["executing "], PROGRESS),
    known(&["pg_restore"], &["connecting to "], PROGRESS),
    known(&["pg_restore"], &["creating "], PROGRESS),
    known(&["pg_restore"], &["processing "], PROGRESS),
    known(&["pg_restore"], &["executing "], PROGRESS),
    known(&["pg_restore"], &["restoring "], PROGRESS),
    known(&["pg_restore"], &["restored "], PROGRESS),
    known(&["pg_restore"], &["launching item "], PROGRESS),
    known(&["pg_restore"], &["finished "], PROGRESS),
    known(&["pg_restore"], &["entering main parallel loop"], PROGRESS),
    known(STREAMS, &["initiating base backup, waiting for checkpoint"], PROGRESS),
    known(STREAMS, &["checkpoint completed"], PROGRESS),
    known(STREAMS, &["waiting for checkpoint"], PROGRESS),
    known(STREAMS, &["write-ahead log start point: "], PROGRESS),
    known(STREAMS, &["write-ahead log end point: "], PROGRESS),
    known(STREAMS, &["starting background WAL receiver"], PROGRESS),
    known(STREAMS, &["waiting for background process to finish streaming"], PROGRESS),
    known(STREAMS, &["created temporary replication slot "], PROGRESS),
    known(STREAMS, &["", " kB (", "%), "], PROGRESS),
    known(STREAMS, &["waiting for background process to end streaming"], PROGRESS),
    known(&["pg_verifybackup"], &["", " kB (", "%) verified"], PROGRESS),
    known(STREAMS, &["syncing data to disk"], PROGRESS),
    known(STREAMS, &["renaming backup_manifest.tmp to backup_manifest"], PROGRESS),
    known(STREAMS, &["base backup completed"], PROGRESS),
];

/// Where a line was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The standard output.
    Out,
    /// The standard error.
    Err,
}

/// What a line means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// Nothing that concerns us.
    Nothing,
    /// It sounds like trouble and is none, for this reason.
    Harmless(&'static str),
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// Nobody here knows.
    Unknown,
}

/// Whether a line of the program `argv0` would be a finding. Such lines are kept of an output that
/// is too long to be kept whole.
pub fn telling(argv0: &str, stream: Stream, line: &str) -> bool {
    matches!(weigh(named(argv0), stream, line), Word::Warning | Word::Error | Word::Unknown)
}

/// Whether nothing that the program `argv0` writes there can be a finding.
pub fn idle(argv0: &str, stream: Stream) -> bool {
    stream == Stream::Out && DATA_ON_STDOUT.contains(&named(argv0))
}

/// The name of a program, without the folder it lies in.
pub(crate) fn named(argv0: &str) -> &str {
    argv0.rsplit('/').next().unwrap_or_default()
}

/// What a line of `tool` means.
pub(crate) fn weigh(tool: &str, stream: Stream, line: &str) -> Word {
    if idle(tool, stream) {
        return Word::Nothing;
    }
    if let Some(known) = KNOWN.iter().find(|known| fits(known, tool, line)) {
        return Word::Harmless(known.why);
    }
    if holds_word(line, ERRORS) {
        return Word::Error;
    }
    if holds_word(line, WARNINGS) {
        return Word::Warning;
    }
    let explains = line.starts_with(char::is_whitespace)
        || EXPLAINS.iter().any(|word| bare(line).starts_with(word));
    match stream {
        Stream::Out => Word::Nothing,
        Stream::Err if explains || line.is_empty() => Word::Nothing,
        Stream::Err => Word::Unknown,
    }
}

fn fits(known: &Known, tool: &str, line: &str) -> bool {
    let (Some(first), rest) = (known.holds.first(), &known.holds[1..]) else { return false };
    let own = known.tools.is_empty() || known.tools.contains(&tool);
    let Some(mut after) = bare(line).strip_prefix(first).filter(|_| own) else { return false };
    rest.iter().all(|part| match after.split_once(part) {
        Some((_, tail)) => {
            after = tail;
            true
        }
        None => false,
    })
}

/// The line behind what names its writer: `pg_dump: `, `psql:<stdin>:3: `, or the time and the
/// process that pgBackRest puts in front.
fn bare(line: &str) -> &str {
    let line = line.trim_start();
    let stamped = line.starts_with(|first: char| first.is_ascii_digit());
    let process = if stamped { line.split_once(" P").map(|(_, tail)| tail) } else { None };
    if let Some(tail) = process.or(line.strip_prefix('P'))
        && tail.starts_with(|first: char| first.is_ascii_digit())
    {
        return tail.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
    }
    match line.split_once(": ") {
        Some((head, tail))
            if !head.contains(' ')
                && head.starts_with(|c: char| c.is_ascii_lowercase())
                && !WARNINGS
                    .iter()
                    .chain(ERRORS)
                    .chain(EXPLAINS)
                    .any(|word| word.trim_end_matches(':') == head) =>
        {
            tail.trim_start()
        }
        _ => line,
    }
}

/// Whether one of `words` stands in the line, and not as the end of a longer word.
fn holds_word(line: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            before.is_none_or(|c| !c.is_alphanumeric() && c != '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_weighed_by_its_words_whoever_wrote_it() {
        let harmless = |word| matches!(word, Word::Harmless(_));
        for (tool, line) in [
            ("pg_restore", "pg_restore: warning: errors ignored on restore: 3"),
            ("pg_restore", "pg_restore: error: could not execute query: ERROR:  no such role"),
            ("psql", "psql:<stdin>:3: ERROR:  relation \"a\" does not exist"),
            ("psql", "psql: error: connection to server on socket failed: FATAL:  no"),
            ("pgbackrest", "2026-11-25 20:28:53.824 P00  ERROR: [055]: unable to open"),
            ("pgbackrest", "WARN: no prior backup exists, so: ERROR: [1]"),
        ] {
            assert_eq!(weigh(tool, Stream::Err, line), Word::Error, "{line}");
        }
        for (tool, line) in [
            ("pgbackrest", "2026-11-25 20:28:53.824 P00   WARN: invalid page checksum found"),
            ("psql", "psql:s.sql:9: WARNING:  no privileges were granted for \"public\""),
            ("pg_dump", "pg_dump: warning: subscriptions not dumped"),
        ] {
            assert_eq!(weigh(tool, Stream::Err, line), Word::Warning, "{line}");
        }
        for (tool, line) in [
            ("pgbackrest", "WARN: no prior backup exists, incr backup has been changed to full"),
            (
                "pgbackrest",
                "2026-11-25 20:28:53.824 P00   WARN: unknown user in backup manifest mapped to 'x'",
            ),
            ("psql", "psql:s.sql:9: NOTICE:  extension \"a\" already exists, skipping"),
            ("pg_dump", "pg_dump: warning: there are circular foreign-key constraints on this t"),
            ("pg_restore", "pg_restore: creating TABLE \"public.a\""),
        ] {
            assert!(harmless(weigh(tool, Stream::Err, line)), "{line}");
        }
        for line in ["pg_dump: what is this", "anything", "pg_restore: skipping item 7"] {
            assert_eq!(weigh("pg_restore", Stream::Err, line), Word::Unknown, "{line}");
        }
    }

    #[test]
    fn what_is_known_to_mean_no_harm_is_known_as_each_major_says_it() {
        for name in ["wal_level", "\"wal_level\""] {
            let line = format!(
                "psql:cluster.sql:1: WARNING:  {name} is insufficient to publish logical changes"
            );
            assert!(matches!(weigh("psql", Stream::Err, &line), Word::Harmless(_)), "{line}");
        }
    }

    #[test]
    fn only_the_name_of_a_program_stands_before_its_words() {
        for (line, wanted) in [
            ("pg_dump: creating TABLE", "creating TABLE"),
            ("Creating: creating TABLE", "Creating: creating TABLE"),
            ("saw this: creating TABLE", "saw this: creating TABLE"),
            ("warning: creating TABLE", "warning: creating TABLE"),
        ] {
            assert_eq!(bare(line), wanted);
        }
    }

    #[test]
    fn what_explains_and_what_is_data_says_nothing_of_its_own() {
        for line in ["pg_dump: hint: Consider a full dump", "HINT: set the option", "    more", ""]
        {
            assert_eq!(weigh("pg_dump", Stream::Err, line), Word::Nothing, "{line}");
        }
        assert_eq!(weigh("pg_dump", Stream::Out, "INSERT … 'ERROR: '"), Word::Nothing);
        assert_eq!(weigh("pgbackrest", Stream::Out, "P00   INFO: check begin"), Word::Nothing);
        assert_eq!(weigh("pgbackrest", Stream::Out, "status: error (1 bad)"), Word::Error);
        assert_eq!(weigh("pgbackrest", Stream::Out, "{\"error\":false}"), Word::Nothing);
        assert_eq!(weigh("pgbackrest", Stream::Out, "TERROR: x"), Word::Nothing);
    }
}
