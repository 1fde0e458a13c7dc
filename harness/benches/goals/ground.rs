//! Ground to measure on, and servers on it; and what machine it is.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgrehearse::drill::{Notebook, Redactor, Server};
use pgrehearse::plan::Postgres;
use pgrehearse::rig::docker::{DockerRig, answers, image};
use pgrehearse::rig::lease::Lease;
use pgrehearse::rig::local::{LocalRig, find};
use pgrehearse::rig::{Command, Mount, Node, NodeSpec, Place, Rig, Stage};
use pgrehearse::secret::Secret;
use pgrehearse_testkit::{Needs, set_up};
use pgrehearse_verdict::journal::Scope;
use tempfile::TempDir;

pub const LIMIT: Duration = Duration::from_secs(600);
/// The major version on containers.
pub const IMAGE_MAJOR: u32 = 17;
/// A role that gets in without a password: the plain reader knows no SCRAM.
pub const OBSERVER: &str = "observer";

/// What can be chosen, as `name=value` on the command line.
pub struct Circumstances {
    /// `rounds=5`: how often each thing is measured.
    pub rounds: usize,
    /// `mb=100`: the size of the databases, in megabytes.
    pub megabytes: u64,
    /// `patience=20`: how many seconds to wait, before each round, until the machine is idle.
    pub patience: u64,
}

impl Default for Circumstances {
    fn default() -> Circumstances {
        Circumstances { rounds: 5, megabytes: 100, patience: 20 }
    }
}

impl Circumstances {
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number: u64 = value.parse().map_err(|_| format!("`{name}={value}` is no number"))?;
        match name {
            "rounds" => self.rounds = (number as usize).max(1),
            "mb" => self.megabytes = number.max(1),
            "patience" => self.patience = number,
            _ => {
                let known = "`rounds`, `mb`, `patience`";
                return Err(format!("there is no choice `{name}`; there are {known}"));
            }
        }
        Ok(())
    }
}

impl Circumstances {
    /// Waits for the others on this machine, but not for ever.
    pub async fn quiet(&self) {
        for _ in 0..2 * self.patience {
            let (was, all) = idle_ticks();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let (is, all_now) = idle_ticks();
            if (is - was) * 10 >= (all_now - all) * 9 {
                return;
            }
        }
    }
}

/// Ticks of all cores since the machine started: idle ones, and all.
fn idle_ticks() -> (u64, u64) {
    let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let words = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = words.filter_map(|word| word.parse().ok()).collect();
    (ticks.iter().skip(3).take(2).sum(), ticks.iter().sum())
}

/// The machine, and how busy it was at the beginning.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let sha = if info.contains("sha_ni") { "with" } else { "without" };
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let model = model.trim_start_matches([' ', '\t', ':']);
    format!("{cores} cores of {model}, {sha} SHA instructions; load {load} at the beginning")
}

/// A kind of ground.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Local,
    Docker,
}

/// Ground of one run, and the journal of what is done on it.
pub struct Site {
    pub stage: Stage,
    pub folder: TempDir,
    pub major: u32,
    nodes: AtomicU32,
}

static RUNS: AtomicU32 = AtomicU32::new(0);

impl Site {
    /// `None`: there is no such ground here.
    pub async fn new(kind: Kind) -> Option<Site> {
        let run = format!("bench-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let folder = tempfile::tempdir().expect("a folder");
        let lease = Arc::new(Lease::open_in(folder.path(), &run).expect("a lease"));
        let (rig, major): (Arc<dyn Rig>, u32) = match kind {
            Kind::Local => {
                set_up(&[Needs::Postgres, Needs::PgBackRest]);
                let rig = LocalRig::new(&run, "bench", None, lease).expect("local ground");
                (Arc::new(rig), find().first().expect("PostgreSQL is installed").major)
            }
            Kind::Docker => {
                answers().await.ok()?;
                set_up(&[Needs::Mmdebstrap]);
                let said = |line: &str| println!("  {line}");
                image::ensure(IMAGE_MAJOR, true, &said).await.expect("an image");
                let rig = DockerRig::connect(&run, "bench", lease).await.expect("an engine");
                (Arc::new(rig), IMAGE_MAJOR)
            }
        };
        let stage = Stage {
            rig,
            notebook: Arc::new(Notebook::create(folder.path(), None).expect("a journal")),
            redactor: Arc::new(Redactor::default()),
            scope: Scope::Source,
        };
        Some(Site { stage, folder, major, nodes: AtomicU32::new(0) })
    }

    pub async fn node(&self, volumes: Vec<Mount>) -> Arc<dyn Node> {
        let name = format!("n{}", self.nodes.fetch_add(1, Ordering::Relaxed));
        let want = NodeSpec { name, postgres: self.major, image: None, volumes };
        self.stage.rig.node(want).await.expect("a node")
    }

    /// A server that is not there yet.
    pub fn server(&self, node: Arc<dyn Node>) -> Server {
        let postgres = Postgres {
            version: self.major,
            checksums: true,
            locale: "C.UTF-8".to_owned(),
            settings: Default::default(),
            image: None,
        };
        Server::new(node, postgres, Secret::new("a password"), "nonce-of-a-bench".to_owned())
    }

    /// A server that answers, everything in memory, and that lets the plain reader in.
    pub async fn running(&self, node: Arc<dyn Node>) -> Server {
        let server = self.server(node);
        let settings = [
            ("fsync", "off"),
            ("autovacuum", "off"),
            ("shared_buffers", "1GB"),
            ("max_wal_size", "4GB"),
            ("checkpoint_timeout", "1h"),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        server.initdb(&self.stage, &settings).await.expect("a cluster");
        let hba = format!(
            "local all {OBSERVER} trust\nlocal all all scram-sha-256\n\
             host all {OBSERVER} all trust\nhost all all all scram-sha-256\n"
        );
        let path = format!("{}/pg_hba.conf", server.node.place(Place::Data));
        server.node.write(&path, hba.as_bytes(), 0o600).await.expect("pg_hba.conf");
        server.start(&self.stage, &[]).await.expect("a server");
        server.await_ready(LIMIT).await.expect("an answer");
        sql(&server, "postgres", &format!("CREATE ROLE {OBSERVER} SUPERUSER LOGIN")).await;
        server
    }

    /// Gives everything back.
    pub async fn end(self) {
        for left in self.stage.rig.release().await {
            println!("  left behind: {left}");
        }
    }
}

/// Runs SQL as the superuser; it must work.
pub async fn sql(server: &Server, database: &str, sql: &str) {
    let mut session = server.connect(database).await.expect("a session");
    session.query(sql, LIMIT).await.unwrap_or_else(|trouble| panic!("{sql}: {trouble}"));
}

/// Runs a program on a node; it must work.
pub async fn run(node: &dyn Node, argv: &[&str]) -> String {
    let command = Command::new("bench", LIMIT, argv.iter().copied());
    let ran = node.run(&command).await.expect("it runs");
    ran.expect_ok("bench").unwrap_or_else(|trouble| panic!("{argv:?}: {trouble}")).text()
}

/// The text of the first field of `/proc/self/status` that begins so, in kilobytes.
pub fn own_memory_kb(field: &str) -> u64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(0)
}

/// Seconds of a core that this process has used, its threads included.
pub fn own_cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks =
        after.split_whitespace().skip(11).take(2).filter_map(|word| word.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
