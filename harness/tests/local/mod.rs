//! Local ground for tests, with a lease of its own. PostgreSQL must be installed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgrehearse::drill::{Notebook, Redactor, Server};
use pgrehearse::plan::Postgres;
use pgrehearse::rig::lease::Lease;
use pgrehearse::rig::local::{LocalRig, find};
use pgrehearse::rig::{Command, Node, NodeSpec, Rig, Stage};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::Scope;
use tempfile::TempDir;

pub const LIMIT: Duration = Duration::from_secs(60);
pub const PASSWORD: &str = "the superuser's own";
pub const NONCE: &str = "nonce-of-this-test";

/// A rig, the lease it stands under, and the journal of what it does.
pub struct Ground {
    pub rig: Arc<LocalRig>,
    pub stage: Stage,
    pub run: String,
    pub state: TempDir,
}

static RUNS: AtomicU32 = AtomicU32::new(0);

impl Ground {
    pub fn new() -> Ground {
        let run = format!("test-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let state = tempfile::tempdir().unwrap();
        let lease = Arc::new(Lease::open_in(state.path(), &run).unwrap());
        let rig = Arc::new(LocalRig::new(&run, "drill", None, lease).unwrap());
        let stage = Stage {
            rig: rig.clone(),
            notebook: Arc::new(Notebook::create(state.path(), None).unwrap()),
            redactor: Arc::new(Redactor::default()),
            scope: Scope::Source,
        };
        Ground { rig, stage, run, state }
    }

    pub fn folder(&self) -> &Path {
        self.rig.folder()
    }

    pub async fn node(&self, name: &str) -> Arc<dyn Node> {
        let (name, postgres) = (name.to_owned(), major());
        self.rig.node(NodeSpec { name, postgres, image: None, volumes: vec![] }).await.unwrap()
    }

    /// A server that was made but not started.
    pub async fn server(&self, name: &str) -> Server {
        let postgres = Postgres {
            version: major(),
            checksums: true,
            locale: "C.UTF-8".to_owned(),
            settings: Default::default(),
            image: None,
        };
        let (password, nonce) = (Secret::new(PASSWORD), NONCE.to_owned());
        let server = Server::new(self.node(name).await, postgres, password, nonce);
        let settings = [("fsync".to_owned(), "off".to_owned())];
        server.initdb(&self.stage, &settings).await.unwrap();
        server
    }

    /// A server that answers.
    pub async fn running(&self, name: &str) -> Server {
        let server = self.server(name).await;
        server.start(&self.stage, &[]).await.unwrap();
        server.await_ready(LIMIT).await.unwrap();
        server
    }
}

/// The major version of the first installation.
pub fn major() -> u32 {
    find().first().expect("these tests need PostgreSQL on this machine").major
}

pub fn command(argv: &[&str]) -> Command {
    Command::new("test", LIMIT, argv.iter().copied())
}

/// The processes that stand in `folder` or bear the mark of `run`.
pub fn processes(folder: &Path, run: &str) -> Vec<String> {
    let mark = format!("PGREHEARSE_RUN={run}");
    let numbered = |entry: std::fs::DirEntry| {
        let path = entry.path();
        entry.file_name().to_str()?.parse::<u32>().ok()?;
        let cwd = std::fs::read_link(path.join("cwd")).unwrap_or_default();
        let environ = std::fs::read(path.join("environ")).unwrap_or_default();
        let marked = environ.split(|&byte| byte == 0).any(|text| text == mark.as_bytes());
        let cwd = cwd.to_string_lossy().into_owned();
        let stands = cwd.starts_with(folder.to_str().unwrap());
        (marked || stands).then(|| format!("{} in {cwd}", path.display()))
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(numbered).collect()
}
