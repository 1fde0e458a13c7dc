//! Runs the migration, and looks whether its tables are others than they were.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};

use crate::disaster::bad_migration::look::look;
use crate::disaster::table::{Named, relations};
use crate::disaster::transaction::in_transaction;
use crate::disaster::{BadMigration, Disaster, Nature, Note, OwnFile};
use crate::drill::locate::{File, Harm, Rows, Written};
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Command, Node, Place, Session, SqlTrouble, Stage, Trouble};

/// The files of statistics, which an analysis writes.
const STATISTICS: &str = "SELECT d.dattablespace, d.oid, pg_catalog.pg_relation_filenode(c.oid) \
     FROM pg_catalog.pg_class AS c, pg_catalog.pg_database AS d \
     WHERE d.datname = pg_catalog.current_database() AND c.oid IN \
     ('pg_catalog.pg_statistic'::pg_catalog.regclass, \
     'pg_catalog.pg_statistic_ext_data'::pg_catalog.regclass)";

impl BadMigration {
    fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("the migration {} did not do its harm: {why}", self.file);
        Trouble::rig(RigCause::NotADrill, said)
    }

    /// The database that it is run in, and a connection to it.
    async fn place(&self, source: &Server) -> Result<(String, Box<dyn Session>), Trouble> {
        if let Some(database) = &self.database {
            let session = source.connect(database).await.map_err(|error| self.undone(&error))?;
            return Ok((database.clone(), session));
        }
        let first = self.harms.first().ok_or_else(|| self.undone(&"it names no table"))?;
        Named { table: first, database: None }.place(source).await
    }

    /// What the tables are.
    async fn look(&self, session: &mut dyn Session) -> Result<Vec<String>, SqlTrouble> {
        let mut said = vec![];
        for table in &self.harms {
            said.push(look(session, table).await?);
        }
        Ok(said)
    }

    /// Where what the tables were before is kept until they are looked at again.
    fn kept(node: &dyn Node) -> String {
        format!("{}/bad-migration-before", node.place(Place::Scratch))
    }

    /// The database, and what the tables were before.
    async fn before(
        &self,
        stage: &Stage,
        node: &dyn Node,
    ) -> Result<(String, Vec<String>), Trouble> {
        let argv = ["cat", "--", &Self::kept(node)];
        let purpose = "read what the tables were before";
        let kept = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        serde_json::from_str(&kept).map_err(|error| self.undone(&error))
    }

    async fn sought(&self, session: &mut dyn Session) -> Result<Written, SqlTrouble> {
        let (mut rows, mut tables) = (BTreeMap::new(), BTreeSet::new());
        for table in &self.harms {
            for (oid, file) in relations(session, table).await? {
                tables.insert(oid);
                rows.extend(file.map(|file| (file, Rows::Any)));
            }
        }
        let answer = session.query(STATISTICS, QUERY_LIMIT).await?;
        let files = answer.last().map(|table| table.rows.as_slice()).unwrap_or_default();
        let number = |value: &Option<String>| value.as_deref()?.parse::<u32>().ok();
        let file = |row: &Vec<Option<String>>| match row.as_slice() {
            [space, database, file] => {
                Some(File::new(number(space)?, number(database)?, number(file)?))
            }
            _ => None,
        };
        let statistics = files.iter().filter_map(file).collect();
        let names: Vec<String> = self.harms.iter().map(|table| format!("`{table}`")).collect();
        let what = format!("table {}", names.join(" or "));
        Ok(Written { what, rows, least: 1, tables, statistics })
    }
}

#[async_trait]
impl Disaster for BadMigration {
    fn nature(&self) -> Nature {
        Nature {
            writes_wal: true,
            leaves_wal: true,
            leaves_server: true,
            harms: self.harms.iter().map(ToString::to_string).collect(),
        }
    }

    fn text(&self) -> String {
        let names: Vec<String> = self.harms.iter().map(ToString::to_string).collect();
        format!("run the migration {}, which ruins {}", self.file, names.join(", "))
    }

    fn own_file(&self) -> Option<&OwnFile> {
        Some(&self.file)
    }

    /// WAL names each row that is written and each table that is defined anew. Nobody else writes
    /// these tables while the drill goes on, so the first who does is the migration. What the
    /// tables are before is kept for comparison.
    async fn harm(&self, stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let (database, mut session) = self.place(source).await?;
        let sought = self.sought(&mut *session).await.map_err(|error| self.undone(&error))?;
        let said = self.look(&mut *session).await.map_err(|error| self.undone(&error))?;
        let kept = serde_json::json!([database, said]).to_string();
        source.node.write(&Self::kept(&*source.node), kept.as_bytes(), 0o600).await?;
        for (table, said) in self.harms.iter().zip(&said) {
            stage.remark(format!("before the migration, table `{table}` is {said}"))?;
        }
        Ok(Some(Harm::Written(sought)))
    }

    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let (_, mut session) = self.place(source).await?;
        let sql = self.file.text().ok_or_else(|| self.undone(&"its file was not read"))?;
        let struck = in_transaction(&mut *session, sql, self.hold.0).await;
        struck.map_err(|failed| failed.or_undone(|error| self.undone(error)))
    }

    /// A table that is what it was before has not been harmed: then the scenario names the wrong
    /// ones, and there is nothing to bring back.
    async fn witness(&self, stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let looking = |error: SqlTrouble| {
            let said = format!("looking at what the migration did: {error}");
            Trouble::subject(SubjectCause::Server, said)
        };
        let (database, before) = self.before(stage, &*source.node).await?;
        let mut session = source.connect(&database).await.map_err(looking)?;
        let now = self.look(&mut *session).await.map_err(looking)?;
        let mut said = vec![];
        for ((table, before), now) in self.harms.iter().zip(&before).zip(&now) {
            if before == now {
                return Ok((format!("table `{table}` is what it was: {now}"), false));
            }
            said.push(format!("table `{table}` is now {now}"));
        }
        let all = !said.is_empty() && said.len() == self.harms.len();
        Ok((said.join("; "), all))
    }
}
