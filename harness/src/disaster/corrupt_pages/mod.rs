//! Pages of a table are damaged on the disk, below the server.

mod damage;
mod perform;
mod spec;
mod victim;

pub use spec::{CorruptPages, Mode, Of};
