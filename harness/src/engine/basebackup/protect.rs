//! Protects a server: lets the backup in, has WAL summarized, and sees that the archive works.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use pgrehearse_verdict::lsn::{Lsn, Segment};
use tokio::time::Instant;

use crate::drill::{QUERY_LIMIT, SUPERUSER, Server};
use crate::engine::basebackup::archive::length;
use crate::engine::basebackup::shelf::Shelf;
use crate::engine::ground::housekeep;
use crate::engine::quoting::pass_line;
use crate::rig::{Node, Place, Stage, Trouble};

/// How long the archive may take to hold a segment that the server has finished.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(60);
/// The time between two looks at the archive.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The first major version that summarizes WAL, which incremental backups need.
const SUMMARIES_SINCE: u32 = 17;

/// The path of the password file on a node.
pub(super) fn pass_path(node: &dyn Node) -> String {
    format!("{}/basebackup.pass", node.place(Place::Scratch))
}

pub(super) async fn protect(stage: &Stage, source: &Server) -> Result<(), Trouble> {
    let node = &*source.node;
    let shelf = Shelf::on(node);
    let (wal, manifests, backups) = (shelf.wal(), shelf.manifests(), shelf.backup(""));
    let make = ["mkdir", "-p", "-m", "700", "--", &wal, &manifests, &backups];
    housekeep(stage, node, "make the folders of the repository", &make).await?;
    let line = pass_line(SUPERUSER, source.password.reveal());
    node.write(&pass_path(node), line.as_bytes(), 0o600).await?;
    let_in(stage, node).await?;
    let own = source.postgres.settings.contains_key("summarize_wal");
    if source.postgres.version >= SUMMARIES_SINCE && !own {
        ask(source, "ALTER SYSTEM SET summarize_wal = on").await?;
        stage.remark("`summarize_wal` was set on: incremental backups need it")?;
    }
    ask(source, "SELECT pg_reload_conf()").await?;
    try_archive(stage, source).await
}

/// `all` in an access rule does not mean the connections that a backup is taken over.
async fn let_in(stage: &Stage, node: &dyn Node) -> Result<(), Trouble> {
    let path = format!("{}/pg_hba.conf", node.place(Place::Data));
    let read = ["cat", "--", &path];
    let mut rules = housekeep(stage, node, "read the access rules", &read).await?.text();
    rules.push_str(&format!("local replication {SUPERUSER} scram-sha-256\n"));
    node.write(&path, rules.as_bytes(), 0o600).await
}

/// A finished segment must come to lie in the archive, byte for byte. What the server counts as
/// archived is no proof: its command can lie.
async fn try_archive(stage: &Stage, source: &Server) -> Result<(), Trouble> {
    let node = &*source.node;
    let bytes = segment_bytes(source).await?;
    ask(source, "SELECT pg_create_restore_point('pgrehearse tries the archive')").await?;
    let name = ask(source, "SELECT pg_walfile_name(pg_switch_wal())").await?;
    let segment = Segment::parse(&name, bytes).ok_or_else(|| {
        Trouble::subject(SubjectCause::Server, format!("`{name}` is no segment of WAL"))
    })?;
    await_archived(source, segment, bytes).await?;
    let from = format!("{}/pg_wal/{segment}", node.place(Place::Data));
    let to = format!("{}/{segment}", Shelf::on(node).wal());
    housekeep(stage, node, "compare the archived segment", &["cmp", "--", &from, &to]).await?;
    Ok(())
}

/// Waits until the archive holds a segment of `bytes`.
async fn await_archived(source: &Server, segment: Segment, bytes: u64) -> Result<(), Trouble> {
    let deadline = Instant::now() + ARCHIVE_LIMIT;
    loop {
        // Asked before it is looked for: what was archived then must be there.
        let done = said_archived(source, segment, bytes).await?;
        if held(&*source.node, segment, bytes).await? {
            return Ok(());
        }
        if done {
            return Err(lacking(segment));
        }
        if Instant::now() >= deadline {
            let said = format!("the archive lacks segment {segment} after {ARCHIVE_LIMIT:?}");
            return Err(Trouble::subject(SubjectCause::TimeLimit, said));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether the archive holds a segment, which has `bytes` or is none.
pub(super) async fn held(node: &dyn Node, segment: Segment, bytes: u64) -> Result<bool, Trouble> {
    match length(node, segment).await? {
        None => Ok(false),
        Some(found) if found == bytes => Ok(true),
        Some(found) => {
            let said = format!("the archive holds {found} bytes of segment {segment}");
            Err(Trouble::subject(SubjectCause::Command, said))
        }
    }
}

/// The server's word against the archive.
pub(super) fn lacking(segment: Segment) -> Trouble {
    let said =
        format!("the server says that segment {segment} was archived, and the archive lacks it");
    Trouble::subject(SubjectCause::Command, said)
}

/// Whether the server counts a segment as archived: it archives them in order.
async fn said_archived(source: &Server, segment: Segment, bytes: u64) -> Result<bool, Trouble> {
    let name = ask(source, "SELECT last_archived_wal FROM pg_stat_archiver").await?;
    let last = name.get(..24).and_then(|name| Segment::parse(name, bytes));
    // The history of a backup is archived after the segment it is named for was begun.
    Ok(last.is_some_and(|last| last > segment || last == segment && name.len() == 24))
}

/// `wal_segment_size` in bytes.
pub(super) async fn segment_bytes(source: &Server) -> Result<u64, Trouble> {
    let said = number(source, "SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'");
    said.await
}

/// What a query answers that has one number for an answer.
pub(super) async fn number(source: &Server, sql: &str) -> Result<u64, Trouble> {
    let answer = ask(source, sql).await?;
    answer.parse().map_err(|_| {
        Trouble::subject(SubjectCause::Server, format!("`{sql}`: `{answer}` is no number"))
    })
}

/// The first value that a query answers; nothing where it answers none.
pub(super) async fn ask(source: &Server, sql: &str) -> Result<String, Trouble> {
    let refused = |trouble: crate::rig::SqlTrouble| {
        Trouble::subject(SubjectCause::Server, format!("`{sql}`: {trouble}"))
    };
    let mut session = source.connect("postgres").await.map_err(refused)?;
    let tables = session.query(sql, QUERY_LIMIT).await.map_err(refused)?;
    let value = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
    Ok(value.unwrap_or_default())
}

/// The segments between two positions of a timeline.
pub(super) fn segments(timeline: u32, start: Lsn, stop: Lsn, bytes: u64) -> Vec<Segment> {
    let first = Segment::holding(timeline, start, bytes);
    std::iter::successors(Some(first), |segment| Some(segment.next()))
        .take_while(|segment| segment.start < stop)
        .collect()
}
