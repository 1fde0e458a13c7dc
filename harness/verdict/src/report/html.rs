//! To be written.
/// stub
pub fn html() {}
