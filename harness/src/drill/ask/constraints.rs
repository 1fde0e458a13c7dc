//! How many rows breach each constraint.
//!
//! What the server believes of its constraints is not asked: every row is read and every key is
//! sorted or looked for anew, with all indexes out of the way. All that belongs to one table and
//! can be told row by row is told by one reading of it.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::ask::attempt::attempt;
use crate::drill::ask::visit::Visit;
use crate::drill::{QUERY_LIMIT, quote_ident};
use crate::rig::{Session, SqlTrouble};

const ROWS: &str = include_str!("constraints/rows.sql");
const NESTED: &str = include_str!("constraints/nested.sql");
/// Every statement here answers (kind, name, schema, query).
const QUERIES: &[&str] =
    &[include_str!("constraints/keys.sql"), include_str!("constraints/references.sql")];

/// How long the catalogues may take to say what there is.
const LIST_LIMIT: Duration = Duration::from_secs(300);
/// What is asked of one table at once: a query has no more than 1664 columns.
const CONDITIONS_MAX: usize = 500;
/// The catalogues are large, and their indexes are what the server itself lives by.
pub(super) const BY_INDEX: &str =
    "SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on";
/// Only the tables themselves are read, and nothing about them is believed. The server gives up
/// a little before we do, so that the session lives on.
pub(super) const IN_ORDER: &str = "SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_seqscan = on; SET LOCAL constraint_exclusion = off;
SET LOCAL enable_partition_pruning = off; SET LOCAL max_parallel_workers_per_gather = 0;
SET LOCAL statement_timeout = '3600s'";
/// By these a server says that a value breaches a domain.
const BREACHED: &[&str] = &["23514: ", "23502: "];

/// (kind, name, breaches, why not).
type Outcome = [Option<String>; 4];

/// How many rows breach each constraint of every database.
pub(super) async fn constraints(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::CONSTRAINTS);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = outcomes(visited.before().await?).await;
        table.rows.extend(visited.after(found).await?.into_iter().map(|outcome| {
            std::iter::once(Some(database.clone())).chain(outcome).collect::<Vec<_>>()
        }));
    }
    Ok(table)
}

async fn outcomes(session: &mut dyn Session) -> Result<Vec<Outcome>, SqlTrouble> {
    session.query(BY_INDEX, QUERY_LIMIT).await?;
    let rows = listed::<5>(session, ROWS).await?;
    let nested = listed::<4>(session, NESTED).await?;
    let mut queries = vec![];
    for list in QUERIES {
        queries.extend(listed::<4>(session, list).await?);
    }
    session.query(IN_ORDER, QUERY_LIMIT).await?;
    let mut outcomes = vec![];
    for of_table in rows.chunk_by(|one, next| one[3] == next[3]) {
        for some in of_table.chunks(CONDITIONS_MAX) {
            by_row(session, some, &mut outcomes).await?;
        }
    }
    for [kind, name, schema, query] in nested {
        let (breaches, said) = match evaluate(session, &schema, &query).await? {
            Ok(_) => (Some("0".to_owned()), None),
            // The first one that is found ends the reading: there may be more.
            Err(said) if BREACHED.iter().any(|state| said.starts_with(state)) => {
                (Some("1".to_owned()), None)
            }
            Err(said) => (None, Some(said)),
        };
        outcomes.push([Some(kind), Some(name), breaches, said]);
    }
    for [kind, name, schema, query] in queries {
        let (breaches, said) = match evaluate(session, &schema, &query).await? {
            Ok(row) => match row.into_iter().next().flatten() {
                Some(breaches) => (Some(breaches), None),
                None => (None, Some("too many rows to hold each against each".to_owned())),
            },
            Err(said) => (None, Some(said)),
        };
        outcomes.push([Some(kind), Some(name), breaches, said]);
    }
    Ok(outcomes)
}

/// The lines of a list, none of whose values is null.
pub(super) async fn listed<const WIDE: usize>(
    session: &mut dyn Session,
    sql: &str,
) -> Result<Vec<[String; WIDE]>, SqlTrouble> {
    let tables = session.query(sql, LIST_LIMIT).await?;
    let whole = |row: Vec<Option<String>>| {
        let values: Option<Vec<String>> = row.into_iter().collect();
        values.and_then(|values| values.try_into().ok()).ok_or_else(|| SqlTrouble {
            code: None,
            said: "a list of the catalogues did not come as it was asked for".to_owned(),
            lost: false,
        })
    };
    tables.into_iter().flat_map(|table| table.rows).map(whole).collect()
}

/// One reading of a table for all that its rows must satisfy. Where one of the conditions fails,
/// each is asked by itself.
async fn by_row(
    session: &mut dyn Session,
    conditions: &[[String; 5]],
    outcomes: &mut Vec<Outcome>,
) -> Result<(), SqlTrouble> {
    let Some([_, _, schema, table, _]) = conditions.first() else { return Ok(()) };
    let counts = |conditions: &[[String; 5]]| {
        let count = |line: &[String; 5]| format!("count(*) FILTER (WHERE {})", line[4]);
        let counts: Vec<String> = conditions.iter().map(count).collect();
        format!("SELECT {} FROM ONLY {table}", counts.join(", "))
    };
    let line = |of: &[String; 5], breaches, said| {
        [Some(of[0].clone()), Some(of[1].clone()), breaches, said]
    };
    if let Ok(row) = evaluate(session, schema, &counts(conditions)).await?
        && row.len() == conditions.len()
    {
        outcomes.extend(conditions.iter().zip(row).map(|(of, count)| line(of, count, None)));
        return Ok(());
    }
    for of in conditions {
        let one = counts(std::slice::from_ref(of));
        outcomes.push(match evaluate(session, schema, &one).await? {
            Ok(row) => line(of, row.into_iter().next().flatten(), None),
            Err(said) => line(of, None, Some(said)),
        });
    }
    Ok(())
}

/// The first row of a query, or why there is none. A function that is called for may rely on
/// names that are found where its table is; it is given a second try.
async fn evaluate(
    session: &mut dyn Session,
    schema: &str,
    query: &str,
) -> Result<Result<Vec<Option<String>>, String>, SqlTrouble> {
    let mut found = attempt(session, query, true).await?;
    // A name that is not there: 42P01, 42883, 42703, 42704, 3F000.
    if found.as_ref().is_err_and(|said| said.starts_with("42") || said.starts_with("3F")) {
        let path = format!("SET LOCAL search_path = {}, public; ", quote_ident(schema));
        found = attempt(session, &(path + query), true).await?;
    }
    Ok(found.map(|tables| {
        let answered = tables.into_iter().rfind(|table| !table.rows.is_empty());
        answered.map(|mut table| table.rows.swap_remove(0)).unwrap_or_default()
    }))
}
