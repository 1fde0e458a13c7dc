//! Whether the rows of each table can be what they say they are.
//!
//! A page may have the right checksum and hold rows of a transaction that is older than the table
//! admits, or still to come: a file of another moment, or a number that was set back. They are read
//! as if nothing were amiss, and VACUUM stops at them, or takes them away.

use pgrehearse_verdict::question::{Table, looked};

use crate::drill::ask::attempt::attempt;
use crate::drill::ask::indexes::{Heap, Line};
use crate::drill::quote_literal;
use crate::rig::{Session, SqlTrouble};

/// Damages of one table that are repeated.
const DAMAGES_MAX: usize = 3;
/// What is said of a table that was not the same at two looks.
const GONE: &str = "something was amiss at the first look, and nothing at the second";

/// Walks every table by `verify_heapam`, whose call is begun by `call`: all at once, and those in
/// which something is amiss, or all if that fails, one by one.
pub(super) async fn heaps(
    session: &mut dyn Session,
    tables: &[Heap],
    call: &Result<String, String>,
    lines: &mut Vec<Line>,
) -> Result<(), SqlTrouble> {
    let call = match call {
        Ok(call) => call,
        Err(said) => {
            let untried = |it: &Heap| (it.identity.clone(), looked::HEAP, Some(said.clone()));
            lines.extend(tables.iter().map(untried));
            return Ok(());
        }
    };
    let oids: Vec<&str> = tables.iter().map(|it| it.oid.as_str()).collect();
    let sql = format!(
        "SELECT o::text FROM pg_catalog.unnest({}::oid[]) AS o
         WHERE EXISTS (SELECT FROM {call}(o::regclass, check_toast => true))",
        quote_literal(&format!("{{{}}}", oids.join(",")))
    );
    let amiss = attempt(session, &sql, true).await?.ok();
    for Heap { oid, identity } in tables {
        let said = match &amiss {
            Some(amiss) if !names(amiss, oid) => None,
            _ => {
                let sql = format!(
                    "SELECT count(*) OVER (), format('block %s: %s', blkno, msg)
                     FROM {call}({oid}::regclass, check_toast => true) LIMIT {DAMAGES_MAX}"
                );
                let said = attempt(session, &sql, true).await?.map_or_else(Some, damages);
                // What was amiss is not well because a second look does not see it.
                said.or_else(|| amiss.is_some().then(|| GONE.to_owned()))
            }
        };
        lines.push((identity.clone(), looked::HEAP, said));
    }
    Ok(())
}

/// Whether the number of this table is among those that were answered.
fn names(amiss: &[Table], oid: &str) -> bool {
    let mut rows = amiss.iter().flat_map(|table| &table.rows);
    rows.any(|row| row.first().is_some_and(|it| it.as_deref() == Some(oid)))
}

fn damages(tables: Vec<Table>) -> Option<String> {
    let rows: Vec<_> = tables.into_iter().flat_map(|table| table.rows).collect();
    let count = rows.first()?.first()?.clone().unwrap_or_default();
    let shown: Vec<String> = rows.into_iter().filter_map(|mut row| row.pop()?).collect();
    Some(format!("{}: {count} damages, {}", looked::DAMAGED, shown.join("; ")))
}
