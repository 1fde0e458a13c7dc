//! The server is killed, and its data directory is gone.

use crate::disaster::{Disaster, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Stage, Trouble};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// There is nothing to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostDataDirectory {}
impl LostDataDirectory {
    pub(crate) const SUMMARY: &'static str =
        "the server is killed; its data directory, WAL included, and its tablespaces are gone";
    pub(crate) const EXAMPLE: &'static str = "lost_data_directory: {}";
}
#[async_trait]
impl Disaster for LostDataDirectory {
    fn nature(&self) -> Nature {
        Nature { writes_wal: false, leaves_wal: false, leaves_server: false, harms: vec![] }
    }
    fn text(&self) -> String {
        "lose the data directory".to_owned()
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
