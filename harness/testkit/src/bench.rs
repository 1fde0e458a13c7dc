//! A workbench: a folder of its own with a small scenario, in which the real program is started.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Started;

/// A drill of a few seconds.
pub const TINY: &str = "\
name: a tiny table is dropped
fixture: { sql: tiny.sql }
engine: { pgbackrest: { start_fast: true } }
steps:
  - workload: { writers: 2, rate: 50/s }
  - backup: full
  - run: 1s
  - disaster: { drop_table: { table: public.dropped } }
  - recover: { to: before_disaster }
objectives: { rto: 4h, rpo: 5m }
checks: [standard]
controls: none
";

const TINY_SQL: &str = "\
create table dropped (id serial primary key, said text);
insert into dropped (said) select 'row ' || i from generate_series(1, 50) i;
create table kept (id int primary key, worth numeric);
insert into kept select i, i * 1.5 from generate_series(1, 50) i;
";

/// A place of its own to run the program in: scenario `tiny.yaml`, state, temporary files.
pub struct Bench {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Bench {
    /// A fresh one, for the program at `program`.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn new(program: &str) -> Bench {
        // Short, since paths of sockets are; open, since servers run as another user than root.
        let folder = tempfile::Builder::new().prefix("pgr-").tempdir_in("/tmp").expect("a folder");
        let bench = Bench { program: program.into(), folder };
        bench.open_up(bench.path());
        for name in ["tmp", "state", "home"] {
            fs::create_dir(bench.path().join(name)).expect("a folder");
            bench.open_up(&bench.path().join(name));
        }
        bench.write("tiny.yaml", TINY);
        bench.write("tiny.sql", TINY_SQL);
        bench
    }

    fn open_up(&self, folder: &Path) {
        fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("permissions");
    }

    /// Its folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file; folders on the way are made.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in the bench")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// The program with these arguments, in the bench's folder and with its state.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(self.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PGREHEARSE_") {
                command.env_remove(name);
            }
        }
        command.env("PGREHEARSE_STATE_DIR", self.path().join("state"));
        command.env("TMPDIR", self.path().join("tmp")).env("HOME", self.path().join("home"));
        command
    }

    /// Starts the program and goes on.
    pub fn start(&self, words: &[&str]) -> Started {
        Started::new(self.command(words))
    }

    /// Runs the program to its end: exit status, standard output, standard error.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        told(&mut self.command(words))
    }

    /// The folders of the runs, the oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let mut runs = entries(&self.path().join("reports"));
        runs.retain(|path| path.is_dir() && !path.is_symlink());
        runs.sort();
        runs
    }

    /// The folders of the drills of a run.
    pub fn drills(&self, run: &Path) -> Vec<PathBuf> {
        let mut drills = entries(run);
        drills.retain(|path| path.is_dir());
        drills
    }

    /// The leases that are there.
    pub fn leases(&self) -> Vec<PathBuf> {
        entries(&self.path().join("state/leases"))
    }

    /// Everything that runs of this bench have left on the machine, whose processes at the
    /// container engine were `pids`: leases, folders, processes, containers, networks, volumes.
    pub fn left(&self, pids: &[u32]) -> Vec<String> {
        let mut left: Vec<String> = self.leases().iter().map(|path| shown("lease", path)).collect();
        let folders = entries(&self.path().join("tmp"));
        left.extend(folders.iter().map(|path| shown("folder", path)));
        left.extend(self.processes());
        left.extend(pids.iter().flat_map(|pid| at_engine("pgrehearse.pid", &pid.to_string())));
        left
    }

    /// The processes that stand in this bench, or were started with it in mind.
    pub fn processes(&self) -> Vec<String> {
        let here = self.path().as_os_str().as_encoded_bytes();
        let knows = |bytes: Vec<u8>| bytes.windows(here.len()).any(|window| window == here);
        let mut found = vec![];
        for proc in entries(Path::new("/proc")) {
            let pid = proc.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !pid.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let read = |name: &str| fs::read(proc.join(name)).unwrap_or_default();
            let cwd = fs::read_link(proc.join("cwd")).unwrap_or_default();
            let stands = cwd.as_os_str().as_encoded_bytes().to_vec();
            // The dead that wait to be counted have none of these.
            if knows(stands) || knows(read("environ")) || knows(read("cmdline")) {
                let title = String::from_utf8_lossy(&read("cmdline")).replace('\0', " ");
                found.push(format!("process {pid}: {title}"));
            }
        }
        found
    }
}

/// Runs a command to its end: exit status, standard output, standard error.
///
/// # Panics
///
/// When it cannot be started.
pub fn told(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// What the container engine holds with this label, a line each; nothing where there is none.
pub fn at_engine(label: &str, value: &str) -> Vec<String> {
    let filter = format!("--filter=label={label}={value}");
    let lists: [(&str, &[&str]); 3] = [
        ("container", &["ps", "--all", "--format={{.Names}}"]),
        ("network", &["network", "ls", "--format={{.Name}}"]),
        ("volume", &["volume", "ls", "--format={{.Name}}"]),
    ];
    let mut found = vec![];
    for (what, words) in lists {
        let mut command = Command::new("docker");
        let output = command.args(words).arg(&filter).stdin(Stdio::null()).output();
        let output = output.map(|output| output.stdout).unwrap_or_default();
        let names = String::from_utf8_lossy(&output).into_owned();
        found.extend(names.lines().map(|name| format!("{what} {name}")));
    }
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return vec![] };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn shown(what: &str, path: &Path) -> String {
    format!("{what} {}", path.display())
}
