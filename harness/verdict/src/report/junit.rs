//! To be written.
/// stub
pub fn junit() {}
