//! Shared memory that a killed server leaves behind: System V segments, which belong to no file
//! and to no process, and of which a system has only so many.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The file in a run's folder that lists the servers that were started there, a number a line.
const STARTED_FILE: &str = "started";
/// The System V segments of the machine, as the kernel lists them.
const SEGMENTS: &str = "/proc/sysvipc/shm";

/// Notes that a server was started, so that what it leaves can be told from what others have.
pub(super) fn note(folder: &Path, pid: u32) -> io::Result<()> {
    let mut options = OpenOptions::new();
    writeln!(options.append(true).create(true).open(folder.join(STARTED_FILE))?, "{pid}")
}

/// Removes the segments that servers of this run made and that nobody is attached to any more;
/// names what is left. Called when the run's processes are dead.
pub(super) fn forget(folder: &Path, uid: u32) -> Vec<String> {
    let started = fs::read_to_string(folder.join(STARTED_FILE)).unwrap_or_default();
    let segments = fs::read_to_string(SEGMENTS).unwrap_or_default();
    let mut left = vec![];
    for id in orphans(&segments, &started, uid) {
        let removed = Command::new("ipcrm")
            .args(["-m", id])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !removed.is_ok_and(|status| status.success()) {
            left.push(format!("shared memory segment {id}"));
        }
    }
    left
}

/// The segments of `uid` that one of the `started` processes made and nobody is attached to.
fn orphans<'a>(segments: &'a str, started: &str, uid: u32) -> Vec<&'a str> {
    let ours: Vec<&str> = started.lines().collect();
    let uid = uid.to_string();
    let mut lines = segments.lines();
    let Some(head) = lines.next() else { return vec![] };
    let names: Vec<&str> = head.split_whitespace().collect();
    let column = |name: &str| names.iter().position(|found| *found == name);
    let columns = [column("shmid"), column("cpid"), column("nattch"), column("uid")];
    let [Some(id), Some(maker), Some(attached), Some(owner)] = columns else { return vec![] };
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|row| {
            let at = |column: usize| row.get(column).copied().unwrap_or_default();
            at(attached) == "0" && at(owner) == uid && ours.contains(&at(maker))
        })
        .filter_map(|row| row.get(id).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &str = "\
       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid
  20190225          7   600                    56   101   101      0   105   105   105   105
  20190226          8   600                    56   102   102      6   105   105   105   105
  20190227          9   600                    56   103   103      0   105   105   105   105
  20190228         10   600                    56   101   101      0     0     0     0     0
";

    #[test]
    fn only_what_a_server_of_ours_made_and_nobody_holds_is_removed() {
        assert_eq!(orphans(LISTED, "101\n102\n", 105), ["7"]);
        assert_eq!(orphans(LISTED, "", 105), Vec::<&str>::new());
        assert_eq!(orphans("", "101\n", 105), Vec::<&str>::new());
    }
}
