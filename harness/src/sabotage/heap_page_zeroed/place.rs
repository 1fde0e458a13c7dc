//! Finds a page of a table in a base backup, be it in a file of its own or in a tar file.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::rig::{Command, Node, Stage, Trouble};
use crate::sabotage::heap_page_zeroed::page::{PAGE_BYTES, bytes, rows};
use crate::sabotage::original::must;

/// How long unpacking or listing a backup may take.
const COPY_LIMIT: Duration = Duration::from_secs(3600);
/// Tables that are looked at until one has a page that will do.
const FILES_MAX: usize = 100;
/// Pages of one table that are looked at.
const PAGES_MAX: usize = 8;
/// The first number of a file that initdb did not make.
const OWN_MIN: u64 = 16_384;
/// How the names of compressed tar files end, and who puts an unpacked one in their place.
const UNPACKERS: &[(&str, &[&str])] = &[
    ("gz", &["gzip", "-d", "-f", "FROM"]),
    ("lz4", &["lz4", "-d", "-f", "--rm", "FROM", "TO"]),
    ("zst", &["zstd", "-d", "-f", "--rm", "-q", "FROM", "-o", "TO"]),
];

/// A file of a relation in the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relation {
    /// Its path in the data directory.
    pub(super) path: String,
    /// The number of its database.
    pub(super) database: u64,
    /// Its own number.
    pub(super) number: u64,
    pub(super) bytes: u64,
    /// Where its bytes begin in the file that holds it.
    pub(super) begins: u64,
}

/// A page with rows.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) relation: Relation,
    pub(super) block: u64,
    pub(super) rows: usize,
    /// The file that holds it.
    pub(super) file: String,
    /// Where in that file it begins, in bytes.
    pub(super) offset: u64,
}

/// The tables of a backup.
pub(super) struct Tables {
    /// The tar file that holds them, if they are no files of their own.
    tar: Option<String>,
    data: String,
    relations: Vec<Relation>,
}

impl Tables {
    /// The relations, those that are to be tried first in front: which follows from `place`.
    pub(super) fn from(&self, place: u64) -> impl Iterator<Item = &Relation> {
        let count = self.relations.len().max(1);
        let first = usize::try_from(place).unwrap_or(0) % count;
        self.relations.iter().cycle().skip(first).take(self.relations.len().min(FILES_MAX))
    }

    /// A page of the relation with rows that is not in `touched`: which one follows from `place`.
    pub(super) async fn page(
        &self,
        stage: &Stage,
        node: &dyn Node,
        relation: &Relation,
        touched: &BTreeSet<u64>,
        place: u64,
    ) -> Result<Option<Place>, Trouble> {
        let pages = relation.bytes / PAGE_BYTES;
        let file = self.tar.clone().unwrap_or_else(|| format!("{}/{}", self.data, relation.path));
        let blocks = (0..pages).map(|step| (place + step) % pages);
        for block in blocks.filter(|block| !touched.contains(block)).take(PAGES_MAX) {
            let offset = relation.begins + block * PAGE_BYTES;
            let dump = read(stage, node, &file, offset).await?;
            if let Some(rows) = bytes(&dump).and_then(|page| rows(&page)) {
                let relation = relation.clone();
                return Ok(Some(Place { relation, block, rows, file, offset }));
            }
        }
        Ok(None)
    }
}

/// The tables of the backup in the folder `data`. A compressed tar file is unpacked to a tar file
/// first.
pub(super) async fn tables(stage: &Stage, node: &dyn Node, data: &str) -> Result<Tables, Trouble> {
    let tar = format!("{data}/base.tar");
    for (end, words) in UNPACKERS {
        let packed = format!("{tar}.{end}");
        let there = ["find", data, "-name", &format!("base.tar.{end}"), "-print"];
        if !must(stage, node, "look for a tar file", &there).await?.text().is_empty() {
            let words = words.iter().map(|word| match *word {
                "FROM" => packed.as_str(),
                "TO" => tar.as_str(),
                word => word,
            });
            stage.must(node, Command::new("unpack the copy", COPY_LIMIT, words)).await?;
        }
    }
    let there = ["find", data, "-name", "base.tar", "-print"];
    let packed = !must(stage, node, "look for a tar file", &there).await?.text().is_empty();
    let mut relations = if packed {
        let list =
            ["tar", "--list", "--verbose", "--block-number", "--force-local", "--file", &tar];
        let out = stage.must(node, Command::new("list the copy", COPY_LIMIT, list)).await?;
        out.text().lines().filter_map(in_tar).collect::<Vec<_>>()
    } else {
        let base = format!("{data}/base");
        let list = ["find", &base, "-mindepth", "2", "-type", "f", "-printf", "base/%P %s\n"];
        let out = stage.must(node, Command::new("list the copy", COPY_LIMIT, list)).await?;
        out.text().lines().filter_map(in_folder).collect()
    };
    relations.retain(|one| one.number >= OWN_MIN && one.bytes >= PAGE_BYTES);
    relations.sort_by_key(|one| (one.database, one.number));
    Ok(Tables { tar: packed.then_some(tar), data: data.to_owned(), relations })
}

/// The bytes of the page at `offset`, as text.
pub(crate) async fn read(
    stage: &Stage,
    node: &dyn Node,
    file: &str,
    offset: u64,
) -> Result<String, Trouble> {
    let (skip, count) = (format!("--skip-bytes={offset}"), format!("--read-bytes={PAGE_BYTES}"));
    let argv = ["od", "-A", "n", "-v", "-t", "x1", &skip, &count, "--", file];
    Ok(must(stage, node, "read a page", &argv).await?.text())
}

/// A line of `find`: path and size.
fn in_folder(line: &str) -> Option<Relation> {
    let (path, bytes) = line.split_once(' ')?;
    relation(path, bytes.parse().ok()?, 0)
}

/// A line of `tar`: `block 5: -rw------- postgres/postgres 8192 2026-11-25 20:16 base/5/16384`.
/// The bytes follow the block of 512 bytes that the line tells the number of.
fn in_tar(line: &str) -> Option<Relation> {
    let (block, entry) = line.strip_prefix("block ")?.split_once(": ")?;
    let words: Vec<&str> = entry.split_whitespace().collect();
    let [_, _, bytes, _, _, path] = words[..] else { return None };
    let block: u64 = block.trim().parse().ok()?;
    relation(path.trim_start_matches("./"), bytes.parse().ok()?, (block + 1) * 512)
}

/// A first file of a relation's own; not a fork, not a further file of a great one.
fn relation(path: &str, bytes: u64, begins: u64) -> Option<Relation> {
    let (database, number) = path.strip_prefix("base/")?.split_once('/')?;
    let (database, number) = (database.parse().ok()?, number.parse().ok()?);
    Some(Relation { path: path.to_owned(), database, number, bytes, begins })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relation_is_found_in_a_listing_of_either_form() {
        let line = "block 5: -rw------- postgres/postgres 8192 2026-11-25 20:16 base/5/16384";
        let found = in_tar(line).expect("a relation");
        assert_eq!((found.database, found.number, found.begins), (5, 16_384, 3072));
        let found = in_folder("base/5/16384 8192").expect("a relation");
        assert_eq!((found.bytes, found.begins), (8192, 0));
        for other in ["base/5/16384_vm 8192", "base/5/16384.1 8192", "base/5/PG_VERSION 3"] {
            assert_eq!(in_folder(other), None, "{other}");
        }
    }
}
