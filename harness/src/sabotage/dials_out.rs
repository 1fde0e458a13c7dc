//! The recovered server may dial the publishers of its origin.

use crate::sabotage::restart::Restart;

/// The recovered server may dial the publishers of its origin.
pub(super) const DIALS_OUT: Restart = Restart {
    name: "dials_out",
    harm: "the recovered server may dial whomever its origin subscribed to",
    caught_by: &["side_effects"],
    setting: ("max_logical_replication_workers", "4"),
};
