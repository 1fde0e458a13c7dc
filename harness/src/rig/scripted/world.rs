//! The state of scripted ground: what was made, the files, the servers, and every call.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::call::{Call, Called};

/// All there is in memory.
#[derive(Debug)]
pub struct World {
    files: BTreeMap<(String, String), Vec<u8>>,
    /// The last server that was started on each node.
    pub servers: BTreeMap<String, ServerState>,
    /// Why the ground does not answer, if it does not.
    pub silent: Option<String>,
    pub(super) calls: Vec<Called>,
    pub(super) counted: u64,
    pub(super) nodes: Vec<String>,
    pub(super) volumes: Vec<String>,
    pub(super) processes: BTreeMap<u32, String>,
    pub(super) sessions: BTreeMap<u64, String>,
    pub(super) released: bool,
    pub(super) origin: Instant,
    last_number: u64,
}

/// A server that was started.
#[derive(Debug, Clone)]
pub struct ServerState {
    /// The number of its process.
    pub pid: u32,
    /// Whether the process is there.
    pub up: bool,
    /// The settings on its command line.
    pub settings: BTreeMap<String, String>,
    /// When it was started.
    pub started: Instant,
    /// How long it refuses connections after its start.
    pub ready_after: Duration,
    /// How often it will still say that it is in recovery.
    pub in_recovery: u64,
}

impl ServerState {
    /// Whether it lets connections in.
    pub fn ready(&self) -> bool {
        self.up && self.started.elapsed() >= self.ready_after
    }
}

impl World {
    pub(super) fn new() -> World {
        World {
            files: BTreeMap::new(),
            servers: BTreeMap::new(),
            silent: None,
            calls: vec![],
            counted: 0,
            nodes: vec![],
            volumes: vec![],
            processes: BTreeMap::new(),
            sessions: BTreeMap::new(),
            released: false,
            origin: Instant::now(),
            last_number: 1000,
        }
    }

    /// A number that nothing had before.
    pub fn fresh(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// A file on a node, or in a volume of whichever node.
    pub fn file(&mut self, node: &str, path: &str) -> Option<&mut Vec<u8>> {
        self.files.get_mut(&key(node, path))
    }

    /// Writes a file.
    pub fn put(&mut self, node: &str, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.insert(key(node, path), bytes.into());
    }

    /// Removes a file; whether it was there.
    pub fn remove(&mut self, node: &str, path: &str) -> bool {
        self.files.remove(&key(node, path)).is_some()
    }

    /// The server on a node, if its process is there.
    pub fn server(&mut self, node: &str) -> Option<&mut ServerState> {
        self.servers.get_mut(node).filter(|server| server.up)
    }

    /// Ends a process, as by SIGKILL; whether it was there.
    pub fn kill(&mut self, pid: u32) -> bool {
        for server in self.servers.values_mut().filter(|server| server.pid == pid) {
            server.up = false;
        }
        self.processes.remove(&pid).is_some()
    }

    /// Why a call reaches nothing any more.
    pub(super) fn gone(&self, call: &Call) -> Option<String> {
        if self.released && !matches!(call, Call::Release) {
            return Some("the ground was given back".to_owned());
        }
        let node = call.node().filter(|_| !matches!(call, Call::Destroy(_)))?;
        (!self.nodes.iter().any(|name| name == node)).then(|| format!("node `{node}` is lost"))
    }

    pub(super) fn make_volume(&mut self, name: &str) {
        if !self.released {
            self.volumes.push(name.to_owned());
        }
    }

    pub(super) fn make_node(&mut self, name: &str) {
        if !self.released {
            self.nodes.push(name.to_owned());
        }
    }

    /// Opens a session; its number.
    pub(super) fn open_session(&mut self, node: &str, user: &str) -> u64 {
        let number = self.fresh();
        self.sessions.insert(number, format!("of {user} on {node}"));
        number
    }

    /// The process of the server on a node, if it is there.
    pub(super) fn server_pid(&self, node: &str) -> Option<u32> {
        self.servers.get(node).filter(|server| server.up).map(|server| server.pid)
    }

    pub(super) fn begin(&mut self, call: &Call) -> usize {
        let at = self.origin.elapsed();
        self.calls.push(Called { at, call: call.clone(), trouble: None });
        self.calls.len() - 1
    }

    /// What was made and not given back.
    pub(super) fn left(&self) -> Vec<String> {
        let nodes = self.nodes.iter().map(|name| format!("node {name}"));
        let volumes = self.volumes.iter().map(|name| format!("volume {name}"));
        let processes = self.processes.iter().map(|(pid, what)| format!("process {pid}: {what}"));
        let sessions = self.sessions.values().map(|what| format!("session {what}"));
        nodes.chain(volumes).chain(processes).chain(sessions).collect()
    }

    pub(super) fn release(&mut self) {
        self.released = true;
        self.nodes.clear();
        self.volumes.clear();
        self.files.clear();
        self.processes.clear();
        self.servers.values_mut().for_each(|server| server.up = false);
    }

    pub(super) fn lose(&mut self, node: &str) {
        let prefix = format!("{node}: ");
        let own: Vec<u32> = self
            .processes
            .iter()
            .filter(|(_, what)| what.starts_with(&prefix))
            .map(|(pid, _)| *pid)
            .collect();
        own.into_iter().for_each(|pid| {
            self.kill(pid);
        });
        self.files.retain(|(on, _), _| on != node);
        self.nodes.retain(|name| name != node);
    }
}

/// Where a file is kept: those of volumes outlive every node.
fn key(node: &str, path: &str) -> (String, String) {
    let node = if path.starts_with("/volumes/") { "" } else { node };
    (node.to_owned(), path.to_owned())
}
