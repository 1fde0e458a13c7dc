//! A backup ends too early.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A backup ends too early.
pub(super) const ARTIFACT_TRUNCATED: Damaged = Damaged {
    name: "artifact_truncated",
    harm: "the backup's largest file ends too early",
    caught_by: &["artifacts"],
    file: Which::Backup,
    how: How::Cut,
};
