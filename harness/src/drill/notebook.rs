//! The journal while it is being written: one line at a time, each flushed as it happens.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use pgrehearse_verdict::journal::{Event, Line, RigCause, Scope};
use pgrehearse_verdict::question::{Answer, Table};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::rig::Trouble;

/// Appends observations to the journal of one drill.
pub struct Notebook {
    origin: Instant,
    answers: PathBuf,
    page: Mutex<Page>,
    work: Mutex<Option<Work>>,
}

/// Work of the subject's that is under way: what takes longer than there is time is its failure.
#[derive(Debug, Clone)]
pub struct Work {
    /// The part of the drill it belongs to.
    pub scope: Scope,
    /// What is done, in a few words.
    pub what: String,
    /// When it began.
    pub since: Instant,
}

struct Page {
    file: File,
    lines: u64,
    listener: Option<Listener>,
}

/// Answers up to this length stand in the journal itself, in bytes.
const ANSWER_INLINE_MAX: usize = 4 << 10;

/// Called with every line after it was written: for progress on the terminal.
pub type Listener = Box<dyn FnMut(&Line) + Send>;

impl Notebook {
    /// Opens a new journal in the drill's `folder`, where none may be yet. The origin is now.
    pub fn create(folder: &Path, listener: Option<Listener>) -> io::Result<Notebook> {
        let journal = folder.join("journal.jsonl");
        let file = OpenOptions::new().append(true).create_new(true).open(journal)?;
        let answers = folder.join("answers");
        std::fs::create_dir(&answers)?;
        Ok(Notebook::on(file, answers, listener))
    }

    /// A journal that goes to `file`, whatever that is, and whose long answers go to the folder
    /// `answers`. The origin is now.
    pub fn on(file: File, answers: PathBuf, listener: Option<Listener>) -> Notebook {
        let page = Mutex::new(Page { file, lines: 0, listener });
        Notebook { origin: Instant::now(), answers, page, work: Mutex::new(None) }
    }

    /// The answer as the journal holds it: itself, or the name of the file it was put into.
    pub fn answer(&self, table: Table) -> Result<Answer, Trouble> {
        let fail = |said: String| Trouble::rig(RigCause::NoSpace, format!("an answer: {said}"));
        let text = serde_json::to_vec(&table).map_err(|error| fail(error.to_string()))?;
        if text.len() <= ANSWER_INLINE_MAX {
            return Ok(Answer::Rows(table));
        }
        let sha256 = hex(&Sha256::digest(&text));
        let path = self.answers.join(&sha256);
        std::fs::write(path, &text).map_err(|error| fail(error.to_string()))?;
        Ok(Answer::Stored { sha256, bytes: text.len() as u64 })
    }

    /// The subject is at work from now on, until it is [at rest](Notebook::rests).
    pub fn works(&self, scope: &Scope, what: &str) {
        self.goes_on(Work { scope: scope.clone(), what: what.to_owned(), since: Instant::now() });
    }

    /// The subject goes on with what it was at.
    pub fn goes_on(&self, work: Work) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
    }

    /// Whatever the subject was at has come to its end.
    pub fn rests(&self) {
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What the subject is at; what was cut off in the middle is still told.
    pub fn work(&self) -> Option<Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The instant from which all times of the drill are counted.
    pub fn origin(&self) -> Instant {
        self.origin
    }

    /// Nanoseconds since the origin.
    pub fn ns(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Appends one observation, stamped now. A journal that cannot be written ends the drill:
    /// what is not in it did not happen.
    pub fn write(&self, scope: &Scope, event: Event) -> Result<(), Trouble> {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let line =
            Line { n: page.lines + 1, at_ns: self.ns(Instant::now()), scope: scope.clone(), event };
        let fail = |said: String| Trouble::rig(RigCause::NoSpace, format!("the journal: {said}"));
        let mut text = serde_json::to_string(&line).map_err(|error| fail(error.to_string()))?;
        text.push('\n');
        page.file.write_all(text.as_bytes()).map_err(|error| fail(error.to_string()))?;
        page.lines += 1;
        if let Some(listener) = &mut page.listener {
            listener(&line);
        }
        Ok(())
    }
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
