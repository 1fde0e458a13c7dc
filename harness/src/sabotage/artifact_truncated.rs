//! A backup ends too early.

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::rig::{Stage, Trouble};
use crate::sabotage::artifact::{differs, largest};
use crate::sabotage::original::{Original, must, nothing_changed};
use crate::sabotage::{Bench, Sabotage, Spoils, SpoilsCopy};

/// The largest file of the backup is cut, as a full disk or a broken copy does it.
pub struct ArtifactTruncated;

impl Sabotage for ArtifactTruncated {
    fn name(&self) -> &'static str {
        "artifact_truncated"
    }
    fn harm(&self) -> &'static str {
        "the backup's largest file ends too early"
    }
    fn class(&self) -> &'static str {
        "artifact"
    }
    fn caught_by(&self) -> &'static [&'static str] {
        &["artifacts"]
    }
    fn engines(&self) -> Option<&'static [&'static str]> {
        Some(&["pg_dump", "pg_dumpall"])
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for ArtifactTruncated {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let Some(artifact) = largest(stage, bench).await? else {
            return Ok(nothing_changed("the backup has no file that is worth spoiling"));
        };
        let node = bench.node;
        let before = Original::look(stage, node, &artifact.file).await?;
        // Somewhere in its second half.
        let half = artifact.bytes / 2;
        let left = half + bench.place % half.max(1);
        let size = format!("--size={left}");
        must(stage, node, "cut the copy", &["truncate", &size, "--", &artifact.copy]).await?;
        let proof = differs(stage, bench, &artifact).await?;
        let after = Original::look(stage, node, &artifact.file).await?;
        Ok(Sabotaged {
            change: format!("`{}` has {left} of its {} bytes", artifact.file, artifact.bytes),
            proof,
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}
