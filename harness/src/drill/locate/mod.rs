//! Finds from WAL alone where a disaster took effect.

mod commits;
mod search;

pub use commits::{Commit, Harm, Printed, parse_commits};
pub use search::{Found, Window, before};
