//! The tables of our own, looked for in every database: the ledger's and the probe's.

use std::time::Duration;

use pgrehearse_verdict::question::Table;

use crate::drill::ask::visit::Visit;
use crate::drill::{QUERY_LIMIT, quote_ident, quote_literal};
use crate::rig::SqlTrouble;

/// How long one table of the ledger may take.
const READ_LIMIT: Duration = Duration::from_secs(600);

/// The `columns` of `schema.table` in whichever database has it, in no order. A table that is
/// nowhere holds nothing, which is an answer: losing all of it is the greatest loss there is. A
/// table that is there and cannot be read is none.
pub(super) async fn rows(
    visit: &mut Visit,
    schema: &str,
    table: &str,
    columns: &[&str],
) -> Result<Table, SqlTrouble> {
    let (schema, table) = (quote_ident(schema), quote_ident(table));
    let name = quote_literal(&format!("{schema}.{table}"));
    let list: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    let there = format!("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
    let read = format!("SELECT {} FROM {schema}.{table}", list.join(", "));
    let mut all = Table::new(columns);
    for visited in &mut visit.databases {
        if visited.one(&there, QUERY_LIMIT).await?.rows == [[Some("t".to_owned())]] {
            all.rows.extend(visited.one(&read, READ_LIMIT).await?.rows);
        }
    }
    Ok(all)
}
