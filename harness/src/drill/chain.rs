//! The archive of WAL from end to end: every segment from the first backup to where the server or
//! the last backup said that all is safe, fetched as a recovery would, looked at and read through.
//! A recovery to a point in time reads less of it.

use std::time::Duration;

use pgrehearse_verdict::journal::{Cause, Event, SubjectCause};
use pgrehearse_verdict::lsn::{Lsn, Segment};
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, chained, columns};

use crate::drill::perform::Drill;
use crate::drill::questions::questions;
use crate::engine::Archive;
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// Segments that are looked at: a tebibyte of the usual length.
const SEGMENTS_MAX: usize = 1 << 16;
/// Segments that lie on the node at a time.
const AT_ONCE: usize = 16;
/// How long one reading may take.
const READ_LIMIT: Duration = Duration::from_secs(600);
/// Where a segment names the system that wrote it: `xlp_sysid` of its first page's long header.
const SYSTEM_AT: u32 = 24;

impl Drill<'_> {
    /// Asks the archive for the whole chain, on `node`, which has the repository, if a check wants
    /// to know. An archive that fails is an answer; the ground's failure is none.
    pub(super) async fn ask_chain(&self, stage: &Stage, node: &dyn Node) -> Result<(), Trouble> {
        let (moment, question) = (Moment::Recovered, Question::Wal);
        if !questions(&self.plan.brief, &moment).contains(&question) {
            return Ok(());
        }
        let answer = match self.chain(stage, node).await {
            Ok(table) => stage.notebook.answer(table)?,
            Err(trouble) => Answer::Refused(stage.redactor.clean(&trouble.to_string())),
        };
        stage.note(Event::Answered { moment, question, answer })
    }

    /// Where the first backup begins.
    fn chain_begins(&self) -> Option<Lsn> {
        self.backups.iter().find_map(|backup| backup.start)
    }

    /// The segments that the archive must hold, and one more where there are too many.
    pub(super) fn chained(&self) -> Vec<Segment> {
        let (Some(from), Some(archiver)) = (self.chain_begins(), self.archiver) else {
            return vec![];
        };
        // A finished backup has said that all WAL up to its end is archived, too: the server may
        // have archived nothing but a backup's history file since, which promises less.
        let stop = self.backups.iter().filter_map(|backup| backup.stop).max();
        let to = archiver.safe.max(stop).filter(|to| *to > from);
        let Some(to) = to else { return vec![] };
        let first = Segment::holding(archiver.timeline, from, archiver.segment_bytes);
        std::iter::successors(Some(first), |segment| Some(segment.next()))
            .take_while(|segment| segment.start < to)
            .take(SEGMENTS_MAX + 1)
            .collect()
    }

    async fn chain(&self, stage: &Stage, node: &dyn Node) -> Result<Table, Trouble> {
        let table = Table::new(columns::WAL);
        let archive = self.plan.engine.engine().archive();
        let (segments, from) = (self.chained(), self.chain_begins());
        let (Some(archive), Some(from), false) = (archive, from, segments.is_empty()) else {
            return Ok(table);
        };
        if segments.len() > SEGMENTS_MAX {
            let said = format!("from {from} on there are more than {SEGMENTS_MAX} segments");
            return Err(Trouble::subject(SubjectCause::Target, said));
        }
        let folder = format!("{}/chain", node.place(Place::Scratch));
        let make = ["mkdir", "-p", "--", &folder];
        stage.must(node, Command::housekeeping("make room for WAL", make)).await?;
        let mut walk = Walk { stage, archive, node, folder, run: vec![], at: from, table };
        for segment in segments {
            walk.step(segment).await?;
        }
        walk.read_run(true).await?;
        walk.remove(&walk.folder).await?;
        Ok(walk.table)
    }
}

struct Walk<'a> {
    stage: &'a Stage,
    archive: &'a dyn Archive,
    node: &'a dyn Node,
    folder: String,
    /// The segments that lie on the node and follow each other.
    run: Vec<Segment>,
    /// Where reading goes on.
    at: Lsn,
    table: Table,
}

impl Walk<'_> {
    /// Fetches one segment and looks at it; reads those before it when there are enough, or when
    /// it is not there to go on with.
    async fn step(&mut self, segment: Segment) -> Result<(), Trouble> {
        let into = format!("{}/{segment}", self.folder);
        let fetched = self.archive.fetch_wal(self.stage, self.node, segment, &into).await;
        let row = match fetched {
            Ok(false) => [None, None, None],
            Err(trouble) => match trouble.cause {
                Cause::Subject(_) => [None, None, Some(trouble.said)],
                Cause::Rig(_) => return Err(trouble),
            },
            Ok(true) => {
                let (bytes, system) = self.look(&into).await?;
                [Some(bytes), Some(system), None]
            }
        };
        let whole = row[0].as_deref() == Some(&segment.size.to_string());
        self.table.rows.push([Some(segment.to_string())].into_iter().chain(row).collect());
        if !whole {
            self.read_run(true).await?;
            self.at = segment.end();
            return self.remove(&into).await;
        }
        self.run.push(segment);
        if self.run.len() > AT_ONCE { self.read_run(false).await } else { Ok(()) }
    }

    /// The length of a fetched segment in bytes, and the system it names.
    async fn look(&self, path: &str) -> Result<(String, String), Trouble> {
        let purpose = "look at a fetched segment";
        let length = ["stat", "--format=%s", "--", path];
        let length = self.stage.must(self.node, Command::housekeeping(purpose, length)).await?;
        let skip = format!("--skip-bytes={SYSTEM_AT}");
        let system =
            ["od", "--address-radix=n", "--format=u8", &skip, "--read-bytes=8", "--", path];
        let system = self.stage.must(self.node, Command::housekeeping(purpose, system)).await?;
        Ok((length.text().trim().to_owned(), system.text().trim().to_owned()))
    }

    /// Reads the run through. Unless it ends here, its last segment is kept: a record that begins
    /// before that segment ends in it, and the next reading begins with it.
    async fn read_run(&mut self, ends: bool) -> Result<(), Trouble> {
        let Some(last) = self.run.last().copied() else { return Ok(()) };
        let to = if ends { last.end() } else { last.start };
        let argv = [
            self.node.tool("pg_waldump"),
            "--quiet".to_owned(),
            format!("--path={}", self.folder),
            format!("--timeline={}", last.timeline),
            format!("--start={}", self.at),
            format!("--end={to}"),
        ];
        let command = Command::new("read the archived WAL through", READ_LIMIT, argv);
        let output = self.stage.run(self.node, command.env("LC_ALL", "C")).await?;
        let said = (!output.ok()).then(|| {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().rev().find(|line| !line.trim().is_empty());
            line.unwrap_or("it did not say why").to_owned()
        });
        let what = format!("{} {} to {to}", chained::READ, self.at);
        self.table.rows.push(vec![Some(what), None, None, said]);
        let kept = if ends { vec![] } else { vec![last] };
        let gone = std::mem::replace(&mut self.run, kept);
        let gone = &gone[..gone.len() - self.run.len()];
        self.at = to;
        for segment in gone {
            self.remove(&format!("{}/{segment}", self.folder)).await?;
        }
        Ok(())
    }

    async fn remove(&self, path: &str) -> Result<(), Trouble> {
        let remove = ["rm", "-rf", "--", path];
        let command = Command::housekeeping("remove the fetched WAL", remove);
        self.stage.must(self.node, command).await.map(|_| ())
    }
}
