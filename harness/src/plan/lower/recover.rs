//! A recovery: whether its target can be there, and whether this engine can reach it.

use std::time::Duration;

use pgrehearse_verdict::brief::{Protection, RecoveryBrief};
use pgrehearse_verdict::lsn::Lsn;

use crate::engine::Arrival;
use crate::plan::lower::steps::{Walk, shown};
use crate::plan::lower::{new_database, salvage};
use crate::plan::{At, From, Recover, Step, To};
use crate::scenario::{
    self, AtForm, Code, Pinned, Place, ToForm, did_you_mean, moment, moment_in_utc,
};

/// The names of the targets that are written as a word, and as a map.
const WORDS: &[&str] = &["latest", "immediate", "before_disaster"];
/// What `from:` and `action:` can say.
const FROM: [&str; 2] = ["newest", "before_disaster"];
const ACTIONS: [&str; 2] = ["promote", "pause"];
/// The lowest number of a transaction: those below mean something else.
const XID_MIN: u64 = 3;

pub(super) fn lower(walk: &mut Walk<'_>, recover: &scenario::Recover, at: &Place) {
    let to = &recover.to;
    let name = match &to.value {
        ToForm::Word(word) => word.as_str(),
        ToForm::Time(_) => "time",
        ToForm::Lsn(_) => "lsn",
        ToForm::Xid(_) => "xid",
        ToForm::Mark(_) => "mark",
    };
    let beside = beside(walk, recover, name);
    if walk.struck.is_none() {
        walk.complaints.add(
            Code::RecoverFirst,
            at,
            "nothing has gone wrong yet when this recovers",
        );
    }
    walk.recovered = Some(at.clone());
    if matches!(to.value, ToForm::Word(_)) && !WORDS.contains(&name) {
        unknown_word(walk, to, name);
        return;
    }
    if let Some((engine, abilities)) = &walk.engine
        && !abilities.targets.contains(&name)
    {
        let shown = abilities.targets.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let said = format!("the engine `{engine}` cannot recover to `{name}`");
        let hint = format!("it can recover to {}", shown.join(", "));
        walk.complaints.add(Code::EngineTarget, &to.at, said).hint(hint);
    }
    let Some((target, mut text)) = target(walk, to, beside.inclusive) else { return };
    let chosen = match protection(walk) {
        Protection::Archive => target != To::Latest,
        // All there is of a dump is its one moment: nothing is chosen but whether what came after
        // the disaster counts.
        Protection::Snapshots => target == To::BeforeDisaster,
    };
    match beside.from {
        From::Fitting => {}
        From::Newest => text.push_str(", from the newest backup"),
        From::BeforeDisaster => text.push_str(", from the last backup before the disaster"),
    }
    text.push_str(if beside.arrival == Arrival::Pause { ", and pause there" } else { "" });
    text.extend(beside.timeline.map(|timeline| format!(", along timeline {timeline}")));
    text.extend(beside.postgres.map(|major| format!(", on PostgreSQL {major}")));
    text.extend(beside.within.map(|within| format!(", within {}", shown(within))));
    let salvage = recover.salvage.as_ref().and_then(|table| salvage::lower(walk, table, recover));
    let wanted = recover.new_database.as_ref();
    let anew = wanted.and_then(|database| new_database::lower(walk, database, recover));
    if let Some(table) = &salvage {
        text.push_str(&format!(", and put {table} back into the living database"));
    } else if let Some(database) = &anew {
        text.push_str(&format!(", into a new database {database} of the server that serves"));
    } else {
        // Nothing is left of the server that was struck for those that follow.
        walk.gone.get_or_insert_with(|| at.clone());
    }
    walk.course.recoveries.push(RecoveryBrief {
        target: text.clone(),
        chosen,
        undoes: !walk.harms.is_empty(),
        postgres: beside.postgres,
        salvage: salvage.as_ref().map(ToString::to_string),
        new_database: anew.clone(),
    });
    let Beside { from, timeline, arrival, postgres, within, .. } = beside;
    let new_database = anew;
    let step =
        Recover { to: target, from, timeline, arrival, postgres, within, salvage, new_database };
    walk.decide(Step::Recover(step), format!("recover: to {text}"));
}

fn protection(walk: &Walk<'_>) -> Protection {
    walk.engine.as_ref().map_or(Protection::Archive, |(_, abilities)| abilities.protection)
}

fn unknown_word(walk: &mut Walk<'_>, to: &Pinned<ToForm>, word: &str) {
    let known = walk.marks.iter().any(|mark| mark.name == word);
    let hint = match word {
        "time" | "lsn" | "xid" | "mark" => Some(format!("write it as `{{ {word}: … }}`")),
        _ if known => Some(format!("a mark is written `{{ mark: {word} }}`")),
        _ => did_you_mean(word, WORDS.iter().copied()),
    };
    let said = format!("{} is not a target", walk.complaints.quoted(word));
    walk.complaints.add(Code::UnknownTarget, &to.at, said).maybe(hint);
}

