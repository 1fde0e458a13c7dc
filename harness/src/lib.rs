//! `pgrehearse` rehearses PostgreSQL disasters.
//!
//! A scenario is read, planned and drilled; what the drill leaves behind is judged and reported
//! by the crate `pgrehearse-verdict`. ARCHITECTURE.md holds the map of the house.

pub mod app;
mod catalog;
pub mod cli;
pub mod disaster;
pub mod drill;
pub mod engine;
pub mod explain;
pub mod fixture;
pub mod plan;
pub mod rig;
pub mod sabotage;
mod say;
pub mod scenario;
pub mod secret;
mod setup;
mod signal;
