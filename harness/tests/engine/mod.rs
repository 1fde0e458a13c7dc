//! A protected server on ground of either kind, for the tests of an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgrehearse::disaster::{self, Note};
use pgrehearse::drill::locate::{Found, Harm, Window, before};
use pgrehearse::drill::{Notebook, QUERY_LIMIT, Redactor, Server};
use pgrehearse::engine::{
    Archive, Arrival, Ask, Course, Engine, PgBackRest, RestoresFiles, Target,
};
use pgrehearse::plan::Postgres;
use pgrehearse::rig::docker::{DockerRig, image};
use pgrehearse::rig::lease::Lease;
use pgrehearse::rig::local::{LocalRig, find};
use pgrehearse::rig::{Mount, Node, NodeSpec, Place, Rig, Stage, Trouble, Volume};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::{self, Scope};
use pgrehearse_verdict::lsn::Lsn;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

pub const LIMIT: Duration = Duration::from_secs(60);
pub const PASSWORD: &str = "the superuser's own";
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// Between two looks at a server: without it, looking would keep the server from its work.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// The major version on containers.
const DOCKER_MAJOR: u32 = 17;

/// A kind of ground.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Local,
    Docker,
}

/// Ground, and the journal of what is done on it.
pub struct Site {
    pub stage: Stage,
    pub state: TempDir,
    major: u32,
}

static RUNS: AtomicU32 = AtomicU32::new(0);

impl Site {
    pub async fn new(kind: Kind) -> Site {
        let number = RUNS.fetch_add(1, Ordering::Relaxed);
        let run = format!("engine-{}-{number}", std::process::id());
        let state = tempfile::tempdir().unwrap();
        let lease = Arc::new(Lease::open_in(state.path(), &run).unwrap());
        let (rig, major): (Arc<dyn Rig>, u32) = match kind {
            Kind::Local => {
                let rig = LocalRig::new(&run, "drill", None, lease).unwrap();
                (Arc::new(rig), find().first().expect("PostgreSQL is installed").major)
            }
            Kind::Docker => {
                image::ensure(DOCKER_MAJOR, true, &|line| eprintln!("{line}")).await.unwrap();
                (Arc::new(DockerRig::connect(&run, "drill", lease).await.unwrap()), DOCKER_MAJOR)
            }
        };
        let stage = Stage {
            rig,
            notebook: Arc::new(Notebook::create(state.path(), None).unwrap()),
            redactor: Arc::new(Redactor::default()),
            scope: Scope::Source,
        };
        Site { stage, state, major }
    }

    pub async fn node(&self, name: &str, volumes: Vec<Mount>) -> Arc<dyn Node> {
        let want = NodeSpec { name: name.to_owned(), postgres: self.major, image: None, volumes };
        self.stage.rig.node(want).await.unwrap()
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
        Server::new(node, postgres, Secret::new(PASSWORD), "nonce-of-this-test".to_owned())
    }

    /// A server with these settings that answers.
    pub async fn running(&self, node: Arc<dyn Node>, settings: &[(String, String)]) -> Server {
        let server = self.server(node);
        server.initdb(&self.stage, settings).await.unwrap();
        server.start(&self.stage, &[]).await.unwrap();
        server.await_ready(LIMIT).await.unwrap();
        server
    }

    /// Gives the ground back; nothing may be left of it.
    pub async fn end(&self) {
        assert_eq!(self.stage.rig.release().await, Vec::<String>::new());
    }
}

/// A protected server, and the volume its backups lie in.
pub struct House<E = PgBackRest> {
    pub site: Site,
    pub repository: Volume,
    pub engine: E,
    pub source: Server,
    backups: AtomicU32,
}

impl<E: Engine + Archive + RestoresFiles + DeserializeOwned> House<E> {
    /// Protected by the engine of these settings.
    pub async fn protected(kind: Kind, text: &str) -> House<E> {
        let site = Site::new(kind).await;
        let repository = site.stage.rig.volume("repository").await.unwrap();
        let engine: E = serde_json::from_str(text).unwrap();
        let mounts = vec![mount(&repository, Place::Repository, false)];
        let node = site.node("source", mounts).await;
        let mut settings = engine.settings(&*node);
        settings.push(("fsync".to_owned(), "off".to_owned()));
        let source = site.running(node, &settings).await;
        engine.protect(&site.stage, &source).await.unwrap();
        House { site, repository, engine, source, backups: AtomicU32::new(0) }
    }

