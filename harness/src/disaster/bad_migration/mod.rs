//! A migration that ruins what it should have changed.

mod look;
mod perform;
mod spec;

pub use spec::BadMigration;
