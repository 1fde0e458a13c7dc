//! The verbs of the command line. They read arguments, call the parts, and say what came of it.

pub mod archive;
mod bounded;
mod clean;
mod doctor;
pub mod folder;
mod ground;
mod judge;
mod one;
mod progress;
mod run;
mod select;
mod verbs;

pub use bounded::block_on;
pub use verbs::main;
use verbs::{Ended, NOTHING_RUN, colours};