fn target(
    walk: &mut Walk<'_>,
    to: &Pinned<ToForm>,
    inclusive: Option<bool>,
) -> Option<(To, String)> {
    let side = |inclusive: bool| if inclusive { "inclusive" } else { "exclusive" };
    match &to.value {
        ToForm::Word(word) if word == "before_disaster" => {
            before_disaster(walk, &to.at).then(|| (To::BeforeDisaster, word.clone()))
        }
        ToForm::Word(word) => {
            all_there_is(walk, word, &to.at);
            let target = if word == "immediate" { To::Immediate } else { To::Latest };
            Some((target, word.clone()))
        }
        ToForm::Mark(name) => {
            mark(walk, name)?;
            Some((To::Mark(name.value.clone()), format!("mark {}", name.value)))
        }
        // PostgreSQL's own default is inclusive; the harness always asked for positions exclusive.
        ToForm::Lsn(at) => {
            let inclusive = inclusive.unwrap_or(false);
            let at = value(walk, at, position)?;
            let suffix = if inclusive { ", inclusive" } else { "" };
            Some((To::Lsn(at.0, inclusive), format!("lsn {}{suffix}", at.1)))
        }
        ToForm::Time(at) => {
            let inclusive = inclusive.unwrap_or(true);
            let at = value(walk, at, time)?;
            Some((To::Time(at.0, inclusive), format!("time {}, {}", at.1, side(inclusive))))
        }
        ToForm::Xid(at) => {
            let inclusive = inclusive.unwrap_or(true);
            let at = value(walk, at, transaction)?;
            Some((To::Xid(at.0, inclusive), format!("xid {}, {}", at.1, side(inclusive))))
        }
    }
}

