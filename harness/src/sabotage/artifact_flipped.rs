//! One bit of a backup is flipped.

use crate::sabotage::damaged::{Damaged, How, Which};

/// One bit of a backup is flipped.
pub(super) const ARTIFACT_FLIPPED: Damaged = Damaged {
    name: "artifact_flipped",
    harm: "one bit of the backup's largest file is flipped",
    caught_by: &["artifacts"],
    file: Which::Backup,
    how: How::Flip,
};
