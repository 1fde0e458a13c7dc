//! The server is killed, and its data directory is gone.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::SubjectCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::{Disaster, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Command, Place, Stage, Trouble};

/// How long removing all files may take.
const REMOVE_LIMIT: Duration = Duration::from_secs(600);

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
        Ok(None)
    }

    /// Nothing is said to the server before: no checkpoint, no last segment for the archive.
    async fn strike(&self, stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        source.kill(stage).await?;
        let node = &*source.node;
        let (data, spaces) = (node.place(Place::Data), node.place(Place::Tablespaces));
        let purpose = "lose the data directory";
        let argv = ["rm", "-rf", "--", &data];
        stage.must(node, Command::new(purpose, REMOVE_LIMIT, argv)).await?;
        let purpose = "lose the tablespaces";
        let argv = ["find", &spaces, "-mindepth", "1", "-delete"];
        stage.must(node, Command::new(purpose, REMOVE_LIMIT, argv)).await?;
        Ok(Note::default())
    }

    async fn witness(&self, stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let node = &*source.node;
        let data = node.place(Place::Data);
        let look = Command::housekeeping("look for the data directory", ["test", "-e", &data]);
        let there = match stage.run(node, look).await?.exit {
            Some(0) => true,
            Some(1) => false,
            other => {
                let said = format!("looking for the data directory: exit status {other:?}");
                return Err(Trouble::subject(SubjectCause::Command, said));
            }
        };
        // A refusal is an answer too: only silence shows that no server is there.
        let answers = match source.connect("postgres").await {
            Ok(_) => true,
            Err(trouble) => trouble.code.is_some(),
        };
        let said = match (there, answers) {
            (false, false) => "the data directory is gone and no server answers",
            (true, false) => "no server answers, but the data directory is still there",
            (false, true) => "the data directory is gone, but a server still answers",
            (true, true) => "the data directory is still there and a server answers",
        };
        Ok((said.to_owned(), !there && !answers))
    }
}
