//! To be written.
/// stub
pub fn json() {}
