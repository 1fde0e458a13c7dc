//! The engines: what backs up and restores. One file an engine, one line here.

mod pgbackrest;

pub use pgbackrest::{Compress, PgBackRest};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::Backup;
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::catalog::catalogue;
use crate::drill::Server;
use crate::rig::{Node, Stage, Trouble};

/// What an engine can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// The kinds of backup it takes.
    pub backups: &'static [&'static str],
    /// The targets it can recover to: the names of a scenario's `to:`.
    pub targets: &'static [&'static str],
    /// How commits reach safety under it.
    pub protection: Protection,
}

/// Where a restore must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// All there is.
    Latest,
    /// Just before the record at this position: exclusive.
    Before(Lsn),
}

/// The behaviour of an engine. All commands run on nodes, as lists of arguments.
#[async_trait]
pub trait Engine: Send + Sync {
    /// What it can do.
    fn abilities(&self) -> Abilities;

    /// Settings that the protected server needs, as (name, value); `node` is where it runs.
    fn settings(&self, node: &dyn Node) -> Vec<(String, String)>;

    /// Prepares the node and its repository; the server runs with [`Engine::settings`].
    async fn protect(&self, stage: &Stage, source: &Server) -> Result<(), Trouble>;

    /// Takes a backup of `kind`, one of [`Abilities::backups`].
    async fn backup(&self, stage: &Stage, source: &Server, kind: &str) -> Result<Backup, Trouble>;

    /// Fetches one WAL segment from the archive into the file `into` on `node`; `false` if the
    /// archive does not have it.
    async fn fetch_wal(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
        into: &str,
    ) -> Result<bool, Trouble>;

    /// Puts the backup in place on an empty node and sets up recovery to `target` along
    /// `timeline`, archiving off, promotion at the end. Does not start the server.
    async fn restore(
        &self,
        stage: &Stage,
        node: &dyn Node,
        target: Target,
        timeline: u32,
    ) -> Result<(), Trouble>;

    /// Whether the archive in the node's repository holds the segment, and the file that holds it,
    /// relative to [`crate::rig::Place::Repository`]: for sabotages and their oracles.
    async fn archived_file(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
    ) -> Result<Option<String>, Trouble>;

    /// One line for the report: the tool and its version on `node`.
    async fn version(&self, stage: &Stage, node: &dyn Node) -> Result<String, Trouble>;

    /// Settings of the user's that cost time or safety, each with what it does: reported, never
    /// changed.
    fn remarks(&self) -> Vec<String>;
}

catalogue! {
    /// An engine with its settings. The variant's name is its YAML key.
    Engine as engine;
    /// pgBackRest, with continuous archiving.
    "pgbackrest" PgBackRest(PgBackRest);
}
