//! Drops the table, and looks whether it is gone.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::Table;

use crate::disaster::{Disaster, DropTable, Nature, Note};
use crate::drill::locate::Harm;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Session, SqlTrouble, Stage, Trouble};

/// How long the DROP may wait for the locks of the workload.
const DROP_LIMIT: Duration = Duration::from_secs(120);
/// The SQLSTATE of a DROP that other objects stand against.
const DEPENDED_ON: &str = "2BP01";
/// Databases that are looked through for the table.
const DATABASES_MAX: usize = 1000;
/// The databases that the table could be in.
const DATABASES: &str = "SELECT datname FROM pg_catalog.pg_database \
     WHERE datallowconn AND NOT datistemplate ORDER BY datname";

impl DropTable {
    /// The table as SQL names it.
    fn quoted(&self) -> String {
        self.table.quoted()
    }

    /// A connection to each database that has the table, and the database's name.
    async fn places(&self, source: &Server) -> Result<Vec<(String, Box<dyn Session>)>, SqlTrouble> {
        let databases = match &self.database {
            Some(database) => vec![database.clone()],
            None => {
                let mut session = source.connect("postgres").await?;
                let tables = session.query(DATABASES, QUERY_LIMIT).await?;
                let rows = tables.into_iter().next().unwrap_or_default().rows;
                rows.into_iter().filter_map(|row| row.into_iter().next()?).collect()
            }
        };
        // To have looked nowhere must not pass for having found nothing.
        if databases.is_empty() || databases.len() > DATABASES_MAX {
            let count = databases.len();
            let said = format!("{count} databases to look through, wanted 1 to {DATABASES_MAX}");
            return Err(SqlTrouble { code: None, said, lost: false });
        }
        let asked = format!("SELECT pg_catalog.to_regclass({}) IS NOT NULL", text(&self.quoted()));
        let mut places = vec![];
        for database in databases {
            let mut session = source.connect(&database).await?;
            match cell(&session.query(&asked, QUERY_LIMIT).await?) {
                Some("t") => places.push((database, session)),
                Some("f") => {}
                other => {
                    let said = format!("`{database}` was asked for the table and said {other:?}");
                    return Err(SqlTrouble { code: None, said, lost: false });
                }
            }
        }
        Ok(places)
    }

    /// The one database that has the table.
    pub(in crate::disaster) async fn place(
        &self,
        source: &Server,
    ) -> Result<(String, Box<dyn Session>), Trouble> {
        let mut places = self.places(source).await.map_err(|error| self.undone(&error))?;
        match (places.pop(), places.pop()) {
            (Some(place), None) => Ok(place),
            (None, _) => Err(self.undone(&"no database has it")),
            (Some((one, _)), Some((other, _))) => {
                let said = format!("it is in `{other}` and in `{one}`, and no database was named");
                Err(self.undone(&said))
            }
        }
    }

    fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("the disaster did nothing to table `{}`: {why}", self.table);
        Trouble::rig(RigCause::NotADrill, said)
    }
}

/// The files of the table or, for a partitioned one, of one of its partitions: they go in the
/// same transaction. Parents have no file.
fn files(quoted: &str) -> String {
    format!(
        "SELECT CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END, \
         d.oid, pg_catalog.pg_relation_filenode(c.oid) \
         FROM (SELECT {0}::pg_catalog.regclass AS oid \
         UNION SELECT relid FROM pg_catalog.pg_partition_tree({0}::pg_catalog.regclass)) AS t \
         JOIN pg_catalog.pg_class AS c ON c.oid = t.oid AND c.relkind = 'r' \
         JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database() \
         WHERE pg_catalog.pg_relation_filenode(c.oid) IS NOT NULL ORDER BY c.oid LIMIT 1",
        text(quoted)
    )
}

/// A text as SQL writes it; `standard_conforming_strings` is on, as it is since 9.1.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// The first value of the last statement's answer.
fn cell(tables: &[Table]) -> Option<&str> {
    tables.last()?.rows.first()?.first()?.as_deref()
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

    async fn harm(&self, _stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let (_, mut session) = self.place(source).await?;
        let tables = session
            .query(&files(&self.quoted()), QUERY_LIMIT)
            .await
            .map_err(|error| self.undone(&error))?;
        let numbers = tables.last().and_then(|table| table.rows.first()).map(|row| {
            row.iter().map(|value| value.as_deref()?.parse().ok()).collect::<Option<Vec<u32>>>()
        });
        match numbers.flatten().as_deref() {
            Some(&[tablespace, database, filenode]) => {
                Ok(Some(Harm::Relation { tablespace, database, filenode }))
            }
            _ => Err(self.undone(&"it has no file of its own, so that WAL would not name it")),
        }
    }

    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let (_, mut session) = self.place(source).await?;
        let cascade = if self.cascade { " CASCADE" } else { "" };
        let drop = format!(
            "BEGIN; DROP TABLE {}{cascade}; \
             SELECT pg_catalog.pg_current_xact_id()::pg_catalog.text",
            self.quoted()
        );
        let tables = session.query(&drop, DROP_LIMIT).await.map_err(|error| {
            let hint = match error.code.as_deref() {
                Some(DEPENDED_ON) => "\nhint: without `cascade: false` what depends on it goes too",
                _ => "",
            };
            self.undone(&format!("{error}{hint}"))
        })?;
        let xid = cell(&tables).and_then(|xid| xid.parse().ok());
        tokio::time::sleep(self.hold.0).await;
        session.query("COMMIT", QUERY_LIMIT).await.map_err(|error| match error.lost {
            // Whether it happened cannot be told here: that is for the witness.
            true => Trouble::subject(SubjectCause::Server, format!("the strike: {error}")),
            false => self.undone(&error),
        })?;
        // The drop has happened: not to learn where is no reason to say that it has not.
        let asked = "SELECT pg_catalog.pg_current_wal_insert_lsn()";
        let tables = session.query(asked, QUERY_LIMIT).await.unwrap_or_default();
        let lsn = cell(&tables).and_then(|lsn| lsn.parse::<Lsn>().ok());
        Ok(Note { xid, lsn })
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let places = self.places(source).await.map_err(|error| {
            let said = format!("looking for table `{}`: {error}", self.table);
            Trouble::subject(SubjectCause::Server, said)
        })?;
        let said = match places.first() {
            None => format!("table `{}` is gone", self.table),
            Some((database, _)) => {
                format!("table `{}` is still in database `{database}`", self.table)
            }
        };
        Ok((said, places.is_empty()))
    }
}
