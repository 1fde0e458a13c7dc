//! The file of a table ends too early.

use crate::disaster::{Mode, Of};
use crate::sabotage::files::Damage;

/// The file of a table ends too early.
pub(super) const TABLE_FILE_CUT: Damage = Damage {
    name: "table_file_cut",
    harm: "the file of a table was cut off",
    caught_by: &["fingerprint"],
    mode: Mode::Truncate,
    of: Of::Heap,
};
