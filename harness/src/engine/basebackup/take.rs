//! Takes a backup.

use std::time::Duration;

use pgrehearse_verdict::journal::{Backup, SubjectCause};

use crate::drill::{SUPERUSER, Server};
use crate::engine::basebackup::manifest::{END_BYTES, range};
use crate::engine::basebackup::protect::{
    ask, held, lacking, number, pass_path, segment_bytes, segments,
};
use crate::engine::basebackup::shelf::{Shelf, label};
use crate::engine::ground::housekeep;
use crate::engine::{Ask, Format, PgBaseBackup};
use crate::rig::{Command, Node, Output, Place, Stage, Trouble};

/// How long a backup may take; the drill's own limit is usually shorter.
const COPY_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long one reading of a manifest may take.
const READ_LIMIT: Duration = Duration::from_secs(600);
/// Warnings of one command that become remarks; the rest are counted.
const WARNINGS_MAX: usize = 20;
/// Everything of a cluster, in bytes, as the server sees it.
const SIZE: &str = "SELECT sum(pg_tablespace_size(oid))::int8 FROM pg_tablespace";
/// The tablespaces outside of the data directory, as (oid, path).
const SPACES: &str = "SELECT coalesce(json_agg(json_build_array(oid::text,
      pg_tablespace_location(oid)) ORDER BY oid), '[]')
    FROM pg_tablespace WHERE pg_tablespace_location(oid) LIKE '/%'";

pub(super) async fn take(
    spec: &PgBaseBackup,
    stage: &Stage,
    source: &Server,
    wanted: &Ask,
) -> Result<Backup, Trouble> {
    let node = &*source.node;
    let shelf = Shelf::on(node);
    let kind = wanted.kind.as_str();
    let label = label(wanted.number, kind);
    let mut chain = chain(stage, &shelf, kind).await?;
    let (folder, spaces) = (shelf.backup(&label), shelf.spaces(&label));
    let make = ["mkdir", "-m", "700", "--", &folder, &spaces];
    housekeep(stage, node, "make the folder of the backup", &make).await?;
    let purpose = format!("take a backup ({kind})");
    let command = command(spec, source, &purpose, &label, chain.last()).await?;
    let output = stage.must(node, command).await?;
    let took_ns = u64::try_from(output.took.as_nanos()).unwrap_or(u64::MAX);
    hear(stage, &purpose, &output)?;
    let end = keep_manifest(stage, node, &label).await?;
    let range = range(&end)?;
    // The tool has waited until the server said of these segments that they are archived; that
    // they are is another thing. Without them the backup is none.
    let bytes = segment_bytes(source).await?;
    for segment in segments(range.timeline, range.start, range.stop, bytes) {
        if !held(node, segment, bytes).await? {
            return Err(lacking(segment));
        }
    }
    chain.push(label.clone());
    let lines: String = chain.iter().map(|label| format!("{label}\n")).collect();
    node.write(&shelf.chain(&label), lines.as_bytes(), 0o600).await?;
    Ok(Backup {
        label,
        kind: kind.to_owned(),
        start: Some(range.start),
        stop: Some(range.stop),
        bytes: Some(number(source, SIZE).await?),
        took_ns,
        every_s: None,
        snapshot: None,
    })
}

/// What a backup of this kind builds on.
async fn chain(stage: &Stage, shelf: &Shelf<'_>, kind: &str) -> Result<Vec<String>, Trouble> {
    if kind == "full" {
        return Ok(vec![]);
    }
    match shelf.newest(stage).await? {
        Some(newest) => shelf.chain_of(stage, &newest).await,
        None => {
            let said = format!("the backup `{kind}` has none to build on");
            Err(Trouble::subject(SubjectCause::Command, said))
        }
    }
}

/// The command. WAL is left to the archive: a copy of it in the backup would make a backup whole
/// whose archive is broken, and end its recovery early where nobody looks.
async fn command(
    spec: &PgBaseBackup,
    source: &Server,
    purpose: &str,
    label: &str,
    prior: Option<&String>,
) -> Result<Command, Trouble> {
    let node = &*source.node;
    let shelf = Shelf::on(node);
    let mut argv = vec![
        node.tool("pg_basebackup"),
        format!("--pgdata={}", shelf.data(label)),
        format!("--host={}", node.place(Place::Socket)),
        "--port=5432".to_owned(),
        format!("--username={SUPERUSER}"),
        "--no-password".to_owned(),
        "--wal-method=none".to_owned(),
        "--verbose".to_owned(),
    ];
    argv.extend(spec.options());
    argv.extend(prior.map(|prior| format!("--incremental={}", shelf.manifest(prior))));
    if spec.format == Format::Plain {
        let read = serde_json::from_str(&ask(source, SPACES).await?);
        let spaces: Vec<(String, String)> = read.map_err(|error| {
            Trouble::subject(SubjectCause::Server, format!("list the tablespaces: {error}"))
        })?;
        let to = shelf.spaces(label);
        argv.extend(spaces.iter().map(|(oid, from)| mapping(from, &format!("{to}/{oid}"))));
    }
    Ok(Command::new(purpose, COPY_LIMIT, argv).env("PGPASSFILE", pass_path(node)))
}

/// The option by which the files of a tablespace go to another folder.
pub(super) fn mapping(from: &str, to: &str) -> String {
    let escaped = |path: &str| path.replace('=', "\\=");
    format!("--tablespace-mapping={}={}", escaped(from), escaped(to))
}

/// Keeps the manifest apart from what it vouches for; its last bytes.
async fn keep_manifest(stage: &Stage, node: &dyn Node, label: &str) -> Result<String, Trouble> {
    let shelf = Shelf::on(node);
    let (from, to) = (format!("{}/backup_manifest", shelf.data(label)), shelf.manifest(label));
    housekeep(stage, node, "keep the manifest apart", &["cp", "--", &from, &to]).await?;
    let digest = Command::new("digest the manifest", READ_LIMIT, ["sha256sum", "--", &to]);
    let said = stage.must(node, digest).await?.text();
    // A leading backslash says that the path is escaped.
    let digest = said.trim_start_matches('\\').split_whitespace().next().unwrap_or_default();
    stage.remark(format!("the manifest of backup `{label}` has SHA-256 {digest}"))?;
    let bytes = format!("--bytes={END_BYTES}");
    let read = ["tail", &bytes, "--", &to];
    Ok(housekeep(stage, node, "read the end of the manifest", &read).await?.text())
}

/// Warnings become remarks.
fn hear(stage: &Stage, purpose: &str, output: &Output) -> Result<(), Trouble> {
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut warnings = words.lines().filter(|line| line.to_lowercase().contains("warning: "));
    for warning in warnings.by_ref().take(WARNINGS_MAX) {
        let warning = stage.redactor.clean(warning);
        stage.remark(format!("{purpose}: pg_basebackup says: {warning}"))?;
    }
    match warnings.count() {
        0 => Ok(()),
        more => stage.remark(format!("{purpose}: pg_basebackup gives {more} more warnings")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_an_equals_sign_is_escaped() {
        assert_eq!(mapping("/a=b", "/c"), "--tablespace-mapping=/a\\=b=/c");
    }
}
