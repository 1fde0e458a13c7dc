//! Side effects: the recovered server keeps to itself, and nothing is left over on it.
//!
//! A restored copy knows the addresses of its origin: subscriptions dial the production publisher,
//! a scheduler sends its mails a second time, an archiver writes into the archive that the next
//! restore will read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table, at_work};

const NAME: &str = "side_effects";

/// The settings that keep a recovered server to itself, and their only value there.
const KEPT_TO_ITSELF: &[(&str, &str)] =
    &[("archive_mode", "off"), ("max_logical_replication_workers", "0")];
/// What the types of the processes begin with by which servers reach each other.
const REACHES_OUT: &[&str] =
    &["walreceiver", "walsender", "logical replication", "slotsync", "archiver"];

/// What a living database may be at, if it was before.
const GOES_ON: &[&str] = &[at_work::SETTING, at_work::PROCESS];

/// Wants no process of the recovered server's that reaches out to other servers or that the
/// source did not have, nobody connected but us, no replication slot in use, and the settings that
/// keep it to itself in force. Prepared transactions of the baseline must be there; others are
/// named and held, as is what is another way than on the source on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SideEffects {}

/// By class and identity.
type Lines<'a> = BTreeMap<(&'a str, &'a str), &'a str>;

impl Check for SideEffects {
    const SUMMARY: &'static str =
        "the recovered server reaches out to nobody, and nobody else is at work on it";
    const EXAMPLE: &'static str = "side_effects";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Activity)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Activity).and_then(|table| {
                lines(table).ok_or_else(|| {
                    let said = format!(
                        "the answer on activity at {moment} has a null, a line twice or one of no \
                         known kind, or lacks a setting"
                    );
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(after)) => compare(&before, &after, case.goes_on()),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// A living database goes on with what it did.
fn compare(before: &Lines<'_>, after: &Lines<'_>, living: bool) -> Vec<Finding> {
    let mut found: Vec<Finding> = after
        .iter()
        .filter_map(|(key, definition)| {
            let as_before = living && before.get(key) == Some(definition);
            if as_before && GOES_ON.contains(&key.0) {
                return None;
            }
            let finding = seen(*key, definition, before)?;
            Some(finding.with(vec![format!("{}: {}", key.0, shown(definition))]).about(key.1))
        })
        .collect();
    let lost = |key: &&(&str, &str)| key.0 == at_work::PREPARED && !after.contains_key(*key);
    for (_, name) in before.keys().filter(lost) {
        let said = format!("the prepared transaction `{}` did not come back", shown(name));
        found.push(Finding::broken(NAME, "prepared_lost", said).about(*name));
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        let said = "it reaches out to nobody, and nobody else is at work on it";
        found.push(Finding::held(NAME, "quiet", said).with(expected(before, after, living)));
    }
    difference::bounded(NAME, found)
}

/// What a line of the recovered server means; nothing if it is of no concern.
fn seen((class, name): (&str, &str), value: &str, before: &Lines<'_>) -> Option<Finding> {
    let was = before.get(&(class, name));
    let name = shown(name);
    match class {
        at_work::SETTING => {
            let wanted = KEPT_TO_ITSELF.iter().find(|(setting, _)| *setting == name)?.1;
            let said = format!("{name} is `{}`, and must be `{wanted}`", shown(value));
            (value != wanted).then(|| Finding::broken(NAME, "not_isolated", said))
        }
        at_work::PROCESS if REACHES_OUT.iter().any(|kind| name.starts_with(kind)) => {
            let said = format!("a `{name}` is at work: it reaches out to another server");
            Some(Finding::broken(NAME, "reaches_out", said))
        }
        at_work::PROCESS if was.is_none() => {
            let said = format!("a `{name}` is at work, and was not on the source");
            Some(Finding::broken(NAME, "extra_worker", said))
        }
        at_work::PROCESS => {
            let said = format!("a `{name}` is at work, as on the source");
            Some(Finding::held(NAME, "worker_as_before", said))
        }
        at_work::CLIENT => {
            let said = format!("somebody is connected who is not of this drill: {name}");
            Some(Finding::broken(NAME, "stranger", said))
        }
        at_work::SLOT => {
            let said = format!("somebody is using the replication slot `{name}`");
            Some(Finding::broken(NAME, "slot_in_use", said))
        }
        at_work::PREPARED if was.is_none() => {
            let said = format!("the transaction `{name}` is prepared, and holds its locks");
            Some(Finding::held(NAME, "pending", said))
        }
        _ => None,
    }
}

/// What is another way than on the source on purpose.
fn expected(before: &Lines<'_>, after: &Lines<'_>, living: bool) -> Vec<String> {
    let mut expected = vec![];
    for (name, value) in KEPT_TO_ITSELF.iter().filter(|_| !living) {
        let was = before.get(&(at_work::SETTING, *name)).copied().unwrap_or_default();
        if was != *value {
            expected.push(format!("expected: {name} is `{value}`, and was `{}`", shown(was)));
        }
    }
    for (_, name) in after.keys().filter(|key| key.0 == at_work::SUBSCRIPTION) {
        expected.push(format!(
            "expected: the subscription `{}` is enabled, and has no worker",
            shown(name)
        ));
    }
    let gone = |key: &&(&str, &str)| key.0 == at_work::PROCESS && !after.contains_key(*key);
    for (_, name) in before.keys().filter(gone) {
        expected.push(format!("expected: no `{}` is at work here", shown(name)));
    }
    expected
}

fn lines(table: &Table) -> Option<Lines<'_>> {
    const CLASSES: [&str; 6] = [
        at_work::SETTING,
        at_work::PROCESS,
        at_work::CLIENT,
        at_work::SLOT,
        at_work::SUBSCRIPTION,
        at_work::PREPARED,
    ];
    let mut lines = Lines::new();
    for row in 0..table.rows.len() {
        let class = table.get(row, "class").filter(|class| CLASSES.contains(class))?;
        let key = (class, table.get(row, "identity")?);
        if lines.insert(key, table.get(row, "definition")?).is_some() {
            return None;
        }
    }
    let set = |(name, _): &(&'static str, _)| lines.contains_key(&(at_work::SETTING, *name));
    KEPT_TO_ITSELF.iter().all(set).then_some(lines)
}
