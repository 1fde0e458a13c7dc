//! All rows of a table are deleted: somebody forgot the WHERE.

use std::collections::BTreeMap;

use async_trait::async_trait;
use pgrehearse_verdict::journal::SubjectCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::table::{Hold, Named, TableName, cell, relations};
use crate::disaster::transaction::in_transaction;
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::locate::{Harm, Rows, Written};
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Session, SqlTrouble, Stage, Trouble};

/// The SQLSTATE of a DELETE of rows that others refer to.
const REFERRED_TO: &str = "23503";

/// Which table loses its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteRows {
    /// The table, as `schema.name`.
    pub table: TableName,
    /// The database it is in; left out, it is looked for in all of them and must be in just one.
    #[serde(default)]
    pub database: Option<String>,
    /// How long the transaction stays open between the DELETE and its COMMIT, at most 60 s, so
    /// that others commit while the harm is under way.
    #[serde(default)]
    pub hold: Hold,
}

impl DeleteRows {
    pub(crate) const SUMMARY: &'static str =
        "all rows of a table are deleted by mistake: the DELETE had no WHERE";
    pub(crate) const EXAMPLE: &'static str = "delete_rows: { table: shop.readings }";

    fn named(&self) -> Named<'_> {
        Named { table: &self.table, database: self.database.as_ref() }
    }

    /// How many rows the table has.
    async fn count(&self, session: &mut dyn Session) -> Result<u64, SqlTrouble> {
        let asked = format!("SELECT pg_catalog.count(*) FROM {}", self.table.quoted());
        let tables = session.query(&asked, QUERY_LIMIT).await?;
        let count = cell(&tables).and_then(|count| count.parse().ok());
        count.ok_or_else(|| SqlTrouble {
            code: None,
            said: "the server did not say how many rows it has".to_owned(),
            lost: false,
        })
    }
}

#[async_trait]
impl Disaster for DeleteRows {
    fn nature(&self) -> Nature {
        Nature {
            writes_wal: true,
            leaves_wal: true,
            leaves_server: true,
            harms: vec![self.table.to_string()],
        }
    }

    fn text(&self) -> String {
        format!("delete all rows of {}", self.table)
    }

    /// WAL names each row that goes. Half of those the table has now is more than anyone deletes
    /// in one transaction on purpose while the drill goes on.
    async fn harm(&self, _stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let named = self.named();
        let (_, mut session) = named.place(source).await?;
        let found = relations(&mut *session, &self.table).await;
        let found = found.map_err(|error| named.undone(&error))?;
        let count = self.count(&mut *session).await.map_err(|error| named.undone(&error))?;
        if count == 0 {
            return Err(named.undone(&"it has no rows"));
        }
        let files = found.into_iter().filter_map(|(_, file)| file);
        let rows: BTreeMap<_, _> = files.map(|file| (file, Rows::Deleted)).collect();
        if rows.is_empty() {
            return Err(named.undone(&"it has no file of its own, so that WAL would not name it"));
        }
        let what = format!("the rows of table `{}`", self.table);
        let least = count.div_ceil(2);
        Ok(Some(Harm::Written(Written { what, rows, least, ..Written::default() })))
    }

    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let named = self.named();
        let (_, mut session) = named.place(source).await?;
        let delete = format!("DELETE FROM {}", self.table.quoted());
        let undone = |error: &SqlTrouble| {
            let hint = match error.code.as_deref() {
                Some(REFERRED_TO) => "\nhint: name a table that no other refers to",
                _ => "",
            };
            named.undone(&format!("{error}{hint}"))
        };
        let struck = in_transaction(&mut *session, &delete, self.hold.0).await;
        struck.map_err(|failed| failed.or_undone(undone))
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let (_, mut session) = self.named().place(source).await?;
        let count = self.count(&mut *session).await.map_err(|error| {
            let said = format!("counting the rows of table `{}`: {error}", self.table);
            Trouble::subject(SubjectCause::Server, said)
        })?;
        Ok((format!("table `{}` has {count} rows", self.table), count == 0))
    }
}
