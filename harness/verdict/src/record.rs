//! Reading what a drill left behind, and holding it against its seals. What does not match its
//! seal is left out, so that a judge can only ever call it unknown.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::brief::{Brief, FORMAT as BRIEF_FORMAT};
use crate::case::Record;
use crate::journal::{self, Event, JournalError, Line};
use crate::ledger::unseal;
use crate::question::{Answer, Table};

/// A brief longer than this is refused, in bytes.
pub const BRIEF_BYTES_MAX: usize = 4 << 20;
/// A stored answer longer than this is not read, in bytes.
pub const ANSWER_BYTES_MAX: u64 = 1 << 30;

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The brief is longer than the bound.
    #[error("the brief is {0} bytes long, more than {BRIEF_BYTES_MAX}")]
    BriefTooLong(usize),
    /// The brief is not one.
    #[error("the brief is damaged: {0}")]
    BriefDamaged(String),
    /// The brief was written by a newer pgrehearse.
    #[error("the brief has format {0}, this pgrehearse reads up to {BRIEF_FORMAT}")]
    BriefNewer(u64),
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Record {
    /// Reads the brief and the journal, and takes from the ledger and from the stored answers
    /// only what is byte for byte what the journal says it was. `stored` gives the bytes of the
    /// file `answers/<name>`; it is only ever asked for names of 64 hex digits.
    pub fn read(
        brief_json: &str,
        journal_text: &str,
        ledger: Option<&[u8]>,
        stored: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Record, RecordError> {
        let brief = read_brief(brief_json)?;
        let lines = journal::read(journal_text)?;
        let ledger = unseal(ledger, &lines);
        let answers = read_answers(&lines, stored);
        let brief_sha256 = digest(brief_json.as_bytes());
        Ok(Record { brief, brief_sha256, lines, ledger, answers })
    }
}

fn read_brief(text: &str) -> Result<Brief, RecordError> {
    if text.len() > BRIEF_BYTES_MAX {
        return Err(RecordError::BriefTooLong(text.len()));
    }
    let damaged = |error: serde_json::Error| RecordError::BriefDamaged(error.to_string());
    // A newer brief may have fields this reader has never heard of: its format is read first.
    let value: serde_json::Value = serde_json::from_str(text).map_err(damaged)?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format > u64::from(BRIEF_FORMAT) => {
            return Err(RecordError::BriefNewer(format));
        }
        Some(_) => {}
        None => return Err(RecordError::BriefDamaged("it has no `format`".to_owned())),
    }
    serde_json::from_value(value).map_err(damaged)
}

/// The stored answers whose files are what the journal says they are. A digest that is written
/// with two lengths is believed with neither.
fn read_answers(
    lines: &[Line],
    stored: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> BTreeMap<String, Table> {
    let mut lengths: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for line in lines {
        if let Event::Answered { answer: Answer::Stored { sha256, bytes }, .. } = &line.event {
            lengths.entry(sha256).or_default().insert(*bytes);
        }
    }
    let read = |(sha256, lengths): (&str, BTreeSet<u64>)| {
        let length = lengths.first().copied().filter(|_| lengths.len() == 1)?;
        if !is_digest(sha256) || length > ANSWER_BYTES_MAX {
            return None;
        }
        let bytes = stored(sha256)?;
        if bytes.len() as u64 != length || !is_digest_of(sha256, &bytes) {
            return None;
        }
        Some((sha256.to_owned(), serde_json::from_slice(&bytes).ok()?))
    };
    lengths.into_iter().filter_map(read).collect()
}

/// Whether a text is a digest as we write it: 64 lower-case hex digits, and so no path.
pub(crate) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_digest_of(sha256: &str, bytes: &[u8]) -> bool {
    digest(bytes) == sha256
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
