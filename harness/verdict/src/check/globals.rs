//! Globals: roles, memberships, settings and databases of the whole cluster are as they were.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question};

const NAME: &str = "globals";

/// Compares what belongs to the whole cluster with the baseline, as sets, both ways. Password
/// verifiers stand in the answers only as keyed digests: equal or not is all that can be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Globals {}

impl Check for Globals {
    const SUMMARY: &'static str =
        "roles, passwords, memberships, settings and databases are as they were, none more or less";
    const EXAMPLE: &'static str = "globals";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Baseline, Question::Globals), (Moment::Recovered, Question::Globals)]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::Baseline, &Question::Globals);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Globals);
        match (before, after) {
            (Ok(before), Ok(after)) => {
                difference::compare(case, NAME, "roles and settings", before, after)
            }
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}
