//! A whole database is dropped, whoever is connected to it.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::dropped_role::place;
use crate::disaster::table::cell;
use crate::disaster::transaction::position;
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::locate::{Dropped, File, Harm};
use crate::drill::{QUERY_LIMIT, Server, quote_ident, quote_literal};
use crate::rig::{SqlTrouble, Stage, Trouble};

/// How long the DROP may take: it makes a checkpoint and removes all files.
const DROP_LIMIT: Duration = Duration::from_secs(600);
/// The tablespace of the catalogues that all databases share.
const PG_GLOBAL: u32 = 1664;

/// Which database is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DroppedDatabase {
    /// The database.
    pub database: String,
}

impl DroppedDatabase {
    pub(crate) const SUMMARY: &'static str =
        "a database is dropped by mistake, with FORCE: whoever is connected is thrown out";
    pub(crate) const EXAMPLE: &'static str = "dropped_database: { database: shop }";

    fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("the disaster did nothing to database `{}`: {why}", self.database);
        Trouble::rig(RigCause::NotADrill, said)
    }

    /// Its OID, the file number of `pg_database`, and where its row lies there.
    async fn row(&self, source: &Server) -> Result<Option<Vec<String>>, SqlTrouble> {
        let asked = format!(
            "SELECT oid, pg_catalog.pg_relation_filenode('pg_catalog.pg_database'), ctid \
             FROM pg_catalog.pg_database WHERE datname = {}",
            quote_literal(&self.database)
        );
        let tables = source.connect("postgres").await?.query(&asked, QUERY_LIMIT).await?;
        let row = tables.last().and_then(|table| table.rows.first().cloned());
        Ok(row.map(|row| row.into_iter().flatten().collect()))
    }
}

#[async_trait]
impl Disaster for DroppedDatabase {
    fn nature(&self) -> Nature {
        Nature { writes_wal: true, leaves_wal: true, leaves_server: true, harms: vec![] }
    }

    fn text(&self) -> String {
        format!("drop database {}, whoever is connected to it", self.database)
    }

    async fn harm(&self, _stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let row = self.row(source).await.map_err(|error| self.undone(&error))?;
        let row = row.ok_or_else(|| self.undone(&"there is none of that name"))?;
        let read = match row.as_slice() {
            [oid, file, at] => oid.parse().ok().zip(file.parse().ok()).zip(place(at)),
            _ => None,
        };
        let ((oid, file), row) = read.ok_or_else(|| self.undone(&"its row has no place"))?;
        Ok(Some(Harm::Dropped(Dropped { oid, catalogue: File::new(PG_GLOBAL, 0, file), row })))
    }

    /// The command cannot be part of a transaction, so it is over when it is answered.
    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let undone = |error: SqlTrouble| self.undone(&error);
        let mut session = source.connect("postgres").await.map_err(undone)?;
        let began = position(&mut *session).await.map_err(undone)?;
        let drop = format!("DROP DATABASE {} WITH (FORCE)", quote_ident(&self.database));
        session.query(&drop, DROP_LIMIT).await.map_err(|error| match error.lost {
            // Whether it happened cannot be told here: that is for the witness.
            true => Trouble::subject(SubjectCause::Server, format!("the strike: {error}")),
            false => self.undone(&error),
        })?;
        let lsn = position(&mut *session).await.unwrap_or_default();
        Ok(Note { xid: None, began, lsn })
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let looking = |error: SqlTrouble| {
            let said = format!("looking for database `{}`: {error}", self.database);
            Trouble::subject(SubjectCause::Server, said)
        };
        let mut session = source.connect("postgres").await.map_err(looking)?;
        let asked = format!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_database WHERE datname = {}",
            quote_literal(&self.database)
        );
        match cell(&session.query(&asked, QUERY_LIMIT).await.map_err(looking)?) {
            Some("0") => Ok((format!("database `{}` is gone", self.database), true)),
            _ => Ok((format!("database `{}` is still there", self.database), false)),
        }
    }
}
