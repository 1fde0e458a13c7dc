//! To be written.
use crate::brief::Brief;
use crate::case::Case;
use crate::check::Check;
use crate::finding::Finding;
use crate::question::{Moment, Question};
use serde::{Deserialize, Serialize};
/// stub
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {}
impl Check for Identity {
    const SUMMARY: &'static str = "";
    const EXAMPLE: &'static str = "";
    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        todo!()
    }
    fn judge(&self, _case: &Case<'_>) -> Vec<Finding> {
        todo!()
    }
}
