//! An installation of PostgreSQL one of whose programs is another.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The programs of the folder `real`, but that `program` is this script for the shell, in which
/// `$REAL` is the folder. The folder they lie in, made below `place`, which is opened to every
/// reader: servers may run as another user.
///
/// # Panics
///
/// When it cannot be made.
pub fn wrapped(real: &Path, place: &Path, program: &str, script: &str) -> PathBuf {
    let bin = place.join("bin");
    fs::create_dir(&bin).expect("a folder");
    for entry in fs::read_dir(real).expect("programs") {
        let entry = entry.expect("a program");
        if entry.file_name() != program {
            symlink(entry.path(), bin.join(entry.file_name())).expect("a link");
        }
    }
    for name in ["lib", "share"] {
        let folder = real.parent().expect("a folder").join(name);
        if folder.is_dir() {
            symlink(folder, place.join(name)).expect("a link");
        }
    }
    let path = bin.join(program);
    let script = format!("#!/bin/sh\nREAL='{}'\n{script}", real.display());
    fs::write(&path, script).expect("a script");
    for open in [place, &bin, &path] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).expect("open to readers");
    }
    bin
}
