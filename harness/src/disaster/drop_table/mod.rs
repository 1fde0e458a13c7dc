//! A table is dropped by mistake.

mod perform;
mod spec;

pub use spec::DropTable;
