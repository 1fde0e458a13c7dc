//! Inventory: every object of every catalogue is there again, as it was, and no other.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question};

const NAME: &str = "inventory";

/// Compares the catalogues of all databases with the baseline, as sets, both ways. Nothing is
/// left out: the harness makes its own objects before the baseline is asked.
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
            (Ok(before), Ok(after)) => difference::compare(case, NAME, "objects", before, after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}
