//! What the reports show of a drill's journal: its timeline, its faults, its remarks and facts.

use crate::case::Record;
use crate::clean;
use crate::journal::{Event, Line, Scope};
use crate::question::{Answer, Moment, Question, Table};
use crate::report::{Drill, figures, words};
use crate::verdict::Judgement;

/// A remark that begins so states a fact, as `name = value`.
pub const FACT: &str = "fact: ";

/// Lines of the journal that a report shows, of each kind, at most.
const SHOWN_MAX: usize = 500;
/// Bytes of each text taken from the journal, at most.
const TEXT_MAX: usize = 2 << 10;
/// What a server said of itself that a reader of a report wants to know.
const SERVER_FACTS: &[&str] = &[
    "version",
    "system_identifier",
    "timeline",
    "data_checksums",
    "archive_mode",
    "database_bytes",
    "started",
];

impl Drill {
    /// What `record` and `judgement` come to in a report; `folder` is the drill's, in the run's.
    pub fn of(record: &Record, judgement: Judgement, folder: String) -> Drill {
        let last_ns = record.lines.iter().map(|line| line.at_ns).max().unwrap_or(0);
        let mut timeline: Vec<(f64, String)> = record.lines.iter().filter_map(moment).collect();
        timeline.sort_by(|a, b| a.0.total_cmp(&b.0));
        let of_texts = |wanted: fn(&Line) -> Option<String>| {
            let mut texts: Vec<String> = record.lines.iter().filter_map(wanted).collect();
            let number = texts.len();
            if number > SHOWN_MAX {
                texts.truncate(SHOWN_MAX);
                texts.push(format!("… and {} more, in the journal", number - SHOWN_MAX));
            }
            texts
        };
        let facts = latest(record.lines.iter().flat_map(facts_of));
        Drill {
            folder,
            brief: record.brief.clone(),
            judgement,
            took_s: seconds(last_ns),
            timeline: middle_out(timeline),
            faults: of_texts(|line| match &line.event {
                Event::Fault(_) => moment(line).map(|(_, text)| text),
                _ => None,
            }),
            remarks: of_texts(|line| match &line.event {
                Event::Remark { text } if !text.starts_with(FACT) => Some(told(line, text)),
                _ => None,
            }),
            facts,
        }
    }
}

