//! `pg_basebackup` with an archive of WAL: its settings, where everything lies, what is done.

mod archive;
mod combine;
mod copied;
mod manifest;
mod perform;
mod protect;
mod put;
mod recovery;
mod shelf;
mod spec;
mod take;

pub(crate) use manifest::{END_BYTES, Range, range};
pub(crate) use shelf::Shelf;
pub use spec::{Checkpoint, Compression, Digest, Format, PgBaseBackup, Side};
