//! What a run must give back, written down before it exists, in a file that outlives the run.
//! The file's lock says whether the owner lives: the kernel lets go of it however the owner ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pgrehearse_verdict::journal::RigCause;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::drill::hex;
use crate::rig::Trouble;

/// Bytes of a lease file that are read. A run writes some hundred bytes for each resource.
const LEASE_BYTES_MAX: u64 = 16 << 20;
/// Length of a run's name, in bytes.
const RUN_NAME_MAX: usize = 100;
/// Bytes of the digest that seals a line.
const SEAL_BYTES: usize = 8;
/// The format of the file.
const FORMAT: u32 = 1;
/// How the name of every folder we make begins: [`Lease::add`] refuses any other.
pub const FOLDER_PREFIX: &str = "pgrehearse-";

/// Something that must be given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Leased {
    /// A container.
    Container {
        /// Its name at the engine.
        name: String,
    },
    /// A network.
    Network {
        /// Its name at the engine.
        name: String,
    },
    /// A volume.
    Volume {
        /// Its name at the engine.
        name: String,
    },
    /// A folder on this machine. Its name begins with [`FOLDER_PREFIX`].
    Folder {
        /// Its absolute path.
        path: PathBuf,
    },
}

/// Why a lease could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum LeaseTrouble {
    /// The file could not be made, read or written.
    #[error("lease file `{path}`: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no place for the file.
    #[error("no place for leases\nhint: set PGREHEARSE_STATE_DIR to a folder that may be written")]
    NoPlace,
    /// The run's name cannot be a file's name.
    #[error("`{0}` cannot name a run: wanted 1 to 100 of letters, digits, `-` and `_`")]
    RunName(String),
    /// The folder's name is not one of ours.
    #[error("`{0}` cannot be leased: wanted an absolute path ending in `pgrehearse-…`")]
    Foreign(PathBuf),
    /// The run has a living owner.
    #[error("run `{0}` is alive")]
    Alive(String),
}

impl From<LeaseTrouble> for Trouble {
    /// Without a lease nothing may be made, so there is no drill: never the subject's fault.
    fn from(trouble: LeaseTrouble) -> Trouble {
        Trouble::rig(RigCause::NotADrill, trouble.to_string())
    }
}

/// One line of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Line {
    Opened { format: u32, run: String, pid: u32, boot: String },
    Took(Leased),
    GaveBack(Leased),
}

/// A line and the digest that chains it to the lines before.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    line: Line,
    seal: String,
}

/// The open lease of a run whose owner is this process.
pub struct Lease {
    run: String,
    path: PathBuf,
    written: Mutex<Written>,
}

struct Written {
    file: File,
    seal: String,
}

impl Lease {
    /// Opens the lease of a new run in [`state_dir`].
    pub fn open(run: &str) -> Result<Lease, LeaseTrouble> {
        Lease::open_in(&state_dir()?, run)
    }

