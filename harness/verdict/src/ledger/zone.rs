//! Which transactions a recovery must, may and must not bring back.
/// stub
pub struct Boundary;
/// stub
pub struct Zone;
