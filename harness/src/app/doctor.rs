//! The verb `doctor`: whether drills can be performed here, and what is missing.

use std::path::Path;

use crate::app::Ended;
use crate::app::ground::{FREE_BYTES_MIN, IMAGE_MAJORS, room};
use crate::cli::GroundArgs;
use crate::plan::KNOWN;
use crate::rig::docker::{self, image};
use crate::rig::lease;
use crate::rig::local;
use crate::{say, setup};

/// There is no rig to stand on.
const NO_RIG: u8 = 4;

/// One line of the examination.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Symptom {
    what: &'static str,
    /// What was found; `Err`: what is missing, and the command that gets it.
    found: Result<String, (String, String)>,
}

impl Symptom {
    fn well(what: &'static str, found: impl Into<String>) -> Symptom {
        Symptom { what, found: Ok(found.into()) }
    }

    fn ill(what: &'static str, said: impl Into<String>, hint: impl Into<String>) -> Symptom {
        Symptom { what, found: Err((said.into(), hint.into())) }
    }
}

/// Examines this machine. 0 if a rig stands, 4 if none does.
pub async fn doctor(_args: &GroundArgs) -> Result<u8, Ended> {
    let containers = containers().await;
    let processes = processes();
    let shared = [state(), space(Path::new(".")), leftovers()];
    let stands = |rig: &[Symptom]| rig.iter().all(|symptom| symptom.found.is_ok());
    let rigs = [("docker", stands(&containers)), ("local", stands(&processes))];
    for (title, symptoms) in
        [("docker", &containers[..]), ("local", &processes[..]), ("both", &shared[..])]
    {
        say::line(title);
        for symptom in symptoms {
            match &symptom.found {
                Ok(found) => say::line(format_args!("  ok       {}: {found}", symptom.what)),
                Err((said, hint)) => {
                    say::line(format_args!("  missing  {}: {said}", symptom.what));
                    say::line(format_args!("           hint: {hint}"));
                }
            }
        }
    }
    let well: Vec<&str> = rigs.iter().filter(|(_, well)| *well).map(|(name, _)| *name).collect();
    if well.is_empty() || !stands(&shared[..2]) {
        say::line("no drill can be performed here");
        return Ok(NO_RIG);
    }
    say::line(format_args!("drills can be performed on: {}", well.join(", ")));
    Ok(0)
}

async fn containers() -> Vec<Symptom> {
    let engine = match docker::answers().await {
        Ok(facts) => Symptom::well(
            "container engine",
            format!("version {}, API {}", facts.version, facts.api),
        ),
        Err(why) => {
            let get = setup::command(&["docker.io"]);
            let hint = format!("start it (`service docker start`), or run `{get}` as root");
            return vec![Symptom::ill("container engine", why, hint)];
        }
    };
    let mut present = vec![];
    for major in IMAGE_MAJORS {
        if image::present(*major).await {
            present.push(major.to_string());
        }
    }
    let images = if present.is_empty() {
        image_source()
    } else {
        Symptom::well("images", format!("PostgreSQL {}", present.join(", ")))
    };
    vec![engine, images]
}

/// No image is there yet: whether one can be made.
fn image_source() -> Symptom {
    if setup::found("mmdebstrap") {
        return Symptom::well("images", "none yet; made on first use, by mmdebstrap");
    }
    let get = setup::command(&["mmdebstrap"]);
    let said = "none yet, and mmdebstrap is not there to make one";
    Symptom::ill("images", said, format!("run `{get}` as root, or `pgrehearse run --setup`"))
}

fn processes() -> Vec<Symptom> {
    let mut installs = local::find();
    installs.retain(|found| found.major >= *KNOWN.start());
    let postgres = if installs.is_empty() {
        let get = setup::command(&["postgresql", "postgresql-contrib"]);
        Symptom::ill(
            "PostgreSQL",
            format!("no server from {} on is installed", KNOWN.start()),
            format!("run `{get}` as root"),
        )
    } else {
        let versions: Vec<_> = installs.iter().map(|found| found.version.as_str()).collect();
        Symptom::well("PostgreSQL", versions.join(", "))
    };
    let pgbackrest = if setup::found("pgbackrest") {
        Symptom::well("pgBackRest", "on the path")
    } else {
        let get = setup::command(&["pgbackrest"]);
        Symptom::ill("pgBackRest", "not on the path", format!("run `{get}` as root"))
    };
    let user = match local::server_user() {
        Ok(user) => Symptom::well("a user to run servers as", user),
        Err(trouble) => {
            let hint = "run pgrehearse as an ordinary user, or make a user `postgres`.";
            Symptom::ill("a user to run servers as", trouble.said, hint)
        }
    };
    vec![postgres, pgbackrest, user]
}

fn state() -> Symptom {
    let what = "a place for leases";
    let hint = "make it writable, or set PGREHEARSE_STATE_DIR.";
    match lease::state_dir() {
        Err(error) => Symptom::ill(what, error.to_string(), hint),
        Ok(path) => {
            let tried = std::fs::create_dir_all(&path)
                .and_then(|()| tempfile::NamedTempFile::new_in(&path).map(drop));
            match tried {
                Ok(()) => Symptom::well(what, path.display().to_string()),
                Err(error) => Symptom::ill(what, format!("{}: {error}", path.display()), hint),
            }
        }
    }
}

fn space(path: &Path) -> Symptom {
    match room(path) {
        Ok(free) if free >= FREE_BYTES_MIN => {
            Symptom::well("free space", format!("{:.1} GiB", gibibytes(free)))
        }
        Ok(free) => {
            let (free, wanted) = (gibibytes(free), gibibytes(FREE_BYTES_MIN));
            let said = format!("{free:.1} GiB free, {wanted:.0} GiB wanted");
            Symptom::ill("free space", said, "free some, or run from another disk")
        }
        Err(error) => Symptom::ill("free space", error.to_string(), "look at the disk"),
    }
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

fn leftovers() -> Symptom {
    let what = "runs that died";
    match lease::abandoned() {
        Ok((found, _)) if found.is_empty() => Symptom::well(what, "none left anything behind"),
        Ok((found, _)) => {
            let said = format!("{} left something behind", found.len());
            Symptom::ill(what, said, "run `pgrehearse clean`")
        }
        Err(error) => Symptom::ill(what, error.to_string(), "run `pgrehearse clean`"),
    }
}
