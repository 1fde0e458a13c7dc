//! The rig of local processes: servers as children of a non-root user, in one temporary folder a
//! drill, on Unix sockets only.

mod child;
mod find;
mod ground;
mod node;
mod output;
mod processes;
mod sweep;
mod user;

pub use find::{Install, find};
pub use ground::LocalRig;
pub use sweep::sweep;
