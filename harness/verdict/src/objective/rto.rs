//! RTO
/// stub
pub fn rto() {}
