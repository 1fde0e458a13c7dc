//! The file of a backup that a sabotage spoils: the largest of the backup that is recovered from,
//! which holds its rows.

use crate::rig::{Place, Stage, Trouble};
use crate::sabotage::Bench;
use crate::sabotage::original::must;

/// Files smaller than this are not worth spoiling, in bytes.
const BYTES_MIN: u64 = 64;

/// A file in the copy.
pub(super) struct Artifact {
    /// Its path, relative to the repository.
    pub(super) file: String,
    /// Its path in the copy.
    pub(super) copy: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
}

/// The largest file of the newest backup in the copy.
pub(super) async fn largest(stage: &Stage, bench: &Bench<'_>) -> Result<Option<Artifact>, Trouble> {
    let node = bench.node;
    let repository = node.place(Place::Repository);
    let root = format!("{repository}/{}", bench.backup.unwrap_or_default());
    let look = ["find", &root, "-type", "f", "-printf", "%s\t%p\n"];
    let listed = must(stage, node, "list the files of the backup", &look).await?.text();
    let sized = listed.lines().filter_map(|line| {
        let (bytes, path) = line.split_once('\t')?;
        Some((bytes.parse::<u64>().ok()?, path))
    });
    let largest = sized.filter(|(bytes, _)| *bytes >= BYTES_MIN).max();
    Ok(largest.and_then(|(bytes, path)| {
        let file = path.strip_prefix(&format!("{repository}/"))?.to_owned();
        Some(Artifact { file, copy: path.to_owned(), bytes })
    }))
}

/// Whether the copy differs from the original, byte for byte: the oracle, which knows no digest.
pub(super) async fn differs(
    stage: &Stage,
    bench: &Bench<'_>,
    artifact: &Artifact,
) -> Result<Option<String>, Trouble> {
    let original = format!("{}/{}", bench.node.place(Place::Original), artifact.file);
    let argv = ["cmp", "--", &original, &artifact.copy];
    let command = crate::rig::Command::housekeeping("compare the copy with the original", argv);
    let output = stage.run(bench.node, command).await?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).trim().to_owned();
    Ok((output.exit == Some(1)).then_some(said))
}
