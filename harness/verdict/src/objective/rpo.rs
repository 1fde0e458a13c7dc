//! RPO
/// stub
pub fn rpo() {}
