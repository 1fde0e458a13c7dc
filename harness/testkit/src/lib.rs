//! For the tests of pgrehearse only: the ground they need, a bench to run the program on, and a
//! decoy nobody may connect to.

mod bench;
mod decoy;
mod dice;
mod full;
mod proxy;
mod setup;
mod started;
mod wheel;
mod wrapped;

pub use bench::{Bench, TINY, at_engine, told};
pub use decoy::Decoy;
pub use dice::Dice;
pub use full::full;
pub use proxy::{Line, Proxy};
pub use setup::{Needs, engine_answers, faketime, set_up};
pub use started::{Started, until_none};
pub use wheel::wheel;
pub use wrapped::wrapped;
