//! What the catalogues say: the inventory of each database, what belongs to the cluster, and what
//! the server goes by.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::ask::keys::Keys;
use crate::drill::ask::visit::{Visit, Visited, connect};
use crate::drill::{Asker, Server};
use crate::rig::SqlTrouble;

/// How long one file of catalogue queries may take.
const CATALOGUE_LIMIT: Duration = Duration::from_secs(300);
/// The catalogues are large and their indexes are what the server itself lives by.
const BY_INDEX: &str = "SET LOCAL enable_indexscan = on; SET LOCAL enable_bitmapscan = on;";

/// Every statement here answers (class, identity, definition, secret).
const INVENTORY: &[&str] = &[
    include_str!("inventory/columns.sql"),
    include_str!("inventory/common.sql"),
    include_str!("inventory/guards.sql"),
    include_str!("inventory/operators.sql"),
    include_str!("inventory/outside.sql"),
    include_str!("inventory/privileges.sql"),
    include_str!("inventory/relations.sql"),
    include_str!("inventory/routines.sql"),
    include_str!("inventory/search.sql"),
    include_str!("inventory/system.sql"),
    include_str!("inventory/types.sql"),
];
/// The catalogues themselves, row for row.
const NUMBERS: &str = include_str!("inventory/catalogues.sql");
const GLOBALS: &str = include_str!("globals.sql");
const CONFIGURATION: &str = include_str!("configuration.sql");

/// Every object of every database.
pub(super) async fn inventory(visit: &mut Visit, asker: &Asker) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::INVENTORY);
    let numbers = asker.numbers.then_some(&NUMBERS);
    for visited in &mut visit.databases {
        let mut rows = vec![];
        for sql in INVENTORY.iter().chain(numbers) {
            rows.extend(lines(visited, sql, &asker.keys).await?);
        }
        rows.sort();
        let named = rows.into_iter().map(|row| {
            let database = Some(visited.name.clone());
            std::iter::once(database).chain(row.into_iter().map(Some)).collect()
        });
        table.rows.extend(named);
    }
    Ok(table)
}

/// Everything that belongs to the whole cluster.
pub(super) async fn globals(visit: &mut Visit, keys: &Keys) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::GLOBALS);
    let mut rows = lines(visit.shared(), GLOBALS, keys).await?;
    rows.sort();
    table.rows.extend(rows.into_iter().map(|row| row.into_iter().map(Some).collect()));
    Ok(table)
}

/// What the server goes by: its settings, its files, and who gets in. Asked in a session of its
/// own, without the settings that the others are given.
pub(super) async fn configuration(server: &Server, keys: &Keys) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::CONFIGURATION);
    let mut session = connect(server, "postgres", &[]).await?;
    let tables = session.query(CONFIGURATION, CATALOGUE_LIMIT).await?;
    let mut rows = veiled(tables, keys)?;
    rows.sort();
    table.rows.extend(rows.into_iter().map(|row| row.into_iter().map(Some).collect()));
    Ok(table)
}

/// The lines of all statements of `sql`.
async fn lines(
    visited: &mut Visited,
    sql: &str,
    keys: &Keys,
) -> Result<Vec<[String; 3]>, SqlTrouble> {
    veiled(visited.query(&format!("{BY_INDEX}{sql}"), CATALOGUE_LIMIT).await?, keys)
}

/// The lines of all tables. A secret is replaced here and goes no further.
fn veiled(tables: Vec<Table>, keys: &Keys) -> Result<Vec<[String; 3]>, SqlTrouble> {
    let mut lines = vec![];
    for row in tables.into_iter().flat_map(|table| table.rows) {
        let [Some(class), Some(identity), Some(definition), secret] = <[_; 4]>::try_from(row)
            .map_err(|row: Vec<_>| misshapen(format!("{} columns, want 4", row.len())))?
        else {
            return Err(misshapen("a null".to_owned()));
        };
        let definition = match secret {
            Some(secret) => {
                let what = format!("{class} {identity}");
                format!("{definition}; hmac {}", keys.hmac(&what, &secret))
            }
            // Nothing to say but that it is there.
            None if definition.is_empty() => "there".to_owned(),
            None => definition,
        };
        lines.push([class, identity, definition]);
    }
    Ok(lines)
}

fn misshapen(found: String) -> SqlTrouble {
    let said = format!("a line of the catalogues has {found}");
    SqlTrouble { code: None, said, lost: false }
}
