//! The archive has a gap that this recovery did not come to.

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::rig::{Place, Stage, Trouble};
use crate::sabotage::original::{must, nothing_changed, nothing_of_the_kind};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// A segment of the chain is gone from the archive when the recovery is over: the next one to
/// another moment, or from another backup, would end there.
pub struct ArchiveGap;

impl Sabotage for ArchiveGap {
    fn facts(&self) -> Facts {
        Facts {
            name: "archive_gap",
            harm: "the archive has a gap, which the next recovery will come to",
            class: "wal",
            caught_by: &["wal_chain"],
            engines: Some(&["pgbackrest", "pg_basebackup"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

#[async_trait]
impl SpoilsRecovered for ArchiveGap {
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        let (Some(archive), Some(at)) =
            (of.engine.archive(), of.place.checked_rem(of.chain.len() as u64))
        else {
            return Ok(nothing_of_the_kind());
        };
        let Some(&segment) = of.chain.get(usize::try_from(at).unwrap_or(0)) else {
            return Ok(nothing_of_the_kind());
        };
        let node = &*of.server.node;
        let Some(file) = archive.archived_file(stage, node, segment).await? else {
            return Ok(nothing_changed(&format!("segment {segment} is not in the archive")));
        };
        let copy = format!("{}/{file}", node.place(Place::Repository));
        must(stage, node, "take the segment out of the copy", &["rm", "--", &copy]).await?;
        let gone = archive.archived_file(stage, node, segment).await?.is_none();
        Ok(Sabotaged {
            change: format!("removed `{file}` from the copied repository"),
            proof: gone.then(|| format!("segment {segment} was in the archive, and is not")),
            ..Sabotaged::default()
        })
    }
}
