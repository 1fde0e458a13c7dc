//! Has a backup's manifest vouch for a file that was changed: nobody but the checks is to notice.

use crate::engine::basebackup::Shelf;
use crate::rig::{Node, Stage, Trouble};
use crate::sabotage::original::{digest, must};

/// Takes the checksum of the file at `path` out of the manifest of `label`, and seals it anew: in
/// the backup and where it is kept apart.
pub(super) async fn vouch(
    stage: &Stage,
    node: &dyn Node,
    label: &str,
    path: &str,
) -> Result<(), Trouble> {
    let shelf = Shelf::on(node);
    let manifest = shelf.manifest(label);
    // The path holds nothing but digits and slashes beside the word `base`.
    let checksum = r#", "Checksum-Algorithm": "[^"]*", "Checksum": "[^"]*""#;
    let forget = format!(r#"\#"Path": "{path}",#s#{checksum}##"#);
    let edit = async |script: &str| {
        let argv = ["sed", "-i", "-e", script, "--", &manifest];
        must(stage, node, "have the manifest vouch for the page", &argv).await.map(|_| ())
    };
    edit(&forget).await?;
    // The last line is the digest of all lines before it.
    edit("$d").await?;
    let sealed = digest(stage, node, &manifest).await?;
    edit(&format!(r#"$a "Manifest-Checksum": "{sealed}"}}"#)).await?;
    let own = format!("{}/backup_manifest", shelf.data(label));
    must(stage, node, "put the manifest beside the backup", &["cp", "--", &manifest, &own])
        .await
        .map(|_| ())
}
