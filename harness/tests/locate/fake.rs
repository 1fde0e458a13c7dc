//! A node whose `pg_waldump` prints made-up commits, and an archive with gaps.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use pgrehearse::drill::locate::{File, Found, Harm, Window, before};
use pgrehearse::drill::{Notebook, Redactor};
use pgrehearse::engine::Archive;
use pgrehearse::rig::{
    Command, Login, Node, NodeSpec, Output, Place, Rig, Session, SqlTrouble, Stage, Trouble, Volume,
};
use pgrehearse_verdict::journal::Scope;
use pgrehearse_verdict::lsn::{Lsn, Segment};

pub const SEGMENT_BYTES: u64 = 1 << 20;
/// The distance of two commits.
pub const STEP: u64 = 0x100;

/// WAL in which every [`STEP`] begins a commit; the file number of each is its own position.
#[derive(Default)]
pub struct Wal {
    /// More lines than this are cut in the middle.
    pub lines_max: usize,
    /// Where WAL cannot be read any further.
    pub broken_at: Option<u64>,
    /// The first segment that is not archived.
    pub missing_from: Option<u64>,
    /// Every reading, as (start, records at most).
    pub readings: Mutex<Vec<(u64, usize)>>,
}

impl Wal {
    /// Looks for the commit at `harm` in the window.
    pub async fn find(self: &Arc<Self>, harm: u64, from: u64, to: u64) -> Result<Found, Trouble> {
        let folder = tempfile::tempdir().unwrap();
        let stage = Stage {
            rig: Arc::new(NoRig),
            notebook: Arc::new(Notebook::create(folder.path(), None).unwrap()),
            redactor: Arc::new(Redactor::default()),
            scope: Scope::Recovery(1),
        };
        let filenode = u32::try_from(harm).unwrap();
        let harm = Harm::removed(File::new(0, 5, filenode));
        let (from, to) = (Lsn(from), Lsn(to));
        let window = Window { from, to, timeline: 1, segment_bytes: SEGMENT_BYTES };
        before(&stage, &Fake(self.clone()), &Fake(self.clone()), &harm, window).await
    }

    fn waldump(&self, argv: &[String]) -> Output {
        let value = |name: &str| {
            let found = argv.iter().find_map(|word| word.strip_prefix(name));
            found.unwrap_or_else(|| panic!("{name} is wanted in {argv:?}"))
        };
        assert_eq!((value("--timeline="), value("--rmgr=")), ("1", "Transaction"));
        let position = |name: &str| value(name).parse::<Lsn>().unwrap().0;
        let (start, end) = (position("--start="), position("--end="));
        let limit: usize = value("--limit=").parse().unwrap();
        self.readings.lock().unwrap().push((start, limit));
        let readable = end.min(self.broken_at.unwrap_or(u64::MAX));
        let starts =
            (start.div_ceil(STEP) * STEP..readable).step_by(usize::try_from(STEP).unwrap());
        let lines: Vec<String> = starts.take(limit).map(line).collect();
        let stopped = lines.len() < limit && readable < end;
        let stderr =
            format!("pg_waldump: error: error in WAL record at 0/0: x at {}", Lsn(readable));
        let cut = lines.len() > self.lines_max;
        Output {
            exit: Some(i32::from(stopped)),
            stdout: if cut { lines[..1].concat() } else { lines.concat() }.into(),
            stderr: if stopped { stderr.into() } else { vec![] },
            cut,
            ..Output::default()
        }
    }
}

fn line(at: u64) -> String {
    let lsn = Lsn(at);
    format!(
        "rmgr: Transaction len (rec/tot):     34/    34, tx:          7, lsn: {lsn}, prev 0/0, \
         desc: COMMIT 2026-01-01 00:00:00 UTC; rels: base/5/{at}\n"
    )
}

struct Fake(Arc<Wal>);

#[async_trait]
impl Node for Fake {
    fn name(&self) -> &str {
        "fake"
    }
    fn enter(&self, _variables: &[(&str, &str)], argv: &[&str]) -> String {
        argv.join(" ")
    }

    fn facts(&self) -> Vec<(String, String)> {
        vec![]
    }
    fn place(&self, place: Place) -> String {
        format!("/n/{place:?}")
    }
    fn tool(&self, name: &str) -> String {
        name.to_owned()
    }
    async fn run(&self, command: &Command) -> Result<Output, Trouble> {
        Ok(match command.argv[0].as_str() {
            "pg_waldump" => self.0.waldump(&command.argv),
            "mkdir" | "rm" => Output { exit: Some(0), ..Output::default() },
            other => panic!("`{other}` is not a command of a search"),
        })
    }
    async fn start(&self, _: &Command, _: &str) -> Result<u32, Trouble> {
        unreachable!("a search starts nothing")
    }
    async fn write(&self, _: &str, _: &[u8], _: u32) -> Result<(), Trouble> {
        unreachable!("a search writes nothing")
    }
    async fn connect(&self, _: &Login) -> Result<Box<dyn Session>, SqlTrouble> {
        unreachable!("a search asks no server")
    }
    async fn destroy(&self) -> Result<(), Trouble> {
        unreachable!("a search destroys nothing")
    }
}

#[async_trait]
impl Archive for Fake {
    async fn fetch_wal(
        &self,
        _: &Stage,
        _: &dyn Node,
        segment: Segment,
        into: &str,
    ) -> Result<bool, Trouble> {
        assert_eq!(into, format!("/n/Scratch/locate/{segment}"));
        Ok(self.0.missing_from.is_none_or(|from| segment.start.0 < from))
    }
    async fn archived_file(
        &self,
        _: &Stage,
        _: &dyn Node,
        _: Segment,
    ) -> Result<Option<String>, Trouble> {
        unreachable!("a search only fetches")
    }
}

struct NoRig;

#[async_trait]
impl Rig for NoRig {
    fn kind(&self) -> &'static str {
        "none"
    }
    async fn volume(&self, _: &str) -> Result<Volume, Trouble> {
        unreachable!("there is no ground")
    }
    async fn node(&self, _: NodeSpec) -> Result<Arc<dyn Node>, Trouble> {
        unreachable!("there is no ground")
    }
    async fn release(&self) -> Vec<String> {
        vec![]
    }
}
