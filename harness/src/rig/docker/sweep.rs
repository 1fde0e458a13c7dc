//! Removes what bears our labels, and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder,
    RemoveContainerOptionsBuilder, RemoveVolumeOptions,
};

use super::engine::{CALL_LIMIT, Engine};
use super::label::{BOOT, DRILL, PID, RUN, filter};
use crate::rig::Trouble;
use crate::rig::lease::Leased;

/// Removals of one thing that are tried: a volume is in use for a moment longer than its container,
/// and a container can be in the midst of being removed by somebody else.
const TRIES_MAX: u32 = 50;
const TRY_EVERY: Duration = Duration::from_millis(100);

/// What a sweep did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Swept {
    /// What was removed.
    pub removed: Vec<Leased>,
    /// What could not be, a line each.
    pub left: Vec<String>,
}

/// Things of one run that an engine holds, and who made them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOver {
    /// The run.
    pub run: String,
    /// The process that made them, if the label is readable.
    pub pid: Option<u32>,
    /// The boot of the machine on which that process ran.
    pub boot: String,
}

/// Removes every container, network and volume of the run.
pub async fn sweep_run(run: &str) -> Result<Swept, Trouble> {
    sweep(&Engine::connect(CALL_LIMIT).await?, run, None).await
}

/// The runs that have left anything at the engine.
pub async fn left_over() -> Result<Vec<LeftOver>, Trouble> {
    let engine = Engine::connect(CALL_LIMIT).await?;
    let labels = everything(&engine, &[(RUN, "")]).await?.into_iter().map(|(_, labels)| labels);
    let mut runs = BTreeMap::new();
    for labels in labels {
        let text = |name: &str| labels.get(name).cloned().unwrap_or_default();
        let run = text(RUN);
        let pid = text(PID).parse().ok();
        runs.entry(run.clone()).or_insert(LeftOver { run, pid, boot: text(BOOT) });
    }
    Ok(runs.into_values().collect())
}

/// Removes what belongs to the run, or to the one drill of it.
pub(super) async fn sweep(
    engine: &Engine,
    run: &str,
    drill: Option<&str>,
) -> Result<Swept, Trouble> {
    let mut labels = vec![(RUN, run)];
    labels.extend(drill.map(|drill| (DRILL, drill)));
    let found = everything(engine, &labels).await?;
    let mut swept = Swept::default();
    // Containers first: they hold on to the networks and volumes.
    for containers in [true, false] {
        let some = found.iter().map(|(thing, _)| thing);
        let some = some.filter(|thing| matches!(thing, Leased::Container { .. }) == containers);
        let all = some.map(|thing| async move { (thing, remove(engine, thing).await) });
        for (thing, done) in futures_util::future::join_all(all).await {
            match done {
                Ok(()) => swept.removed.push(thing.clone()),
                Err(trouble) => swept.left.push(trouble.said),
            }
        }
    }
    Ok(swept)
}

type Labels = std::collections::HashMap<String, String>;

/// Whatever bears all the labels. The filter is the engine's; each answer is looked at again, so
/// that an engine that ignores the filter cannot make us remove what is not ours.
async fn everything(
    engine: &Engine,
    wanted: &[(&str, &str)],
) -> Result<Vec<(Leased, Labels)>, Trouble> {
    let (docker, filters) = (&engine.docker, filter(wanted));
    let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
    let containers =
        engine.call("list our containers", docker.list_containers(Some(options))).await?;
    let options = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let networks = engine.call("list our networks", docker.list_networks(Some(options))).await?;
    let options = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let volumes = engine.call("list our volumes", docker.list_volumes(Some(options))).await?;
    let containers = containers.into_iter().filter_map(|one| {
        let name = one.names?.first()?.trim_start_matches('/').to_owned();
        Some((Leased::Container { name }, one.labels.unwrap_or_default()))
    });
    let networks = networks.into_iter().filter_map(|one| {
        Some((Leased::Network { name: one.name? }, one.labels.unwrap_or_default()))
    });
    let volumes = volumes.volumes.unwrap_or_default().into_iter();
    let volumes = volumes.map(|one| (Leased::Volume { name: one.name }, one.labels));
    let bears = |labels: &Labels| {
        wanted.iter().all(|(name, value)| match labels.get(*name) {
            Some(found) => value.is_empty() || found == value,
            None => false,
        })
    };
    Ok(containers.chain(networks).chain(volumes).filter(|(_, labels)| bears(labels)).collect())
}

/// Removes one thing of ours; that it is not there is as good.
pub(super) async fn remove(engine: &Engine, thing: &Leased) -> Result<(), Trouble> {
    let mut tries = 0;
    loop {
        tries += 1;
        match remove_once(engine, thing).await {
            Err(trouble) if tries < TRIES_MAX && is_passing(&trouble) => {
                tokio::time::sleep(TRY_EVERY).await;
            }
            done => return done,
        }
    }
}

async fn remove_once(engine: &Engine, thing: &Leased) -> Result<(), Trouble> {
    let docker = &engine.docker;
    match thing {
        Leased::Container { name } => {
            let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
            let call = docker.remove_container(name, Some(options));
            engine.find(&format!("remove container `{name}`"), call).await.map(drop)
        }
        Leased::Network { name } => {
            let call = docker.remove_network(name);
            engine.find(&format!("remove network `{name}`"), call).await.map(drop)
        }
        Leased::Volume { name } => {
            let call = docker.remove_volume(name, None::<RemoveVolumeOptions>);
            engine.find(&format!("remove volume `{name}`"), call).await.map(drop)
        }
        Leased::Folder { .. } => Ok(()),
    }
}

/// Whether the engine's words are of something that passes by itself.
fn is_passing(trouble: &Trouble) -> bool {
    ["in use", "in progress", "active endpoints"].iter().any(|word| trouble.said.contains(word))
}
