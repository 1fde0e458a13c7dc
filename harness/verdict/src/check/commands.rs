//! Commands: every program of the backup and of the restore ended well, and said so.
//!
//! Exit statuses alone prove little: `pgbackrest verify` exits with 0 over a damaged file, psql
//! over ten errors, and scripts take pg_restore's 1 for harmless.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::shown;
use crate::check::words::{Stream, Word, named, weigh};
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::journal::{Event, Ran, Scope};
use crate::question::{Moment, Question};

const NAME: &str = "commands";

/// Programs of the ground's, by which the harness looks and tidies: some of them say no by their
/// exit status, and whoever needs them to work looks at it himself.
const OURS: &[&str] = &[
    "cat",
    "chmod",
    "chown",
    "cp",
    "dd",
    "df",
    "du",
    "find",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mv",
    "pgrep",
    "ps",
    "rm",
    "rmdir",
    "sha256sum",
    "stat",
    "sync",
    "test",
    "touch",
    // They look at files of the server's; the second ends with 1 wherever WAL ends.
    "pg_controldata",
    "pg_waldump",
];
/// What raises the source and fills it: the ground of a drill, not what is tested.
const RAISES: &[&str] = &["createdb", "initdb", "pg_ctl", "pg_restore", "postgres", "psql"];
/// What starts, stops and looks at a server: no part of a restore.
const TENDS: &[&str] = &["initdb", "pg_checksums", "pg_ctl", "postgres"];

/// Wants every command of the recovery, and of the backups it stands on, to have exited with 0,
/// and none of their lines to speak of an error or to warn of something that is not known to be
/// harmless. A line on a standard error that nobody knows is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commands {}

impl Check for Commands {
    const SUMMARY: &'static str =
        "every command of the backup and of the restore ended well, and none spoke of an error";
    const EXAMPLE: &'static str = "commands";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let own = own(case);
        let protected = case.record.lines.iter().filter(|line| line.scope == Scope::Source);
        let protected = protected.filter_map(|line| match &line.event {
            Event::Ran(ran) if !RAISES.contains(&tool(ran)) => Some(ran),
            _ => None,
        });
        let all: Vec<&Ran> =
            protected.chain(own.iter().copied()).filter(|ran| !OURS.contains(&tool(ran))).collect();
        let mut heard = Heard::default();
        for ran in &all {
            heard.listen(ran);
        }
        let restores = |ran: &&&Ran| ![OURS, TENDS].concat().contains(&tool(ran));
        if own.iter().filter(restores).count() == 0 {
            let said = "no command of the restore is in the journal";
            heard.found.push(Finding::unknown(NAME, "no_command", said));
        }
        if heard.found.is_empty() {
            let said = format!("{} commands ended well, and none spoke of an error", all.len());
            let details = heard.harmless.iter();
            let details = details.map(|(line, why)| format!("harmless ({why}): {line}")).collect();
            return vec![Finding::held(NAME, "clean", said).with(details)];
        }
        difference::bounded(NAME, heard.found)
    }
}

/// The commands of this scope alone; of a twin, those after its copy was spoiled.
fn own<'a>(case: &Case<'a>) -> Vec<&'a Ran> {
    let mut list = vec![];
    for (_, event) in case.own_events() {
        match event {
            // What was done until now was to spoil the copy, and to show that it is spoiled.
            Event::Sabotaged(_) => list.clear(),
            Event::Ran(ran) => list.push(ran),
            _ => {}
        }
    }
    list
}

/// The name of the program.
fn tool(ran: &Ran) -> &str {
    ran.argv.first().map(|argv0| named(argv0)).unwrap_or_default()
}

/// The answer of an archive that was asked for a segment it does not have, which is an answer:
/// where the segment is needed, the recovery does not get where it should.
fn asked_in_vain(ran: &Ran) -> bool {
    let absent = |text: &str| text.contains("unable to find ") && text.contains("in the archive");
    tool(ran) == "pgbackrest"
        && ran.exit == Some(1)
        && ran.argv.iter().any(|word| word == "archive-get")
        && (absent(&ran.stdout) || absent(&ran.stderr))
}

