//! From nothing to a running container, through testcontainers.

use std::collections::HashMap;

use pgrehearse_verdict::journal::RigCause;
use testcontainers::core::{AccessMode, Mount};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, CopyTargetOptions, GenericImage, ImageExt};
use tokio::time::timeout;

use super::engine::{Engine, api_trouble};
use crate::rig::Trouble;

/// Shared memory of a container, in bytes: PostgreSQL's parallel workers need more than 64 MB.
const SHM_BYTES: u64 = 1 << 30;

/// A container to be started.
pub(super) struct Wanted {
    /// Its name; nothing else has it.
    pub name: String,
    /// The id of its image, `sha256:…`.
    pub image: String,
    /// The name by which it knows itself.
    pub hostname: String,
    /// Its network; the engine's own when there is none.
    pub network: Option<String>,
    /// Its labels.
    pub labels: HashMap<String, String>,
    /// Its volumes: name, path, whether it can only be read.
    pub volumes: Vec<(String, String, bool)>,
    /// Files put into it before it starts: path, bytes. All can be executed, none written.
    pub files: Vec<(String, Vec<u8>)>,
}

/// A container that is removed when this is dropped, if nobody removed it before.
pub(super) struct Container(Option<ContainerAsync<GenericImage>>);

impl Container {
    /// The container is gone, or somebody else sees to that.
    pub fn let_go(mut self) {
        // Its own Drop would ask the engine once more, and wait for it.
        std::mem::forget(self.0.take());
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Without a runtime it cannot be removed from here: the reaper and the lease remain.
        if tokio::runtime::Handle::try_current().is_err() {
            std::mem::forget(self.0.take());
        }
    }
}

/// Starts it. What is made on the way and not given back by an error bears the labels.
pub(super) async fn start(engine: &Engine, wanted: Wanted) -> Result<Container, Trouble> {
    let what = format!("start container `{}`", wanted.name);
    let request = request(wanted)?;
    // In a task of its own: when the time is up, what it still makes is dropped there, and we do
    // not wait for an engine that does not answer.
    let making = engine.making().await;
    let task = tokio::spawn(async move {
        let started = request.start().await;
        drop(making);
        Ok(Container(Some(started?)))
    });
    let started: Result<Container, testcontainers::TestcontainersError> =
        match timeout(engine.limit, task).await {
            Err(_) => {
                return Err(api_trouble(&what, &format!("no answer within {:?}", engine.limit)));
            }
            Ok(Err(panic)) => return Err(Trouble::rig(RigCause::Panic, panic.to_string())),
            Ok(Ok(started)) => started,
        };
    started.map_err(|error| api_trouble(&what, &error.to_string()))
}

fn request(wanted: Wanted) -> Result<ContainerRequest<GenericImage>, Trouble> {
    let Some((algorithm, digest)) = wanted.image.split_once(':') else {
        return Err(api_trouble("name an image", &format!("`{}` is no image id", wanted.image)));
    };
    let network = wanted.network;
    let mut request = GenericImage::new(algorithm, digest)
        .with_entrypoint("sleep")
        .with_cmd(["infinity"])
        .with_user("root")
        .with_container_name(wanted.name)
        .with_hostname(wanted.hostname)
        .with_labels(wanted.labels)
        .with_shm_size(SHM_BYTES)
        .with_host_config_modifier(move |host| {
            // Without an init a killed postmaster stays a zombie, and its lock file valid.
            host.init = Some(true);
            host.publish_all_ports = Some(false);
            if network.is_some() {
                // Set here and not by `with_network`: that asks the engine for the network under a
                // lock of the whole process, and an engine that hangs would keep it.
                host.network_mode.clone_from(&network);
                // For `unroute.pl`, which runs as root; the user of a node has no capabilities.
                host.cap_add = Some(vec!["NET_ADMIN".to_owned()]);
            }
        });
    for (name, path, read_only) in wanted.volumes {
        let access = if read_only { AccessMode::ReadOnly } else { AccessMode::ReadWrite };
        request = request.with_mount(Mount::volume_mount(name, path).with_access_mode(access));
    }
    for (path, bytes) in wanted.files {
        request = request.with_copy_to(CopyTargetOptions::new(path).with_mode(0o755), bytes);
    }
    Ok(request)
}
