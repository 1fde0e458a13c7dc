//! To be written.
/// stub
pub struct Keys;
/// stub
pub async fn ask() {}
