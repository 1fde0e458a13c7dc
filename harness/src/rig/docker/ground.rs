//! The docker rig: a network without a way out, volumes and nodes, all of one drill.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use testcontainers::bollard::models::{NetworkCreateRequest, VolumeCreateRequest};
use tokio::sync::OnceCell;

use super::engine::{CALL_LIMIT, Engine, answers};
use super::label::{labels, unique_name};
use super::node::DockerNode;
use super::sweep::sweep;
use crate::rig::lease::{Lease, Leased};
use crate::rig::{Node, NodeSpec, Rig, Trouble, Volume};

/// How connections reach a server on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Directly where the container proves that it answers, else through its relay.
    #[default]
    Found,
    /// Always through the relay.
    Relay,
}

/// What can be chosen of a rig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How long one call to the engine may take.
    pub call_limit: Duration,
    /// How connections reach a server.
    pub reach: Reach,
}

impl Default for Options {
    fn default() -> Options {
        Options { call_limit: CALL_LIMIT, reach: Reach::default() }
    }
}

/// The ground of one drill at a container engine.
pub struct DockerRig {
    pub(super) engine: Engine,
    pub(super) run: String,
    pub(super) drill: String,
    pub(super) lease: Arc<Lease>,
    pub(super) options: Options,
    network: OnceCell<String>,
    nodes: Mutex<Vec<Arc<DockerNode>>>,
}

impl DockerRig {
    /// The rig of a drill. `run` is the lease's; the engine is asked whether it is there.
    pub async fn connect(run: &str, drill: &str, lease: Arc<Lease>) -> Result<DockerRig, Trouble> {
        DockerRig::connect_with(run, drill, lease, Options::default()).await
    }

    /// [`DockerRig::connect`], with choices.
    pub async fn connect_with(
        run: &str,
        drill: &str,
        lease: Arc<Lease>,
        options: Options,
    ) -> Result<DockerRig, Trouble> {
        let engine = Engine::connect(options.call_limit).await?;
        engine.call("see whether it is there", engine.docker.ping()).await?;
        Ok(DockerRig {
            engine,
            run: run.to_owned(),
            drill: drill.to_owned(),
            lease,
            options,
            network: OnceCell::new(),
            nodes: Mutex::default(),
        })
    }

    /// The drill's network, made when it is first needed.
    pub(super) async fn network(&self) -> Result<&str, Trouble> {
        let make = || async {
            let name = unique_name(&self.run, &self.drill, "net");
            self.lease.add(&Leased::Network { name: name.clone() })?;
            let request = NetworkCreateRequest {
                name: name.clone(),
                // No way out: nothing a scenario does can reach anything but this drill.
                internal: Some(true),
                labels: Some(labels(&self.run, &self.drill)),
                ..NetworkCreateRequest::default()
            };
            let docker = self.engine.docker.clone();
            let call = async move { docker.create_network(request).await };
            self.engine.make("make the drill's network", call).await?;
            Ok(name)
        };
        self.network.get_or_try_init(make).await.map(String::as_str)
    }
}

#[async_trait]
impl Rig for DockerRig {
    fn kind(&self) -> &'static str {
        "docker"
    }

    async fn silent(&self) -> Option<String> {
        let why = answers().await.err()?;
        Some(format!("the container engine does not answer: {why}"))
    }

    async fn volume(&self, name: &str) -> Result<Volume, Trouble> {
        let name = unique_name(&self.run, &self.drill, &format!("vol-{name}"));
        self.lease.add(&Leased::Volume { name: name.clone() })?;
        let found = self.engine.docker.inspect_volume(&name);
        if self.engine.find("look for a volume", found).await?.is_some() {
            // The engine would hand out the old one, with whatever is in it.
            let said = format!("volume `{name}` is there already, wanted a fresh one");
            return Err(Trouble::rig(RigCause::EngineApi, said));
        }
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            labels: Some(labels(&self.run, &self.drill)),
            ..VolumeCreateRequest::default()
        };
        let docker = self.engine.docker.clone();
        let call = async move { docker.create_volume(request).await };
        self.engine.make("make a volume", call).await?;
        Ok(Volume(name))
    }

    async fn node(&self, want: NodeSpec) -> Result<Arc<dyn Node>, Trouble> {
        let node = Arc::new(DockerNode::start(self, want).await?);
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner).push(node.clone());
        Ok(node)
    }

    async fn release(&self) -> Vec<String> {
        let nodes = std::mem::take(&mut *self.nodes.lock().unwrap_or_else(PoisonError::into_inner));
        for node in nodes {
            node.let_go();
        }
        // Whoever was interrupted may have left the engine at work.
        self.engine.settle().await;
        match sweep(&self.engine, &self.run, Some(&self.drill)).await {
            Ok(swept) => {
                let unwritten = swept.removed.iter().filter_map(|thing| {
                    self.lease.gave_back(thing).err().map(|trouble| trouble.to_string())
                });
                unwritten.chain(swept.left.iter().cloned()).collect()
            }
            Err(trouble) => vec![trouble.said],
        }
    }
}
