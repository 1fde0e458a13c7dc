//! A file of a backup is there and holds nothing.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A file of a backup is there and holds nothing.
pub(super) const ARTIFACT_EMPTIED: Damaged = Damaged {
    name: "artifact_emptied",
    harm: "the backup's largest file is empty",
    caught_by: &["artifacts"],
    file: Which::Backup,
    how: How::Empty,
};
