//! One page of a table in a base backup is empty, and the backup's manifest vouches for it: as if
//! the page had been lost on the source's disk before the backup was taken.

mod page;
mod place;
mod vouch;

pub(crate) use page::{PAGE_BYTES, bytes};
pub(crate) use place::read;

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::engine::basebackup::{END_BYTES, Range, Shelf, range};
use crate::rig::{Command, Node, Stage, Trouble};
use crate::sabotage::heap_page_zeroed::place::{Place, Relation, Tables, tables};
use crate::sabotage::heap_page_zeroed::vouch::vouch;
use crate::sabotage::original::{Original, must, nothing_changed};
use crate::sabotage::{Bench, Facts, Sabotage, Spoils, SpoilsCopy};

/// How long reading the archived WAL may take.
const READ_LIMIT: Duration = Duration::from_secs(3600);
/// The tablespace of the data directory itself.
const DEFAULT_SPACE: u32 = 1663;

/// A page of a table in the copied backup is filled with zeros, which PostgreSQL takes for a page
/// that was never used, checksums or not.
pub struct HeapPageZeroed;

impl Sabotage for HeapPageZeroed {
    fn facts(&self) -> Facts {
        Facts {
            name: "heap_page_zeroed",
            harm: "one page of a table is empty in the backup, and its manifest vouches for it",
            class: "files",
            caught_by: &["fingerprint", "indexes", "ledger"],
            engines: Some(&["pg_basebackup"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Copy(self)
    }
}

#[async_trait]
impl SpoilsCopy for HeapPageZeroed {
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        let node = bench.node;
        let Some((label, since)) = first_of_chain(stage, bench).await? else {
            return Ok(nothing_changed("the copy holds no backup that the recovery began with"));
        };
        let data = Shelf::on(node).data(&label);
        let tables = tables(stage, node, &data).await?;
        let end = bench.needed.last().map_or(since.stop, Segment::end);
        let Some(place) = untouched(stage, bench, &tables, since.start, end).await? else {
            let said = "no table of the backup has a page with rows that is not written to later";
            return Ok(nothing_changed(said));
        };
        let (relation, block) = (&place.relation, place.block);
        let what = format!("page {block} of `{}` in backup `{label}`", relation.path);
        // What stands in for the file in the original: the manifest, which lists every file.
        let manifest = format!("manifests/{label}.manifest");
        let before = Original::look(stage, node, &manifest).await?;
        zero(stage, node, &place.file, place.offset).await?;
        vouch(stage, node, &label, &relation.path).await?;
        let left = read(stage, node, &place.file, place.offset).await?;
        let empty = left.split_whitespace().all(|byte| byte == "00");
        let after = Original::look(stage, node, &manifest).await?;
        let proof = (empty && !left.trim().is_empty()).then(|| {
            format!(
                "the page held {} rows before, and holds nothing but zeros after; no record of \
                 WAL from {} to {end} touches it, says pg_waldump",
                place.rows, since.start
            )
        });
        Ok(Sabotaged {
            change: format!("filled {what} with zeros, and had its manifest vouch for it"),
            proof,
            original_untouched: before == after,
            ..Sabotaged::default()
        })
    }
}

/// The full backup that the recovery began with, and what its manifest says of WAL.
async fn first_of_chain(
    stage: &Stage,
    bench: &Bench<'_>,
) -> Result<Option<(String, Range)>, Trouble> {
    let shelf = Shelf::on(bench.node);
    for label in shelf.newest_first(stage).await? {
        if bench.backup.is_some_and(|begun_with| begun_with != label) {
            continue;
        }
        let stop = wal_of(stage, bench.node, &label).await?.stop;
        // The recovery needed what follows the end of its backup: a later one was not its own.
        if bench.needed.first().is_some_and(|first| stop > first.start) {
            continue;
        }
        let chain = shelf.chain_of(stage, &label).await?;
        let Some(first) = chain.into_iter().next() else { return Ok(None) };
        let since = wal_of(stage, bench.node, &first).await?;
        return Ok(Some((first, since)));
    }
    Ok(None)
}

async fn wal_of(stage: &Stage, node: &dyn Node, label: &str) -> Result<Range, Trouble> {
    let (bytes, path) = (format!("--bytes={END_BYTES}"), Shelf::on(node).manifest(label));
    let argv = ["tail", &bytes, "--", &path];
    range(&must(stage, node, "read the end of the manifest", &argv).await?.text())
}

/// A page with rows that no archived record between two positions touches: WAL would bring any
/// other back.
async fn untouched(
    stage: &Stage,
    bench: &Bench<'_>,
    tables: &Tables,
    start: Lsn,
    end: Lsn,
) -> Result<Option<Place>, Trouble> {
    let node = bench.node;
    for relation in tables.from(bench.place) {
        let touched = records(stage, node, relation, None, start, end).await?;
        let touched = touched.lines().flat_map(|line| blocks(line, relation)).collect();
        let found = tables.page(stage, node, relation, &touched, bench.place).await?;
        let Some(place) = found else { continue };
        // What is said of a whole table may have been cut short.
        let said = records(stage, node, relation, Some(place.block), start, end).await?;
        if said.trim().is_empty() {
            return Ok(Some(place));
        }
    }
    Ok(None)
}

/// What pg_waldump says of the records that touch a relation, or one page of it.
async fn records(
    stage: &Stage,
    node: &dyn Node,
    relation: &Relation,
    block: Option<u64>,
    start: Lsn,
    end: Lsn,
) -> Result<String, Trouble> {
    let (database, number) = (relation.database, relation.number);
    let mut argv = vec![
        node.tool("pg_waldump"),
        format!("--path={}", Shelf::on(node).wal()),
        format!("--start={start}"),
        format!("--end={end}"),
        format!("--relation={DEFAULT_SPACE}/{database}/{number}"),
        "--fork=main".to_owned(),
    ];
    argv.extend(block.map(|block| format!("--block={block}")));
    let purpose = "see which pages WAL touches";
    Ok(stage.must(node, Command::new(purpose, READ_LIMIT, argv)).await?.text())
}

/// The pages of the relation that a line of pg_waldump names:
/// `blkref #0: rel 1663/16384/16400 blk 7 FPW`.
fn blocks<'a>(line: &'a str, relation: &Relation) -> impl Iterator<Item = u64> + use<'a> {
    let named = format!("rel {DEFAULT_SPACE}/{}/{} ", relation.database, relation.number);
    line.split("blkref #").skip(1).filter_map(move |reference| {
        let (_, rest) = reference.split_once(&named)?;
        rest.strip_prefix("blk ")?.split([' ', ',']).next()?.parse().ok()
    })
}

/// Fills the page at `offset` of a file with zeros.
pub(crate) async fn zero(
    stage: &Stage,
    node: &dyn Node,
    file: &str,
    offset: u64,
) -> Result<(), Trouble> {
    let (to, seek) = (format!("of={file}"), format!("seek={}", offset / 512));
    let argv = ["dd", "if=/dev/zero", &to, "bs=512", "count=16", &seek, "conv=notrunc"];
    must(stage, node, "fill a page with zeros", &argv).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_that_a_record_touches_are_those_of_the_relation_alone() {
        let relation = Relation {
            path: "base/16384/16400".to_owned(),
            database: 16_384,
            number: 16_400,
            bytes: 0,
            begins: 0,
        };
        let line = "rmgr: Heap desc: UPDATE off 1, blkref #0: rel 1663/16384/16400 blk 7 FPW, \
                    blkref #1: rel 1663/16384/16400 blk 12, blkref #2: rel 1663/16384/164001 blk 3";
        assert_eq!(blocks(line, &relation).collect::<Vec<_>>(), [7, 12]);
        assert_eq!(blocks("pg_waldump: first record is after 0/1", &relation).count(), 0);
    }
}
