//! Fingerprint: tables that nobody touched came back row for row, and no table is there twice
//! over, too few or too many.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection};
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};
use crate::record::is_digest;

const NAME: &str = "fingerprint";

/// The tables that the harness itself writes to, in the application's database: the workload's are
/// held against the ledger, and the probe's row is looked for by name. No other is left out.
const WRITTEN_BY_US: &[&str] = &["ledger.tx", "ledger.entry", "ledger.account", "pgrehearse.probe"];

/// What the shape of a table begins with that a physical restore empties by design.
const UNLOGGED: &str = "unlogged ";

/// Compares row count, digest and shape of every table and partition with the baseline, both
/// ways, but for the workload's tables. What was harmed is compared like all else. Unlogged
/// tables that come back empty are an expected difference: named, not hidden, and not counted as
/// compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {}

/// What an answer says of one relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Print<'a> {
    rows: u64,
    digest: &'a str,
    shape: &'a str,
}

type Prints<'a> = BTreeMap<(&'a str, &'a str), Print<'a>>;

impl Check for Fingerprint {
    const SUMMARY: &'static str =
        "every table that nobody touched holds the very rows it held, and no table is new or gone";
    const EXAMPLE: &'static str = "fingerprint";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Baseline, Question::Fingerprint), (Moment::Recovered, Question::Fingerprint)]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Fingerprint).and_then(|table| {
                prints(table, ours(case.brief())).map_err(|said| {
                    let said = format!("the fingerprint at {moment} is not one: {said}");
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(after)) => compare(case.brief(), &before, &after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

fn compare(brief: &Brief, before: &Prints<'_>, after: &Prints<'_>) -> Vec<Finding> {
    let (mut tables, mut compared) = (0_u64, 0_u64);
    let mut found = vec![];
    for (&(database, relation), was) in before {
        let name = format!("{database} {relation}");
        match after.get(&(database, relation)) {
            None => found.push(missing(brief, relation, was).about(name)),
            Some(is) if is == was => {
                tables += 1;
                compared = compared.saturating_add(was.rows);
            }
            Some(is) if brief.protection == Protection::Archive && emptied(was, is) => {
                let said = format!(
                    "unlogged `{relation}` came back without its {} rows, as it must from a copy \
                     of files",
                    was.rows
                );
                found.push(Finding::held(NAME, "expected_difference", said).about(name));
            }
            Some(is) => found.push(altered(relation, was, is).about(name)),
        }
    }
    for (&(database, relation), is) in after {
        if !before.contains_key(&(database, relation)) {
            let said = format!("`{relation}` is there with {} rows, and was not before", is.rows);
            let name = format!("{database} {relation}");
            found.push(Finding::broken(NAME, "extra", said).about(name));
        }
    }
    let broken = found.iter().any(|finding| finding.code != "expected_difference");
    if compared == 0 && !broken {
        let said = "no row of any table could be compared";
        found.push(Finding::unknown(NAME, "nothing_compared", said));
    } else if !broken {
        let said = format!("{tables} tables are as they were, with {compared} rows in all");
        found.push(Finding::held(NAME, "equal", said).with(vec![left_out()]));
    }
    difference::bounded(NAME, found)
}

fn left_out() -> String {
    format!("held against the ledger instead: {}", WRITTEN_BY_US.join(", "))
}

fn missing(brief: &Brief, relation: &str, was: &Print<'_>) -> Finding {
    let undoes = brief.recoveries.last().is_some_and(|recovery| recovery.undoes);
    if undoes && brief.harmed.iter().any(|harmed| harmed == relation) {
        let said = format!("`{relation}` is still gone: the harm was not undone");
        return Finding::broken(NAME, "not_undone", said);
    }
    let said = format!("`{relation}` did not come back, it held {} rows", was.rows);
    Finding::broken(NAME, "missing", said)
}

/// A copy of files brings an unlogged table back empty, in the same shape; nothing else.
fn emptied(was: &Print<'_>, is: &Print<'_>) -> bool {
    was.shape.starts_with(UNLOGGED) && was.shape == is.shape && was.rows > 0 && is.rows == 0
}

fn altered(relation: &str, was: &Print<'_>, is: &Print<'_>) -> Finding {
    let mut details = vec![];
    if was.shape != is.shape {
        details.push(format!("shape was `{}`, is `{}`", shown(was.shape), shown(is.shape)));
    }
    if was.digest != is.digest {
        details.push(format!("digest was {}, is {}", was.digest, is.digest));
    }
    let (code, said) = if was.rows != is.rows {
        ("rows", format!("`{relation}` came back with {} rows, wanted {}", is.rows, was.rows))
    } else if was.digest != is.digest {
        ("content", format!("`{relation}` came back with {} rows, not the same ones", is.rows))
    } else {
        ("shape", format!("`{relation}` came back with other columns"))
    };
    Finding::broken(NAME, code, said).with(details)
}

/// The database in which the harness keeps its tables: the application's first, if it has one.
fn ours(brief: &Brief) -> &str {
    brief.application.first().map_or("postgres", |(database, _)| database)
}

/// The prints of an answer by (database, relation), our own tables in the database `ours` left
/// out; or what is wrong.
fn prints<'a>(table: &'a Table, ours: &str) -> Result<Prints<'a>, String> {
    let mut prints = Prints::new();
    let mut seen = BTreeSet::new();
    for row in 0..table.rows.len() {
        let value = |column| {
            table.get(row, column).ok_or_else(|| format!("`{column}` of row {} is null", row + 1))
        };
        let (database, relation) = (value("database")?, value("relation")?);
        if !seen.insert((database, relation)) {
            return Err(format!("`{relation}` of `{database}` is there twice"));
        }
        let (digest, count) = (value("digest")?, value("rows")?);
        let rows = count.parse().map_err(|_| format!("`{}` is no count", shown(count)))?;
        if !is_digest(digest) {
            return Err(format!("`{}` is no digest", shown(digest)));
        }
        if database != ours || !WRITTEN_BY_US.contains(&relation) {
            let print = Print { rows, digest, shape: value("shape")? };
            prints.insert((database, relation), print);
        }
    }
    Ok(prints)
}
