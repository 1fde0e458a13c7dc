//! Puts a chain in place: a full backup, and the incremental ones that build on it.

use crate::engine::basebackup::copied::spaces;
use crate::engine::basebackup::put::{COPY_LIMIT, Site, check, put, verify};
use crate::engine::basebackup::shelf::Shelf;
use crate::engine::basebackup::take::mapping;
use crate::engine::ground::housekeep;
use crate::engine::{Format, PgBaseBackup};
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// Combines the backups of `chain`, the full one first, at `site`, which is there and empty. Each
/// of them is verified before, and what came of them after.
pub(super) async fn combine(
    spec: &PgBaseBackup,
    stage: &Stage,
    node: &dyn Node,
    chain: &[String],
    site: &Site,
) -> Result<(), Trouble> {
    let shelf = Shelf::on(node);
    let unpacked = format!("{}/chain", node.place(Place::Scratch));
    let mut parts = vec![];
    for label in chain {
        let part = match spec.format {
            Format::Plain => {
                let part = Site { data: shelf.data(label), spaces: shelf.spaces(label) };
                settle(stage, node, &part).await?;
                part
            }
            Format::Tar => {
                let folder = format!("{unpacked}/{label}");
                let part =
                    Site { data: format!("{folder}/data"), spaces: format!("{folder}/spaces") };
                let make = ["mkdir", "-p", "-m", "700", "--", &part.data, &part.spaces];
                housekeep(stage, node, "make room to unpack a backup", &make).await?;
                put(spec, stage, node, label, &part).await?;
                part
            }
        };
        verify(spec, stage, node, label, &part).await?;
        parts.push(part);
    }
    let mut argv = vec![node.tool("pg_combinebackup"), format!("--output={}", site.data)];
    if let Some(last) = parts.last() {
        for oid in spaces(stage, node, &last.data, &last.spaces).await? {
            let from = format!("{}/{oid}", last.spaces);
            argv.push(mapping(&from, &format!("{}/{oid}", site.spaces)));
        }
    }
    argv.extend(parts.iter().map(|part| part.data.clone()));
    stage.must(node, Command::new("combine the backups", COPY_LIMIT, argv)).await?;
    if spec.verify {
        check(stage, node, &site.data, None).await?;
    }
    let remove = ["rm", "-r", "-f", "--", &unpacked];
    stage.must(node, Command::new("remove what was unpacked", COPY_LIMIT, remove)).await?;
    Ok(())
}

/// Links of a plain backup lead to its tablespaces by their whole path: in a copy of the
/// repository that is another one, and they would lead back into the original.
async fn settle(stage: &Stage, node: &dyn Node, part: &Site) -> Result<(), Trouble> {
    for oid in spaces(stage, node, &part.data, &part.spaces).await? {
        let (from, to) =
            (format!("{}/pg_tblspc/{oid}", part.data), format!("{}/{oid}", part.spaces));
        let read = ["readlink", "--", &from];
        let leads = housekeep(stage, node, "see where a tablespace's link leads", &read).await?;
        if leads.text().trim_end_matches('\n') != to {
            let link = ["ln", "-s", "-f", "-n", "-T", "--", &to, &from];
            housekeep(stage, node, "link a tablespace", &link).await?;
        }
    }
    Ok(())
}
