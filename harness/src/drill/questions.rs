//! Which questions are asked at a moment.

use pgrehearse_verdict::brief::Brief;
use pgrehearse_verdict::question::{Moment, Question};

use crate::plan::asks;

/// What the checks of the brief want to know at `moment`, each question once, in a fixed order.
pub fn questions(brief: &Brief, moment: &Moment) -> Vec<Question> {
    let due = asks(brief).into_iter().filter(|(when, _)| when == moment);
    due.map(|(_, question)| question).collect()
}
