//! To be written.
/// stub
pub fn show() {}
