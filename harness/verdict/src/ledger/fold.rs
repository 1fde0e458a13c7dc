//! The right content of the workload's tables: the fold of the kept transactions.
/// stub
pub struct Content;
/// stub
pub struct Difference;
/// stub
pub struct DifferenceKind;
/// stub
pub fn expected() {}
/// stub
pub fn inspect() {}
