//! What became of every transaction: the outcome table.
/// stub
pub struct Outcome;
/// stub
pub struct Tally;
/// stub
pub fn classify() {}
