//! The search: fetches a window of WAL from the archive and reads the commits in it.
//!
//! Nothing but what was harmed and the window is known here: not what the strike noted.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::drill::locate::{Harm, Sight, parse_printed};
use crate::engine::Archive;
use crate::rig::{Command, Node, Output, Place, Stage, Trouble};

/// Segments that a window may span.
const SEGMENTS_MAX: u64 = 4096;
/// How long one reading may take.
const READ_LIMIT: Duration = Duration::from_secs(300);
/// Records that are printed at a time: usually half a mebibyte, well below what a node keeps.
const RECORDS_AT_ONCE: usize = 4096;
/// Fewer than two would not get on: each reading begins with the last record of the one before.
const RECORDS_AT_ONCE_MIN: usize = 2;
/// Readings of one window.
const READINGS_MAX: usize = 1 << 20;

/// A stretch of WAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Where the search begins: before the harm.
    pub from: Lsn,
    /// Where it ends: after the harm.
    pub to: Lsn,
    /// The timeline of all of it.
    pub timeline: u32,
    /// `wal_segment_size`, in bytes.
    pub segment_bytes: u64,
}

/// Where the harm took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The start of the first record that does the harm: recovery must end before it.
    pub boundary: Lsn,
    /// The transaction of the harm, without its epoch.
    pub xid: Option<u32>,
    /// How it was found, in words.
    pub how: String,
}

/// Finds the first record in the window that does the harm, in WAL fetched from the archive by
/// `archive` on `node`, which has the repository. Not finding it is the subject's failure.
pub async fn before(
    stage: &Stage,
    archive: &dyn Archive,
    node: &dyn Node,
    harm: &Harm,
    window: Window,
) -> Result<Found, Trouble> {
    let segments = segments(window)?;
    let folder = format!("{}/locate", node.place(Place::Scratch));
    let make = ["mkdir", "-p", "--", &folder];
    stage.must(node, Command::housekeeping("make room for WAL", make)).await?;
    let search = Search { stage, archive, node, harm, window, folder: &folder };
    let found = search.search(&segments).await;
    let remove = ["rm", "-rf", "--", &folder];
    stage.run(node, Command::housekeeping("remove the fetched WAL", remove)).await?;
    found
}

/// The segments that hold the window.
fn segments(window: Window) -> Result<Vec<Segment>, Trouble> {
    let Window { from, to, timeline, segment_bytes } = window;
    if from >= to || segment_bytes == 0 {
        return Err(lost(format!("the window from {from} to {to} is empty")));
    }
    let last = Segment::holding(timeline, Lsn(to.0 - 1), segment_bytes);
    let mut list = vec![Segment::holding(timeline, from, segment_bytes)];
    let count = (last.start.0 - list[0].start.0) / segment_bytes + 1;
    if count > SEGMENTS_MAX {
        let said = format!("the window from {from} to {to} has {count} segments");
        return Err(lost(format!("{said}, more than {SEGMENTS_MAX}")));
    }
    while let Some(next) = list.last().map(Segment::next).filter(|next| *next <= last) {
        list.push(next);
    }
    Ok(list)
}

fn lost(said: impl Into<String>) -> Trouble {
    Trouble::subject(SubjectCause::Target, said)
}

struct Search<'a> {
    stage: &'a Stage,
    archive: &'a dyn Archive,
    node: &'a dyn Node,
    harm: &'a Harm,
    window: Window,
    folder: &'a str,
}

impl Search<'_> {
    async fn search(&self, segments: &[Segment]) -> Result<Found, Trouble> {
        let mut missing = None;
        let mut end = None;
        for segment in segments {
            let into = format!("{}/{segment}", self.folder);
            if !self.archive.fetch_wal(self.stage, self.node, *segment, &into).await? {
                missing = Some(segment);
                break;
            }
            end = Some(segment.end());
        }
        // What lies before a gap can be read all the same: what is found there is the first.
        let stopped = match end {
            Some(end) => match self.read(end).await? {
                Ok(found) => return Ok(found),
                Err(stopped) => stopped,
            },
            None => None,
        };
        let Window { from, to, .. } = self.window;
        let why = match (missing, stopped) {
            (_, Some(said)) => said,
            (Some(segment), None) => format!("the archive does not have segment {segment}"),
            (None, None) => "all of it was read".to_owned(),
        };
        let sought = self.harm.sought();
        Err(lost(format!("no record from {from} to {to} {sought}: {why}")))
    }

    /// Reads the records up to `end`: the first that does the harm, or, where there is none, what
    /// stopped the reading before the window's end.
    async fn read(&self, end: Lsn) -> Result<Result<Found, Option<String>>, Trouble> {
        let mut trail = self.harm.trail();
        let (mut at, mut read) = (self.window.from, None);
        let mut count = RECORDS_AT_ONCE;
        for _ in 0..READINGS_MAX {
            let command = self.command(trail.rmgrs(), at, end, count);
            let output = self.stage.run(self.node, command).await?;
            if output.cut {
                if count == RECORDS_AT_ONCE_MIN {
                    return Err(lost(format!("the records from {at} on are too long to be read")));
                }
                count = (count / 2).max(RECORDS_AT_ONCE_MIN);
                continue;
            }
            let records = parse_printed(&output.text()).map_err(lost)?.records;
            // Each reading begins with the last record of the one before; the last segment can
            // reach beyond the window.
            let fresh = records.iter().filter(|record| read.is_none_or(|read| record.start > read));
            let mut inside = fresh.filter(|record| record.start < self.window.to);
            if let Some(sight) = inside.find_map(|record| trail.take(record)) {
                return Ok(Ok(self.found(&sight)));
            }
            match records.last().map(|record| record.start) {
                Some(last) if records.len() >= count && last > at => {
                    (at, read) = (last, Some(last))
                }
                _ => return Ok(Err(self.stopped(&output))),
            }
        }
        Err(lost(format!("the window was not read to its end in {READINGS_MAX} readings")))
    }

    fn command(&self, rmgrs: &[&str], at: Lsn, end: Lsn, count: usize) -> Command {
        let own = [
            self.node.tool("pg_waldump"),
            format!("--path={}", self.folder),
            format!("--timeline={}", self.window.timeline),
            format!("--start={at}"),
            format!("--end={end}"),
            format!("--limit={count}"),
        ];
        let argv = own.into_iter().chain(rmgrs.iter().map(|rmgr| format!("--rmgr={rmgr}")));
        Command::new("read the commits in WAL", READ_LIMIT, argv).env("LC_ALL", "C")
    }

    fn found(&self, sight: &Sight) -> Found {
        let Window { timeline, segment_bytes, .. } = self.window;
        let segment = Segment::holding(timeline, sight.boundary, segment_bytes);
        let how = format!(
            "{} at {}, in archived segment {segment}, is {}",
            sight.what, sight.boundary, sight.why
        );
        Found { boundary: sight.boundary, xid: sight.xid, how }
    }

    /// Why the reading stopped before the window's end, if it did. WAL that ends behind the window
    /// ends as it must.
    fn stopped(&self, output: &Output) -> Option<String> {
        if output.ok() {
            return None;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("");
        let mut positions = line.split([' ', ':', ',']).filter_map(|word| word.parse::<Lsn>().ok());
        match positions.next_back() {
            Some(at) if at >= self.window.to => None,
            _ => Some(format!("reading stopped before its end: {line}")),
        }
    }
}
