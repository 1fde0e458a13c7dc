//! The engines: what backs up and restores. One file an engine, one line here.

pub(crate) mod basebackup;
mod client;
mod course;
mod dump;
mod dumpall;
mod ground;
mod pgbackrest;
mod quoting;

pub use basebackup::{Checkpoint, Compression, Digest, Format, PgBaseBackup, Side};
pub(crate) use client::{ANALYZE, Client, by_name, databases};
pub use course::{Arrival, Course, Target};
pub use dump::{DumpCompression, DumpFormat, PgDump};
pub use dumpall::PgDumpAll;
pub use pgbackrest::{Cipher, Compress, PgBackRest};

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::{Backup, RigCause};
use pgrehearse_verdict::lsn::Segment;

use crate::catalog::catalogue;
use crate::drill::Server;
use crate::rig::{Node, Stage, Trouble};
use crate::secret::Secret;

/// What an engine can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// The kinds of backup it takes; `full` stands by itself, the others build on one.
    pub backups: &'static [&'static str],
    /// The targets it can recover to: the names of a scenario's `to:`.
    pub targets: &'static [&'static str],
    /// How commits reach safety under it.
    pub protection: Protection,
    /// Whether a backup has to be taken while no commit is on its way, since the tool has no other
    /// way to see one moment in everything it reads.
    pub standstill: bool,
    /// Whether it can recover to a newer major version than it was taken from.
    pub newer_major: bool,
    /// Whether it can make one database anew, on a server that has others.
    pub one_database: bool,
}

/// A backup that is asked for.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// One of [`Abilities::backups`].
    pub kind: String,
    /// Its number in the drill, from 1.
    pub number: u32,
    /// The passwords of the fixture's roles, for backups that are taken as one of them.
    pub passwords: BTreeMap<String, Secret>,
}

/// The behaviour of an engine. All commands run on nodes, as lists of arguments.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// What it cannot do with a server of this major version, if anything: of its settings
    /// (`None`), or for a kind of backup. A scenario that asks for it is refused.
    fn lacks(&self, _kind: Option<&str>, _major: u32) -> Option<String> {
        None
    }

    /// Settings that the protected server needs, as (name, value); `node` is where it runs.
    fn settings(&self, node: &dyn Node) -> Vec<(String, String)>;

    /// Prepares the node and its repository; the server runs with [`Engine::settings`].
    async fn protect(&self, stage: &Stage, source: &Server) -> Result<(), Trouble>;

    /// Takes a backup.
    async fn backup(&self, stage: &Stage, source: &Server, ask: &Ask) -> Result<Backup, Trouble>;

    /// How it restores.
    fn restorer(&self) -> Restorer<'_>;

    /// Its archive of WAL, if it keeps one.
    fn archive(&self) -> Option<&dyn Archive>;

    /// The folder of the repository below which finished backups lie and are changed by nothing but
    /// another backup; empty for all of it.
    fn artifacts(&self) -> &'static str;

    /// One line for the report: the tool and its version on `node`.
    async fn version(&self, stage: &Stage, node: &dyn Node) -> Result<String, Trouble>;

    /// What of the scenario's settings cannot be, with PostgreSQL of this major version: said
    /// before anything starts, a line each.
    fn refuses(&self, _major: u32) -> Vec<String> {
        vec![]
    }

    /// Settings of the user's that cost time or safety, each with what it does: reported, never
    /// changed.
    fn remarks(&self) -> Vec<String>;

    /// Whether it was told to let nobody read the repository who has no key to it.
    fn encrypts(&self) -> bool {
        false
    }
}

/// The two ways to restore.
#[derive(Clone, Copy)]
pub enum Restorer<'a> {
    /// The files of a cluster are put in place, then a server is started on them.
    Files(&'a dyn RestoresFiles),
    /// A new cluster is made and started, then it is filled.
    Contents(&'a dyn RestoresContents),
}

/// Restores the files of a cluster.
#[async_trait]
pub trait RestoresFiles: Send + Sync {
    /// Puts the backup in place on an empty node and sets up recovery along `course`, archiving
    /// off. Does not start the server.
    async fn restore(&self, stage: &Stage, node: &dyn Node, course: &Course)
    -> Result<(), Trouble>;
}

/// Restores what a cluster holds.
#[async_trait]
pub trait RestoresContents: Send + Sync {
    /// Fills `server`, a new and empty cluster that runs, from the backup of `course`.
    async fn restore(&self, stage: &Stage, server: &Server, course: &Course)
    -> Result<(), Trouble>;

    /// Makes `database` anew on `server`, which serves and has none of that name, from the backup
    /// of `course`; nothing else on it is touched. Only asked of an engine with
    /// [`Abilities::one_database`].
    async fn restore_database(
        &self,
        _stage: &Stage,
        _server: &Server,
        _course: &Course,
        database: &str,
    ) -> Result<(), Trouble> {
        let said = format!("the engine cannot make the database `{database}` by itself");
        Err(Trouble::rig(RigCause::NotADrill, said))
    }
}

/// An archive of finished WAL segments, in the node's repository.
#[async_trait]
pub trait Archive: Send + Sync {
    /// Fetches one segment into the file `into` on `node`; `false` if the archive does not have
    /// it.
    async fn fetch_wal(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
        into: &str,
    ) -> Result<bool, Trouble>;

    /// The file that holds the segment, relative to [`crate::rig::Place::Repository`], if the
    /// archive has it: for sabotages and their oracles.
    async fn archived_file(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
    ) -> Result<Option<String>, Trouble>;
}

catalogue! {
    /// An engine with its settings. The variant's name is its YAML key.
    Engine as engine;
    /// pgBackRest, with continuous archiving.
    "pgbackrest" PgBackRest(PgBackRest);
    /// Dumps by pg_dump, with the globals beside them.
    "pg_dump" PgDump(PgDump);
    /// The whole cluster by pg_dumpall.
    "pg_dumpall" PgDumpAll(PgDumpAll);
    /// `pg_basebackup` and an archive of WAL.
    "pg_basebackup" PgBaseBackup(PgBaseBackup);
}
