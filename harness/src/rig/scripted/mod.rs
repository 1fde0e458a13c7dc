//! The rig of tests: in memory, by a script, on tokio's paused clock. What the script does not
//! answer fails loudly; every call is written down.

mod call;
mod host;
mod node;
mod reply;
mod rig;
mod script;
mod session;
mod when;
mod world;

pub use call::{Call, Called};
pub use reply::{Reply, What};
pub use rig::ScriptedRig;
pub use script::{Injected, Script, ServerScript};
pub use when::When;
pub use world::{ServerState, World};
