//! pgBackRest, with continuous archiving.

use crate::drill::Server;
use crate::engine::{Abilities, Engine, Target};
use crate::rig::{Node, Stage, Trouble};
use async_trait::async_trait;
use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::Backup;
use pgrehearse_verdict::lsn::Segment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// pgBackRest with its own defaults, but for what is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PgBackRest {
    /// `compress-type`: how files in the repository are compressed.
    pub compress: Option<Compress>,
    /// `compress-level`: from fast to small; what numbers there are depends on `compress`.
    pub compress_level: Option<i32>,
    /// `process-max`: processes that copy at the same time.
    pub process_max: Option<u32>,
    /// `start-fast`: a checkpoint at once before a backup, instead of a spread one.
    pub start_fast: Option<bool>,
    /// `archive-async`: WAL is pushed and fetched ahead, in the background.
    pub archive_async: Option<bool>,
    /// `checksum-page`: page checksums are looked at while a backup copies.
    pub checksum_page: Option<bool>,
    /// `repo1-bundle`: small files lie together in the repository.
    pub bundle: Option<bool>,
}

/// A way to compress, by pgBackRest's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    /// Not at all.
    None,
    /// gzip, pgBackRest's own default.
    Gz,
    /// lz4.
    Lz4,
    /// Zstandard.
    Zst,
    /// bzip2.
    Bz2,
}

impl PgBackRest {
    pub(crate) const SUMMARY: &'static str =
        "pgBackRest: full, differential and incremental backups with continuous archiving";
    pub(crate) const EXAMPLE: &'static str = "pgbackrest: { compress: zst, start_fast: true }";
}
#[async_trait]
impl Engine for PgBackRest {
    fn abilities(&self) -> Abilities {
        Abilities {
            backups: &["full", "diff", "incr"],
            targets: &["latest", "before_disaster", "mark", "lsn"],
            protection: Protection::Archive,
        }
    }
    fn settings(&self, _node: &dyn Node) -> Vec<(String, String)> {
        todo!()
    }
    async fn protect(&self, _stage: &Stage, _source: &Server) -> Result<(), Trouble> {
        todo!()
    }
    async fn backup(
        &self,
        _stage: &Stage,
        _source: &Server,
        _kind: &str,
    ) -> Result<Backup, Trouble> {
        todo!()
    }
    async fn fetch_wal(
        &self,
        _stage: &Stage,
        _node: &dyn Node,
        _segment: Segment,
        _into: &str,
    ) -> Result<bool, Trouble> {
        todo!()
    }
    async fn restore(
        &self,
        _stage: &Stage,
        _node: &dyn Node,
        _target: Target,
        _timeline: u32,
    ) -> Result<(), Trouble> {
        todo!()
    }
    async fn archived_file(
        &self,
        _stage: &Stage,
        _node: &dyn Node,
        _segment: Segment,
    ) -> Result<Option<String>, Trouble> {
        todo!()
    }
    async fn version(&self, _stage: &Stage, _node: &dyn Node) -> Result<String, Trouble> {
        todo!()
    }
    fn remarks(&self) -> Vec<String> {
        todo!()
    }
}
