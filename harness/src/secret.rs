//! Text that must never reach a report, a log or an argument list.

use std::fmt;

/// A secret. It has no `Debug` worth reading and no `Display`; [`Secret::reveal`] is the only way
/// to its text, and easy to search for.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text. The caller sees to it that it goes nowhere but to the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
