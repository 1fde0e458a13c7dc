//! Gives a folder of ours back: first its processes, then its files. Folders of anybody else's are
//! refused, and links are never followed.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use super::memory;
use super::mounts;
use super::processes::Processes;
use crate::rig::lease;

/// The file in each of our folders that says whose it is.
const MARKER_FILE: &str = "pgrehearse-run";
/// Bytes read of it.
const MARKER_BYTES_MAX: u64 = 4 << 10;
/// How often the removal of a folder is tried: a process that is being killed may write once more.
const REMOVALS_MAX: u32 = 5;
/// Folders whose permissions are given back to ourselves so that they can be removed.
const FOLDERS_MAX: usize = 1 << 20;

/// Whose a folder is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Marker {
    /// The run.
    pub run: String,
    /// The drill within the run.
    pub drill: String,
    /// The user its processes run as.
    pub uid: u32,
}

impl Marker {
    /// Marks a folder that was just made.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(folder.join(MARKER_FILE))?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_data()
    }

    fn read(folder: &Path) -> io::Result<Marker> {
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let mut options = OpenOptions::new();
        let file = options.read(true).custom_flags(flags).open(folder.join(MARKER_FILE))?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a file"));
        }
        let mut bytes = vec![];
        file.take(MARKER_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// The processes of all its nodes, or of the one called `node`.
    pub fn processes(&self, folder: &Path, node: &str) -> Processes {
        Processes {
            uid: Some(self.uid),
            folder: folder.to_owned(),
            mark: Some((self.run.clone(), format!("{}/{node}", self.drill))),
        }
    }

    /// Kills what runs in `folder` and removes it; names what is left.
    pub fn give_back(&self, folder: &Path) -> Vec<String> {
        let mut left = self.processes(folder, "").kill();
        left.extend(memory::forget(folder, self.uid));
        left.extend(remove_marked(folder).err().map(|error| not_removed(folder, &error)));
        left
    }
}

/// Kills every process that a run left in its folder `path` and removes the folder; names what is
/// left. Anything that is not surely a folder of ours is left alone, and named.
pub fn sweep(path: &Path) -> Vec<String> {
    let refused = |why: &str| vec![format!("`{}` is left alone: {why}", path.display())];
    if !lease::is_ours(path) {
        return refused("its name is not one of ours");
    }
    let found = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The folder is gone, and whoever still stands in it is of that run.
            return Processes { uid: None, folder: path.to_owned(), mark: None }.kill();
        }
        Err(error) => return refused(&error.to_string()),
        Ok(found) => found,
    };
    if !found.is_dir() {
        return refused("it is not a folder");
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refused("it belongs to another user");
    }
    match Marker::read(path) {
        Ok(marker) => match path.canonicalize() {
            Ok(folder) => marker.give_back(&folder),
            Err(error) => refused(&error.to_string()),
        },
        // The run died between making the folder and marking it, or between removing the mark and
        // the folder. Only an empty folder can be removed this way.
        Err(_) if fs::remove_dir(path).is_ok() => vec![],
        Err(error) => refused(&format!("its file `{MARKER_FILE}`: {error}")),
    }
}

/// Removes a folder of ours. The mark goes last, so that a removal cut short can be taken up
/// again.
fn remove_marked(folder: &Path) -> io::Result<()> {
    mounts::unmount_below(folder)?;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name() != MARKER_FILE {
            remove(&entry.path())?;
        }
    }
    remove(&folder.join(MARKER_FILE))?;
    fs::remove_dir(folder)
}

/// Removes a file, a link, or a folder with all that is in it; nothing there is well.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let mut tried = 0;
    loop {
        tried += 1;
        let removed = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tried == 1 => return Ok(()),
            Err(error) if tried < REMOVALS_MAX => {
                if error.kind() == io::ErrorKind::PermissionDenied {
                    open_up(path);
                }
            }
            removed => return removed,
        }
    }
}

/// Lets ourselves into folders that a drill has locked. What cannot be opened shows when it is
/// not removed.
fn open_up(path: &Path) {
    let mut folders = vec![path.to_owned()];
    let mut opened = 0;
    while let Some(folder) = folders.pop()
        && opened < FOLDERS_MAX
    {
        opened += 1;
        let _ = fs::set_permissions(&folder, Permissions::from_mode(0o700));
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        // The kind of an entry is the entry's own, not that of what it links to.
        let within = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()));
        folders.extend(within.map(|entry| entry.path()));
    }
}

fn not_removed(path: &Path, error: &io::Error) -> String {
    format!("`{}` is not removed: {error}", path.display())
}
