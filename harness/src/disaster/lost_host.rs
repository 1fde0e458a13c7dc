//! The host is gone, and everything on it.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::{Disaster, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// How long removing or looking through all files may take.
const FILES_LIMIT: Duration = Duration::from_secs(600);

/// What else goes with the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LostHost {
    /// Where the backups lie: `elsewhere`, as it is where nothing is said, or `on_it`: then they
    /// are lost with the host.
    #[serde(default)]
    pub repository: Repository,
}

/// Where the backups lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repository {
    /// On other ground.
    #[default]
    Elsewhere,
    /// On the host that is lost.
    OnIt,
}

impl LostHost {
    pub(crate) const SUMMARY: &'static str =
        "the whole host is gone: the server, its files, and whatever else was kept there";
    pub(crate) const EXAMPLE: &'static str = "lost_host: { repository: elsewhere }";

    fn undone(why: &str) -> Trouble {
        Trouble::rig(RigCause::NotADrill, format!("the host was not lost: {why}"))
    }

    /// A repository that lies below one of the host's own folders, by whatever links, would be
    /// lost with it: what is said to lie elsewhere must.
    async fn apart(&self, stage: &Stage, node: &dyn Node) -> Result<(), Trouble> {
        let repository = real(stage, node, Place::Repository).await?;
        for place in [Place::Data, Place::Scratch, Place::Log, Place::Tablespaces] {
            let own = real(stage, node, place).await?;
            if within(&repository, &own) || within(&own, &repository) {
                let said = format!("the repository at `{repository}` lies on it, at `{own}`");
                return Err(LostHost::undone(&said));
            }
        }
        Ok(())
    }
}

/// Where a place really lies, whatever links there are on the way.
async fn real(stage: &Stage, node: &dyn Node, place: Place) -> Result<String, Trouble> {
    let path = node.place(place);
    let look = ["readlink", "-f", "--", &path];
    let found = stage.must(node, Command::housekeeping("see where it really lies", look)).await?;
    Ok(found.text().trim_end_matches('\n').to_owned())
}

/// Whether one path is another, or lies below it.
fn within(path: &str, folder: &str) -> bool {
    std::path::Path::new(path).starts_with(folder)
}

/// Whether any file lies in the repository. Folders by themselves are no backup.
async fn anything_left(stage: &Stage, node: &dyn Node) -> Result<bool, Trouble> {
    let repository = node.place(Place::Repository);
    let look = ["find", &repository, "-mindepth", "1", "!", "-type", "d", "-print", "-quit"];
    let look = Command::new("look into the repository", FILES_LIMIT, look);
    Ok(!stage.must(node, look).await?.text().is_empty())
}

#[async_trait]
impl Disaster for LostHost {
    fn nature(&self) -> Nature {
        Nature { writes_wal: false, leaves_wal: false, leaves_server: false, harms: vec![] }
    }

    fn text(&self) -> String {
        let repository = match self.repository {
            Repository::Elsewhere => "the repository lies elsewhere",
            Repository::OnIt => "and the repository with it",
        };
        format!("lose the host, {repository}")
    }

    /// Whether the host can be lost as the scenario says is looked at before it is.
    async fn harm(&self, stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        if self.repository == Repository::Elsewhere {
            self.apart(stage, &*source.node).await?;
        }
        Ok(None)
    }

    /// The server dies first: a power cut has no order, and nobody may archive in between.
    async fn strike(&self, stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let node = &*source.node;
        source.kill(stage).await?;
        if self.repository == Repository::OnIt {
            let repository = node.place(Place::Repository);
            let argv = ["find", &repository, "-mindepth", "1", "-delete"];
            stage.must(node, Command::new("lose the repository", FILES_LIMIT, argv)).await?;
            // Nobody can look any more once the host is gone.
            if anything_left(stage, node).await? {
                return Err(LostHost::undone("its repository still holds files"));
            }
        }
        node.destroy().await?;
        Ok(Note::default())
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let node = &*source.node;
        let look = Command::housekeeping("look for the host", ["true"]);
        let runs = node.run(&look).await.is_ok();
        // A refusal is an answer too: only silence shows that no server is there.
        let answers = match source.connect("postgres").await {
            Ok(_) => true,
            Err(trouble) => trouble.code.is_some(),
        };
        let said = match (runs, answers) {
            (false, false) => "the host runs nothing any more and no server answers",
            (true, false) => "no server answers, but the host still runs what it is told",
            (false, true) => "the host runs nothing any more, but a server still answers",
            (true, true) => "the host still runs what it is told and a server answers",
        };
        Ok((said.to_owned(), !runs && !answers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_lies_elsewhere_where_nothing_is_said() {
        let spec: LostHost = serde_json::from_str("{}").expect("a spec");
        assert_eq!(spec.repository, Repository::Elsewhere);
        let spec: LostHost = serde_json::from_str(r#"{"repository": "on_it"}"#).expect("a spec");
        assert_eq!(spec.text(), "lose the host, and the repository with it");
        assert!(serde_json::from_str::<LostHost>(r#"{"repository": "away"}"#).is_err());
    }

    #[test]
    fn a_folder_beside_another_is_not_within_it() {
        assert!(within("/a/data/repo", "/a/data") && within("/a/data", "/a/data"));
        assert!(!within("/a/data2", "/a/data") && !within("/a", "/a/data"));
    }
}
