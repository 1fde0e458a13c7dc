//! One bit of a record of WAL is flipped in the archive.

use crate::sabotage::damaged::{Damaged, How, Which};

/// One bit of a record of WAL is flipped in the archive.
pub(super) const WAL_RECORD_FLIPPED: Damaged = Damaged {
    name: "wal_record_flipped",
    harm: "one bit is flipped in a WAL segment that the recovery reads",
    caught_by: &["target", "ledger"],
    file: Which::Segment,
    how: How::Flip,
};
