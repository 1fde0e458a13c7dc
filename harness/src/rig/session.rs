//! A connection to a server, as the drill sees it: text in, rows of text out.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::question::Table;

use crate::secret::Secret;

/// Who connects, and where to.
#[derive(Debug, Clone)]
pub struct Login {
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// The database.
    pub database: String,
    /// Settings of the session, sent in the startup packet.
    pub settings: Vec<(String, String)>,
}

/// Why a connection or a query failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{said}", code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default())]
pub struct SqlTrouble {
    /// The SQLSTATE, if the server answered.
    pub code: Option<String>,
    /// What was said: one line.
    pub said: String,
    /// Whether the connection is gone, or no answer came in time. What was sent may have
    /// happened.
    pub lost: bool,
}

/// Takes the messages of a COPY as they come; each is one row, with its line feed.
pub trait CopySink: Send {
    /// One row.
    fn row(&mut self, row: &[u8]);
}

/// An open connection. Dropping it closes it.
#[async_trait]
pub trait Session: Send {
    /// Sends `sql` by the simple protocol; one table for each of its statements, in order.
    async fn query(&mut self, sql: &str, limit: Duration) -> Result<Vec<Table>, SqlTrouble>;

    /// Runs `COPY … TO STDOUT` and gives each row to `sink`; the number of rows.
    async fn copy_out(
        &mut self,
        sql: &str,
        sink: Box<dyn CopySink>,
        limit: Duration,
    ) -> Result<(u64, Box<dyn CopySink>), SqlTrouble>;

    /// The notices and warnings since this was last asked, as (SQLSTATE, text).
    fn notices(&mut self) -> Vec<(String, String)>;
}
