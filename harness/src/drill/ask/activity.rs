//! What is at work on a server beside its own housekeeping.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, at_work, columns};
use tokio::time::Instant;

use crate::drill::QUERY_LIMIT;
use crate::drill::ask::visit::connect;
use crate::drill::digest::PINNED;
use crate::drill::workload::WRITER;
use crate::drill::{Server, quote_literal};
use crate::rig::SqlTrouble;

const ACTIVITY: &str = include_str!("activity.sql");
/// Where the role of the drill's writers stands in the query.
const WRITERS: &str = ":writer";
/// How long a session that was closed may take to be gone.
const LEAVING_LIMIT: Duration = Duration::from_secs(2);
/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is at work. A session that is leaving is not at work: while there is one that is not
/// ours, the server is looked at again for a while. The snapshot of a transaction would show the
/// same sessions each time; these looks have none.
pub(super) async fn activity(server: &Server) -> Result<Table, SqlTrouble> {
    let sql = ACTIVITY.replace(WRITERS, &quote_literal(WRITER));
    let mut session = connect(server, "postgres", PINNED).await?;
    let deadline = Instant::now() + LEAVING_LIMIT;
    loop {
        let found = session.query(&sql, QUERY_LIMIT).await?.pop().unwrap_or_default();
        let stranger = found.rows.iter().any(|row| row[0].as_deref() == Some(at_work::CLIENT));
        if !stranger || Instant::now() >= deadline {
            return Ok(Table { rows: found.rows, ..Table::new(columns::ACTIVITY) });
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
