//! What the planner knows of every table.

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::QUERY_LIMIT;
use crate::drill::ask::visit::Visit;
use crate::rig::SqlTrouble;

const STATISTICS: &str = include_str!("statistics.sql");

/// How many statistics there are of every table, of every index on expressions, and of every
/// statistics object.
pub(super) async fn statistics(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::STATISTICS);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = visited.one(STATISTICS, QUERY_LIMIT).await?;
        let named = found.rows.into_iter().map(|row| {
            std::iter::once(Some(database.clone())).chain(row).collect::<Vec<Option<String>>>()
        });
        table.rows.extend(named);
    }
    Ok(table)
}
