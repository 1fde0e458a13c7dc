//! The image of our nodes: its name says what is in it, and it is made on first use.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use pgrehearse_verdict::journal::RigCause;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::engine::{CALL_LIMIT, Engine};
use super::provision;
use super::wire::{FOLDER, USER, USER_ID, exec_as_root};
use crate::drill::hex;
use crate::rig::Trouble;
use crate::rig::lease::state_dir;

/// The command that makes the image, for messages.
pub const BUILD_COMMAND: &str = "pgrehearse run --setup";
/// How long another run may take to make the image while we wait for it.
const WAIT_LIMIT: Duration = Duration::from_secs(30 * 60);
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Bytes of the digest in the image's tag.
const DIGEST_BYTES: usize = 6;

/// The files an image is made with, as (name, bytes). They are part of the program, so that it
/// works wherever it is installed.
pub(super) const FILES: &[(&str, &str)] = &[
    ("packages", include_str!("../../../../fixtures/images/packages")),
    ("provision", include_str!("../../../../fixtures/images/provision")),
    ("customize50-pgrehearse", include_str!("../../../../fixtures/images/customize50-pgrehearse")),
    ("relay.pl", include_str!("../../../../fixtures/images/relay.pl")),
    ("unroute.pl", include_str!("../../../../fixtures/images/unroute.pl")),
];

/// The places of a node, as its user's folders.
const PLACES: &[&str] = &["data", "socket", "log", "tablespaces", "repo", "original", "scratch"];

/// Takes a line about what is being done.
pub type Progress<'a> = &'a (dyn Fn(&str) + Sync);

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum ImageTrouble {
    /// No Debian release that we know holds this PostgreSQL.
    #[error("no image of PostgreSQL {0} can be made: wanted one of 15, 17, 18")]
    Major(u32),
    /// There is nothing to make it with.
    #[error(
        "`{tag}` cannot be made: no registry gives `{base}` ({said}), and `mmdebstrap` is not \
         installed\nhint: run `apt-get install mmdebstrap` as root, or `{BUILD_COMMAND}` as root"
    )]
    NoMeans {
        /// The image.
        tag: String,
        /// Its base at a registry.
        base: String,
        /// What the registry or the engine said.
        said: String,
    },
    /// A step of its making failed.
    #[error("`{tag}` cannot be made: {step}: {said}")]
    Step {
        /// The image.
        tag: String,
        /// The step.
        step: String,
        /// What went wrong, one line.
        said: String,
    },
    /// The engine failed.
    #[error(transparent)]
    Engine(#[from] Trouble),
}

impl From<ImageTrouble> for Trouble {
    fn from(trouble: ImageTrouble) -> Trouble {
        match trouble {
            ImageTrouble::Engine(trouble) => trouble,
            other => Trouble::rig(RigCause::NotADrill, other.to_string()),
        }
    }
}

/// The name of the image for a major version of PostgreSQL.
pub fn tag(major: u32) -> String {
    let digest = FILES.iter().fold(Sha256::new(), |digest, (name, text)| {
        digest.chain_update(name).chain_update([0]).chain_update(text).chain_update([0])
    });
    format!("pgrehearse/postgres:{major}-{}", hex(&digest.finalize()[..DIGEST_BYTES]))
}

/// The id of the image for a major version of PostgreSQL, which is made if it is not there.
/// With `setup`, and as root, what is needed to make it is installed on this machine.
pub async fn ensure(
    major: u32,
    setup: bool,
    progress: Progress<'_>,
) -> Result<String, ImageTrouble> {
    let engine = Engine::connect(CALL_LIMIT).await?;
    let tag = tag(major);
    if let Some(id) = id(&engine, &tag).await? {
        return Ok(id);
    }
    provision::suite(major).ok_or(ImageTrouble::Major(major))?;
    let step = |step: &str, said: String| ImageTrouble::Step {
        tag: tag.clone(),
        step: step.to_owned(),
        said,
    };
    let state = state_dir().map_err(|trouble| step("lock", trouble.to_string()))?;
    let lock = lock(&state, progress).await.map_err(|said| step("lock", said))?;
    // Another run may have made it while we waited.
    let id = match id(&engine, &tag).await? {
        Some(id) => id,
        None => provision::make(&engine, major, &tag, setup, progress).await?,
    };
    drop(lock);
    Ok(id)
}

/// Whether the engine has the image for a major version of PostgreSQL.
pub async fn present(major: u32) -> bool {
    let Ok(engine) = Engine::connect(CALL_LIMIT).await else { return false };
    matches!(id(&engine, &tag(major)).await, Ok(Some(_)))
}

/// Whether the engine has an image of the user's own; else what to do.
pub async fn find(named: &str) -> Result<(), Trouble> {
    let engine = Engine::connect(CALL_LIMIT).await?;
    match id(&engine, named).await? {
        Some(_) => Ok(()),
        None => Err(Trouble::rig(RigCause::EngineApi, missing(named, true))),
    }
}

/// The id of an image that the engine has.
pub(super) async fn id(engine: &Engine, named: &str) -> Result<Option<String>, Trouble> {
    let found = engine.find("look for an image", engine.docker.inspect_image(named)).await?;
    Ok(found.and_then(|image| image.id))
}

/// The message for an image that the engine does not have.
pub(super) fn missing(named: &str, foreign: bool) -> String {
    if foreign {
        return format!("image `{named}` is not on this engine\nhint: `docker pull {named}`");
    }
    format!("image `{named}` is not on this engine\nhint: make it with `{BUILD_COMMAND}`")
}

/// Our programs, for an image that is not ours.
pub(super) fn programs() -> Vec<(String, Vec<u8>)> {
    let programs = FILES.iter().filter(|(name, _)| name.ends_with(".pl"));
    programs.map(|(name, text)| (format!("{FOLDER}/{name}"), text.as_bytes().to_vec())).collect()
}

/// Makes a node's user and places in a container whose image is not ours.
pub(super) async fn furnish(engine: &Engine, container: &str) -> Result<(), Trouble> {
    let folders: Vec<String> = PLACES.iter().map(|place| format!("/pgrehearse/{place}")).collect();
    let mut install = vec!["install", "-d", "-o", USER, "-g", USER, "-m", "0700", "/pgrehearse"];
    install.extend(folders.iter().map(String::as_str));
    // As in `provision`: what one node wrote on a volume is for the next to read.
    let (group, user) = (["groupmod", "--gid", USER_ID, USER], ["usermod", "--uid", USER_ID, USER]);
    for argv in [&group[..], &user, &install] {
        let mut said = String::new();
        let code =
            exec_as_root(engine, container, argv, &[], &mut |text| said.push_str(text)).await?;
        if code != Some(0) {
            let (tool, said) = (argv[0], said.trim().replace('\n', " "));
            let said = format!("the image cannot be a node: `{tool}` ended with {code:?}: {said}");
            return Err(Trouble::rig(RigCause::NotExecutable, said));
        }
    }
    Ok(())
}

async fn lock(state: &Path, progress: Progress<'_>) -> Result<File, String> {
    let path: PathBuf = state.join("image.lock");
    let complain = |error: std::io::Error| format!("`{}`: {error}", path.display());
    std::fs::create_dir_all(state).map_err(complain)?;
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(complain)?;
    let deadline = Instant::now() + WAIT_LIMIT;
    let mut told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(complain(error)),
            Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                return Err(format!("another run has held it for {WAIT_LIMIT:?}"));
            }
            Err(TryLockError::WouldBlock) => {}
        }
        if !std::mem::replace(&mut told, true) {
            progress("waiting for another run that makes an image");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
