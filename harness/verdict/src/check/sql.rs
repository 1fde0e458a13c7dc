//! A query of the scenario's own, and the one value it must answer.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::{Case, Known};
use crate::check::Check;
use crate::check::answered::{rows, shown};
use crate::finding::Finding;
use crate::question::{Moment, Question};

const NAME: &str = "sql";

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

impl SqlCheck {
    fn question(&self) -> Question {
        Question::Sql { database: self.database.clone(), query: self.query.clone() }
    }
}

impl Check for SqlCheck {
    const SUMMARY: &'static str = "a query of your own answers just what you say";
    const EXAMPLE: &'static str =
        "sql: { query: \"select count(*) from shop.customers\", equals: \"2000\" }";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Recovered, self.question())]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let finding = match case.answer(&Moment::Recovered, &self.question()) {
            // The scenario says that this query works: a refusal is an answer, and the wrong one.
            Known::Refused(said) => {
                let said = format!("the query failed: {}", shown(said));
                Finding::broken(NAME, "query_failed", said)
            }
            _ => match rows(case, NAME, &Moment::Recovered, &self.question()) {
                Ok(table) => self.compare(&table.rows),
                Err(finding) => *finding,
            },
        };
        vec![finding.about(&self.query)]
    }
}

impl SqlCheck {
    fn compare(&self, rows: &[Vec<Option<String>>]) -> Finding {
        let wanted = shown(&self.equals);
        let [row] = rows else {
            let said = format!("found {} rows, wanted one row with `{wanted}`", rows.len());
            return Finding::broken(NAME, "not_one_row", said);
        };
        let [value] = row.as_slice() else {
            let said = format!("found {} columns, wanted one with `{wanted}`", row.len());
            return Finding::broken(NAME, "not_one_column", said);
        };
        match value {
            // Null is not a text: it equals nothing, an empty text included.
            None => Finding::broken(NAME, "differs", format!("found null, wanted `{wanted}`")),
            Some(value) if *value == self.equals => {
                Finding::held(NAME, "equal", format!("answers `{wanted}`"))
            }
            Some(value) => {
                let said = format!("found `{}`, wanted `{wanted}`", shown(value));
                Finding::broken(NAME, "differs", said)
            }
        }
    }
}
