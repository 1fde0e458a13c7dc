//! Statistics: the planner knows of every table what it knew.
//!
//! A server without them answers every query, and some of them a hundred times slower: the
//! application is not served before they are back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table};

const NAME: &str = "statistics";

/// How many objects are named whose statistics became fewer.
const NAMED_MAX: usize = 20;

/// Wants every table, index on expressions and statistics object that the planner had statistics
/// of to have some, and every table whose rows were counted to be counted. A table that came back
/// empty has none by its nature; numbers that changed are held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statistics {}

/// What the planner has of one object.
struct Had {
    entries: u64,
    tuples: Option<i64>,
    bytes: Option<u64>,
}

/// By database and object.
type Objects<'a> = BTreeMap<(&'a str, &'a str), Had>;

impl Check for Statistics {
    const SUMMARY: &'static str = "whatever the planner had statistics of, it has statistics of";
    const EXAMPLE: &'static str = "statistics";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Statistics)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Statistics).and_then(|table| {
                objects(table).ok_or_else(|| {
                    let said = format!(
                        "the answer on statistics at {moment} has a null, an object twice or what \
                         is no number"
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

fn compare(before: &Objects<'_>, after: &Objects<'_>) -> Vec<Finding> {
    if before.is_empty() {
        let said = "there was no table at the baseline that could have statistics";
        return vec![Finding::unknown(NAME, "nothing_compared", said)];
    }
    let known: Vec<_> =
        before.iter().filter(|(_, had)| had.entries > 0 || had.tuples >= Some(0)).collect();
    if known.is_empty() {
        let said = "the planner had no statistics at the baseline: none could be lost";
        return vec![Finding::held(NAME, "none_before", said)];
    }
    let (mut found, mut fewer) = (vec![], vec![]);
    for &(&(database, object), had) in &known {
        let subject = format!("{database} {object}");
        let finding = match after.get(&(database, object)) {
            None => Some(Finding::broken(NAME, "missing", format!("{object} was not found again"))),
            Some(has) if has.bytes == Some(0) => None,
            Some(has) if had.entries > 0 && has.entries == 0 => {
                let said = format!("{object} had {} statistics, and has none", had.entries);
                Some(Finding::broken(NAME, "no_statistics", said))
            }
            Some(has) if had.tuples >= Some(0) && has.tuples < Some(0) => {
                let said = format!("the rows of {object} were counted once, and are not now");
                Some(Finding::broken(NAME, "no_statistics", said))
            }
            Some(has) => {
                if has.entries < had.entries {
                    fewer.push(format!("{subject}: {} of {} statistics", has.entries, had.entries));
                }
                None
            }
        };
        found.extend(finding.map(|finding| finding.about(subject)));
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        let said = format!("{} tables and other objects have statistics, as they had", known.len());
        fewer.truncate(NAMED_MAX);
        found.push(Finding::held(NAME, "kept", said).with(fewer));
    }
    difference::bounded(NAME, found)
}

fn objects(table: &Table) -> Option<Objects<'_>> {
    let mut objects = Objects::new();
    for row in 0..table.rows.len() {
        let key = (table.get(row, "database")?, table.get(row, "object")?);
        let entries = table.get(row, "entries")?.parse().ok()?;
        let tuples = table.get(row, "tuples").map(str::parse).transpose().ok()?;
        let bytes = table.get(row, "bytes").map(str::parse).transpose().ok()?;
        if objects.insert(key, Had { entries, tuples, bytes }).is_some() {
            return None;
        }
    }
    Some(objects)
}
