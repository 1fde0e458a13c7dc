//! Puts a backup in place: copies or unpacks it, and has it verified by its manifest.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;

use crate::engine::basebackup::copied::{archived, spaces};
use crate::engine::basebackup::shelf::Shelf;
use crate::engine::ground::housekeep;
use crate::engine::{Format, PgBaseBackup};
use crate::rig::{Command, Node, Stage, Trouble};

/// How long copying may take; the drill's own limit is usually shorter.
pub(super) const COPY_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A place for a cluster's files.
pub(super) struct Site {
    /// The data directory.
    pub(super) data: String,
    /// The folder that holds a folder for each tablespace, named by its oid.
    pub(super) spaces: String,
}

/// Puts the files of one backup at `site`, which is there and empty.
pub(super) async fn put(
    spec: &PgBaseBackup,
    stage: &Stage,
    node: &dyn Node,
    label: &str,
    site: &Site,
) -> Result<(), Trouble> {
    match spec.format {
        Format::Plain => copy(stage, node, label, site).await?,
        Format::Tar => unpack(stage, node, label, site).await?,
    }
    // Links lead to where the tablespaces were; they are to lead to where they are.
    for oid in spaces(stage, node, &site.data, &site.spaces).await? {
        let (from, to) =
            (format!("{}/pg_tblspc/{oid}", site.data), format!("{}/{oid}", site.spaces));
        let link = ["ln", "-s", "-f", "-n", "-T", "--", &to, &from];
        housekeep(stage, node, "link a tablespace", &link).await?;
    }
    Ok(())
}

async fn copy(stage: &Stage, node: &dyn Node, label: &str, site: &Site) -> Result<(), Trouble> {
    let shelf = Shelf::on(node);
    for (from, to) in [(shelf.data(label), &site.data), (shelf.spaces(label), &site.spaces)] {
        let argv = ["cp", "-a", "--", &format!("{from}/."), to];
        stage.must(node, Command::new("copy the backup", COPY_LIMIT, argv)).await?;
    }
    Ok(())
}

async fn unpack(stage: &Stage, node: &dyn Node, label: &str, site: &Site) -> Result<(), Trouble> {
    let folder = Shelf::on(node).data(label);
    for tar in archived(stage, node, &folder).await? {
        let to = match &tar.oid {
            None => site.data.clone(),
            Some(oid) => {
                let to = format!("{}/{oid}", site.spaces);
                let make = ["mkdir", "-m", "700", "--", &to];
                housekeep(stage, node, "make the folder of a tablespace", &make).await?;
                to
            }
        };
        let mut argv = vec![
            "tar".to_owned(),
            "--extract".to_owned(),
            "--preserve-permissions".to_owned(),
            format!("--directory={to}"),
            format!("--file={folder}/{}", tar.name),
            // A path with a colon is a path on this machine.
            "--force-local".to_owned(),
        ];
        argv.extend(tar.program.map(|program| format!("--use-compress-program={program}")));
        stage.must(node, Command::new("unpack the backup", COPY_LIMIT, argv)).await?;
    }
    let (manifest, to) = (format!("{folder}/backup_manifest"), format!("{}/", site.data));
    let copy = ["cp", "-p", "--", &manifest, &to];
    housekeep(stage, node, "put the manifest beside it", &copy).await.map(|_| ())
}

/// The manifest in a backup must be the one that was kept apart, and what is at `site` must be
/// what that one says. WAL is not looked at: it is in the archive.
pub(super) async fn verify(
    spec: &PgBaseBackup,
    stage: &Stage,
    node: &dyn Node,
    label: &str,
    site: &Site,
) -> Result<(), Trouble> {
    if !spec.verify {
        return Ok(());
    }
    let (kept, own) = (Shelf::on(node).manifest(label), format!("{}/backup_manifest", site.data));
    let purpose = "compare the manifest with the one that was kept apart";
    let compare = Command::housekeeping(purpose, ["cmp", "--", &own, &kept]);
    let compared = stage.run(node, compare).await?;
    if compared.exit == Some(1) {
        let said = format!("the manifest in backup `{label}` is not the one that was kept apart");
        return Err(Trouble::subject(SubjectCause::Command, said));
    }
    compared.expect_ok(purpose)?;
    check(stage, node, &site.data, Some(&kept)).await
}

/// `pg_verifybackup`, by the manifest that is given or by the one that lies there.
pub(super) async fn check(
    stage: &Stage,
    node: &dyn Node,
    data: &str,
    manifest: Option<&str>,
) -> Result<(), Trouble> {
    let mut argv = vec![node.tool("pg_verifybackup"), "--no-parse-wal".to_owned()];
    argv.extend(manifest.map(|path| format!("--manifest-path={path}")));
    argv.push(data.to_owned());
    stage.must(node, Command::new("verify the backup", COPY_LIMIT, argv)).await.map(|_| ())
}
