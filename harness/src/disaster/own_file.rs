//! A file that a disaster brings along: named in the scenario, read with the plan.

use std::sync::OnceLock;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file, by the path that the scenario gives; a relative one begins at the scenario's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
pub struct OwnFile {
    named: String,
    read: OnceLock<Read>,
}

/// What a file held when the plan was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its text.
    pub text: String,
    /// The SHA-256 of its bytes, 64 hex digits.
    pub sha256: String,
}

/// Digits of a digest that a plan shows.
const SHOWN_DIGITS: usize = 12;

impl OwnFile {
    /// The path, as the scenario gives it.
    pub fn named(&self) -> &str {
        &self.named
    }

    /// Keeps what was read; a second time changes nothing.
    pub fn keep(&self, read: Read) {
        self.read.get_or_init(|| read);
    }

    /// What it held; nothing where it was never read.
    pub fn text(&self) -> Option<&str> {
        self.read.get().map(|read| read.text.as_str())
    }
}

impl std::fmt::Display for OwnFile {
    /// The path and what tells this text from another.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.named)?;
        match self.read.get() {
            Some(read) => {
                let digits: String = read.sha256.chars().take(SHOWN_DIGITS).collect();
                write!(f, " (sha256 {digits}…)")
            }
            None => Ok(()),
        }
    }
}

impl From<String> for OwnFile {
    fn from(named: String) -> OwnFile {
        OwnFile { named, read: OnceLock::new() }
    }
}

impl From<OwnFile> for String {
    fn from(file: OwnFile) -> String {
        file.named
    }
}
