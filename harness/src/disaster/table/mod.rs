//! A table that a disaster names, where it is, and what WAL calls it.

mod find;
mod hold;
mod name;

pub(in crate::disaster) use find::{Named, cell, relations};
pub use hold::Hold;
pub use name::TableName;
