//! A recovery: whether its target can be there, and whether this engine can reach it.

use pgrehearse_verdict::brief::RecoveryBrief;
use pgrehearse_verdict::lsn::Lsn;

use crate::plan::lower::steps::Walk;
use crate::plan::{Recover, Step, To};
use crate::scenario::{self, Code, Pinned, Place, ToForm, did_you_mean, moment};

/// The names of the targets that are written as a word, and as a map.
const WORDS: &[&str] = &["latest", "immediate", "before_disaster"];

pub(super) fn lower(walk: &mut Walk<'_>, recover: &scenario::Recover, at: &Place) {
    let to = &recover.to;
    let name = match &to.value {
        ToForm::Word(word) => word.as_str(),
        ToForm::Time(_) => "time",
        ToForm::Lsn(_) => "lsn",
        ToForm::Xid(_) => "xid",
        ToForm::Mark(_) => "mark",
    };
    beside(walk, recover, name);
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
    let Some((target, text)) = target(walk, to) else { return };
    walk.course.recoveries.push(RecoveryBrief {
        target: text.clone(),
        chosen: target != To::Latest,
        undoes: !walk.harms.is_empty(),
    });
    walk.decide(Step::Recover(Recover { to: target }), format!("recover: to {text}"));
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

fn target(walk: &mut Walk<'_>, to: &Pinned<ToForm>) -> Option<(To, String)> {
    match &to.value {
        ToForm::Word(word) if word == "before_disaster" => {
            before_disaster(walk, &to.at).then(|| (To::BeforeDisaster, word.clone()))
        }
        // What the engine cannot do has been said.
        ToForm::Word(word) if word == "immediate" => None,
        ToForm::Word(word) => {
            if let Some((kind, harm)) = walk.harms.first() {
                let line = walk.complaints.line(harm);
                walk.complaints
                    .add(Code::ReplaysHarm, &to.at, format!("`{word}` replays the `{kind}`{line}"))
                    .hint("recover to `before_disaster`, or to a mark before it");
            }
            Some((To::Latest, word.clone()))
        }
        ToForm::Mark(name) => mark(walk, name),
        ToForm::Lsn(text) => match text.value.parse::<Lsn>() {
            Ok(lsn) => Some((To::Lsn(lsn), format!("lsn {lsn}"))),
            Err(error) => {
                walk.complaints.add(Code::BadTarget, &text.at, error.to_string());
                None
            }
        },
        ToForm::Time(text) => {
            if let Err(said) = moment(&text.value) {
                walk.complaints
                    .value(Code::BadMoment, text, &said)
                    .hint("write it as `2026-03-01T12:00:00+01:00`, or end it with `Z`");
            }
            None
        }
        ToForm::Xid(text) => {
            // The three lowest numbers are not of transactions.
            if !text.value.parse::<u64>().is_ok_and(|xid| xid >= 3) {
                walk.complaints.value(Code::BadTarget, text, "is not a transaction's number");
            }
            None
        }
    }
}

fn before_disaster(walk: &mut Walk<'_>, at: &Place) -> bool {
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

fn mark(walk: &mut Walk<'_>, name: &Pinned<String>) -> Option<(To, String)> {
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
    Some((To::Mark(name.value.clone()), format!("mark {}", name.value)))
}

/// `inclusive`, `timeline` and `on`.
fn beside(walk: &mut Walk<'_>, recover: &scenario::Recover, name: &str) {
    if let Some(inclusive) = &recover.inclusive {
        if !["time", "lsn", "xid"].contains(&name) {
            let said = format!("`inclusive` says nothing about `{name}`");
            walk.complaints.add(Code::SenselessInclusive, &inclusive.at, said);
        } else if inclusive.value && name == "lsn" {
            let said = "an inclusive position is not for this version";
            walk.complaints.add(Code::NotYet, &inclusive.at, said);
        }
    }
    if let Some(timeline) = &recover.timeline {
        let text = timeline.value.0.as_str();
        let number = text.parse::<u32>().is_ok_and(|number| number > 0);
        if number || text == "current" {
            let said = "a recovery follows the newest timeline in this version";
            walk.complaints.add(Code::NotYet, &timeline.at, said).hint("leave `timeline` out");
        } else if text != "latest" {
            let shown = walk.complaints.quoted(text);
            let said = format!("{shown} is not a timeline: `latest`, `current` or a number");
            walk.complaints.add(Code::BadTarget, &timeline.at, said);
        }
    }
    if let Some(on) = &recover.on {
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
}
