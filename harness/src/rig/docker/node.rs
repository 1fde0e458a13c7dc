//! A node: one container, its relay, and the way to the server in it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use testcontainers::bollard::query_parameters::InspectContainerOptions;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::bootstrap::{Container, Wanted, start};
use super::engine::{Engine, api_trouble};
use super::ground::{DockerRig, Reach};
use super::label::{labels, plain, unique_name};
use super::{image, sweep, wire};
use crate::rig::lease::Leased;
use crate::rig::relay::{Relay, Where};
use crate::rig::sql::{CONNECT_LIMIT, connect_over, connect_tcp};
use crate::rig::{Command, Login, Node, NodeSpec, Output, Place, Session, SqlTrouble, Trouble};

/// The port of every server on a node.
const PORT: u16 = 5432;
/// How long a container's address may take to answer before the relay is used instead.
const DIRECT_LIMIT: Duration = Duration::from_millis(500);
/// Bytes of the token by which a container proves that the address is its own.
const TOKEN_BYTES: usize = 16;
/// Characters of a host's name.
const HOSTNAME_MAX: usize = 32;
/// Programs of PostgreSQL's whose names do not begin with `pg_`.
const POSTGRES_TOOLS: &[&str] = &[
    "clusterdb",
    "createdb",
    "createuser",
    "dropdb",
    "dropuser",
    "initdb",
    "oid2name",
    "pgbench",
    "postgres",
    "psql",
    "reindexdb",
    "vacuumdb",
    "vacuumlo",
];

/// A container of a drill.
pub(super) struct DockerNode {
    name: String,
    engine: Engine,
    container: String,
    image: (String, String),
    major: u32,
    address: Ipv4Addr,
    relay: Mutex<Option<Relay>>,
    guard: Mutex<Option<Container>>,
    lease: std::sync::Arc<crate::rig::lease::Lease>,
    reach: Reach,
    is_direct: OnceCell<bool>,
    destroyed: AtomicBool,
    oom_kills: AtomicU64,
    is_closed: bool,
}

impl DockerNode {
    /// Makes the container and begins with its relay.
    pub async fn start(rig: &DockerRig, want: NodeSpec) -> Result<DockerNode, Trouble> {
        let engine = rig.engine.clone();
        let (named, foreign) = match &want.image {
            Some(image) => (image.clone(), true),
            None => (image::tag(want.postgres), false),
        };
        let Some(id) = image::id(&engine, &named).await? else {
            return Err(Trouble::rig(RigCause::EngineApi, image::missing(&named, foreign)));
        };
        let network = rig.network().await?.to_owned();
        let container = unique_name(&rig.run, &rig.drill, &want.name);
        rig.lease.add(&Leased::Container { name: container.clone() })?;
        let mounts = want.volumes.iter();
        let wanted = Wanted {
            name: container.clone(),
            image: id.clone(),
            hostname: plain(&want.name, HOSTNAME_MAX),
            network: Some(network.clone()),
            labels: labels(&rig.run, &rig.drill),
            volumes: mounts
                .map(|mount| (mount.volume.0.clone(), mount_point(mount.at), mount.read_only))
                .collect(),
            files: if foreign { image::programs() } else { vec![] },
        };
        let guard = start(&engine, wanted).await?;
        let begun = Begun { engine, container, image: (named, id), foreign, network };
        match begun.finish(rig, want).await {
            Ok(node) => {
                *node.guard.lock().unwrap_or_else(PoisonError::into_inner) = Some(guard);
                Ok(node)
            }
            Err(trouble) => {
                // Left to the sweep: to remove it from here would wait for an engine that may be
                // the very thing that failed.
                guard.let_go();
                Err(trouble)
            }
        }
    }

    /// Leaves the container to whoever sweeps; nothing can be asked of the node any more.
    pub fn let_go(&self) {
        self.destroyed.store(true, Ordering::SeqCst);
        self.relay.lock().unwrap_or_else(PoisonError::into_inner).take();
        let guard = self.guard.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(guard) = guard {
            guard.let_go();
        }
    }

