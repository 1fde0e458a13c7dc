//! Nobody tells the server that it is to recover from the archive.

use crate::sabotage::tampered::{Tampered, Tampering};

/// Nobody tells the server that it is to recover from the archive.
pub(super) const RECOVERY_SIGNAL_LOST: Tampered = Tampered {
    name: "recovery_signal_lost",
    harm: "recovery.signal is lost, and the server never looks into the archive",
    caught_by: &["target", "ledger"],
    file: "recovery.signal",
    how: Tampering::Lose,
};
