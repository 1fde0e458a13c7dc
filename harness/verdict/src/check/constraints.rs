//! Constraints: the rows keep every promise that was made about them.
//!
//! A server asks a constraint once, of a row as it comes, and believes ever after that it holds. A
//! restore that brings rows in another way (with triggers off, from files, without an index that
//! knows of them) leaves promises over rows that break them, and no count shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown, unreadable};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table};

const NAME: &str = "constraints";

/// Wants every constraint of the baseline to be there, evaluated over all rows anew, and breached
/// by no more rows than at the baseline. What the source breached already is named and not blamed
/// on the restore; what could not be evaluated is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constraints {}

/// What came of one: the number of rows in breach, or why it could not be told.
type Outcome<'a> = Result<u64, &'a str>;

/// By database, kind and name.
type Outcomes<'a> = BTreeMap<(&'a str, &'a str, &'a str), Outcome<'a>>;

impl Check for Constraints {
    const SUMMARY: &'static str =
        "no row breaches a constraint, a unique key, a domain or the bounds of its partition";
    const EXAMPLE: &'static str = "constraints";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Constraints)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Constraints).and_then(|table| {
                outcomes(table).map_err(|said| {
                    let said = format!("the constraints at {moment} are not: {said}");
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

fn compare(before: &Outcomes<'_>, after: &Outcomes<'_>) -> Vec<Finding> {
    let mut found = vec![];
    for (key, was) in before {
        let name = format!("{} {}", key.0, key.2);
        let finding = match after.get(key) {
            None => {
                let said = format!("{} `{}` is no longer kept", key.1, key.2);
                Some(Finding::broken(NAME, "missing", said))
            }
            Some(is) => one(key.1, key.2, Some(*was), *is),
        };
        found.extend(finding.map(|finding| finding.about(name)));
    }
    for (key, is) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        // That it is new, the inventory says.
        let finding = one(key.1, key.2, None, *is);
        found.extend(finding.map(|finding| finding.about(format!("{} {}", key.0, key.2))));
    }
    let evaluated = after.values().filter(|outcome| outcome.is_ok()).count();
    let well = found.iter().all(|finding| finding.status == Status::Held);
    if before.is_empty() || (well && evaluated == 0) {
        let said = "no constraint was evaluated: whether the rows keep any cannot be told";
        found.push(Finding::unknown(NAME, "nothing_compared", said));
    } else if well {
        let said = format!("{evaluated} constraints were evaluated over all rows, and are kept");
        found.push(Finding::held(NAME, "kept", said));
    }
    difference::bounded(NAME, found)
}

/// What is to be said of one, if it is not simply kept.
fn one(kind: &str, name: &str, was: Option<Outcome<'_>>, is: Outcome<'_>) -> Option<Finding> {
    let breaches = match is {
        Ok(0) => return None,
        Ok(breaches) => breaches,
        Err(said) if unreadable(said) => {
            let said = format!("{kind} `{name}`: its rows cannot be read: {}", shown(said));
            return Some(Finding::broken(NAME, "unreadable", said));
        }
        Err(said) => {
            let said = format!("{kind} `{name}` could not be evaluated: {}", shown(said));
            return Some(Finding::unknown(NAME, "unevaluated", said));
        }
    };
    Some(match was {
        Some(Ok(was)) if was >= breaches => {
            let said = format!(
                "{kind} `{name}` is breached by {breaches} rows, as in the source, where it was by \
                 {was}"
            );
            Finding::held(NAME, "breached_before", said)
        }
        Some(Err(_)) => {
            let said = format!(
                "{kind} `{name}` is breached by {breaches} rows, and could not be evaluated at the \
                 baseline"
            );
            Finding::unknown(NAME, "unevaluated", said)
        }
        was => {
            let was = was.and_then(Result::ok).unwrap_or(0);
            let said = format!("{kind} `{name}` is breached by {breaches} rows, was by {was}");
            Finding::broken(NAME, "breached", said)
        }
    })
}

fn outcomes(table: &Table) -> Result<Outcomes<'_>, String> {
    let mut outcomes = Outcomes::new();
    for row in 0..table.rows.len() {
        let value = |column| {
            table.get(row, column).ok_or_else(|| format!("`{column}` of row {} is null", row + 1))
        };
        let key = (value("database")?, value("kind")?, value("constraint")?);
        let outcome = match table.get(row, "breaches") {
            Some(number) => {
                Ok(number.parse().map_err(|_| format!("`{}` is no number", shown(number)))?)
            }
            None => Err(value("said")?),
        };
        if outcomes.insert(key, outcome).is_some() {
            return Err(format!("{} `{}` of `{}` is there twice", key.1, key.2, key.0));
        }
    }
    Ok(outcomes)
}
