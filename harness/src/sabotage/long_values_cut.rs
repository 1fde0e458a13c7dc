//! The file of a table's long values ends too early.

use crate::disaster::{Mode, Of};
use crate::sabotage::files::Damage;

/// The file of a table's long values ends too early.
pub(super) const LONG_VALUES_CUT: Damage = Damage {
    name: "long_values_cut",
    harm: "the file of a table's long values was cut off",
    caught_by: &["fingerprint", "pages"],
    mode: Mode::Truncate,
    of: Of::Toast,
};
