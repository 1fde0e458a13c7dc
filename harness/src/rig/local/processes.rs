//! The processes of a folder: found by where they stand and by the mark in their environment,
//! since a server's children leave its process group and overwrite their arguments.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

/// The variable that names the run in the environment of each of its processes.
pub(super) const RUN_MARK: &str = "PGREHEARSE_RUN";
/// The variable that names the node, as `drill/node`.
pub(super) const NODE_MARK: &str = "PGREHEARSE_NODE";

/// How long killed processes may take to be gone.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// The time between two looks at whether they are.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Bytes read of a process's environment.
const ENVIRON_BYTES_MAX: u64 = 4 << 20;

/// Which processes are meant.
#[derive(Debug, Clone)]
pub(super) struct Processes {
    /// They run as this user; nobody else's are touched, such as a person's shell.
    pub uid: Option<u32>,
    /// They stand in or below this folder, or stood there when it was removed …
    pub folder: PathBuf,
    /// … or bear the marks of this run, and of this drill (`drill/`) or node (`drill/node`).
    pub mark: Option<(String, String)>,
}

impl Processes {
    /// Kills them all, and those they start meanwhile; names those that would not go.
    pub fn kill(&self) -> Vec<String> {
        let began = Instant::now();
        loop {
            let alive: Vec<i32> = self.list();
            if alive.is_empty() {
                return vec![];
            }
            alive.iter().for_each(|&pid| self.kill_one(pid));
            if began.elapsed() > KILL_LIMIT {
                return alive.iter().map(|pid| format!("process {pid}: {}", title(*pid))).collect();
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Their numbers.
    pub fn list(&self) -> Vec<i32> {
        let Ok(entries) = fs::read_dir("/proc") else { return vec![] };
        let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let own = std::process::id();
        pids.filter(|&pid: &i32| pid.unsigned_abs() != own && self.meant(pid)).collect()
    }

    fn meant(&self, pid: i32) -> bool {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let owner = fs::metadata(&proc).map(|found| found.uid());
        if !owner.is_ok_and(|owner| self.uid.is_none_or(|uid| uid == owner)) {
            return false;
        }
        // A process that is dead and only waits to be counted has neither.
        let stands = fs::read_link(proc.join("cwd")).is_ok_and(|cwd| self.below(&cwd));
        stands || self.marked(&proc.join("environ"))
    }

    fn below(&self, cwd: &Path) -> bool {
        let path = cwd.as_os_str().as_bytes();
        let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
        Path::new(OsStr::from_bytes(path)).starts_with(&self.folder)
    }

    fn marked(&self, environ: &Path) -> bool {
        let Some((run, node)) = &self.mark else { return false };
        let Ok(file) = fs::File::open(environ) else { return false };
        let mut bytes = vec![];
        if file.take(ENVIRON_BYTES_MAX).read_to_end(&mut bytes).is_err() {
            return false;
        }
        let drill = node.ends_with('/');
        let run = format!("{RUN_MARK}={run}");
        let node = format!("{NODE_MARK}={node}");
        let mut of_run = false;
        let mut of_node = false;
        for variable in bytes.split(|&byte| byte == 0) {
            of_run |= variable == run.as_bytes();
            of_node |= variable == node.as_bytes();
            let below = variable.strip_prefix(node.as_bytes()).filter(|_| drill);
            of_node |= below.is_some_and(|name| !name.contains(&b'/'));
        }
        of_run && of_node
    }

    /// Kills a process only if it is still the one that is meant: its number may have gone to
    /// another in the meantime.
    #[cfg(target_os = "linux")]
    fn kill_one(&self, pid: i32) {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        let Some(number) = Pid::from_raw(pid) else { return };
        // Whether it worked is seen at the next look.
        if let Ok(process) = pidfd_open(number, PidfdFlags::empty())
            && self.meant(pid)
        {
            let _ = pidfd_send_signal(process, Signal::KILL);
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn kill_one(&self, pid: i32) {
        if let Some(number) = Pid::from_raw(pid)
            && self.meant(pid)
        {
            let _ = rustix::process::kill_process(number, Signal::KILL);
        }
    }
}

/// Signals the process group led by `leader`.
pub(super) fn signal_group(leader: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // A group that is no longer there is what was wanted.
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

fn title(pid: i32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = words.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
    words.join(" ").trim().chars().take(80).collect()
}
