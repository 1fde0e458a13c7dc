//! The control file is broken after the restore.

use crate::sabotage::tampered::{Tampered, Tampering};

/// The control file is broken after the restore.
pub(super) const CONTROL_FILE_BROKEN: Tampered = Tampered {
    name: "control_file_broken",
    harm: "pg_control is broken",
    caught_by: &["target", "usable"],
    file: "global/pg_control",
    how: Tampering::Zero(64),
};
