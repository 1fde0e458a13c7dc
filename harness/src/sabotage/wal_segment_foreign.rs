//! A WAL segment that the recovery needs is one of another cluster.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A segment of another cluster lies in the archive, as after two clusters archived to one place.
/// Where the archive is compressed there is no header to be written to.
pub(super) const WAL_SEGMENT_FOREIGN: Damaged = Damaged {
    name: "wal_segment_foreign",
    harm: "a WAL segment that the recovery needs is of another cluster",
    caught_by: &["target", "wal_chain", "ledger"],
    file: Which::Segment,
    how: How::Estrange,
};
