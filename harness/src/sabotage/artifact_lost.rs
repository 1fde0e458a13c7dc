//! A file of a backup is gone.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A file of a backup is gone.
pub(super) const ARTIFACT_LOST: Damaged = Damaged {
    name: "artifact_lost",
    harm: "the backup's largest file is gone",
    caught_by: &["artifacts"],
    file: Which::Backup,
    how: How::Lose,
};
