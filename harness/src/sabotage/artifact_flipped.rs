//! One bit of a backup is flipped.

use async_trait::async_trait;
use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};

use crate::rig::{Command, Place, Stage, Trouble};
use crate::sabotage::artifact::{differs, largest};
use crate::sabotage::original::{Original, must, nothing_changed};
use crate::sabotage::{Bench, Sabotage, Spoils, SpoilsCopy};

/// One bit in the middle of the largest file of the backup is flipped, as a bad disk does it.
pub struct ArtifactFlipped;

impl Sabotage for ArtifactFlipped {
    fn name(&self) -> &'static str {
        "artifact_flipped"
    }
    fn harm(&self) -> &'static str {
        "one bit of the backup's largest file is flipped"
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
impl SpoilsCopy for ArtifactFlipped {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let Some(artifact) = largest(stage, bench).await? else {
            return Ok(nothing_changed("the backup has no file that is worth spoiling"));
        };
        let node = bench.node;
        let before = Original::look(stage, node, &artifact.file).await?;
        // Away from both ends: where the rows are.
        let (third, place) = (artifact.bytes / 3, bench.place);
        let at = third + place % third.max(1);
        let (from, skip) = (format!("if={}", artifact.copy), format!("skip={at}"));
        let purpose = "read a byte of the copy";
        let read = ["dd", &from, &skip, "bs=1", "count=1", "status=none"];
        let byte = node.run(&Command::housekeeping(purpose, read)).await?.expect_ok(purpose)?;
        let none = || Trouble::subject(SubjectCause::Command, format!("{purpose}: there is none"));
        let was = *byte.stdout.first().ok_or_else(none)?;
        let is = was ^ (1 << (place % 8));
        let single = format!("{}/sabotage-byte", node.place(Place::Scratch));
        node.write(&single, &[is], 0o600).await?;
        let (from, into) = (format!("if={single}"), format!("of={}", artifact.copy));
        let seek = format!("seek={at}");
        let write = ["dd", &from, &into, &seek, "bs=1", "count=1", "conv=notrunc", "status=none"];
        must(stage, node, "flip a bit of the copy", &write).await?;
        let proof = differs(stage, bench, &artifact).await?;
        let after = Original::look(stage, node, &artifact.file).await?;
        Ok(Sabotaged {
            change: format!("byte {at} of `{}` was {was:#04x} and is {is:#04x}", artifact.file),
            proof,
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}
