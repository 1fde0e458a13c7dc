//! The near side of a node's relay: many commands and connections over one pair of streams.
//! The far side is the fixed program `fixtures/images/relay.pl`; it is given lists, never text.

mod capture;
mod frame;
mod link;
mod talk;
#[cfg(test)]
mod tests;
mod tunnel;

pub(crate) use link::Relay;
pub(crate) use tunnel::Where;
