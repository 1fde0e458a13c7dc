//! One bit of a row is another on the disk.

use crate::disaster::{Mode, Of};
use crate::sabotage::files::Damage;

/// One bit of a row is another on the disk.
pub(super) const ROW_FLIPPED: Damage = Damage {
    name: "row_flipped",
    harm: "one bit of a row was flipped on the disk",
    caught_by: &["fingerprint", "pages"],
    mode: Mode::Flip,
    of: Of::Heap,
};
