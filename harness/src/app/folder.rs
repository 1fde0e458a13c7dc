//! The folder of a run: every report whole or not at all, and complete only when its manifest is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::drill::hex;

/// The name of the manifest: written last.
pub const MANIFEST: &str = "manifest.json";
/// The name of the link to the newest run.
const LATEST: &str = "latest";

/// The folder of one run.
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes `<reports>/<run>`, which must not exist.
    pub fn create(reports: &Path, run: &str) -> io::Result<Folder> {
        fs::create_dir_all(reports)?;
        let path = reports.join(run);
        fs::create_dir(&path)?;
        Ok(Folder { path })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder of a drill; a second drill of the same name gets a number.
    pub fn drill(&self, id: &str) -> io::Result<(String, PathBuf)> {
        const SAME_NAME_MAX: u32 = 10_000;
        for number in 1..SAME_NAME_MAX {
            let name = if number == 1 { id.to_owned() } else { format!("{id}-{number}") };
            let path = self.path.join(&name);
            match fs::create_dir(&path) {
                Ok(()) => return Ok((name, path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("more than {SAME_NAME_MAX} drills are called `{id}`")))
    }

    /// Writes a file of the run.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        write_whole(&self.path.join(name), bytes)
    }

    /// Writes the manifest: the length and SHA-256 of every file; then points `latest` here.
    pub fn complete(&self) -> io::Result<()> {
        let mut files = BTreeMap::new();
        list(&self.path, &self.path, &mut files)?;
        let manifest = serde_json::json!({ "format": 1, "files": files });
        self.write(MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
        let reports = self.path.parent().unwrap_or(Path::new("."));
        let name = self.path.file_name().unwrap_or_default();
        let fresh = reports.join(format!(".{LATEST}.{}", std::process::id()));
        // A link that is left from a run that died is in nobody's use.
        let _ = fs::remove_file(&fresh);
        std::os::unix::fs::symlink(name, &fresh)?;
        fs::rename(&fresh, reports.join(LATEST))
    }
}

/// Writes a file so that a reader sees the whole of it or none of it, even after a power cut.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(bytes)?;
    fresh.as_file().sync_all()?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fresh.as_file().set_permissions(mode)?;
    fresh.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn list(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, serde_json::Value>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(root, &path, files)?;
        } else if kind.is_file() {
            let mut digest = Sha256::new();
            let bytes = io::copy(&mut File::open(&path)?, &mut Hashing(&mut digest))?;
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let sha256 = hex(&digest.finalize());
            files.insert(name, serde_json::json!({ "bytes": bytes, "sha256": sha256 }));
        }
    }
    Ok(())
}

struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_complete_when_its_manifest_names_every_file() {
        let reports = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(reports.path(), "one").expect("a run");
        let (name, drill) = folder.drill("d").expect("a drill");
        assert_eq!((name.as_str(), folder.drill("d").expect("another").0.as_str()), ("d", "d-2"));
        fs::write(drill.join("journal.jsonl"), "x").expect("a journal");
        folder.write("junit.xml", b"<testsuites/>").expect("a report");
        assert!(!reports.path().join(LATEST).exists());
        folder.complete().expect("complete");
        let manifest = fs::read_to_string(reports.path().join("latest/manifest.json"));
        let manifest = manifest.expect("through the link");
        for name in ["junit.xml", "d/journal.jsonl"] {
            assert!(manifest.contains(name), "{name} is in {manifest}");
        }
        assert!(Folder::create(reports.path(), "one").is_err(), "a run's folder is its own");
    }
}
