//! The reports: recorded runs and what they must become.

mod agree;
mod drill;
mod golden;
mod hostile;
mod outside;
mod runs;
mod spoiled;
