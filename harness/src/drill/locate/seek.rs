//! Seeks in archived WAL: the end of a transaction, the first end after a time, the record at a
//! position; and the commits about a position.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::drill::locate::{End, Window, parse_ends};
use crate::engine::Archive;
use crate::rig::{Command, Node, Output, Place, Stage, Trouble};

/// Segments that one seek may fetch.
const SEGMENTS_MAX: u64 = 4096;
/// How long one reading may take.
const READ_LIMIT: Duration = Duration::from_secs(300);
/// Records that are printed at a time: usually half a mebibyte, well below what a node keeps.
const RECORDS_AT_ONCE: usize = 4096;
/// Fewer than two would not get on: each reading begins with the last record of the one before.
const RECORDS_AT_ONCE_MIN: usize = 2;
/// Readings of one window.
const READINGS_MAX: usize = 1 << 20;

/// A stretch of WAL, fetched to a node.
pub struct Fetched<'a> {
    stage: &'a Stage,
    node: &'a dyn Node,
    window: Window,
    folder: String,
    end: Option<Lsn>,
}

impl<'a> Fetched<'a> {
    /// Fetches the window from `archive` on `node`, which has the repository. Where a segment is
    /// missing, what lies before it is all there is.
    pub async fn get(
        stage: &'a Stage,
        archive: &dyn Archive,
        node: &'a dyn Node,
        window: Window,
    ) -> Result<Fetched<'a>, Trouble> {
        let Window { from, to, timeline, segment_bytes } = window;
        if from >= to || segment_bytes == 0 || (to.0 - from.0) / segment_bytes > SEGMENTS_MAX {
            let said = format!("the window from {from} to {to} cannot be searched");
            return Err(Trouble::subject(SubjectCause::Target, said));
        }
        let folder = format!("{}/seek", node.place(Place::Scratch));
        let make = ["mkdir", "-p", "--", &folder];
        stage.must(node, Command::housekeeping("make room for WAL", make)).await?;
        let mut fetched = Fetched { stage, node, window, folder, end: None };
        let mut segment = Segment::holding(timeline, from, segment_bytes);
        while segment.start < to {
            let into = format!("{}/{segment}", fetched.folder);
            if !archive.fetch_wal(stage, node, segment, &into).await? {
                break;
            }
            fetched.end = Some(segment.end());
            segment = segment.next();
        }
        Ok(fetched)
    }

    /// Removes what was fetched.
    pub async fn forget(self) -> Result<(), Trouble> {
        let remove = ["rm", "-rf", "--", &self.folder];
        let command = Command::housekeeping("remove the fetched WAL", remove);
        self.stage.must(self.node, command).await.map(|_| ())
    }

    /// Gives every end of a transaction in the window to `take`, in order, until that says `false`.
    pub async fn ends(&self, mut take: impl FnMut(End) -> bool + Send) -> Result<(), Trouble> {
        let Some(end) = self.end else { return Ok(()) };
        let (mut at, mut count, mut first) = (self.window.from, RECORDS_AT_ONCE, true);
        for _ in 0..READINGS_MAX {
            let only = ["--rmgr=Transaction"];
            let output = self.read("read the ends of transactions", at, end, count, &only).await?;
            if output.cut && count > RECORDS_AT_ONCE_MIN {
                count = (count / 2).max(RECORDS_AT_ONCE_MIN);
                continue;
            }
            let read = parse_ends(&output.text())
                .map_err(|said| Trouble::subject(SubjectCause::Target, said))?;
            for found in read.ends {
                if found.start >= self.window.to {
                    return Ok(());
                }
                // Each reading begins with the last record of the one before.
                if (first || found.start > at) && !take(found) {
                    return Ok(());
                }
            }
            match read.last {
                Some(last) if read.records >= count && last > at => at = last,
                _ => return Ok(()),
            }
            first = false;
        }
        let said = format!("the window was not read to its end in {READINGS_MAX} readings");
        Err(Trouble::subject(SubjectCause::Target, said))
    }

    /// Where the record that starts at or behind `at` starts, and the one after it.
    pub async fn record_at(&self, at: Lsn) -> Result<Option<(Lsn, Lsn)>, Trouble> {
        let Some(end) = self.end else { return Ok(None) };
        let output = self.read("read the record at the target", at, end, 2, &[]).await?;
        let text = output.text();
        let starts = text.lines().filter_map(|line| {
            let (_, rest) = line.split_once(", lsn: ")?;
            rest.split(',').next()?.parse::<Lsn>().ok()
        });
        let starts: Vec<Lsn> = starts.filter(|start| *start >= at).collect();
        Ok(match starts[..] {
            [one, next] => Some((one, next)),
            _ => None,
        })
    }

    async fn read(
        &self,
        purpose: &str,
        at: Lsn,
        end: Lsn,
        count: usize,
        more: &[&str],
    ) -> Result<Output, Trouble> {
        let own = [
            self.node.tool("pg_waldump"),
            format!("--path={}", self.folder),
            format!("--timeline={}", self.window.timeline),
            format!("--start={at}"),
            format!("--end={end}"),
            format!("--limit={count}"),
        ];
        let argv = own.into_iter().chain(more.iter().map(|word| (*word).to_owned()));
        let command = Command::new(purpose, READ_LIMIT, argv).env("LC_ALL", "C").env("TZ", "UTC");
        self.stage.run(self.node, command).await
    }
}
