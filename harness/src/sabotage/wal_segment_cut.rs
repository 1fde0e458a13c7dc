//! A segment of WAL ends too early in the archive.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A segment of WAL ends too early in the archive.
pub(super) const WAL_SEGMENT_CUT: Damaged = Damaged {
    name: "wal_segment_cut",
    harm: "a WAL segment that the recovery reads ends too early",
    caught_by: &["target", "ledger"],
    file: Which::Segment,
    how: How::Cut,
};
