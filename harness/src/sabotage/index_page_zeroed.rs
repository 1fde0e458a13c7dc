//! A page of an index is empty on the disk.

use crate::disaster::{Mode, Of};
use crate::sabotage::files::Damage;

/// A page of an index is empty on the disk.
pub(super) const INDEX_PAGE_ZEROED: Damage = Damage {
    name: "index_page_zeroed",
    harm: "a page of an index was emptied on the disk",
    caught_by: &["indexes", "pages"],
    mode: Mode::Zero,
    of: Of::Index,
};
