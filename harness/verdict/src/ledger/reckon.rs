//! From a case to what became of every transaction: shared by the check and by the objectives,
//! so that they cannot disagree.

use crate::brief::Protection;
use crate::case::{Case, Known};
use crate::journal::Scope;
use crate::ledger::{Boundary, Content, Inspection, Ledger, LedgerError, Tally, classify, inspect};
use crate::question::{Moment, Question, Table, columns};

/// What became of every transaction in one recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoning<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// Where the recovery ended.
    pub boundary: Boundary,
    /// What was found in the tables.
    pub inspection: Inspection,
    /// What that means.
    pub tally: Tally,
}

/// Why nothing can be reckoned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreckoned {
    /// The ledger cannot be believed.
    #[error("{0}")]
    Damaged(#[from] LedgerError),
    /// Something was not asked, not answered, or its answer is lost.
    #[error("{0}")]
    Unanswered(String),
    /// The recovered server cannot read its own tables.
    #[error("{0}")]
    Unreadable(String),
}

/// SQLSTATEs that say that there is no such table, schema or database: a result, not an error.
const NOT_THERE: [&str; 3] = ["42P01", "3F000", "3D000"];
/// SQLSTATEs (or their class) that say that the server cannot read what it has.
const UNREADABLE: [&str; 2] = ["XX", "58P01"];

/// Reckons what became of every transaction of the ledger in the recovery of `case`.
pub fn reckon<'a>(case: &Case<'a>) -> Result<Reckoning<'a>, Unreckoned> {
    let ledger = case.record.ledger.as_ref().map_err(Clone::clone)?;
    let boundary = boundary(case)?;
    let content = Content {
        transactions: found(case, Question::LedgerTransactions, columns::LEDGER_TX)?,
        entries: found(case, Question::LedgerEntries, columns::LEDGER_ENTRY)?,
        accounts: found(case, Question::LedgerAccounts, columns::LEDGER_ACCOUNT)?,
    };
    let inspection = inspect(ledger, &content);
    let tally = classify(ledger, &boundary, &inspection);
    Ok(Reckoning { ledger, boundary, inspection, tally })
}

fn boundary(case: &Case<'_>) -> Result<Boundary, Unreckoned> {
    let recoveries = &case.brief().recoveries;
    let recovery = match case.scope {
        Scope::Source => None,
        Scope::Recovery(number) => number.checked_sub(1).and_then(|at| recoveries.get(at as usize)),
        // A twin repeats the last recovery with a spoiled copy.
        Scope::Control(_) => recoveries.last(),
    };
    let Some(recovery) = recovery else {
        return Err(Unreckoned::Unanswered("the brief knows no such recovery".to_owned()));
    };
    Ok(Boundary {
        at: case.boundary(),
        // What lies before the end of a living database must be there, promised or not.
        chosen: recovery.chosen || case.salvage().is_some(),
        wal_prefix: match case.brief().protection {
            Protection::Archive => true,
            Protection::Snapshots => false,
        },
        safe: case.promise().and_then(|promise| promise.safe),
        struck_ns: case.struck_ns(),
        snapshot: match case.brief().protection {
            Protection::Archive => None,
            Protection::Snapshots => case.aim().and_then(|aim| aim.snapshot),
        },
        commits: case.commits(),
    })
}

fn found(case: &Case<'_>, question: Question, names: &[&str]) -> Result<Table, Unreckoned> {
    let unanswered = |why: String| Unreckoned::Unanswered(format!("{question}: {why}"));
    match case.answer(&Moment::Recovered, &question) {
        Known::Rows(table) if table.columns == names => Ok(table.clone()),
        Known::Rows(table) => {
            let (found, wanted) = (table.columns.join(", "), names.join(", "));
            Err(unanswered(format!("the columns are `{found}`, wanted `{wanted}`")))
        }
        Known::Refused(said) if NOT_THERE.iter().any(|code| said.starts_with(code)) => {
            Ok(Table::new(names))
        }
        Known::Refused(said) if UNREADABLE.iter().any(|code| said.starts_with(code)) => {
            Err(Unreckoned::Unreadable(format!("{question}: {said}")))
        }
        Known::Refused(said) => Err(unanswered(said.to_owned())),
        Known::Lost => Err(unanswered("the stored answer is missing or altered".to_owned())),
        Known::NeverAsked => Err(unanswered("never asked".to_owned())),
    }
}