    /// Opens the lease of a new run under the state folder `state`.
    pub fn open_in(state: &Path, run: &str) -> Result<Lease, LeaseTrouble> {
        let path = lease_path(state, run)?;
        let folder = path.parent().expect("a lease lies in a folder").to_owned();
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| LeaseTrouble::File { path, source }
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&folder).map_err(at(&folder))?;
        // The file gets its name only when it is locked, so that no cleaner finds it without an
        // owner; and only if no other run has that name.
        let fresh = folder.join(format!(".{run}.{}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.create_new(true).append(true).read(true).mode(0o600).open(&fresh);
        let file = file.map_err(at(&fresh))?;
        let named = (|| {
            file.try_lock().map_err(io::Error::from)?;
            fs::hard_link(&fresh, &path)
        })();
        let unnamed = fs::remove_file(&fresh);
        named.map_err(at(&path))?;
        unnamed.map_err(at(&fresh))?;
        let written = Mutex::new(Written { file, seal: String::new() });
        let lease = Lease { run: run.to_owned(), path, written };
        let (pid, boot) = (std::process::id(), boot_id());
        lease.write(Line::Opened { format: FORMAT, run: run.to_owned(), pid, boot })?;
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(at(&folder))?;
        Ok(lease)
    }

    /// The name of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Writes down what is about to be made. On the disk when this returns.
    pub fn add(&self, leased: &Leased) -> Result<(), LeaseTrouble> {
        if let Leased::Folder { path } = leased
            && !is_ours(path)
        {
            return Err(LeaseTrouble::Foreign(path.clone()));
        }
        self.write(Line::Took(leased.clone()))
    }

    /// Writes down that something is no more.
    pub fn gave_back(&self, leased: &Leased) -> Result<(), LeaseTrouble> {
        self.write(Line::GaveBack(leased.clone()))
    }

    /// Removes the file: everything was given back.
    pub fn close(&self) -> Result<(), LeaseTrouble> {
        match fs::remove_file(&self.path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(LeaseTrouble::File { path: self.path.clone(), source })
            }
            _ => Ok(()),
        }
    }

    fn write(&self, line: Line) -> Result<(), LeaseTrouble> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let seal = seal(&written.seal, &line);
        let sealed = Sealed { line, seal };
        let done = serde_json::to_vec(&sealed).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            written.file.write_all(&bytes)?;
            written.file.sync_data()
        });
        done.map_err(|source| LeaseTrouble::File { path: self.path.clone(), source })?;
        written.seal = sealed.seal;
        Ok(())
    }
}

/// The lease of a run whose owner is dead. While this exists no other process can take it.
pub struct Abandoned {
    /// The name of the run.
    pub run: String,
    /// What was taken and not given back, in order.
    pub leased: Vec<Leased>,
    /// What of the file could not be read: a line each, to be shown.
    pub damaged: Vec<String>,
    path: PathBuf,
    lock: File,
}

impl Abandoned {
    /// How long ago its owner last wrote to it; `None` where the system does not say.
    pub fn age(&self) -> Option<Duration> {
        self.lock.metadata().ok()?.modified().ok()?.elapsed().ok()
    }

    /// Removes the file, when all was given back. A damaged file is kept aside instead, and its
    /// new name returned: what it said cannot be known.
    pub fn settle(self) -> Result<Option<PathBuf>, LeaseTrouble> {
        let at = |source| LeaseTrouble::File { path: self.path.clone(), source };
        if self.damaged.is_empty() {
            fs::remove_file(&self.path).map_err(at)?;
            return Ok(None);
        }
        let aside = self.path.with_extension("damaged");
        fs::rename(&self.path, &aside).map_err(at)?;
        Ok(Some(aside))
    }
}

/// The leases whose owner is dead, and, a line each, those that could not be looked at.
pub fn abandoned() -> Result<(Vec<Abandoned>, Vec<String>), LeaseTrouble> {
    abandoned_in(&state_dir()?)
}

/// [`abandoned`], under the state folder `state`.
pub fn abandoned_in(state: &Path) -> Result<(Vec<Abandoned>, Vec<String>), LeaseTrouble> {
    let folder = state.join("leases");
    let at = |source| LeaseTrouble::File { path: folder.clone(), source };
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((found, troubles)),
        entries => entries.map_err(at)?,
    };
    for entry in entries {
        let path = entry.map_err(at)?.path();
        let run = path.file_stem().and_then(|run| run.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_none_or(|extension| extension != "jsonl") || run.is_empty() {
            continue;
        }
        match take(state, &run) {
            Ok(Some(lease)) => found.push(lease),
            Ok(None) | Err(LeaseTrouble::Alive(_)) => {}
            Err(trouble) => troubles.push(trouble.to_string()),
        }
    }
    found.sort_by(|a, b| a.run.cmp(&b.run));
    Ok((found, troubles))
}

