//! The key of the repository: drawn for the drill, and kept by nobody but us.

use std::sync::OnceLock;

use crate::drill::nonce;
use crate::rig::Trouble;
use crate::secret::Secret;

/// A key that is drawn when it is first needed. It lies on every node in a file of its user's, as
/// in production; a lost host takes its copy along, and the next one is given it anew.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key(OnceLock<Secret>);

impl Key {
    /// The key, drawn now if it was not before.
    pub(super) fn draw(&self) -> Result<&Secret, Trouble> {
        if let Some(drawn) = self.0.get() {
            return Ok(drawn);
        }
        let fresh = Secret::new(nonce()?);
        Ok(self.0.get_or_init(|| fresh))
    }

    /// The key, if it was drawn.
    pub(super) fn drawn(&self) -> Option<&Secret> {
        self.0.get()
    }
}
