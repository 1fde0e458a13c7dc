//! Large objects: what refers to one still finds it.
//!
//! What they hold is part of the fingerprint of their database (`pg_largeobject`), and that they
//! are there, whose they are, who may read them and what is said of them is part of the inventory.
//! What neither sees is the value in a column that leads nowhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table, referring};

const NAME: &str = "large_objects";

/// Wants every column that referred to large objects at the baseline to refer to as many, and no
/// column to refer to more that are not there. What dangled in the source may dangle; a column of
/// an unlogged table that came back empty is an expected difference. Contents, owners, privileges
/// and comments are for `fingerprint` and `inventory`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LargeObjects {}

/// How many values of a column name a large object, and how many name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refers {
    resolving: u64,
    dangling: u64,
}

type Columns<'a> = BTreeMap<(&'a str, &'a str), Refers>;

impl Check for LargeObjects {
    const SUMMARY: &'static str = "every column that referred to a large object still finds it";
    const EXAMPLE: &'static str = "large_objects";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        let moments = [Moment::Baseline, Moment::Recovered];
        moments.map(|moment| (moment, Question::LargeObjects)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::LargeObjects).and_then(|table| {
                columns(table).map_err(|said| {
                    let said = format!("the large objects at {moment} are not: {said}");
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(_)) if before.is_empty() => {
                let said = "no database was looked through at the baseline";
                vec![Finding::unknown(NAME, "nothing_compared", said)]
            }
            (Ok(before), Ok(after)) => compare(&before, &after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

fn compare(before: &Columns<'_>, after: &Columns<'_>) -> Vec<Finding> {
    let mut found = vec![];
    for (&(database, column), was) in before {
        let finding = match after.get(&(database, column)) {
            None => {
                let said = format!("`{column}` did not come back");
                Some(Finding::broken(NAME, "missing", said))
            }
            Some(is) => one(column, was, is),
        };
        found.extend(finding.map(|finding| finding.about(format!("{database} {column}"))));
    }
    let none = Refers { resolving: 0, dangling: 0 };
    for (&(database, column), is) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        // That it is new, the inventory says.
        let finding = one(column, &none, is);
        found.extend(finding.map(|finding| finding.about(format!("{database} {column}"))));
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        let of = |all: bool| {
            let those = after.iter().filter(|((_, column), _)| (*column == referring::ALL) == all);
            those.map(|(_, refers)| refers.resolving).fold(0, u64::saturating_add)
        };
        let said = match of(true) {
            0 => "there is no large object, before or after".to_owned(),
            all => format!("{} references to {all} large objects lead to one", of(false)),
        };
        found.push(Finding::held(NAME, "resolved", said));
    }
    difference::bounded(NAME, found)
}

fn one(column: &str, was: &Refers, is: &Refers) -> Option<Finding> {
    let (resolving, dangling) = (is.resolving, is.dangling);
    if column.ends_with(referring::UNLOGGED) && resolving == 0 && dangling == 0 {
        let said = format!("`{column}` came back empty, as it must from a copy of files");
        return (was != is).then(|| Finding::held(NAME, "expected_difference", said));
    }
    if resolving < was.resolving || dangling > was.dangling {
        let said = match column {
            referring::ALL => format!(
                "{resolving} large objects are there, {} were; {dangling} have pages and no entry, \
                 {} had",
                was.resolving, was.dangling
            ),
            _ => format!(
                "`{column}` names {resolving} large objects that are there, named {}; {dangling} \
                 that are not, named {}",
                was.resolving, was.dangling
            ),
        };
        return Some(Finding::broken(NAME, "dangling", said));
    }
    // Many a column of this type refers to something else.
    (dangling > 0 && is.resolving > 0).then(|| {
        let said = format!("{dangling} of `{column}` lead nowhere, as in the source");
        Finding::held(NAME, "dangled_before", said)
    })
}

fn columns(table: &Table) -> Result<Columns<'_>, String> {
    let mut columns = Columns::new();
    for row in 0..table.rows.len() {
        let value = |column| {
            table.get(row, column).ok_or_else(|| format!("`{column}` of row {} is null", row + 1))
        };
        let number = |column| {
            let text = value(column)?;
            text.parse().map_err(|_| format!("`{}` is no number", shown(text)))
        };
        let (database, column) = (value("database")?, value("column")?);
        let refers = Refers { resolving: number("resolving")?, dangling: number("dangling")? };
        if columns.insert((database, column), refers).is_some() {
            return Err(format!("`{column}` of `{database}` is there twice"));
        }
    }
    Ok(columns)
}
