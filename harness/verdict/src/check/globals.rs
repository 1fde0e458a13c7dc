//! Globals: roles, memberships, settings and databases of the whole cluster are as they were.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};

const NAME: &str = "globals";

/// What the definition of a database says that lets nobody in: it was closed, or its removal was
/// broken off.
const CLOSED: [&str; 2] = ["no connections", "connection limit -2"];
/// PostgreSQL's own spare copy, which is closed everywhere.
const SPARE: &str = "template0";

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
                let mut found =
                    difference::compare(case, NAME, "roles and settings", before, after);
                found.extend(unseen(after));
                found
            }
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// Databases that let nobody in, and so not us: no other check has looked into them.
fn unseen(after: &Table) -> impl Iterator<Item = Finding> + '_ {
    let cell = |row: &'_ [Option<String>], at: usize| row.get(at).cloned().flatten();
    after.rows.iter().filter_map(move |row| {
        let (class, name, definition) = (cell(row, 0)?, cell(row, 1)?, cell(row, 2)?);
        let closed = definition.split("; ").any(|part| CLOSED.contains(&part));
        (class == "database" && name != SPARE && closed).then(|| {
            let said = format!("`{name}` lets nobody connect: nothing in it was compared");
            Finding::unknown(NAME, "unseen_database", said).about(format!("database {name}"))
        })
    })
}
