//! Calls to the container engine: each has a bound, and each error is the rig's.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::RigCause;
use testcontainers::bollard::{Docker, errors::Error};
use testcontainers::core::client::docker_client_instance;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tokio::time::timeout;

use crate::rig::Trouble;

/// How long one call to the engine may take, if nothing else is said. Removing a container with
/// many files is the longest.
pub(in crate::rig) const CALL_LIMIT: Duration = Duration::from_secs(60);
/// How long the engine may take to say that it is there.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// What a container engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFacts {
    /// Its name, e.g. `Docker Engine - Community`; often empty.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The newest version of the API that it speaks.
    pub api: String,
    /// Its machine, e.g. `amd64`.
    pub arch: String,
    /// Where it keeps containers and volumes; on its own machine, which may not be this one.
    pub folder: Option<String>,
}

/// Whether a container engine answers, and which. The error says why not, in one line.
pub async fn answers() -> Result<EngineFacts, String> {
    let engine = Engine::connect(ANSWER_LIMIT).await.map_err(|trouble| trouble.said)?;
    let said = engine.call("ask for its version", engine.docker.version()).await;
    let version = said.map_err(|trouble| trouble.said)?;
    // An engine that does not tell where it keeps things is still an engine.
    let told = engine.call("ask for its folder", engine.docker.info()).await.ok();
    let folder = told.and_then(|told| told.docker_root_dir);
    let name = version.platform.map(|platform| platform.name).unwrap_or_default();
    Ok(EngineFacts {
        name,
        version: version.version.unwrap_or_default(),
        api: version.api_version.unwrap_or_default(),
        arch: version.arch.unwrap_or_default(),
        folder,
    })
}

/// The engine that `DOCKER_HOST` names, else the one at the usual socket.
#[derive(Clone)]
pub(super) struct Engine {
    /// The client, for what [`Engine::call`] is to bound.
    pub docker: Docker,
    /// How long a call may take.
    pub limit: Duration,
    /// Held by everyone for whom something is being made.
    making: Arc<RwLock<()>>,
}

impl Engine {
    /// Makes the client; does not talk to the engine yet.
    pub async fn connect(limit: Duration) -> Result<Engine, Trouble> {
        let docker = docker_client_instance().await;
        let docker = docker.map_err(|error| api_trouble("find it", &error.to_string()))?;
        Ok(Engine { docker, limit, making: Arc::default() })
    }

    /// Says that something is being made for as long as this is held.
    pub async fn making(&self) -> OwnedRwLockReadGuard<()> {
        self.making.clone().read_owned().await
    }

    /// One call that makes something. It goes on where nobody waits for its answer any more: what
    /// the engine is about to make can only be found, and given back, once it is there.
    pub async fn make<T, C>(&self, what: &str, call: C) -> Result<T, Trouble>
    where
        T: Send + 'static,
        C: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let making = self.making().await;
        let task = tokio::spawn(async move {
            let made = call.await;
            drop(making);
            made
        });
        match timeout(self.limit, task).await {
            Ok(Ok(made)) => self.call(what, std::future::ready(made)).await,
            Ok(Err(panic)) => Err(Trouble::rig(RigCause::Panic, panic.to_string())),
            Err(_) => Err(api_trouble(what, &format!("no answer within {:?}", self.limit))),
        }
    }

    /// Waits until nothing is being made any more, for no longer than a call may take.
    pub async fn settle(&self) {
        let _ = timeout(self.limit, self.making.write()).await;
    }

    /// One call. `what` says what it is for.
    pub async fn call<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Trouble> {
        match self.find(what, call).await? {
            Some(answer) => Ok(answer),
            None => Err(api_trouble(what, "no such object")),
        }
    }

    /// One call, `None` where the engine says that there is no such thing.
    pub async fn find<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Trouble> {
        match timeout(self.limit, call).await {
            Ok(Ok(answer)) => Ok(Some(answer)),
            Ok(Err(Error::DockerResponseServerError { status_code: 404, .. })) => Ok(None),
            Ok(Err(error)) => Err(api_trouble(what, &error.to_string())),
            Err(_) => Err(api_trouble(what, &format!("no answer within {:?}", self.limit))),
        }
    }
}

/// An error of the engine's, as one line.
pub(super) fn api_trouble(what: &str, said: &str) -> Trouble {
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Trouble::rig(RigCause::EngineApi, format!("container engine: {what}: {said}"))
}
