//! What the protection of a server says of itself: asked of the server, never of the archive.

use pgrehearse_verdict::journal::{Promise, SubjectCause};
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::drill::load::refused;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::Trouble;

/// What is known of the source's WAL.
#[derive(Debug, Clone, Copy)]
pub struct Archiver {
    /// The timeline it writes.
    pub timeline: u32,
    /// `wal_segment_size` in bytes.
    pub segment_bytes: u64,
    /// The last segment that was archived.
    pub last: Option<Segment>,
    /// Everything before this position was said to be archived.
    pub safe: Option<Lsn>,
}

const ASK: &str = "
    SELECT last_archived_wal,
           failed_count,
           (SELECT setting FROM pg_settings WHERE name = 'archive_timeout'),
           (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(modification)), 0)
              FROM pg_ls_archive_statusdir() WHERE name ~ '^[0-9A-F]{24}\\.ready$'),
           (SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'),
           ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
      FROM pg_stat_archiver";

/// Asks for it.
pub async fn promise(server: &Server) -> Result<(Promise, Archiver), Trouble> {
    let during = "ask what was archived";
    let mut session = server.connect("postgres").await.map_err(refused(during))?;
    let tables = session.query(ASK, QUERY_LIMIT).await.map_err(refused(during))?;
    let row = tables.first().and_then(|table| table.rows.first()).cloned().unwrap_or_default();
    let text = |at: usize| row.get(at).cloned().flatten();
    let missing = |what: &str| {
        let said = format!("{during}: the server did not say its {what}");
        Trouble::subject(SubjectCause::Server, said)
    };
    let number = |at: usize, what: &str| {
        text(at).and_then(|text| text.parse::<f64>().ok()).ok_or_else(|| missing(what))
    };
    let segment_bytes = number(4, "wal_segment_size")? as u64;
    let timeline = number(5, "timeline")? as u32;
    let name = text(0).unwrap_or_default();
    let last = name.get(..24).and_then(|name| Segment::parse(name, segment_bytes));
    // A backup's history file is archived after the segment it is named for begins, but perhaps
    // before that segment itself: only what lies before the segment is promised then.
    let safe = last.map(|segment| if name.len() == 24 { segment.end() } else { segment.start });
    let timeout = number(2, "archive_timeout")?;
    let promise = Promise {
        safe,
        timeline,
        archive_timeout_s: (timeout > 0.0).then_some(timeout),
        archive_lag_s: number(3, "archive lag")?,
        archive_failures: number(1, "archive failures")? as u64,
    };
    Ok((promise, Archiver { timeline, segment_bytes, last, safe }))
}
