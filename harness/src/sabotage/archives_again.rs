//! The recovered server archives.

use crate::sabotage::restart::Restart;

/// The recovered server archives: into whatever the next restore reads.
pub(super) const ARCHIVES_AGAIN: Restart = Restart {
    name: "archives_again",
    harm: "the recovered server archives, into whatever the next restore reads",
    caught_by: &["identity"],
    setting: ("archive_mode", "on"),
};
