//! To be written.
use crate::drill::Server;
use crate::engine::{Abilities, Engine, Target};
use crate::rig::{Node, Stage, Trouble};
use async_trait::async_trait;
use pgrehearse_verdict::journal::Backup;
use pgrehearse_verdict::lsn::Segment;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// stub
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PgBackRest {}
impl PgBackRest {
    pub(crate) const SUMMARY: &'static str = "";
    pub(crate) const EXAMPLE: &'static str = "";
}
#[async_trait]
impl Engine for PgBackRest {
    fn abilities(&self) -> Abilities {
        todo!()
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
