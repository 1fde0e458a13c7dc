//! The verdict on a drill: a function of its record and of nothing else.

mod canary;
mod checked;
mod conduct;
mod controls;
mod exit;
mod judge;
mod judgement;

pub use exit::{Earned, exit};
pub use judge::judge;
pub use judgement::{Canary, ControlOutcome, ControlResult, Judgement, Verdict};