/// Each fact once: asked twice, the later answer stands.
fn latest(told: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = vec![];
    for (name, value) in told {
        match facts.iter().position(|fact| fact.0 == name) {
            Some(at) => facts[at].1 = value,
            None if facts.len() < SHOWN_MAX => facts.push((name, value)),
            None => {}
        }
    }
    facts
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// A timeline no longer than the bound: its beginning and its end.
fn middle_out(mut timeline: Vec<(f64, String)>) -> Vec<(f64, String)> {
    let number = timeline.len();
    if number > SHOWN_MAX {
        let tail = timeline.split_off(number - SHOWN_MAX / 2);
        timeline.truncate(SHOWN_MAX / 2);
        let at = timeline.last().map_or(0.0, |entry| entry.0);
        timeline.push((at, format!("… {} more, in the journal …", number - SHOWN_MAX)));
        timeline.extend(tail);
    }
    timeline
}

/// The text with the part of the drill it belongs to before it, bounded.
fn told(line: &Line, text: &str) -> String {
    let text = clean::one_line(text, TEXT_MAX);
    match &line.scope {
        Scope::Source => text,
        scope => format!("{}: {text}", scope_name(scope)),
    }
}

fn scope_name(scope: &Scope) -> String {
    match scope {
        Scope::Source => "source".to_owned(),
        Scope::Recovery(number) => format!("recovery {number}"),
        Scope::Control(id) => format!("control {}", clean::one_line(id, TEXT_MAX)),
    }
}

/// A line of the journal as an entry of the timeline, if it is one.
fn moment(line: &Line) -> Option<(f64, String)> {
    let mut at = seconds(line.at_ns);
    let in_control = matches!(line.scope, Scope::Control(_));
    let text = match &line.event {
        Event::Step { number, text } => format!("step {number}: {text}"),
        Event::Struck { disaster } => format!("the disaster is issued: {disaster}"),
        Event::Witnessed { what, so: true } => format!("witnessed: {what}"),
        Event::Witnessed { what, so: false } => format!("looked for and not found: {what}"),
        Event::BackedUp(backup) => backup_text(backup),
        Event::Marked { name, lsn } => format!("mark `{name}` at {lsn}"),
        Event::Aimed(aim) if !in_control => aim_text(aim),
        Event::Ticked(tick) if !in_control => words::tick(*tick).to_owned(),
        Event::Writable { last_failed_began_ns, first_good_ended_ns } if !in_control => {
            at = seconds(*first_good_ended_ns);
            format!(
                "writable: the application's write is acknowledged (at {} it was not yet)",
                figures::duration(seconds(*last_failed_began_ns)),
            )
        }
        Event::Sabotaged(done) => match &done.proof {
            Some(proof) => format!("a copy is spoiled: {}; proved: {proof}", done.change),
            None => format!("a copy is spoiled, without effect: {}", done.change),
        },
        Event::Fault(fault) => {
            let cause = words::cause(fault.cause);
            format!("fault ({cause}) during {}: {}", fault.during, fault.said)
        }
        Event::Ended { how } => words::end(*how).to_owned(),
        _ => return None,
    };
    Some((at, told(line, &text)))
}

fn backup_text(backup: &crate::journal::Backup) -> String {
    let size = backup.bytes.map(|bytes| format!(", {}", figures::size(bytes)));
    let wal = match (backup.start, backup.stop) {
        (Some(start), Some(stop)) => format!(", WAL {start} to {stop}"),
        _ => String::new(),
    };
    let took = figures::duration(seconds(backup.took_ns));
    format!(
        "{} backup `{}`{}{wal}, took {took}",
        backup.kind,
        backup.label,
        size.unwrap_or_default()
    )
}

fn aim_text(aim: &crate::journal::Aim) -> String {
    match aim.boundary {
        Some(boundary) => format!("target {}: before {boundary}, {}", aim.target, aim.how),
        None => format!("target {}: {}", aim.target, aim.how),
    }
}

fn facts_of(line: &Line) -> Vec<(String, String)> {
    let fact = |name: &str, value: &str| {
        (clean::one_line(name, TEXT_MAX), clean::one_line(value, TEXT_MAX))
    };
    let scoped = |name: &str| format!("{}: {name}", scope_name(&line.scope));
    match &line.event {
        Event::Began(began) => vec![
            fact("drill", &began.drill),
            fact("performed by pgrehearse", &began.tool),
            fact("began", &began.wall),
            fact("clock", "one monotonic clock of the harness, from the drill's origin"),
        ],
        Event::Remark { text } => {
            let pair = text.strip_prefix(FACT).and_then(|pair| pair.split_once(" = "));
            pair.map(|(name, value)| fact(name, value)).into_iter().collect()
        }
        Event::Answered {
            moment: Moment::Baseline | Moment::Recovered,
            question: Question::Server,
            answer: Answer::Rows(table),
        } if !matches!(line.scope, Scope::Control(_)) => {
            let said = SERVER_FACTS.iter().filter_map(|name| server_fact(table, name));
            said.map(|(name, value)| fact(&scoped(name), &value)).collect()
        }
        Event::BackedUp(backup) => {
            vec![fact(&format!("backup {}", backup.label), &backup_text(backup))]
        }
        Event::Promised(promise) => {
            let safe = promise.safe.map_or_else(|| "nothing".to_owned(), |lsn| lsn.to_string());
            vec![fact(
                "said to be safe before the strike",
                &format!("up to {safe} on timeline {}", promise.timeline),
            )]
        }
        Event::Witnessed { what, so } => {
            let so = if *so { "so" } else { "not so" };
            vec![fact(&format!("witnessed: {what}"), so)]
        }
        Event::Sealed { bytes, sha256 } => {
            vec![fact("ledger", &format!("{}, SHA-256 {sha256}", figures::size(*bytes)))]
        }
        _ => vec![],
    }
}

/// A fact of a server's own telling, as people write it.
fn server_fact(table: &Table, name: &'static str) -> Option<(&'static str, String)> {
    let value = table.pair(name)?;
    let number = value.parse::<u64>();
    Some(match (name, number) {
        // 170012 is 17.12.
        ("version", Ok(number)) if number >= 100_000 => {
            ("PostgreSQL", format!("{}.{}", number / 10_000, number % 10_000))
        }
        ("version", _) => ("PostgreSQL", value.to_owned()),
        ("database_bytes", Ok(number)) => ("databases", figures::size(number)),
        _ => (name, value.to_owned()),
    })
}
