//! The backup is not in the repository any more.

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::rig::{Command, Place, Stage, Trouble};
use crate::sabotage::artifact::largest;
use crate::sabotage::original::{Original, must, nothing_changed};
use crate::sabotage::{Bench, Facts, Sabotage, Spoils, SpoilsCopy};

/// All files of the backup that the recovery begins with are gone, as after an expiry that kept
/// too little; what a repository knows of its backups still names it.
pub(super) struct BackupExpired;

impl Sabotage for BackupExpired {
    fn facts(&self) -> Facts {
        Facts {
            name: "backup_expired",
            harm: "the backup is gone from the repository, which still names it",
            class: "repository",
            caught_by: &["artifacts", "target"],
            engines: None,
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for BackupExpired {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let Some(artifact) = largest(stage, bench).await? else {
            return Ok(nothing_changed("the backup has no file"));
        };
        let label = format!("/{}/", bench.backup.unwrap_or_default());
        let Some(end) = artifact.copy.find(&label).map(|at| at + label.len() - 1) else {
            return Ok(nothing_changed("the backup has no folder of its own"));
        };
        let (node, folder) = (bench.node, &artifact.copy[..end]);
        let before = Original::look(stage, node, &artifact.file).await?;
        must(stage, node, "take the backup out of the copy", &["rm", "-r", "--", folder]).await?;
        let look = Command::housekeeping("look for the backup", ["test", "-e", folder]);
        let gone = stage.run(node, look).await?.exit == Some(1);
        let after = Original::look(stage, node, &artifact.file).await?;
        let within = format!("{}/", node.place(Place::Repository));
        let shown = folder.strip_prefix(&within).unwrap_or(folder);
        Ok(Sabotaged {
            change: format!("removed `{shown}` with all that was in it from the copied repository"),
            proof: gone.then(|| "nothing is at its path any more".to_owned()),
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}
