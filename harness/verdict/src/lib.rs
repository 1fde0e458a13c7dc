//! What a drill left behind, and what it proves.
//!
//! This crate is pure: it reads a brief and a journal and judges them. It has no runtime, no
//! container engine and no database, so an old run can be judged again anywhere.

pub mod brief;
pub mod case;
pub mod check;
pub mod clean;
pub mod finding;
pub mod journal;
pub mod ledger;
pub mod lsn;
pub mod objective;
pub mod question;
pub mod record;
pub mod redactor;
pub mod report;
pub mod verdict;
