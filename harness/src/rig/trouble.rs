//! A failure on the ground, and whose it is.

use pgrehearse_verdict::journal::{Cause, RigCause, SubjectCause};

/// Why something could not be done. The rig is blamed on positive evidence only: the closed list
/// of [`RigCause`]; everything else is the subject's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct Trouble {
    /// Whose failure it is.
    pub cause: Cause,
    /// One line: lower case, no full stop.
    pub said: String,
}

impl Trouble {
    /// The ground's failure.
    pub fn rig(cause: RigCause, said: impl Into<String>) -> Trouble {
        Trouble { cause: Cause::Rig(cause), said: said.into() }
    }

    /// The failure of what is tested.
    pub fn subject(cause: SubjectCause, said: impl Into<String>) -> Trouble {
        Trouble { cause: Cause::Subject(cause), said: said.into() }
    }
}
