//! The ground a drill stands on. Only this folder touches the world, and only through a lease.

pub mod clean;
mod command;
pub mod docker;
mod excerpt;
pub mod lease;
pub mod local;
pub mod reaper;
mod relay;
pub mod scripted;
mod session;
pub mod sql;
mod stage;
mod trouble;

pub use command::{Command, Output};
pub use session::{CopySink, Login, Session, SqlTrouble};
pub use stage::Stage;
pub use trouble::Trouble;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// A kind of ground.
#[async_trait]
pub trait Rig: Send + Sync {
    /// `docker`, `local` or `scripted`.
    fn kind(&self) -> &'static str;

    /// Makes a volume that outlives the nodes it is mounted on. `name` is unique in the drill.
    async fn volume(&self, name: &str) -> Result<Volume, Trouble>;

    /// Makes fresh, empty ground. `want.name` is unique in the drill.
    async fn node(&self, want: NodeSpec) -> Result<Arc<dyn Node>, Trouble>;

    /// What the ground has run out of, now or at an earlier look, if it can tell: a server that
    /// fails on a full disk of ours says nothing of its backup.
    fn cramped(&self) -> Option<String> {
        None
    }

    /// Why the ground does not answer, if it does not: a command that it keeps to itself is not one
    /// that never ended.
    async fn silent(&self) -> Option<String> {
        None
    }

    /// Gives everything back. May be called at any time, more than once, from any state; what
    /// could not be given back is named.
    async fn release(&self) -> Vec<String>;
}

/// A host: a container, or a folder with processes in it.
#[async_trait]
pub trait Node: Send + Sync {
    /// The name within the drill, e.g. `source`.
    fn name(&self) -> &str;

    /// Facts for the report: image digest, host, address, as (name, value).
    fn facts(&self) -> Vec<(String, String)>;

    /// The line by which a person runs a program on this node, once the drill is over and the
    /// node was kept: `variables` are (name, value).
    fn enter(&self, variables: &[(&str, &str)], argv: &[&str]) -> String;

    /// Where something lies on this node, as an absolute path.
    fn place(&self, place: Place) -> String;

    /// A program of PostgreSQL's or of an engine's, as an absolute path or a name on the path.
    fn tool(&self, name: &str) -> String;

    /// Runs a command to its end. A command that exits with an error is an `Ok` output: what it
    /// means is for the caller to say. `Err` is the ground's failure, or a time limit.
    async fn run(&self, command: &Command) -> Result<Output, Trouble>;

    /// Starts a command that goes on by itself. Both its outputs are appended to the file `log`.
    async fn start(&self, command: &Command, log: &str) -> Result<u32, Trouble>;

    /// Writes a file, owned by the node's user; `mode` is its permission bits.
    async fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Trouble>;

    /// A fresh connection to the server on this node, by the real authentication path: over the
    /// network where the rig has one, else over the server's socket.
    async fn connect(&self, login: &Login) -> Result<Box<dyn Session>, SqlTrouble>;

    /// The host is lost: every process killed, every file but those of volumes gone.
    async fn destroy(&self) -> Result<(), Trouble>;
}

/// What a node must have.
#[derive(Debug, Clone)]
pub struct NodeSpec {
    /// The name within the drill, e.g. `source`.
    pub name: String,
    /// The major version of PostgreSQL.
    pub postgres: u32,
    /// An image of the user's own; the docker rig's business alone.
    pub image: Option<String>,
    /// The volumes to mount.
    pub volumes: Vec<Mount>,
}

/// A volume on a node.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The volume.
    pub volume: Volume,
    /// Where it appears; see [`Node::place`].
    pub at: Place,
    /// Whether the node can only read it.
    pub read_only: bool,
}

/// A volume, by the name its rig knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume(pub String);

/// Places that every node has. All of them are owned by the user the server runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The data directory; does not exist until something makes it.
    Data,
    /// The folder of the server's sockets.
    Socket,
    /// The folder of logs.
    Log,
    /// A folder for tablespaces.
    Tablespaces,
    /// The backup repository, usually a volume.
    Repository,
    /// The untouched repository, beside the spoiled copy in [`Place::Repository`].
    Original,
    /// A folder for whatever is needed in passing.
    Scratch,
}

/// How long an administrative command of ours may take: starting a process, writing a file.
pub const HOUSEKEEPING_LIMIT: Duration = Duration::from_secs(60);
