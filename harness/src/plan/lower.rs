//! To be written.
/// stub
pub struct Ground;
/// stub
pub fn lower() {}
