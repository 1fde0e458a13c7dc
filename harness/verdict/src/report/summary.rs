//! To be written.
/// stub
pub fn summary() {}
