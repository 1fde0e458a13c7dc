//! Reading a journal: its text turned back into lines, or the reason why not.

use crate::journal::{Event, FORMAT, Line};

/// A journal longer than this is refused, in bytes.
pub const JOURNAL_BYTES_MAX: usize = 256 << 20;

/// Why a journal cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It is longer than the bound.
    #[error("the journal is {0} bytes long, more than {JOURNAL_BYTES_MAX}")]
    TooLong(usize),
    /// A line that is not the last is not a line of a journal.
    #[error("line {0} of the journal is damaged: {1}")]
    Damaged(u64, String),
    /// Lines are missing, doubled or out of order.
    #[error("line {found} of the journal is numbered {number}")]
    Misnumbered {
        /// Where it stands.
        found: u64,
        /// What it says.
        number: u64,
    },
    /// It was written by a newer pgrehearse.
    #[error("the journal has format {0}, this pgrehearse reads up to {FORMAT}")]
    Newer(u32),
}

/// Reads a journal. A last line without its line feed was being written when the writer died:
/// it is left out. Any other damage is an error, since nothing after it can be believed.
pub fn read(text: &str) -> Result<Vec<Line>, JournalError> {
    if text.len() > JOURNAL_BYTES_MAX {
        return Err(JournalError::TooLong(text.len()));
    }
    let mut lines: Vec<Line> = vec![];
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (at, row) in (1..).zip(whole.split_terminator('\n')) {
        let line: Line = serde_json::from_str(row).map_err(|error| match newer_format(row) {
            Some(format) => JournalError::Newer(format),
            None => JournalError::Damaged(at, error.to_string()),
        })?;
        // Verdicts stand after all observations and may be taken out: they are not numbered in.
        if matches!(line.event, Event::Judged { .. }) {
            continue;
        }
        if line.n != lines.len() as u64 + 1 {
            return Err(JournalError::Misnumbered { found: at, number: line.n });
        }
        if let Event::Began(began) = &line.event
            && began.format > FORMAT
        {
            return Err(JournalError::Newer(began.format));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// The format a line says it was begun with, where that is greater than ours: such a line may have
/// fields this reader has never heard of, and is not damaged for that.
fn newer_format(row: &str) -> Option<u32> {
    let row: serde_json::Value = serde_json::from_str(row).ok()?;
    let format = row.get("event")?.get("began")?.get("format")?.as_u64()?;
    u32::try_from(format).ok().filter(|format| *format > FORMAT)
}
