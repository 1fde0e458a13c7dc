//! Inventory: every object of every catalogue is there again, as it was, and no other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};

const NAME: &str = "inventory";

/// The class of the lines that tell a catalogue as the server itself goes by it, with the numbers
/// that only a copy of the files has again.
const CATALOGUE: &str = "catalogue";

/// Compares the catalogues of all databases with the baseline, as sets, both ways. Nothing is
/// left out: the harness makes its own objects before the baseline is asked. Where the files were
/// copied, the rows of each catalogue must be the very same, too, but for what the server changes
/// by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {}

impl Check for Inventory {
    const SUMMARY: &'static str =
        "every object has its definition, owner, privileges and flags again, and no other is there";
    const EXAMPLE: &'static str = "inventory";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Baseline, Question::Inventory), (Moment::Recovered, Question::Inventory)]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::Baseline, &Question::Inventory);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Inventory);
        match (before, after) {
            (Ok(before), Ok(after)) if case.brief().is_copy() => {
                let mut findings = untold(before);
                findings.extend(difference::compare(case, NAME, "objects", before, after));
                findings
            }
            (Ok(before), Ok(after)) => {
                let (before, after) = (without_numbers(before), without_numbers(after));
                difference::compare(case, NAME, "objects", &before, &after)
            }
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// A finding for every database of whose catalogues no row was asked for: no database is without
/// dependencies, so that is never what a whole answer says.
fn untold(before: &Table) -> Vec<Finding> {
    let named = before.rows.iter().filter_map(|row| row[0].as_deref()).collect::<BTreeSet<_>>();
    let told = before.rows.iter().filter(|row| is_of_catalogue(row));
    let told = told.filter_map(|row| row[0].as_deref()).collect::<BTreeSet<_>>();
    let untold = named.difference(&told).map(|database| {
        let said = "its catalogues were not read row for row at the baseline";
        Finding::unknown(NAME, "malformed_answer", said).about(*database)
    });
    untold.collect()
}

fn without_numbers(table: &Table) -> Table {
    let mut table = table.clone();
    table.rows.retain(|row| !is_of_catalogue(row));
    table
}

fn is_of_catalogue(row: &[Option<String>]) -> bool {
    row[1].as_deref() == Some(CATALOGUE)
}
