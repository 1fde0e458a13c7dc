//! Access: whoever was let in is let in, and nobody else.
//!
//! A restored server that trusts everyone lets the application in as well. That the right password
//! works proves nothing of the wrong one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table, door};

const NAME: &str = "access";

/// Wants every role to be refused with a password that nobody has, in every database, and with
/// its own to be let in or refused as it was on the source. What a server says once a password
/// was good enough (that the role may not connect to this database, that it has too many
/// connections) is no refusal of the password. Where the source let everyone in, that is named
/// and held; roles whose password is not known are named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {}

/// What came of a knock: the state of the role, and what was said.
type Knock<'a> = (&'a str, Option<&'a str>);

/// By database, role, and password.
type Knocks<'a> = BTreeMap<(&'a str, &'a str, &'a str), Knock<'a>>;

impl Check for Access {
    const SUMMARY: &'static str =
        "no role is let in with a wrong password, and with its own each is let in as it was";
    const EXAMPLE: &'static str = "access";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Access)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Access).and_then(|table| {
                knocks(table).ok_or_else(|| {
                    let said = format!(
                        "the answer on access at {moment} has a null, a knock twice or one of no \
                         known kind"
                    );
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(after)) => compare(&before, &after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// What the answer to a knock means.
#[derive(PartialEq, Eq)]
enum Door {
    /// The password, or whatever else was asked for, was good enough.
    Open,
    /// The password was good enough, and the role may not be here all the same.
    Inner,
    /// It was not.
    Shut,
    /// It does not say.
    Unsaid,
}

fn door(said: Option<&str>) -> Door {
    let Some(said) = said else { return Door::Open };
    match said.split_once(": ").map(|(state, _)| state) {
        Some("28000" | "28P01") => Door::Shut,
        Some("42501") => Door::Inner,
        _ => Door::Unsaid,
    }
}

fn compare(before: &Knocks<'_>, after: &Knocks<'_>) -> Vec<Finding> {
    let tried = |knocks: &Knocks<'_>| knocks.keys().any(|key| key.2 == door::WRONG);
    if !tried(before) || !tried(after) {
        let said = "no role knocked with a wrong password";
        return vec![Finding::unknown(NAME, "nothing_compared", said)];
    }
    let mut found = vec![];
    for (&(database, role, what), &(state, said)) in after {
        let was = before.get(&(database, role, what)).copied();
        let finding = match what {
            door::WRONG => wrong(was, said),
            door::RIGHT => right(was, state, said),
            _ => None,
        };
        found.extend(finding.map(|(status, code, verb)| {
            let words = said.map(|said| format!(": {}", shown(said))).unwrap_or_default();
            let said = format!("`{role}` {verb} in `{database}` with {what}{words}");
            let finding = Finding { status, ..Finding::unknown(NAME, code, said) };
            finding.about(format!("{role} in {database}"))
        }));
    }
    for &(database, role, what) in before.keys().filter(|key| key.2 != door::UNTRIED) {
        if !after.contains_key(&(database, role, what)) {
            let said = format!("`{role}` was not tried in `{database}` with {what}");
            let finding = Finding::unknown(NAME, "untried", said);
            found.push(finding.about(format!("{role} in {database}")));
        }
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        found.push(summary(after));
    }
    difference::bounded(NAME, found)
}

type Said = (Status, &'static str, &'static str);

/// What it means that a password that nobody has was answered like this.
fn wrong(was: Option<Knock<'_>>, said: Option<&str>) -> Option<Said> {
    let was = was.map(|(_, said)| door(said));
    match door(said) {
        Door::Shut => None,
        Door::Unsaid => Some((Status::Unknown, "untried", "cannot be tried")),
        Door::Open | Door::Inner if matches!(was, Some(Door::Open | Door::Inner)) => {
            Some((Status::Held, "open_before", "is let in, as in the source,"))
        }
        Door::Open => Some((Status::Broken, "let_in", "is let in")),
        Door::Inner => Some((Status::Broken, "let_in", "is taken for itself")),
    }
}

/// What it means that its own password was answered like this.
fn right(was: Option<Knock<'_>>, state: &str, said: Option<&str>) -> Option<Said> {
    let untried = Some((Status::Unknown, "untried", "cannot be compared"));
    let Some((stood, was)) = was else { return untried };
    match (door(was), door(said)) {
        (Door::Unsaid, _) | (_, Door::Unsaid) => untried,
        (Door::Open, Door::Open) | (Door::Shut | Door::Inner, Door::Shut | Door::Inner) => None,
        (Door::Shut | Door::Inner, Door::Open) => Some((Status::Broken, "let_in", "is let in")),
        (Door::Open, _) if state == door::EXPIRED && stood == door::LOGIN => {
            Some((Status::Held, "expired", "is not let in any more, for its time has come,"))
        }
        (Door::Open, _) => Some((Status::Broken, "shut_out", "is not let in")),
    }
}

fn summary(after: &Knocks<'_>) -> Finding {
    let number = |wanted| after.keys().filter(|key| key.2 == wanted).count();
    let (wrong, right) = (number(door::WRONG), number(door::RIGHT));
    let said = format!(
        "{wrong} knocks with a wrong password and {right} with the right one were answered as \
         they were"
    );
    let untried = after.iter().filter(|(key, _)| key.2 == door::UNTRIED);
    let roles: BTreeSet<(&str, &str)> = untried.map(|(key, knock)| (key.1, knock.0)).collect();
    let line = |(role, state): &(&str, &str)| {
        format!("the password of `{role}` ({state}) is not known here: only a wrong one was tried")
    };
    Finding::held(NAME, "kept", said).with(roles.iter().map(line).collect())
}

fn knocks(table: &Table) -> Option<Knocks<'_>> {
    let mut knocks = Knocks::new();
    for row in 0..table.rows.len() {
        let one_of =
            |column, words: [&str; 3]| table.get(row, column).filter(|word| words.contains(word));
        let state = one_of("state", [door::LOGIN, door::NO_LOGIN, door::EXPIRED])?;
        let what = one_of("what", [door::WRONG, door::RIGHT, door::UNTRIED])?;
        let key = (table.get(row, "database")?, table.get(row, "role")?, what);
        if knocks.insert(key, (state, table.get(row, "said"))).is_some() {
            return None;
        }
    }
    Some(knocks)
}
