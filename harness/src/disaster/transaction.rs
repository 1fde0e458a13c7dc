//! A harmful transaction: it stays open for a while, is committed, and says what it was.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use pgrehearse_verdict::lsn::Lsn;

use crate::disaster::Note;
use crate::disaster::table::cell;
use crate::drill::QUERY_LIMIT;
use crate::rig::{Session, SqlTrouble, Trouble};

/// How long the statements may take, waiting for the locks of the workload included.
const HARM_LIMIT: Duration = Duration::from_secs(600);

/// The transaction did not end well.
pub(super) enum Failed {
    /// Nothing was committed.
    Nothing(SqlTrouble),
    /// Whether it was committed cannot be told here: that is for the witness.
    Doubt(Trouble),
}

impl Failed {
    /// As a trouble, where `undone` says that nothing happened.
    pub(super) fn or_undone(self, undone: impl FnOnce(&SqlTrouble) -> Trouble) -> Trouble {
        match self {
            Failed::Nothing(error) => undone(&error),
            Failed::Doubt(trouble) => trouble,
        }
    }
}

/// Where the server writes WAL next.
pub(super) async fn position(session: &mut dyn Session) -> Result<Option<Lsn>, SqlTrouble> {
    let asked = "SELECT pg_catalog.pg_current_wal_insert_lsn()";
    let tables = session.query(asked, QUERY_LIMIT).await?;
    Ok(cell(&tables).and_then(|lsn| lsn.parse().ok()))
}

/// Runs `sql` in a transaction that stays open for `hold` before its COMMIT.
pub(super) async fn in_transaction(
    session: &mut dyn Session,
    sql: &str,
    hold: Duration,
) -> Result<Note, Failed> {
    let began = position(session).await.map_err(Failed::Nothing)?;
    let harm = format!(
        "BEGIN; {sql}\n; SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text"
    );
    let tables = session.query(&harm, HARM_LIMIT).await.map_err(Failed::Nothing)?;
    let xid = cell(&tables).and_then(|xid| xid.parse().ok());
    tokio::time::sleep(hold).await;
    session.query("COMMIT", QUERY_LIMIT).await.map_err(|error| match error.lost {
        true => {
            Failed::Doubt(Trouble::subject(SubjectCause::Server, format!("the strike: {error}")))
        }
        false => Failed::Nothing(error),
    })?;
    // It has happened: not to learn where is no reason to say that it has not.
    let lsn = position(session).await.unwrap_or_default();
    Ok(Note { xid, began, lsn })
}
