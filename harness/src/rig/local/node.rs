//! A local node: a folder, and processes that stand in it.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use rustix::fs::OFlags;
use rustix::process::Signal;

use super::child;
use super::find::Install;
use super::memory;
use super::processes::{NODE_MARK, RUN_MARK, signal_group};
use super::sweep::{self, Marker};
use super::user::User;
use crate::rig::{Command, Login, Mount, Node, Place, Session, SqlTrouble, Trouble, sql};

/// Where programs that are not PostgreSQL's are looked for.
const SYSTEM_PATH: &str =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin";
/// The port that names the server's socket.
const PORT: u16 = 5432;
/// The longest path of a socket that every system takes, in bytes.
const SOCKET_PATH_MAX: usize = 103;
/// Every place, and the name of its folder in the node's own.
const PLACES: [(Place, &str); 7] = [
    (Place::Data, "data"),
    (Place::Socket, "s"),
    (Place::Log, "log"),
    (Place::Tablespaces, "tablespaces"),
    (Place::Repository, "repository"),
    (Place::Original, "original"),
    (Place::Scratch, "scratch"),
];

/// What a node is made of.
pub(super) struct Parts {
    pub name: String,
    pub folder: PathBuf,
    pub marker: Marker,
    pub user: User,
    pub install: Install,
    /// Where the volumes lie that are mounted.
    pub mounts: Vec<(Mount, PathBuf)>,
}

/// A folder with processes in it.
pub(super) struct LocalNode {
    parts: Parts,
    path: String,
    lost: AtomicBool,
    /// Processes that were started and have not ended, each the leader of its group.
    started: Arc<Mutex<Vec<u32>>>,
}

impl LocalNode {
    /// Makes the node's folders.
    pub fn make(parts: Parts) -> Result<LocalNode, Trouble> {
        let path = format!("{}:{SYSTEM_PATH}", parts.install.bin_dir.display());
        let node = LocalNode { parts, path, lost: AtomicBool::new(false), started: Arc::default() };
        let socket = format!("{}/.s.PGSQL.{PORT}", node.place(Place::Socket));
        if socket.len() > SOCKET_PATH_MAX {
            let said = format!(
                "the socket `{socket}` has a path of {} bytes, more than {SOCKET_PATH_MAX}\n\
                 hint: set TMPDIR to a folder with a shorter path",
                socket.len()
            );
            return Err(Trouble::rig(RigCause::NotADrill, said));
        }
        node.folder(&node.parts.folder)?;
        for (place, name) in PLACES {
            if place != Place::Data {
                node.folder(&node.parts.folder.join(name))?;
            }
        }
        Ok(node)
    }

    fn folder(&self, path: &Path) -> Result<(), Trouble> {
        make_folder(path, &self.parts.user)
            .map_err(|error| ground(&format!("the folder `{}`", path.display()), &error))
    }

    /// The child's whole environment: nothing of the caller's gets into it.
    fn prepare(&self, command: &Command) -> Result<std::process::Command, Trouble> {
        if self.lost.load(Ordering::SeqCst) {
            let said = format!("{}: node `{}` is lost", command.purpose, self.parts.name);
            return Err(Trouble::rig(RigCause::EngineApi, said));
        }
        let (parts, home) = (&self.parts, &self.parts.folder);
        let name = command.argv.first().map_or("", String::as_str);
        let mut child = std::process::Command::new(self.tool(name));
        child.args(command.argv.iter().skip(1)).env_clear().current_dir(home);
        child.env("PATH", &self.path).env("HOME", home).env("TMPDIR", home.join("scratch"));
        child.env("USER", &parts.user.name).env("LOGNAME", &parts.user.name);
        child.env("LANG", "C.UTF-8").env("TZ", "UTC");
        child.envs(parts.install.libraries().map(|folder| ("LD_LIBRARY_PATH", folder)));
        // Older client libraries look for these in the account's home, whatever HOME says.
        child.env("PGPASSFILE", home.join(".pgpass")).env("PGSYSCONFDIR", home);
        child.env("PGSERVICEFILE", home.join(".pg_service.conf"));
        child.envs(command.env.iter().map(|(name, value)| (name, value)));
        child.env(RUN_MARK, &parts.marker.run);
        child.env(NODE_MARK, format!("{}/{}", parts.marker.drill, parts.name));
        parts.user.become_it(&mut child);
        Ok(child)
    }

    /// The path, if a file may be written there: in the node's own folder or in a volume that it
    /// may write to, whatever links there are on the way.
    fn writable(&self, path: &str) -> Result<PathBuf, Trouble> {
        let refused = |why: &str| {
            let said = format!("`{path}` is not written on node `{}`: {why}", self.parts.name);
            Trouble::rig(RigCause::NotADrill, said)
        };
        let path = Path::new(path);
        if !path.is_absolute() || path.components().any(|part| part == Component::ParentDir) {
            return Err(refused("it is not a plain absolute path"));
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refused("it has no name"));
        };
        let folder = folder.canonicalize().map_err(|error| refused(&error.to_string()))?;
        let mount = self.parts.mounts.iter().find(|(_, volume)| folder.starts_with(volume));
        match mount {
            Some((mount, _)) if mount.read_only => Err(refused("its volume is read-only")),
            None if !folder.starts_with(&self.parts.folder) => Err(refused("it lies outside")),
            _ => Ok(folder.join(name)),
        }
    }
}

#[async_trait]
impl Node for LocalNode {
    fn name(&self) -> &str {
        &self.parts.name
    }

