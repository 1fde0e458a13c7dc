//! The local rig: makes one folder a drill, nodes and volumes in it, and gives it back.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use sha2::{Digest, Sha256};

use super::find::{Install, find};
use super::node::{LocalNode, Parts, ground, make_folder};
use super::sweep::Marker;
use super::user::User;
use crate::drill::hex;
use crate::rig::lease::{FOLDER_PREFIX, Lease, Leased};
use crate::rig::{Node, NodeSpec, Rig, Trouble, Volume};

/// Where less is free, in bytes, what failed may have failed of that: a few segments of WAL.
const ROOM_BYTES_MIN: u64 = 64 << 20;
/// Bytes of the digest in a folder's name: short, since the path of a socket is bounded.
const NAME_BYTES: usize = 4;
/// How many names are tried for a folder before giving up.
const NAMES_MAX: u32 = 16;
/// A node's name is cut here in the name of its folder, in characters, likewise.
const NODE_NAME_MAX: usize = 12;
/// Where the folder is made if the place for temporary files is too deep or not open to all.
const LAST_PARENT: &str = "/tmp";
/// The longest path of a parent folder, in bytes.
const PARENT_PATH_MAX: usize = 48;

/// Ground made of local processes. Everything lies in one folder of its own.
///
/// A volume mounted read-only can still be written by the commands that run on the node, since
/// they run as the same user; [`Node::write`] alone refuses.
pub struct LocalRig {
    folder: PathBuf,
    marker: Marker,
    user: User,
    installs: Vec<Install>,
    lease: Arc<Lease>,
    made: Mutex<Made>,
    /// What was seen when there was no room; there may be again.
    cramped: OnceLock<String>,
}

#[derive(Default)]
struct Made {
    nodes: Vec<String>,
    volumes: Vec<String>,
    released: bool,
}

impl LocalRig {
    /// Ground for one drill of a run: in a new folder in `parent`, or else where temporary files
    /// go. The lease holds the folder before it exists.
    pub fn new(
        run: &str,
        drill: &str,
        parent: Option<&Path>,
        lease: Arc<Lease>,
    ) -> Result<LocalRig, Trouble> {
        let user = User::find()?;
        let marker = Marker { run: run.to_owned(), drill: drill.to_owned(), uid: user.uid };
        let parent = parent_for(&user, parent)?;
        let folder = make(&parent, &marker, &user, &lease)?;
        let made = Mutex::default();
        let cramped = OnceLock::new();
        Ok(LocalRig { folder, marker, user, installs: find(), lease, made, cramped })
    }

    /// The folder that holds everything.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn install(&self, major: u32) -> Result<Install, Trouble> {
        let found = self.installs.iter().find(|install| install.major == major);
        found.cloned().ok_or_else(|| {
            let versions: Vec<_> = self.installs.iter().map(|i| i.version.as_str()).collect();
            let said = match versions.as_slice() {
                [] => "there is none".to_owned(),
                versions => format!("there is {}", versions.join(", ")),
            };
            let said = format!("no PostgreSQL {major} on this machine: {said}");
            Trouble::rig(RigCause::NotExecutable, said)
        })
    }

    fn volume_folder(&self, name: &str) -> PathBuf {
        self.folder.join("volumes").join(name)
    }

    /// Takes a name, if nothing has it yet; how many there were before.
    fn take(&self, what: &str, name: &str) -> Result<usize, Trouble> {
        let refused = |why: &str| {
            Trouble::rig(RigCause::NotADrill, format!("no {what} is called `{name}`: {why}"))
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if made.released {
            return Err(refused("the ground was given back"));
        }
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(refused("wanted letters, digits, `-`, `_` and `.`"));
        }
        let names = if what == "node" { &mut made.nodes } else { &mut made.volumes };
        if names.iter().any(|other| other == name) {
            return Err(refused("there is one already"));
        }
        names.push(name.to_owned());
        Ok(names.len() - 1)
    }

    /// Strikes the folder off the lease if nothing is left of it; what is left.
    fn settle(&self, mut left: Vec<String>) -> Vec<String> {
        if left.is_empty() {
            let done = self.lease.gave_back(&Leased::Folder { path: self.folder.clone() });
            left.extend(done.err().map(|error| error.to_string()));
        }
        left
    }
}