    fn relay(&self) -> Result<Relay, Trouble> {
        let relay = self.relay.lock().unwrap_or_else(PoisonError::into_inner).clone();
        relay.ok_or_else(|| {
            Trouble::rig(RigCause::Signal, format!("node `{}` was destroyed by us", self.name))
        })
    }

    /// What a failed command or a lost relay really was: destroyed by us, or out of memory.
    async fn explain(&self, relay: &Relay, trouble: Option<&Trouble>) -> Result<(), Trouble> {
        if self.destroyed.load(Ordering::SeqCst) {
            self.relay()?;
        }
        let killed = if relay.lost().is_none() {
            // The count stays for the container's life: only what raised it is blamed on it.
            let kills = wire::oom_kills(relay).await.unwrap_or(0);
            self.oom_kills.fetch_max(kills, Ordering::SeqCst) < kills
        } else {
            let call = self
                .engine
                .docker
                .inspect_container(&self.container, None::<InspectContainerOptions>);
            let found = self.engine.call("look for the out-of-memory killer", call).await;
            found.is_ok_and(|found| found.state.and_then(|state| state.oom_killed) == Some(true))
        };
        if killed {
            let said = format!("node `{}`: the out-of-memory killer was here", self.name);
            return Err(Trouble::rig(RigCause::OutOfMemory, said));
        }
        trouble.map_or(Ok(()), |trouble| Err(trouble.clone()))
    }

    /// Whether the container's address is reached from here. It is believed only when a token
    /// comes back from it: another machine's container may have the same address.
    async fn is_direct(&self, relay: &Relay) -> bool {
        if self.reach == Reach::Relay {
            return false;
        }
        let ask = || async {
            let token = uniquely();
            let Ok(port) = relay.listen_once(&token).await else {
                return false;
            };
            let answer = async {
                let mut stream = TcpStream::connect((self.address, port)).await.ok()?;
                let mut got = [0; TOKEN_BYTES];
                stream.read_exact(&mut got).await.ok()?;
                (got[..] == token[..]).then_some(())
            };
            timeout(DIRECT_LIMIT, answer).await.is_ok_and(|answer| answer.is_some())
        };
        *self.is_direct.get_or_init(ask).await
    }
}

/// A container that runs, not a node yet.
struct Begun {
    engine: Engine,
    container: String,
    image: (String, String),
    foreign: bool,
    network: String,
}

impl Begun {
    async fn finish(self, rig: &DockerRig, want: NodeSpec) -> Result<DockerNode, Trouble> {
        let Begun { engine, container, image, foreign, network } = self;
        if foreign {
            image::furnish(&engine, &container).await?;
        }
        let found = engine.docker.inspect_container(&container, None::<InspectContainerOptions>);
        let found = engine.call("look at a container", found).await?;
        let networks = found.network_settings.and_then(|net| net.networks).unwrap_or_default();
        let address = networks.get(&network).and_then(|end| end.ip_address.as_deref());
        let Some(address) = address.and_then(|text| text.parse().ok()) else {
            return Err(api_trouble("look at a container", "it has no address"));
        };
        let relay = wire::begin(&engine, &container, environment(want.postgres)).await?;
        let is_closed = wire::close_way_out(&engine, &container, &relay).await?;
        Ok(DockerNode {
            name: want.name,
            engine,
            container,
            image,
            major: want.postgres,
            address,
            relay: Mutex::new(Some(relay)),
            guard: Mutex::new(None),
            lease: rig.lease.clone(),
            reach: rig.options.reach,
            is_direct: OnceCell::new(),
            destroyed: AtomicBool::new(false),
            oom_kills: AtomicU64::new(0),
            is_closed,
        })
    }
}

#[async_trait]
impl Node for DockerNode {
    fn name(&self) -> &str {
        &self.name
    }

    fn enter(&self, variables: &[(&str, &str)], argv: &[&str]) -> String {
        let mut words = vec!["docker exec -it --user postgres".to_owned()];
        words.extend(variables.iter().map(|(name, value)| format!("--env {name}={value}")));
        words.push(self.container.clone());
        words.extend(argv.iter().map(|word| (*word).to_owned()));
        words.join(" ")
    }

