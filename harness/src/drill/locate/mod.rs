//! Finds from WAL alone where a disaster took effect.

mod database;
mod ends;
mod harm;
mod printed;
mod removed;
mod search;
mod seek;
mod written;

pub use database::Dropped;
pub use ends::{End, Ends, parse_ends};
pub use harm::{Harm, Sight, Trail};
pub use printed::{Act, Commit, File, Op, Printed, Record, Write, parse_printed};
pub use removed::Removed;
pub use search::{Found, Window, before};
pub use seek::Fetched;
pub use written::{Rows, Written};
