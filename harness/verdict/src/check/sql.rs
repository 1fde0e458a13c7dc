//! To be written.
use crate::brief::Brief;
use crate::case::Case;
use crate::check::Check;
use crate::finding::Finding;
use crate::question::{Moment, Question};
use serde::{Deserialize, Serialize};
/// A query of the scenario's own, asked of the recovered server, and the text it must answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlCheck {
    /// The query.
    pub query: String,
    /// The database it is asked in.
    pub database: String,
    /// What it must answer: one row, one column, as text.
    pub equals: String,
}
impl Check for SqlCheck {
    const SUMMARY: &'static str = "";
    const EXAMPLE: &'static str = "";
    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        todo!()
    }
    fn judge(&self, _case: &Case<'_>) -> Vec<Finding> {
        todo!()
    }
}
