//! Asks a server the questions of a moment, and writes every answer to the journal.

mod access;
mod activity;
mod artifacts;
mod asking;
mod attempt;
mod catalogue;
mod constraints;
mod counts;
mod doors;
mod extension;
mod heaps;
mod indexes;
mod keys;
mod large_objects;
mod ledger;
mod pages;
mod paperwork;
mod secrecy;
mod sequences;
mod statistics;
mod text;
mod visibility;
mod visit;

pub use access::Access;
pub use asking::{Asker, ask, ask_files};
pub use keys::Keys;
