//! Opening what a user named: a regular file, never a link, of bounded size, made of text.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use crate::scenario::diagnostic::{Diagnostic, turns_writing};
use crate::scenario::{Code, File, Source, parse};

/// The longest file that is read, in bytes.
pub const FILE_MAX: usize = 1 << 20;

/// A scenario file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioFile {
    /// The file as it was named.
    pub path: PathBuf,
    /// Its text.
    pub source: Arc<Source>,
    /// The SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
    /// What it says.
    pub file: File,
}

/// Reads a scenario file. Stops at the first mistake.
pub fn read(path: &Path) -> Result<ScenarioFile, Diagnostic> {
    let (source, sha256) = open(path)?;
    let file = parse(&source)?;
    Ok(ScenarioFile { path: path.to_owned(), source, sha256, file })
}

/// Reads a file's text, and the SHA-256 of its bytes.
pub(crate) fn open(path: &Path) -> Result<(Arc<Source>, String), Diagnostic> {
    let bytes = bytes(path, FILE_MAX).map_err(|(code, said)| {
        let name = path.display().to_string();
        let source = Arc::new(Source { name, text: String::new() });
        Diagnostic::new(code, &source, None, said)
    })?;
    let sha256 = crate::drill::hex(&Sha256::digest(&bytes));
    Ok((Arc::new(text(path, bytes)?), sha256))
}

/// The bytes of a regular file that is not a link, at most `most`.
pub(crate) fn bytes(path: &Path, most: usize) -> Result<Vec<u8>, (Code, String)> {
    let cannot =
        |said: std::io::Error| (Code::Unreadable, format!("cannot be read: {}", plain(&said)));
    // Not blocking: opening a pipe must not wait for somebody to write into it.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).unwrap_or(0);
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = opened.map_err(|error| match path.symlink_metadata() {
        Ok(is) if is.is_symlink() => {
            (Code::Unreadable, "is a symbolic link, and those are not followed".to_owned())
        }
        _ => cannot(error),
    })?;
    let is = file.metadata().map_err(cannot)?;
    if !is.is_file() {
        return Err((Code::Unreadable, "is not a regular file".to_owned()));
    }
    let mut bytes = vec![];
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    file.take(bound).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() > most {
        return Err((Code::TooLarge, format!("is longer than {most} bytes")));
    }
    Ok(bytes)
}

/// Bytes as text: UTF-8, no byte order mark, nothing that would show other than it is.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<Source, Diagnostic> {
    let name = path.display().to_string();
    let refuse = |text: String, at: usize, length: usize, said: String| {
        let source = Arc::new(Source { name: name.clone(), text });
        Err(Diagnostic::new(Code::NotText, &source, Some(at..at + length), said))
    };
    let text = match String::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{FEFF}').map(str::to_owned).unwrap_or(text),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            return refuse(text, at, 3, "this is not UTF-8 text".to_owned());
        }
    };
    let strange = text.char_indices().find(|(_, c)| {
        (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
            || turns_writing(*c)
            || *c == '\u{FEFF}'
    });
    if let Some((at, c)) = strange {
        let said = format!("the character U+{:04X} has no place in a text file", u32::from(c));
        return refuse(text, at, c.len_utf8(), said);
    }
    Ok(Source { name, text })
}

/// What the system said, without its number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let said = text.split(" (os error").next().unwrap_or_default();
    said.to_lowercase()
}
