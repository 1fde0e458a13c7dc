//! Inventory: every object of every catalogue is there again, as it was, and no other.

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection};
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
            (Ok(before), Ok(after)) if is_copy(case.brief()) => {
                difference::compare(case, NAME, "objects", before, after)
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

/// Whether what serves in the end is a copy of the files, with nothing made anew by SQL.
fn is_copy(brief: &Brief) -> bool {
    brief.protection == Protection::Archive
        && brief.recoveries.last().is_some_and(|recovery| {
            recovery.postgres.is_none()
                && recovery.salvage.is_none()
                && recovery.new_database.is_none()
        })
}

fn without_numbers(table: &Table) -> Table {
    let mut table = table.clone();
    table.rows.retain(|row| row.get(1).is_none_or(|class| class.as_deref() != Some(CATALOGUE)));
    table
}
