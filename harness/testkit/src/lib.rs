//! For the tests of pgrehearse only: the ground they need, and a decoy nobody may connect to.

mod decoy;
mod setup;

pub use decoy::Decoy;
pub use setup::{Needs, engine_answers, set_up};
