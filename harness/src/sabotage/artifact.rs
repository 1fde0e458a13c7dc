//! The file of a backup that a sabotage spoils: the largest of the backup that is recovered from,
//! which holds its rows.

use crate::rig::{Place, Stage, Trouble};
use crate::sabotage::Bench;
use crate::sabotage::original::must;

/// Files smaller than this are not worth spoiling, in bytes.
const BYTES_MIN: u64 = 64;

/// A file in the copy.
#[derive(Clone)]
pub(super) struct Artifact {
    /// Its path, relative to the repository.
    pub(super) file: String,
    /// Its path in the copy.
    pub(super) copy: String,
    /// Its length in bytes.
    pub(super) bytes: u64,
}

/// The largest file of the backup in the copy that the recovery begins with.
pub(super) async fn largest(stage: &Stage, bench: &Bench<'_>) -> Result<Option<Artifact>, Trouble> {
    let repository = bench.node.place(Place::Repository);
    let root = format!("{repository}/{}", bench.engine.artifacts());
    let files = sized(stage, bench, root.trim_end_matches('/')).await?;
    let within = format!("/{}/", bench.backup.unwrap_or_default());
    let own = |file: &&Artifact| bench.backup.is_none() || file.copy.contains(&within);
    let worth = files.iter().filter(own).filter(|file| file.bytes >= BYTES_MIN);
    Ok(worth.max_by_key(|file| (file.bytes, &file.copy)).cloned())
}

/// The files below a path of the copy, or the one at it.
pub(super) async fn sized(
    stage: &Stage,
    bench: &Bench<'_>,
    root: &str,
) -> Result<Vec<Artifact>, Trouble> {
    let repository = bench.node.place(Place::Repository);
    let look = ["find", root, "-type", "f", "-printf", "%s\t%p\n"];
    let listed = must(stage, bench.node, "list the files of the backup", &look).await?.text();
    let sized = listed.lines().filter_map(|line| {
        let (bytes, path) = line.split_once('\t')?;
        let file = path.strip_prefix(&format!("{repository}/"))?.to_owned();
        Some(Artifact { file, copy: path.to_owned(), bytes: bytes.parse().ok()? })
    });
    Ok(sized.collect())
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
