//! Reads back what a drill left behind.

use std::fs;
use std::io;
use std::path::Path;

use pgrehearse_verdict::case::Record;
use pgrehearse_verdict::journal::JOURNAL_BYTES_MAX;

/// The names of a drill's files.
pub const BRIEF: &str = "brief.json";
/// The journal.
pub const JOURNAL: &str = "journal.jsonl";
/// The ledger.
pub const LEDGER: &str = "ledger.jsonl";
/// The folder of the long answers.
pub const ANSWERS: &str = "answers";
/// A ledger longer than this is not read, in bytes.
const LEDGER_BYTES_MAX: u64 = 4 << 30;
/// An answer longer than this is not read, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Why a drill's folder cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file that must be there is not, or cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// A file cannot be understood.
    #[error("`{path}`: {said}")]
    Damaged {
        /// The folder.
        path: String,
        /// Why.
        said: String,
    },
}

/// Reads the folder of a drill. Answers that are missing or altered are left out, and a ledger
/// that is not the sealed one is not believed: the judge says so.
pub fn read_drill(folder: &Path) -> Result<Record, ArchiveError> {
    let text = |name: &str| {
        let bytes = read_bounded(&folder.join(name), JOURNAL_BYTES_MAX as u64);
        bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|error| {
            ArchiveError::Unreadable { path: folder.join(name).display().to_string(), error }
        })
    };
    let (brief, journal) = (text(BRIEF)?, text(JOURNAL)?);
    let ledger = match read_bounded(&folder.join(LEDGER), LEDGER_BYTES_MAX) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let path = folder.join(LEDGER).display().to_string();
            return Err(ArchiveError::Unreadable { path, error });
        }
    };
    let answers = folder.join(ANSWERS);
    let stored = |sha256: &str| {
        // The name comes from the journal: it may name a digest, and nothing else.
        let digest = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digest {
            return None;
        }
        read_bounded(&answers.join(sha256), ANSWER_BYTES_MAX).ok()
    };
    Record::read(&brief, &journal, ledger.as_deref(), &stored).map_err(|error| {
        ArchiveError::Damaged { path: folder.display().to_string(), said: error.to_string() }
    })
}

fn read_bounded(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let length = fs::symlink_metadata(path)?;
    if !length.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    if length.len() > bytes_max {
        return Err(io::Error::other(format!("longer than {bytes_max} bytes")));
    }
    fs::read(path)
}
