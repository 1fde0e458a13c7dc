//! Which ground there is to stand on, and how to get one where there is none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::{GroundArgs, RigChoice};
use crate::plan::{Fixture, KNOWN, Load, Plan, Script};
use crate::rig::docker::{self, DockerRig, image};
use crate::rig::lease::Lease;
use crate::rig::local::{self, LocalRig};
use crate::rig::{Rig, Trouble};
use crate::{say, setup};

/// The major versions of PostgreSQL that the containers' images can hold.
pub const IMAGE_MAJORS: &[u32] = &[15, 17, 18];
/// The one that is used where a scenario names none.
pub const IMAGE_MAJOR: u32 = 17;
/// Free space that a drill of a small database needs, in bytes.
pub const FREE_BYTES_MIN: u64 = 2 << 30;
/// How often the contents of a fixture lie on disk during a drill, indexes and WAL included.
const COPIES: u64 = 12;
/// What the local rig needs, as Debian packages.
const LOCAL_PACKAGES: &[&str] = &["postgresql", "postgresql-contrib", "pgbackrest"];

/// The ground that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// Containers.
    Docker,
    /// Processes of this machine.
    Local,
}

/// The ground, and what it can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footing {
    /// Which.
    pub chosen: Chosen,
    /// The major versions of PostgreSQL it has.
    pub majors: Vec<u32>,
    /// The one that is used where a scenario names none.
    pub default_major: u32,
    /// Where the servers' files will lie, if that is on this machine.
    pub folder: Option<PathBuf>,
    /// What the user should know about the choice.
    pub remark: Option<String>,
}

impl Footing {
    /// The rig's name.
    pub fn rig(&self) -> &'static str {
        match self.chosen {
            Chosen::Docker => "docker",
            Chosen::Local => "local",
        }
    }
}

/// Chooses the ground. `Err`: there is none; what is missing, and what gets it.
pub async fn choose(args: &GroundArgs) -> Result<Footing, String> {
    match args.rig {
        RigChoice::Docker => docker_footing().await,
        RigChoice::Local => local_footing(args.setup, None),
        RigChoice::Auto => match docker_footing().await {
            Ok(footing) => Ok(footing),
            Err(why) => {
                let remark = format!("no container engine answers ({why}): on local processes");
                local_footing(args.setup, Some(remark)).map_err(|local| {
                    let why = format!("no container engine answers ({why})");
                    format!("there is no rig to stand on: {why}; {local}")
                })
            }
        },
    }
}

async fn docker_footing() -> Result<Footing, String> {
    let engine = docker::answers().await?;
    Ok(Footing {
        chosen: Chosen::Docker,
        majors: IMAGE_MAJORS.to_vec(),
        default_major: IMAGE_MAJOR,
        folder: engine.folder.map(PathBuf::from).filter(|folder| folder.is_dir()),
        remark: None,
    })
}

fn local_footing(set_up: bool, remark: Option<String>) -> Result<Footing, String> {
    let mut majors = local_majors();
    if set_up && (majors.is_empty() || !setup::found("pgbackrest")) {
        say::aside(format_args!("installing {}", LOCAL_PACKAGES.join(", ")));
        setup::install(LOCAL_PACKAGES)?;
        majors = local_majors();
    }
    let Some(default_major) = majors.first().copied() else {
        let get = setup::command(LOCAL_PACKAGES);
        let oldest = KNOWN.start();
        return Err(format!(
            "no PostgreSQL from {oldest} on is installed\nhint: run `{get}` as root"
        ));
    };
    if !setup::found("pgbackrest") {
        let get = setup::command(&["pgbackrest"]);
        return Err(format!("pgBackRest is not installed\nhint: run `{get}` as root"));
    }
    let folder = Some(std::env::temp_dir());
    Ok(Footing { chosen: Chosen::Local, majors, default_major, folder, remark })
}

/// The installed major versions that a drill knows, the newest first.
fn local_majors() -> Vec<u32> {
    let found = local::find();
    let mut majors: Vec<u32> = found.iter().map(|install| install.major).collect();
    majors.retain(|major| major >= KNOWN.start());
    majors.sort_unstable_by(|a, b| b.cmp(a));
    majors.dedup();
    majors
}

/// Whether there is room for what the plans will make. A drill that dies of a full disk proves
/// nothing, and may hurt others.
pub fn enough_room(footing: &Footing, reports: &Path, plans: &[Plan]) -> Result<(), String> {
    let largest = plans.iter().map(|plan| files_bytes(&plan.fixture)).max().unwrap_or(0);
    // The cluster, its repository, the recovered cluster, and the same again for a twin.
    let wanted = FREE_BYTES_MIN.saturating_add(largest.saturating_mul(COPIES));
    let mut places: Vec<&Path> = footing.folder.iter().map(PathBuf::as_path).collect();
    // The folder of reports may not be there yet.
    places.extend(reports.ancestors().find(|folder| folder.is_dir()));
    for place in places {
        let free = room(place).map_err(|error| format!("`{}`: {error}", place.display()))?;
        if free < wanted {
            let mebibytes = |bytes: u64| bytes >> 20;
            return Err(format!(
                "`{}` has {} MiB free, and {} MiB are wanted\nhint: free some space there",
                place.display(),
                mebibytes(free),
                mebibytes(wanted)
            ));
        }
    }
    Ok(())
}

/// The length of all files of a fixture.
fn files_bytes(fixture: &Fixture) -> u64 {
    let of = |path: &PathBuf| std::fs::metadata(path).map_or(0, |is| is.len());
    let loads = fixture.databases.iter().flat_map(|database| &database.load);
    let loaded = loads.map(|load| match load {
        Load::Sql(Script::File(path)) | Load::Dump(path) => of(path),
        Load::Sql(Script::Made { text, .. }) => text.len() as u64,
    });
    loaded.sum::<u64>().saturating_mul(u64::from(fixture.scale))
}

/// The free space of the file system that holds `path`, in bytes.
pub fn room(path: &Path) -> std::io::Result<u64> {
    let found = rustix::fs::statvfs(path)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Looks for the images of the user's own, and makes those that drills will need of ours, before
/// the first of them starts.
pub async fn prepare(footing: &Footing, plans: &[Plan], set_up: bool) -> Result<(), String> {
    if footing.chosen == Chosen::Docker {
        for named in plans.iter().flat_map(Plan::images).collect::<BTreeSet<_>>() {
            image::find(&named).await.map_err(|trouble| trouble.said)?;
        }
        for major in plans.iter().flat_map(Plan::majors).collect::<BTreeSet<_>>() {
            let made = image::ensure(major, set_up, &|text| say::aside(text)).await;
            made.map_err(|trouble| trouble.to_string())?;
        }
    }
    Ok(())
}

/// Fresh ground for one drill.
pub async fn stand(
    footing: &Footing,
    run: &str,
    drill: &str,
    lease: Arc<Lease>,
) -> Result<Arc<dyn Rig>, Trouble> {
    Ok(match footing.chosen {
        Chosen::Docker => Arc::new(DockerRig::connect(run, drill, lease).await?),
        Chosen::Local => Arc::new(LocalRig::new(run, drill, None, lease)?),
    })
}
