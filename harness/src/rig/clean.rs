//! Gives back what dead runs left behind: what their leases name, and what bears their labels.
//! A run whose owner lives is never touched, nor anything without our label.

use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use crate::rig::Trouble;
use crate::rig::docker::{CALL_LIMIT, Swept};
use crate::rig::lease::{Abandoned, LeaseTrouble, Leased, abandoned_in, boot_id, state_dir, take};
use crate::rig::{docker, local};

/// How long something that a dead run asked the engine for may take to appear.
const APPEAR_LIMIT: Duration = Duration::from_secs(20);
const APPEAR_LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was cleaned up, and what was not.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct CleanReport {
    /// What was removed, a line each.
    pub removed: Vec<String>,
    /// What could not be removed or known, a line each.
    pub left: Vec<String>,
}

/// Cleans up after one run, or after every run whose owner is dead.
pub async fn clean(run: Option<&str>) -> CleanReport {
    let mut report = CleanReport::default();
    match state_dir() {
        Ok(state) => clean_in(&state, run, &mut report).await,
        Err(trouble) => report.left.push(trouble.to_string()),
    }
    report
}

async fn clean_in(state: &Path, run: Option<&str>, report: &mut CleanReport) {
    match run {
        Some(run) => match take(state, run) {
            Ok(Some(lease)) => settle(lease, report).await,
            Ok(None) => without_lease(run, report).await,
            Err(trouble) => report.left.push(trouble.to_string()),
        },
        None => match abandoned_in(state) {
            Ok((leases, troubles)) => {
                report.left.extend(troubles);
                for lease in leases {
                    settle(lease, report).await;
                }
                name_the_rest(state, report).await;
            }
            Err(trouble) => report.left.push(trouble.to_string()),
        },
    }
}

/// Gives back all that a dead run took.
async fn settle(lease: Abandoned, report: &mut CleanReport) {
    let mut left = lease.damaged.clone();
    let at_engine = lease.leased.iter().any(|thing| !matches!(thing, Leased::Folder { .. }));
    for thing in &lease.leased {
        if let Leased::Folder { path } = thing {
            let was_there = path.exists();
            let troubles = local::sweep(path);
            if troubles.is_empty() && was_there {
                report.removed.push(show(thing));
            }
            left.extend(troubles);
        }
    }
    // Whatever is asked of an engine is leased before: one that was asked for nothing has nothing,
    // and may be slow to say so. What a damaged lease does not tell is looked for.
    if at_engine || !lease.damaged.is_empty() {
        match sweep_all(&lease).await {
            Ok(swept) => {
                report.removed.extend(swept.removed.iter().map(show));
                left.extend(swept.left);
            }
            Err(trouble) if at_engine => {
                left.push(format!("run `{}`: {}", lease.run, trouble.said));
            }
            // An engine that is not there has nothing.
            Err(_) => {}
        }
    }
    // What damage hid may still be there: the file is kept aside to be looked at.
    if left.len() == lease.damaged.len() {
        match lease.settle() {
            Ok(Some(aside)) => left.push(format!("its lease is kept as `{}`", aside.display())),
            Ok(None) => {}
            Err(trouble) => left.push(trouble.to_string()),
        }
    }
    report.left.extend(left);
}

/// Sweeps the engine until nothing is there. What was asked for just before the owner died is
/// still being made: it is waited for, since the lease names it.
async fn sweep_all(lease: &Abandoned) -> Result<Swept, Trouble> {
    let deadline = Instant::now() + APPEAR_LIMIT;
    let is_fresh = lease.age().is_none_or(|age| age < CALL_LIMIT);
    let at_engine = lease.leased.iter().filter(|thing| !matches!(thing, Leased::Folder { .. }));
    let mut awaited: Vec<_> = at_engine.filter(|_| is_fresh).collect();
    let mut removed = vec![];
    loop {
        let swept = docker::sweep_run(&lease.run).await?;
        awaited.retain(|thing| !swept.removed.contains(thing));
        let is_quiet = swept.removed.is_empty() && swept.left.is_empty();
        removed.extend(swept.removed);
        if is_quiet && awaited.is_empty() || Instant::now() >= deadline {
            return Ok(Swept { removed, left: swept.left });
        }
        tokio::time::sleep(APPEAR_LOOK_EVERY).await;
    }
}

/// A run that the user named and that has no lease here: the labels say who made it.
async fn without_lease(run: &str, report: &mut CleanReport) {
    let runs = match docker::left_over().await {
        Ok(runs) => runs,
        Err(trouble) => return report.left.push(trouble.said),
    };
    let Some(found) = runs.into_iter().find(|found| found.run == run) else {
        return;
    };
    if may_live(&found) {
        return report.left.push(LeaseTrouble::Alive(run.to_owned()).to_string());
    }
    match docker::sweep_run(run).await {
        Ok(swept) => {
            report.removed.extend(swept.removed.iter().map(show));
            report.left.extend(swept.left);
        }
        Err(trouble) => report.left.push(trouble.said),
    }
}

/// Whether the owner of a run without a lease here seems to live: its number is in use.
fn may_live(found: &docker::LeftOver) -> bool {
    let alive = |pid: u32| Path::new(&format!("/proc/{pid}")).exists();
    found.boot == boot_id() && found.pid.is_none_or(alive)
}

/// Names the runs at the engine that no lease here knows and whose owner does not seem to live:
/// it may live on another machine, or have died under another state folder.
async fn name_the_rest(state: &Path, report: &mut CleanReport) {
    for found in docker::left_over().await.unwrap_or_default() {
        if !may_live(&found) && matches!(take(state, &found.run), Ok(None)) {
            report.left.push(format!(
                "run `{}` has something at the container engine, and no lease here\n\
                 hint: if its owner is dead, name it: `pgrehearse clean {}`",
                found.run, found.run
            ));
        }
    }
}

fn show(thing: &Leased) -> String {
    match thing {
        Leased::Container { name } => format!("container `{name}`"),
        Leased::Network { name } => format!("network `{name}`"),
        Leased::Volume { name } => format!("volume `{name}`"),
        Leased::Folder { path } => format!("folder `{}`", path.display()),
    }
}
