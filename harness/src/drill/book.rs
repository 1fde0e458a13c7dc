//! The ledger while it is being written: outside the database, before and after every COMMIT.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgrehearse_verdict::journal::RigCause;
use pgrehearse_verdict::ledger::{Entry, Row};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::drill::hex;
use crate::rig::Trouble;

/// How often what was written is forced to disk. A plain write survives our own death; only the
/// death of our machine needs more.
const SYNC_EVERY: Duration = Duration::from_millis(10);

/// Appends to the ledger of one drill.
pub struct Book {
    origin: Instant,
    path: PathBuf,
    file: File,
    page: Mutex<Page>,
}

#[derive(Default)]
struct Page {
    length: u64,
    digest: Sha256,
    dirty: bool,
    closed: bool,
}

impl Book {
    /// Opens a new ledger at `path`; the file must not exist. Times are counted from `origin`.
    pub fn create(path: &Path, origin: Instant) -> io::Result<Arc<Book>> {
        let file = OpenOptions::new().append(true).create_new(true).open(path)?;
        let page = Mutex::new(Page::default());
        Ok(Arc::new(Book { origin, path: path.to_owned(), file, page }))
    }

    /// Forces the ledger to disk every ten milliseconds, for as long as the task lives.
    pub async fn keep_synced(self: Arc<Book>) {
        let mut ticks = tokio::time::interval(SYNC_EVERY);
        loop {
            ticks.tick().await;
            if !self.page.lock().unwrap_or_else(PoisonError::into_inner).dirty {
                continue;
            }
            let book = self.clone();
            // A disk may be slow: that must not hold up the writers' acknowledgements.
            let synced = tokio::task::spawn_blocking(move || book.sync()).await;
            if !matches!(synced, Ok(Ok(()))) {
                return;
            }
        }
    }

    /// Appends one line, stamped now. After [`Book::close`] nothing is written any more, and the
    /// answer is `false`.
    pub fn write(&self, entry: Entry) -> Result<bool, Trouble> {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        if page.closed {
            return Ok(false);
        }
        let elapsed = Instant::now().saturating_duration_since(self.origin).as_nanos();
        let row = Row { at_ns: u64::try_from(elapsed).unwrap_or(u64::MAX), entry };
        let mut text = serde_json::to_vec(&row).map_err(|error| self.trouble(&error))?;
        text.push(b'\n');
        (&self.file).write_all(&text).map_err(|error| self.trouble(&error))?;
        page.length += text.len() as u64;
        page.digest.update(&text);
        page.dirty = true;
        Ok(true)
    }

    /// Forces what was written to disk.
    pub fn sync(&self) -> Result<(), Trouble> {
        let dirty = {
            let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut page.dirty)
        };
        if dirty {
            self.file.sync_data().map_err(|error| self.trouble(&error))?;
        }
        Ok(())
    }

    /// Closes the ledger for good: its length in bytes and its digest, for the seal.
    pub fn close(&self) -> Result<(u64, String), Trouble> {
        self.sync()?;
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        page.closed = true;
        Ok((page.length, hex(&page.digest.clone().finalize())))
    }

    fn trouble(&self, error: &dyn std::error::Error) -> Trouble {
        Trouble::rig(RigCause::NoSpace, format!("the ledger `{}`: {error}", self.path.display()))
    }
}
