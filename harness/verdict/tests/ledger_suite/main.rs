//! The ledger, the check over it, and the objectives, from the outside.

mod check;
mod fold;
mod outcome;
mod read;
mod rpo;
mod rto;
mod world;
