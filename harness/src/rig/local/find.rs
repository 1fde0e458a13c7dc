//! Finds the PostgreSQL installations of this machine.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::user::User;

/// The variable that names folders of PostgreSQL programs, looked at before all others.
const BIN_VARIABLE: &str = "PGREHEARSE_PG_BIN";
/// Folders that hold one folder for each version, which holds `bin`: the folder, and how the
/// names in it begin.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];
/// The programs without which there is no server.
const NEEDED: [&str; 2] = ["initdb", "postgres"];
/// How long a program may take to say its version.
const SAY_LIMIT: Duration = Duration::from_secs(5);
/// The time between two looks at whether it has.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// Bytes read of what it says.
const SAID_BYTES_MAX: u64 = 4 << 10;

/// A PostgreSQL installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    /// The major version.
    pub major: u32,
    /// The version as its server says it, e.g. `17.6`.
    pub version: String,
    /// The folder of its programs.
    pub bin_dir: PathBuf,
}

impl Install {
    /// The folder of its own client library, if it brings one along: its extensions must not be
    /// given the system's, which may be older than they are.
    pub fn libraries(&self) -> Option<PathBuf> {
        let folder = self.bin_dir.parent()?.join("lib");
        folder.join("libpq.so.5").is_file().then_some(folder)
    }
}

/// All installations that have a server: those named in `PGREHEARSE_PG_BIN`, of each `pg_config`
/// on the path, of Debian's, Red Hat's and Homebrew's places. The first of a major version is the
/// one to use.
pub fn find() -> Vec<Install> {
    let Ok(user) = User::find() else { return vec![] };
    let mut bin_dirs: Vec<PathBuf> = vec![];
    if let Some(named) = std::env::var_os(BIN_VARIABLE) {
        bin_dirs.extend(std::env::split_paths(&named));
    }
    if let Some(path) = std::env::var_os("PATH") {
        let programs = std::env::split_paths(&path).map(|folder| folder.join("pg_config"));
        let said = programs.filter(|program| program.is_absolute() && program.is_file());
        let said = said.filter_map(|program| say(&user, &program, "--bindir"));
        bin_dirs.extend(said.map(|line| PathBuf::from(line.trim())));
    }
    bin_dirs.extend(VERSIONED.iter().flat_map(|(folder, prefix)| versioned(folder, prefix)));
    installs(&user, &bin_dirs)
}

/// The installations in these folders, each once.
fn installs(user: &User, bin_dirs: &[PathBuf]) -> Vec<Install> {
    let mut found: Vec<Install> = vec![];
    for bin_dir in bin_dirs {
        let Ok(bin_dir) = bin_dir.canonicalize() else { continue };
        if found.iter().any(|install| install.bin_dir == bin_dir)
            || !NEEDED.iter().all(|name| bin_dir.join(name).is_file())
        {
            continue;
        }
        let said = say(user, &bin_dir.join("postgres"), "--version");
        if let Some((major, version)) = said.as_deref().and_then(version) {
            found.push(Install { major, version, bin_dir });
        }
    }
    found
}

/// The `bin` folders of the versions in `folder`, the newest first.
fn versioned(folder: &str, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return vec![] };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            let major = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((major, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, bin_dir)| bin_dir).collect()
}

/// The version in a line such as `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`.
fn version(line: &str) -> Option<(u32, String)> {
    let version = line.split("(PostgreSQL)").nth(1)?.split_whitespace().next()?;
    let end = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    Some((version[..end].parse().ok()?, version.to_owned()))
}

/// What a program prints, if it ends well and in time. It never runs as root.
fn say(user: &User, program: &Path, argument: &str) -> Option<String> {
    let mut command = Command::new(program);
    command.arg(argument).env_clear().current_dir("/").env("LC_ALL", "C");
    command.env("PATH", OsStr::new("/usr/bin:/bin"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    user.become_it(&mut command);
    let mut child = command.spawn().ok()?;
    let began = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(None) if began.elapsed() < SAY_LIMIT => std::thread::sleep(LOOK_EVERY),
            Ok(Some(status)) => break status.success(),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                break false;
            }
        }
    };
    let mut said = String::new();
    child.stdout.take()?.take(SAID_BYTES_MAX).read_to_string(&mut said).ok()?;
    ended.then_some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_a_server_is_read_whoever_built_it() {
        let debian = "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n";
        assert_eq!(version(debian), Some((15, "15.14".to_owned())));
        assert_eq!(version("postgres (PostgreSQL) 18beta2"), Some((18, "18beta2".to_owned())));
        assert_eq!(version("postgres (EnterpriseDB) 15"), None);
    }
}
