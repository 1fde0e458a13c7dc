//! A folder to work in on this machine, outside of any drill: such as where an image is made. It
//! stands in a lease of its own, so that `clean` finds it, and who still works in it, after a kill.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use tokio::process::Command;

use super::processes::{NODE_MARK, RUN_MARK};
use super::sweep::Marker;
use crate::rig::lease::{FOLDER_PREFIX, Lease, Leased, state_dir};

/// The drill, so to speak, of a workshop's processes.
const DRILL: &str = "workshop";

/// The folder; it and its processes are given back when this is dropped.
pub(in crate::rig) struct Workshop {
    folder: PathBuf,
    marker: Marker,
    lease: Lease,
}

impl Workshop {
    /// Makes one, to do `what` in: a word.
    pub fn open(what: &str) -> io::Result<Workshop> {
        Workshop::open_in(&state_dir().map_err(io::Error::other)?, what)
    }

    fn open_in(state: &Path, what: &str) -> io::Result<Workshop> {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = since.map_or(0, |since| since.as_nanos());
        let run = format!("{what}-{}-{now:x}", std::process::id());
        let uid = rustix::process::geteuid().as_raw();
        let folder = std::env::temp_dir().join(format!("{FOLDER_PREFIX}{run}"));
        let lease = Lease::open_in(state, &run).map_err(io::Error::other)?;
        let marker = Marker { run, drill: DRILL.to_owned(), uid };
        lease.add(&Leased::Folder { path: folder.clone() }).map_err(io::Error::other)?;
        // From here on what fails gives back what is there.
        let workshop = Workshop { folder, marker, lease };
        // Programs that are root give rights away, and must still get through.
        fs::DirBuilder::new().mode(0o711).create(&workshop.folder)?;
        fs::set_permissions(&workshop.folder, fs::Permissions::from_mode(0o711))?;
        workshop.marker.write(&workshop.folder)?;
        Ok(workshop)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// Makes a program work here: it stands in the folder, keeps what it needs for a while there,
    /// and bears the mark.
    pub fn employ<'a>(&self, program: &'a mut Command) -> &'a mut Command {
        let node = format!("{DRILL}/{}", self.marker.run);
        program
            .current_dir(&self.folder)
            .env("TMPDIR", &self.folder)
            .env(RUN_MARK, &self.marker.run)
            .env(NODE_MARK, node)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // What stays is named by the lease, for `clean`.
        if super::sweep(&self.folder).is_empty() {
            let _ = self.lease.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_works_there_is_given_back_with_the_workshop() {
        let state = tempfile::tempdir().expect("a folder");
        let workshop = Workshop::open_in(state.path(), "test").expect("a workshop");
        let folder = workshop.path().to_owned();
        assert!(folder.is_dir());
        let leases = || fs::read_dir(state.path().join("leases")).expect("leases").count();
        assert_eq!(leases(), 1);
        let mut sleep = Command::new("sleep");
        let mut sleep = workshop.employ(sleep.arg("600")).spawn().expect("sleep");
        drop(workshop);
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), sleep.wait()).await;
        assert!(!ended.expect("it was killed").expect("it ended").success());
        assert!(!folder.exists());
        assert_eq!(leases(), 0);
    }
}
