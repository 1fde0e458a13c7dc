//! pgBackRest: its settings, what it is told, what it says, and what is done with it.

mod config;
mod key;
mod perform;
mod said;
mod spec;
mod stanza;

pub use spec::{Cipher, Compress, PgBackRest};