    pub async fn backup(&self, kind: &str) -> journal::Backup {
        let number = self.backups.fetch_add(1, Ordering::Relaxed) + 1;
        let ask = Ask { kind: kind.to_owned(), number, ..Ask::default() };
        self.engine.backup(&self.site.stage, &self.source, &ask).await.unwrap()
    }

    /// Empty ground with the repository.
    pub async fn fresh(&self, name: &str) -> Arc<dyn Node> {
        let mounts = vec![mount(&self.repository, Place::Repository, true)];
        self.site.node(name, mounts).await
    }

    /// Where the server writes now, in a finished segment that the archive has.
    pub async fn archived_up_to(&self) -> Lsn {
        let at = lsn(&self.source, "select pg_current_wal_insert_lsn()").await;
        let name = one(&self.source, "select pg_walfile_name(pg_switch_wal())").await;
        let asked = "select coalesce(last_archived_wal, '') from pg_stat_archiver";
        tokio::time::timeout(LIMIT, async {
            while one(&self.source, asked).await < name {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await
        .expect("the segment is archived");
        at
    }

    /// Restores onto fresh ground and waits until the server has left recovery.
    pub async fn recover(&self, name: &str, target: Target) -> Server {
        let server = self.site.server(self.fresh(name).await);
        self.engine.restore(&self.site.stage, &*server.node, &course(target)).await.unwrap();
        server.start(&self.site.stage, &[]).await.unwrap();
        tokio::time::timeout(LIMIT, promoted(&server)).await.expect("recovery ends");
        server
    }

    pub async fn locate(&self, strike: &Strike, to: Lsn) -> Result<Found, Trouble> {
        let window = Window { from: strike.from, to, timeline: 1, segment_bytes: SEGMENT_BYTES };
        let node = self.fresh("searcher").await;
        before(&self.site.stage, &self.engine, &*node, &strike.harm, window).await
    }

    pub async fn end(self) {
        self.site.end().await;
    }
}

pub async fn promoted(server: &Server) {
    server.await_ready(LIMIT).await.unwrap();
    while one(server, "select pg_is_in_recovery()").await == "t" {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A course to `target` on the first timeline, from the newest backup.
pub fn course(target: Target) -> Course {
    Course { target, timeline: 1, backup: None, arrival: Arrival::Promote }
}

pub fn mount(volume: &Volume, at: Place, read_only: bool) -> Mount {
    Mount { volume: volume.clone(), at, read_only }
}

/// The last value of the last statement.
pub async fn one(server: &Server, sql: &str) -> String {
    let mut session = server.connect("postgres").await.unwrap();
    let tables = session.query(sql, QUERY_LIMIT).await.unwrap();
    let value = tables.last().unwrap().rows.first().and_then(|row| row[0].clone());
    value.unwrap_or_default()
}

pub async fn lsn(server: &Server, sql: &str) -> Lsn {
    one(server, sql).await.parse().unwrap()
}

/// A disaster, and what was known just before it.
pub struct Strike {
    pub harm: Harm,
    pub from: Lsn,
    pub note: Note,
}

/// Strikes while another transaction commits.
pub async fn strike<E>(house: &House<E>, text: &str, meanwhile: &str) -> Strike {
    let disaster: disaster::Spec = serde_json::from_str(text).unwrap();
    let (stage, source) = (&house.site.stage, &house.source);
    let harm = disaster.disaster().harm(stage, source).await.unwrap().expect("a harm");
    let from = lsn(source, "select pg_current_wal_insert_lsn()").await;
    let others = async {
        // The strike holds its lock: only then does the other one commit.
        let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted \
                    and locktype = 'relation' and relation >= 16384";
        tokio::time::timeout(LIMIT, async {
            while one(source, held).await == "0" {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await
        .expect("the strike holds its lock");
        one(source, meanwhile).await
    };
    let (note, _) = tokio::join!(disaster.disaster().strike(stage, source), others);
    let (said, so) = disaster.disaster().witness(stage, source).await.unwrap();
    assert!(so, "{said}");
    Strike { harm, from, note: note.unwrap() }
}