    fn facts(&self) -> Vec<(String, String)> {
        let way = match (self.reach, self.is_direct.get()) {
            (Reach::Relay, _) | (_, Some(false)) => "through the relay",
            (Reach::Found, Some(true)) => "to the container's address",
            (Reach::Found, None) => "not asked for yet",
        };
        [
            ("image", self.image.0.as_str()),
            ("image id", &self.image.1),
            ("host", &self.container),
            ("address", &self.address.to_string()),
            ("connections", way),
            ("way out", if self.is_closed { "none" } else { "barred by the engine alone" }),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn place(&self, place: Place) -> String {
        let point = mount_point(place);
        match place {
            // Below the mount point: it does not exist until something makes it, and it can be
            // lost even where a volume is mounted.
            Place::Data => format!("{point}/cluster"),
            _ => point,
        }
    }

    fn tool(&self, name: &str) -> String {
        if name.starts_with("pg_") || POSTGRES_TOOLS.contains(&name) {
            return format!("{}/{name}", bin(self.major));
        }
        name.to_owned()
    }

    async fn run(&self, command: &Command) -> Result<Output, Trouble> {
        let relay = self.relay()?;
        match relay.run(command).await {
            Ok(output) if output.ok() => Ok(output),
            Ok(output) => self.explain(&relay, None).await.map(|()| output),
            Err(trouble) => match self.explain(&relay, Some(&trouble)).await {
                Ok(()) => Err(trouble),
                Err(explained) => Err(explained),
            },
        }
    }

    async fn start(&self, command: &Command, log: &str) -> Result<u32, Trouble> {
        self.relay()?.start(command, log).await
    }

    async fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Trouble> {
        self.relay()?.write(path, bytes, mode).await
    }

    async fn connect(&self, login: &Login) -> Result<Box<dyn Session>, SqlTrouble> {
        let lost = |said: String| SqlTrouble { code: None, said, lost: true };
        let relay = self.relay().map_err(|trouble| lost(trouble.said))?;
        if self.is_direct(&relay).await {
            return connect_tcp(IpAddr::V4(self.address), PORT, login).await;
        }
        // To the same address as from outside, so that the same lines of pg_hba apply.
        let there = Where::Tcp(self.address, PORT);
        let stream = relay.connect(&there, CONNECT_LIMIT).await;
        let stream = stream.map_err(|trouble| lost(trouble.to_string()))?.map_err(lost)?;
        connect_over(stream, login).await
    }

    async fn destroy(&self) -> Result<(), Trouble> {
        self.destroyed.store(true, Ordering::SeqCst);
        let thing = Leased::Container { name: self.container.clone() };
        sweep::remove(&self.engine, &thing).await?;
        self.let_go();
        Ok(self.lease.gave_back(&thing)?)
    }
}

/// Where a volume for a place is mounted; see the node's [`Node::place`] for the data directory.
fn mount_point(place: Place) -> String {
    let folder = match place {
        Place::Data => "data",
        Place::Socket => "socket",
        Place::Log => "log",
        Place::Tablespaces => "tablespaces",
        Place::Repository => "repo",
        Place::Original => "original",
        Place::Scratch => "scratch",
    };
    format!("/pgrehearse/{folder}")
}

fn bin(major: u32) -> String {
    format!("/usr/lib/postgresql/{major}/bin")
}

/// All that a command finds in its environment, beside what it is given.
fn environment(major: u32) -> Vec<(String, String)> {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", bin(major));
    [("PATH", path.as_str()), ("HOME", "/var/lib/postgresql"), ("LANG", "C.UTF-8")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Bytes that nobody else has. Not a secret: they only have to differ.
fn uniquely() -> Vec<u8> {
    use std::hash::{BuildHasher, RandomState};
    let mut token = Vec::with_capacity(TOKEN_BYTES);
    while token.len() < TOKEN_BYTES {
        token.extend_from_slice(&RandomState::new().hash_one(token.len()).to_be_bytes());
    }
    token
}
