//! Finds from WAL alone where a disaster took effect.

mod commits;
mod ends;
mod search;
mod seek;

pub use commits::{Commit, Harm, Printed, parse_commits};
pub use ends::{End, Ends, parse_ends};
pub use search::{Found, Window, before};
pub use seek::Fetched;
