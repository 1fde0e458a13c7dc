//! A table is dropped by mistake.

use std::fmt;
use std::time::Duration;

use crate::disaster::{Disaster, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Stage, Trouble};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// Which table is dropped, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropTable {
    /// The table, as `schema.name`.
    pub table: TableName,
    /// The database it is in; left out, it is looked for in all of them and must be in just one.
    #[serde(default)]
    pub database: Option<String>,
    /// Whether what depends on the table goes with it.
    #[serde(default)]
    pub cascade: bool,
    /// How long the transaction stays open between the DROP and its COMMIT, at most 60 s, so
    /// that others commit while the harm is under way.
    #[serde(default)]
    pub hold: Hold,
}

/// The name of a table with its schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TableName {
    schema: String,
    name: String,
}

/// A length of time such as `200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Hold(Duration);

/// How long the DROP's transaction stays open where the scenario does not say: long enough for
/// a few transactions of the workload, so that every drill holds some of them.
const HOLD_USUAL: Duration = Duration::from_millis(200);
/// The longest a scenario can have it stay open: its lock would stall the workload.
const HOLD_MAX: Duration = Duration::from_secs(60);

impl Default for Hold {
    fn default() -> Hold {
        Hold(HOLD_USUAL)
    }
}

impl TryFrom<String> for Hold {
    type Error = String;

    fn try_from(text: String) -> Result<Hold, String> {
        let wrong = || format!("`{text}` is not a time from 0s to 60s such as `200ms`");
        let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        let span = Duration::try_from(span).map_err(|_| wrong())?;
        if span > HOLD_MAX { Err(wrong()) } else { Ok(Hold(span)) }
    }
}

impl From<Hold> for String {
    fn from(hold: Hold) -> String {
        format!("{}ms", hold.0.as_millis())
    }
}

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<TableName, String> {
        let plain = |part: &str| !part.is_empty() && !part.contains(['.', '"', '\0']);
        match text.split_once('.') {
            Some((schema, name)) if plain(schema) && plain(name) => {
                Ok(TableName { schema: schema.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("`{text}` is not a table with its schema such as `shop.orders`")),
        }
    }
}

impl From<TableName> for String {
    fn from(table: TableName) -> String {
        table.to_string()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl DropTable {
    pub(crate) const SUMMARY: &'static str =
        "a table is dropped by mistake, in a transaction that stays open for a moment";
    pub(crate) const EXAMPLE: &'static str = "drop_table: { table: shop.orders }";
}
#[async_trait]
impl Disaster for DropTable {
    fn nature(&self) -> Nature {
        Nature {
            writes_wal: true,
            leaves_wal: true,
            leaves_server: true,
            harms: vec![self.table.to_string()],
        }
    }
    fn text(&self) -> String {
        let cascade = if self.cascade { " with all that depends on it" } else { "" };
        format!("drop table {}{cascade}", self.table)
    }
    async fn harm(&self, _stage: &Stage, _source: &Server) -> Result<Option<Harm>, Trouble> {
        todo!()
    }
    async fn strike(&self, _stage: &Stage, _source: &Server) -> Result<Note, Trouble> {
        todo!()
    }
    async fn witness(&self, _stage: &Stage, _source: &Server) -> Result<(String, bool), Trouble> {
        todo!()
    }
}