#[async_trait]
impl Rig for LocalRig {
    fn kind(&self) -> &'static str {
        "local"
    }

    async fn volume(&self, name: &str) -> Result<Volume, Trouble> {
        self.take("volume", name)?;
        let folder = self.volume_folder(name);
        let fail = |error: io::Error| ground(&format!("the volume `{name}`"), &error);
        let volumes = self.folder.join("volumes");
        fs::create_dir_all(&volumes).map_err(fail)?;
        fs::set_permissions(&volumes, Permissions::from_mode(0o711)).map_err(fail)?;
        make_folder(&folder, &self.user).map_err(fail)?;
        Ok(Volume(name.to_owned()))
    }

    async fn node(&self, want: NodeSpec) -> Result<Arc<dyn Node>, Trouble> {
        let install = self.install(want.postgres)?;
        let mut mounts = vec![];
        for mount in want.volumes {
            let folder = self.volume_folder(&mount.volume.0);
            if !folder.is_dir() {
                let said = format!("there is no volume `{}` to mount", mount.volume.0);
                return Err(Trouble::rig(RigCause::NotADrill, said));
            }
            mounts.push((mount, folder));
        }
        let number = self.take("node", &want.name)? + 1;
        let short: String = want.name.chars().take(NODE_NAME_MAX).collect();
        let parts = Parts {
            name: want.name,
            folder: self.folder.join(format!("{number}-{short}")),
            marker: self.marker.clone(),
            user: self.user.clone(),
            install,
            mounts,
        };
        Ok(Arc::new(LocalNode::make(parts)?))
    }

    fn cramped(&self) -> Option<String> {
        let free = rustix::fs::statvfs(&self.folder)
            .map_or(u64::MAX, |found| found.f_bavail.saturating_mul(found.f_frsize));
        if free < ROOM_BYTES_MIN {
            let (folder, free) = (self.folder.display(), free >> 10);
            let said =
                format!("`{folder}` has {free} KiB free: the disk is full, or was about to be");
            let _ = self.cramped.set(said);
        }
        self.cramped.get().cloned()
    }

    async fn release(&self) -> Vec<String> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).released = true;
        // Killing and removing take their time; other drills of the run go on meanwhile.
        let (marker, folder) = (self.marker.clone(), self.folder.clone());
        let left = tokio::task::spawn_blocking(move || marker.give_back(&folder)).await;
        self.settle(left.unwrap_or_else(|error| vec![error.to_string()]))
    }
}

impl Drop for LocalRig {
    fn drop(&mut self) {
        if self.folder.exists() {
            self.settle(self.marker.give_back(&self.folder));
        }
    }
}

/// The first folder that is short enough for sockets and that the user can get through.
fn parent_for(user: &User, named: Option<&Path>) -> Result<PathBuf, Trouble> {
    let usable = |parent: &Path| {
        let parent = parent.canonicalize().ok()?;
        let short = parent.as_os_str().len() <= PARENT_PATH_MAX;
        (short && (!user.is_other() || open_to_all(&parent))).then_some(parent)
    };
    let found = match named {
        Some(named) => usable(named),
        None => usable(&std::env::temp_dir()).or_else(|| usable(Path::new(LAST_PARENT))),
    };
    found.ok_or_else(|| {
        let named = named.map_or_else(std::env::temp_dir, Path::to_owned);
        let said = format!(
            "`{}` cannot hold a drill: wanted a folder with a path of at most {PARENT_PATH_MAX} \
             bytes that user `{}` can get through",
            named.display(),
            user.name
        );
        Trouble::rig(RigCause::NotADrill, said)
    })
}

fn open_to_all(folder: &Path) -> bool {
    let through = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o001 != 0)
    };
    folder.ancestors().all(through)
}

/// Makes the drill's folder, entered in the lease and marked.
fn make(parent: &Path, marker: &Marker, user: &User, lease: &Lease) -> Result<PathBuf, Trouble> {
    // The user must get through it; nobody but us may list it.
    let mode = if user.is_other() { 0o711 } else { 0o700 };
    for number in 0..NAMES_MAX {
        let name = format!("{}/{}/{number}", marker.run, marker.drill);
        let digest = hex(&Sha256::digest(name.as_bytes())[..NAME_BYTES]);
        let path = parent.join(format!("{FOLDER_PREFIX}{digest}"));
        let leased = Leased::Folder { path: path.clone() };
        lease.add(&leased)?;
        let made = DirBuilder::new().mode(mode).create(&path);
        if made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            // Somebody else's: it must not be swept with what is ours.
            lease.gave_back(&leased)?;
            continue;
        }
        made.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(mode)))
            .and_then(|()| marker.write(&path))
            .map_err(|error| ground(&format!("the folder `{}`", path.display()), &error))?;
        return Ok(path);
    }
    let said = format!("`{}` is full of folders of this very drill", parent.display());
    Err(Trouble::rig(RigCause::NotADrill, said))
}