    fn enter(&self, variables: &[(&str, &str)], argv: &[&str]) -> String {
        let mut words = vec![];
        if self.parts.user.is_other() {
            words.push(format!("runuser -u {} --", self.parts.user.name));
        }
        words.push("env".to_owned());
        words.extend(variables.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(argv.iter().map(|word| (*word).to_owned()));
        words.join(" ")
    }

    fn facts(&self) -> Vec<(String, String)> {
        let install = &self.parts.install;
        let kernel = fs::read_to_string("/proc/version").unwrap_or_default();
        let kernel: Vec<&str> = kernel.split_whitespace().take(3).collect();
        [
            ("ground", "local processes, no container".to_owned()),
            ("postgres", install.version.clone()),
            ("programs", install.bin_dir.display().to_string()),
            ("user", self.parts.user.name.clone()),
            ("folder", self.parts.folder.display().to_string()),
            ("kernel", kernel.join(" ")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn place(&self, place: Place) -> String {
        let mounted = self.parts.mounts.iter().find(|(mount, _)| mount.at == place);
        let own = || {
            let (_, name) = PLACES.iter().find(|(known, _)| *known == place)?;
            Some(self.parts.folder.join(name))
        };
        let path = mounted.map(|(_, volume)| volume.clone()).or_else(own);
        path.expect("every place has a folder").display().to_string()
    }

    fn tool(&self, name: &str) -> String {
        if name.contains('/') {
            return name.to_owned();
        }
        let folders = std::env::split_paths(&self.path);
        let found = folders.map(|folder| folder.join(name)).find(|program| executable(program));
        found.map_or_else(|| name.to_owned(), |program| program.display().to_string())
    }

    async fn run(&self, command: &Command) -> Result<crate::rig::Output, Trouble> {
        child::run(self.prepare(command)?, command).await
    }

    async fn start(&self, command: &Command, log: &str) -> Result<u32, Trouble> {
        let mut prepared = self.prepare(command)?;
        let path = self.writable(log)?;
        let fail = |error: io::Error| ground(&format!("the log `{log}`"), &error);
        let flags = OFlags::NOFOLLOW.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600).custom_flags(flags);
        let log = options.open(&path).map_err(fail)?;
        self.parts.user.own(&path).map_err(fail)?;
        prepared.stdin(Stdio::null()).stdout(log.try_clone().map_err(fail)?).stderr(log);
        let mut child = tokio::process::Command::from(prepared)
            .process_group(0)
            .spawn()
            .map_err(|error| child::not_started(command, &error))?;
        let pid = child.id().expect("a child that was not waited for has a number");
        if let Some(run) = self.parts.folder.parent() {
            memory::note(run, pid).map_err(fail)?;
        }
        let started = Arc::clone(&self.started);
        let list = move |change: &dyn Fn(&mut Vec<u32>)| {
            change(&mut started.lock().unwrap_or_else(PoisonError::into_inner));
        };
        list(&|pids| pids.push(pid));
        // Whoever has ended is waited for at once: a dead process still answers to `kill -0`.
        tokio::spawn(async move {
            let _ = child.wait().await;
            list(&|pids| pids.retain(|other| *other != pid));
        });
        Ok(pid)
    }

    async fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Trouble> {
        let target = self.writable(path)?;
        let written = (|| {
            let folder = target.parent().unwrap_or(Path::new("/"));
            let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
            file.write_all(bytes)?;
            self.parts.user.own(file.path())?;
            file.as_file().set_permissions(Permissions::from_mode(mode))?;
            // Whatever is there, be it a link, is replaced and not written through.
            file.persist(&target).map_err(|error| error.error)?;
            io::Result::Ok(())
        })();
        written.map_err(|error| ground(&format!("the file `{path}`"), &error))
    }

    async fn connect(&self, login: &Login) -> Result<Box<dyn Session>, SqlTrouble> {
        sql::connect_unix(&self.place(Place::Socket), PORT, login).await
    }

    async fn destroy(&self) -> Result<(), Trouble> {
        self.lost.store(true, Ordering::SeqCst);
        let started = self.started.lock().unwrap_or_else(PoisonError::into_inner).clone();
        started.iter().for_each(|&pid| signal_group(pid, Signal::KILL));
        let folder = self.parts.folder.clone();
        let processes = self.parts.marker.processes(&folder, &self.parts.name);
        let gone = tokio::task::spawn_blocking(move || {
            let alive = processes.kill();
            let removed = sweep::remove(&folder);
            (alive, removed)
        });
        let name = &self.parts.name;
        let (alive, removed) = gone.await.expect("killing and removing do not panic");
        if !alive.is_empty() {
            let said = format!("node `{name}` does not die: {}", alive.join(", "));
            return Err(Trouble::rig(RigCause::TimeLimit, said));
        }
        removed.map_err(|error| ground(&format!("the files of node `{name}`"), &error))
    }
}

/// Makes a folder that is the user's alone.
pub(super) fn make_folder(path: &Path, user: &User) -> io::Result<()> {
    fs::create_dir(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    user.own(path)
}

/// The failure of something that the rig does by itself.
pub(super) fn ground(what: &str, error: &io::Error) -> Trouble {
    let cause = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => RigCause::NoSpace,
        _ => RigCause::EngineApi,
    };
    Trouble::rig(cause, format!("{what}: {error}"))
}

fn executable(program: &Path) -> bool {
    fs::metadata(program)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
