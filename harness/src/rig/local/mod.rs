//! The rig of local processes: servers as children of a non-root user, in one temporary folder a
//! drill, on Unix sockets only.

mod child;
mod find;
mod ground;
mod memory;
mod mounts;
mod node;
mod output;
mod processes;
mod sweep;
mod user;
mod workshop;

pub use find::{Install, find};
pub use ground::LocalRig;
pub use sweep::sweep;
pub(in crate::rig) use workshop::Workshop;

use crate::rig::Trouble;

/// The user that servers run as: the caller, or for root an ordinary user.
pub fn server_user() -> Result<String, Trouble> {
    user::User::find().map(|user| user.name)
}