/// A value, given or at a mark, and how the plan shows it.
fn value<T>(
    walk: &mut Walk<'_>,
    at: &Pinned<AtForm>,
    read: fn(&mut Walk<'_>, &Pinned<String>) -> Option<T>,
) -> Option<(At<T>, String)> {
    match &at.value {
        AtForm::Word(text) => {
            let pinned = Pinned { value: text.clone(), at: at.at.clone() };
            Some((At::Given(read(walk, &pinned)?), text.clone()))
        }
        AtForm::Mark(name) => {
            mark(walk, name)?;
            Some((At::Mark(name.value.clone()), format!("of mark {}", name.value)))
        }
    }
}

fn position(walk: &mut Walk<'_>, text: &Pinned<String>) -> Option<Lsn> {
    let parsed = text.value.parse::<Lsn>();
    if let Err(error) = &parsed {
        walk.complaints.add(Code::BadTarget, &text.at, error.to_string());
    }
    parsed.ok()
}

fn time(walk: &mut Walk<'_>, text: &Pinned<String>) -> Option<String> {
    if let Err(said) = moment(&text.value) {
        walk.complaints
            .value(Code::BadMoment, text, &said)
            .hint("write it as `2026-03-01T12:00:00+01:00`, or end it with `Z`");
        return None;
    }
    moment_in_utc(&text.value)
}

fn transaction(walk: &mut Walk<'_>, text: &Pinned<String>) -> Option<u32> {
    match text.value.parse::<u64>().ok().filter(|xid| *xid >= XID_MIN) {
        // WAL holds numbers without their epoch.
        Some(xid) => u32::try_from(xid & u64::from(u32::MAX)).ok(),
        None => {
            walk.complaints.value(Code::BadTarget, text, "is not a transaction's number");
            None
        }
    }
}

/// All there is, or all of the newest backup: whether the harm is in it.
fn all_there_is(walk: &mut Walk<'_>, word: &str, at: &Place) {
    // A backup by itself holds the harm only if it was taken after it.
    let by_backup = word == "immediate" || protection(walk) == Protection::Snapshots;
    if by_backup && !walk.backed_up_harm {
        return;
    }
    if let Some((kind, harm)) = walk.harms.first() {
        let line = walk.complaints.line(harm);
        walk.complaints
            .add(Code::ReplaysHarm, at, format!("`{word}` replays the `{kind}`{line}"))
            .hint("recover to `before_disaster`, or to a mark before it");
    }
}

fn before_disaster(walk: &mut Walk<'_>, at: &Place) -> bool {
    if protection(walk) == Protection::Snapshots {
        return walk.struck.is_some();
    }
    match walk.harms.as_slice() {
        [_] => true,
        [] if walk.struck.is_none() => false,
        [] => {
            let said = "the disaster writes no WAL, so no record is the one before it";
            walk.complaints
                .add(Code::NoWalHarm, at, said)
                .hint("recover to `latest`: all that was archived");
            false
        }
        [first, .., last] => {
            let said = format!(
                "`before_disaster` could mean the `{}`{} or the `{}`{}",
                first.0,
                walk.complaints.line(&first.1),
                last.0,
                walk.complaints.line(&last.1)
            );
            walk.complaints
                .add(Code::SeveralHarms, at, said)
                .hint("take a mark before the first of them and recover to it");
            false
        }
    }
}

/// A mark that is there; one that cannot be reached is complained about.
fn mark(walk: &mut Walk<'_>, name: &Pinned<String>) -> Option<()> {
    let Some(mark) = walk.marks.iter().find(|mark| mark.name == name.value) else {
        let names = walk.marks.iter().map(|mark| mark.name.as_str());
        let near = scenario::nearest(&name.value, names.clone());
        let near = near.and_then(|near| walk.marks.iter().find(|mark| mark.name == near));
        let hint = near
            .map(|mark| format!("did you mean `{}`{}?", mark.name, walk.complaints.line(&mark.at)));
        let hint = hint.or_else(|| did_you_mean(&name.value, names));
        let said = format!("no mark is called {}", walk.complaints.quoted(&name.value));
        walk.complaints.add(Code::UnknownMark, &name.at, said).maybe(hint);
        return None;
    };
    let line = walk.complaints.line(&mark.at);
    if !mark.protected {
        let said = format!("lies before the first backup{line}: nothing can reach it");
        walk.complaints.value(Code::MarkBeforeBackup, name, &said);
    }
    if mark.harmed {
        let said = format!("was taken after the harm{line}, and replays it");
        walk.complaints.value(Code::ReplaysHarm, name, &said);
    }
    Some(())
}

/// What stands beside the target.
struct Beside {
    inclusive: Option<bool>,
    timeline: Option<u32>,
    from: From,
    arrival: Arrival,
    postgres: Option<u32>,
    within: Option<Duration>,
}

fn beside(walk: &mut Walk<'_>, recover: &scenario::Recover, name: &str) -> Beside {
    if let Some(inclusive) = &recover.inclusive
        && !["time", "lsn", "xid"].contains(&name)
    {
        let said = format!("`inclusive` says nothing about `{name}`");
        walk.complaints.add(Code::SenselessInclusive, &inclusive.at, said);
    }
    if let Some(on) = &recover.on {
        server(walk, on);
    }
    let pause = word(walk, recover.action.as_ref(), ACTIONS, "is nothing that a server does there")
        == Some("pause");
    if let Some(action) = recover.action.as_ref().filter(|_| pause && name == "latest") {
        let said = "does nothing at the end of WAL: the server is promoted there";
        walk.complaints.value(Code::SenselessInclusive, action, said);
    }
    let said = "is not a choice of backup";
    let from = match word(walk, recover.from.as_ref(), FROM, said) {
        Some("newest") => From::Newest,
        Some(_) => From::BeforeDisaster,
        None => From::Fitting,
    };
    Beside {
        inclusive: recover.inclusive.as_ref().map(|inclusive| inclusive.value),
        timeline: recover.timeline.as_ref().and_then(|timeline| along(walk, timeline)),
        from,
        arrival: if pause { Arrival::Pause } else { Arrival::Promote },
        postgres: recover.postgres.as_ref().and_then(|wanted| walk.newer_major(wanted)),
        within: recover.within.as_ref().and_then(|within| walk.time(within)),
    }
}

/// One of a few words.
fn word<'a>(
    walk: &mut Walk<'_>,
    word: Option<&Pinned<String>>,
    known: [&'a str; 2],
    said: &str,
) -> Option<&'a str> {
    let word = word?;
    let found = known.into_iter().find(|known| *known == word.value);
    if found.is_none() {
        walk.complaints
            .value(Code::UnknownTarget, word, said)
            .maybe(did_you_mean(&word.value, known));
    }
    found
}

/// The timeline to follow; `None` for the source's own, which is the newest there is.
fn along(walk: &mut Walk<'_>, timeline: &Pinned<scenario::Text>) -> Option<u32> {
    let text = timeline.value.0.as_str();
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    if number.is_none() && text != "current" && text != "latest" {
        let shown = walk.complaints.quoted(text);
        let said = format!("{shown} is not a timeline: `latest`, `current` or a number");
        walk.complaints.add(Code::BadTarget, &timeline.at, said);
    }
    number
}

/// `on:` the server that a step is about.
fn server(walk: &mut Walk<'_>, on: &Pinned<String>) {
    if on.value != "old" {
        walk.complaints
            .value(Code::OnNothing, on, "is not a server")
            .hint("`on: old` is the server that was struck; leave it out for the new one");
    } else if walk.recovered.is_none() {
        let said = "there is no other server than the old one before the first recovery";
        walk.complaints.add(Code::OnNothing, &on.at, said);
    } else {
        let said = "going back to the old server is not for this version";
        walk.complaints.add(Code::NotYet, &on.at, said);
    }
}
