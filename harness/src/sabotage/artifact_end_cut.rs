//! A backup lacks its last bytes, where what closes a script or an archive stands.

use crate::sabotage::damaged::{Damaged, How, Which};

/// A backup lacks its last bytes, where what closes a script or an archive stands.
pub(super) const ARTIFACT_END_CUT: Damaged = Damaged {
    name: "artifact_end_cut",
    harm: "the backup's largest file lacks its last bytes",
    caught_by: &["artifacts"],
    file: Which::Backup,
    how: How::CutEnd,
};
