//! What is done with `pg_basebackup`: protect, back up, restore.

use async_trait::async_trait;
use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::{Backup, SubjectCause};

use crate::drill::Server;
use crate::engine::basebackup::archive::archive_command;
use crate::engine::basebackup::combine::combine;
use crate::engine::basebackup::protect::protect;
use crate::engine::basebackup::put::{Site, put, verify};
use crate::engine::basebackup::recovery::set_up;
use crate::engine::basebackup::shelf::Shelf;
use crate::engine::basebackup::take::take;
use crate::engine::ground::assert_empty;
use crate::engine::{
    Abilities, Archive, Ask, Course, Engine, PgBaseBackup, Restorer, RestoresFiles,
};
use crate::rig::{Command, Node, Place, Stage, Trouble};

#[async_trait]
impl Engine for PgBaseBackup {
    fn abilities(&self) -> Abilities {
        Abilities {
            backups: &["full", "incr"],
            targets: &["latest", "immediate", "before_disaster", "mark", "lsn", "time", "xid"],
            protection: Protection::Archive,
            standstill: false,
            newer_major: false,
            one_database: false,
        }
    }

    fn lacks(&self, kind: Option<&str>, major: u32) -> Option<String> {
        self.missing(kind, major)
    }

    fn settings(&self, node: &dyn Node) -> Vec<(String, String)> {
        let command = archive_command(&node.place(Place::Repository));
        // `archive_timeout` decides what can be lost: it is the user's, never set here.
        [("archive_mode", "on".to_owned()), ("archive_command", command)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    async fn protect(&self, stage: &Stage, source: &Server) -> Result<(), Trouble> {
        protect(stage, source).await
    }

    async fn backup(&self, stage: &Stage, source: &Server, ask: &Ask) -> Result<Backup, Trouble> {
        take(self, stage, source, ask).await
    }

    async fn version(&self, stage: &Stage, node: &dyn Node) -> Result<String, Trouble> {
        let argv = [node.tool("pg_basebackup"), "--version".to_owned()];
        let purpose = "ask pg_basebackup for its version";
        let output = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        Ok(output.trim().to_owned())
    }

    fn artifacts(&self) -> &'static str {
        "backups"
    }

    fn restorer(&self) -> Restorer<'_> {
        Restorer::Files(self)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(self)
    }

    fn remarks(&self) -> Vec<String> {
        self.costs()
    }
}

#[async_trait]
impl RestoresFiles for PgBaseBackup {
    async fn restore(
        &self,
        stage: &Stage,
        node: &dyn Node,
        course: &Course,
    ) -> Result<(), Trouble> {
        assert_empty(stage, node).await?;
        let shelf = Shelf::on(node);
        let label = match &course.backup {
            Some(label) => label.clone(),
            None => shelf.newest(stage).await?.ok_or_else(|| {
                let said = "the repository holds no backup that was finished";
                Trouble::subject(SubjectCause::Command, said)
            })?,
        };
        let site = Site { data: node.place(Place::Data), spaces: node.place(Place::Tablespaces) };
        match shelf.chain_of(stage, &label).await?.as_slice() {
            [only] => {
                put(self, stage, node, only, &site).await?;
                verify(self, stage, node, only, &site).await?;
            }
            chain => combine(self, stage, node, chain, &site).await?,
        }
        set_up(stage, node, course).await
    }
}
