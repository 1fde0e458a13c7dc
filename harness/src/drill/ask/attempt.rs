//! One look within a transaction: it fails by itself, and leaves nothing to the next.

use std::time::Duration;

use pgrehearse_verdict::question::Table;

use crate::drill::QUERY_LIMIT;
use crate::rig::{Session, SqlTrouble};

/// How long one look at one thing may take; the server gives it up by itself a little earlier.
pub(super) const LOOK_LIMIT: Duration = Duration::from_secs(3600 + 60);
/// The same, as the server is told.
pub(super) const LOOK_LIMIT_SERVER: &str = "3600s";

pub(super) const KEEP: &str = "SAVEPOINT look";
pub(super) const UNDO: &str = "ROLLBACK TO SAVEPOINT look; RELEASE SAVEPOINT look";

/// What came of `sql`, and nothing of it left behind where `undone`, nor where it failed.
pub(super) async fn attempt(
    session: &mut dyn Session,
    sql: &str,
    undone: bool,
) -> Result<Result<Vec<Table>, String>, SqlTrouble> {
    session.query(KEEP, QUERY_LIMIT).await?;
    match session.query(sql, LOOK_LIMIT).await {
        Err(trouble) if trouble.lost => Err(trouble),
        found => {
            if undone || found.is_err() {
                session.query(UNDO, QUERY_LIMIT).await?;
            }
            Ok(found.map_err(|trouble| trouble.to_string()))
        }
    }
}

/// The first value of the last answer that has a row.
pub(super) fn first(tables: Vec<Table>) -> Option<String> {
    tables.into_iter().rfind(|table| !table.rows.is_empty())?.rows.swap_remove(0).swap_remove(0)
}

/// An answer of a server that is not of the form which was asked for.
pub(super) fn misshapen(said: &str) -> SqlTrouble {
    SqlTrouble { code: None, said: said.to_owned(), lost: false }
}
