//! To be written.
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Stage, Trouble};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
/// stub
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DropTable {}
impl DropTable {
    pub(crate) const SUMMARY: &'static str = "";
    pub(crate) const EXAMPLE: &'static str = "";
}
#[async_trait]
impl Disaster for DropTable {
    fn nature(&self) -> Nature {
        todo!()
    }
    fn text(&self) -> String {
        todo!()
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
