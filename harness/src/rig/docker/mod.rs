//! The docker rig: a node is a container of our own image. Only this folder names testcontainers
//! and its bollard.

mod bootstrap;
mod engine;
mod ground;
pub mod image;
mod label;
mod node;
mod provision;
mod sweep;
mod wire;

pub(super) use engine::CALL_LIMIT;
pub use engine::{EngineFacts, answers};
pub use ground::{DockerRig, Options, Reach};
pub use sweep::{LeftOver, Swept, left_over, sweep_run};
