//! To be written.
/// stub
pub fn terminal() {}