/// Takes the lease of a run over from its dead owner; `None` if the run has no lease here.
pub fn take(state: &Path, run: &str) -> Result<Option<Abandoned>, LeaseTrouble> {
    let path = lease_path(state, run)?;
    let at = |source| LeaseTrouble::File { path: path.clone(), source };
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(at)?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Err(LeaseTrouble::Alive(run.to_owned())),
        Err(TryLockError::Error(error)) => return Err(at(error)),
        Ok(()) => {}
    }
    // Its owner may have closed it between our opening and our locking.
    if file.metadata().map_err(at)?.nlink() == 0 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file).take(LEASE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(at)?;
    let (leased, damaged) = read(run, &bytes);
    Ok(Some(Abandoned { run: run.to_owned(), leased, damaged, path, lock: file }))
}

/// Reads as far as the chain holds; what comes after the first break cannot be believed.
fn read(run: &str, bytes: &[u8]) -> (Vec<Leased>, Vec<String>) {
    let (mut leased, mut chain): (Vec<Leased>, _) = (Vec::new(), String::new());
    let damage = |number: usize, why: &str| vec![format!("lease of `{run}`: line {number} {why}")];
    if bytes.len() as u64 > LEASE_BYTES_MAX {
        return (leased, damage(1, "and what follows is too long to be read"));
    }
    if bytes.is_empty() {
        return (leased, damage(1, "is missing"));
    }
    for (number, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = number + 1;
        let sealed: Sealed = match serde_json::from_slice(text) {
            Ok(sealed) if text.ends_with(b"\n") => sealed,
            Ok(_) => return (leased, damage(number, "was not written to its end")),
            Err(_) => return (leased, damage(number, "and what follows cannot be read")),
        };
        if sealed.seal != seal(&chain, &sealed.line) {
            return (leased, damage(number, "and what follows was changed after it was written"));
        }
        chain = sealed.seal;
        match sealed.line {
            Line::Opened { format, run: named, .. } => {
                if number != 1 || format != FORMAT || named != run {
                    return (leased, damage(number, "opens another lease than this"));
                }
            }
            _ if number == 1 => return (leased, damage(number, "does not open the lease")),
            Line::Took(thing) => leased.push(thing),
            Line::GaveBack(thing) => leased.retain(|other| *other != thing),
        }
    }
    (leased, Vec::new())
}

fn seal(before: &str, line: &Line) -> String {
    let text = serde_json::to_string(line).unwrap_or_default();
    let digest = Sha256::new().chain_update(before).chain_update(text).finalize();
    hex(&digest[..SEAL_BYTES])
}

fn lease_path(state: &Path, run: &str) -> Result<PathBuf, LeaseTrouble> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if run.is_empty() || run.len() > RUN_NAME_MAX || !run.bytes().all(plain) {
        return Err(LeaseTrouble::RunName(run.to_owned()));
    }
    Ok(state.join("leases").join(format!("{run}.jsonl")))
}

/// Whether the path is that of a folder such as we make.
pub fn is_ours(path: &Path) -> bool {
    let plain = path.components().all(|part| part != std::path::Component::ParentDir);
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    path.is_absolute() && plain && name.starts_with(FOLDER_PREFIX)
}

/// Where leases, locks and other traces of runs lie: `PGREHEARSE_STATE_DIR`, else
/// `pgrehearse` in `XDG_STATE_HOME`, else `~/.local/state/pgrehearse`.
pub fn state_dir() -> Result<PathBuf, LeaseTrouble> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let found = absolute("PGREHEARSE_STATE_DIR")
        .or_else(|| absolute("XDG_STATE_HOME").map(|home| home.join("pgrehearse")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state/pgrehearse")));
    found.filter(|path| path.is_absolute()).ok_or(LeaseTrouble::NoPlace)
}

/// What tells this boot of this machine from every other; empty where the system does not say.
pub fn boot_id() -> String {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    text.trim().to_owned()
}

#[cfg(test)]
#[path = "lease_test.rs"]
mod tests;
