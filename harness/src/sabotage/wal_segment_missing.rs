//! One WAL segment that the recovery needs is missing from the archive.

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
use pgrehearse_verdict::lsn::Segment;

use crate::engine::Archive;
use crate::rig::{Node, Place, Stage, Trouble};
use crate::sabotage::original::{Original, must, nothing_changed};
use crate::sabotage::{Bench, Facts, Sabotage, Spoils, SpoilsCopy};

/// A segment is taken out of the copied archive.
pub struct WalSegmentMissing;

impl Sabotage for WalSegmentMissing {
    fn facts(&self) -> Facts {
        Facts {
            name: "wal_segment_missing",
            harm: "one WAL segment that the recovery needs is missing from the archive",
            class: "wal",
            caught_by: &["target", "ledger"],
            engines: Some(&["pgbackrest", "pg_basebackup"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for WalSegmentMissing {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let Some(&segment) = pick(bench) else {
            return Ok(nothing_changed("the recovery needed no segment beyond its backup"));
        };
        let Some(archive) = bench.engine.archive() else {
            return Ok(nothing_changed("the engine keeps no archive"));
        };
        let node = bench.node;
        let Some(file) = archive.archived_file(stage, node, segment).await? else {
            let said = format!("segment {segment} is not in the copied archive to begin with");
            return Ok(nothing_changed(&said));
        };
        let before = Original::look(stage, node, &file).await?;
        let was_there = fetch(stage, archive, node, segment).await?;
        let copy = format!("{}/{file}", node.place(Place::Repository));
        must(stage, node, "take the segment out of the copy", &["rm", "--", &copy]).await?;
        let is_there = fetch(stage, archive, node, segment).await?;
        let after = Original::look(stage, node, &file).await?;
        let proof = (was_there && !is_there).then(|| {
            let digest = &before.file;
            format!(
                "the engine fetched segment {segment} from the copy before, and does not find it \
                 after; the original file has SHA-256 {digest} before and {} after",
                after.file
            )
        });
        Ok(Sabotaged {
            change: format!("removed `{file}` from the copied repository"),
            proof,
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}

fn pick<'a>(bench: &Bench<'a>) -> Option<&'a Segment> {
    let count = u64::try_from(bench.needed.len()).ok()?;
    let at = bench.place.checked_rem(count)?;
    bench.needed.get(usize::try_from(at).ok()?)
}

/// Whether the engine gets the segment out of the copy.
async fn fetch(
    stage: &Stage,
    archive: &dyn Archive,
    node: &dyn Node,
    segment: Segment,
) -> Result<bool, Trouble> {
    let into = format!("{}/sabotage-{segment}", node.place(Place::Scratch));
    let there = archive.fetch_wal(stage, node, segment, &into).await?;
    must(stage, node, "remove the fetched segment", &["rm", "-f", "--", &into]).await?;
    Ok(there)
}
