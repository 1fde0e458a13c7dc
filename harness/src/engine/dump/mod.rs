//! pg_dump: a dump of each database in one snapshot, and one of what belongs to the whole cluster.

mod backup;
mod globals;
mod layout;
mod restore;
mod spec;

pub(in crate::engine) use backup::size;
pub use spec::{DumpCompression, DumpFormat, PgDump};
