//! Asks a server the questions of a moment, and writes every answer to the journal.

mod access;
mod asking;
mod catalogue;
mod counts;
mod indexes;
mod keys;
mod ledger;
mod paperwork;
mod sequences;
mod visit;

pub use access::Access;
pub use asking::{Asker, ask};
pub use keys::Keys;