#[derive(Default)]
struct Heard {
    found: Vec<Finding>,
    /// Lines known to be harmless, each with the reason.
    harmless: BTreeMap<String, &'static str>,
}

impl Heard {
    fn listen(&mut self, ran: &Ran) {
        let about = format!("{}: {}", ran.node, ran.purpose);
        let whose = format!("`{}` ({})", tool(ran), ran.purpose);
        if let Some(finding) = ended(ran, &whose) {
            self.found.push(finding.about(&about));
        }
        if ran.cut {
            let said = format!("{whose} said more than the journal holds: an error may be in it");
            self.found.push(Finding::unknown(NAME, "output_cut", said).about(&about));
        }
        let mut by: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (stream, text) in [(Stream::Out, &ran.stdout), (Stream::Err, &ran.stderr)] {
            let lines: Vec<&str> = text.lines().collect();
            let within = within_names(&lines);
            for (at, line) in lines.iter().enumerate() {
                let code = match weigh(tool(ran), stream, line) {
                    Word::Nothing => continue,
                    Word::Harmless(why) => {
                        self.harmless.insert(shown(line), why);
                        continue;
                    }
                    Word::Error => "command_errors",
                    Word::Warning => "command_warns",
                    Word::Unknown if within.contains(&at) => continue,
                    Word::Unknown => "command_speaks",
                };
                let lines = by.entry(code).or_default();
                // The same is often said on both streams.
                if !lines.contains(&shown(line)) {
                    lines.push(shown(line));
                }
            }
        }
        for (code, lines) in by {
            self.found.push(told(code, &whose, lines).about(&about));
        }
    }
}

/// The lines that end a quoted name which a line before them began: a name may hold line ends.
fn within_names(lines: &[&str]) -> BTreeSet<usize> {
    /// Longer names than this are none: what follows a stray quote is to be heard.
    const LINES_MAX: usize = 4;
    let parts = |at: &usize| lines[*at].matches('"').count() % 2 == 1;
    let mut within = BTreeSet::new();
    let mut at = 0;
    while at < lines.len() {
        let last = lines.len().min(at + 1 + LINES_MAX);
        let end = (at + 1..last).find(parts).filter(|_| parts(&at));
        if let Some(end) = end {
            within.extend(at + 1..=end);
        }
        at = end.unwrap_or(at) + 1;
    }
    within
}

/// The finding for how a command ended, unless it ended well.
fn ended(ran: &Ran, whose: &str) -> Option<Finding> {
    match (ran.exit, ran.signal) {
        (Some(0), _) => None,
        (Some(_), _) if asked_in_vain(ran) => None,
        (Some(exit), _) => {
            let said = format!("{whose} ended with exit status {exit}");
            Some(Finding::broken(NAME, "command_failed", said))
        }
        (None, Some(signal)) => {
            let said = format!("{whose} was ended by signal {signal}");
            Some(Finding::broken(NAME, "command_failed", said))
        }
        (None, None) => {
            let said = format!("how {whose} ended is not known: {}", shown(&ran.stderr));
            Some(Finding::unknown(NAME, "command_unended", said))
        }
    }
}

/// The finding for lines of one kind.
fn told(code: &str, whose: &str, mut lines: Vec<String>) -> Finding {
    /// How many lines of one command are repeated.
    const LINES_MAX: usize = 20;
    let first = lines[0].clone();
    if lines.len() > LINES_MAX {
        let more = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("and {more} more"));
    }
    let finding = match code {
        "command_errors" => {
            let said = format!("{whose} spoke of an error: {first}");
            Finding::broken(NAME, "command_errors", said)
        }
        "command_warns" => {
            let said = format!("{whose} warned: {first}");
            Finding::broken(NAME, "command_warns", said)
        }
        _ => {
            let said = format!("{whose} said what nobody here knows: {first}");
            Finding::unknown(NAME, "command_speaks", said)
        }
    };
    finding.with(lines)
}
