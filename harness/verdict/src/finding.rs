//! What a check concluded.

use serde::{Deserialize, Serialize};

/// Held, broken, or not to be told. The worst finding decides: broken, then unknown, then held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was looked at, and it is so.
    Held,
    /// It could not be told.
    Unknown,
    /// It was looked at, and it is not so.
    Broken,
}

/// Whose failure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The backup, the restore, the server: what is tested.
    Subject,
    /// Docker, the disk, our own bug.
    Rig,
}

/// One conclusion of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The check's name, as in a scenario.
    pub check: String,
    /// What kind of finding it is, e.g. `lost_acked`: the word `pgrehearse explain` knows.
    pub code: String,
    /// Held, unknown or broken.
    pub status: Status,
    /// Whose it is.
    pub blame: Blame,
    /// What it is about: a table, a role, a transaction; empty for the whole.
    pub subject: String,
    /// One sentence: lower case, no full stop.
    pub said: String,
    /// Further lines: examples, found against wanted. Bounded by the check.
    pub details: Vec<String>,
}

impl Finding {
    /// A finding that is so. `code` names what was looked at.
    pub fn held(check: &str, code: &str, said: impl Into<String>) -> Finding {
        Finding::new(check, code, Status::Held, said)
    }

    /// A finding that is not so.
    pub fn broken(check: &str, code: &str, said: impl Into<String>) -> Finding {
        Finding::new(check, code, Status::Broken, said)
    }

    /// A finding that could not be told.
    pub fn unknown(check: &str, code: &str, said: impl Into<String>) -> Finding {
        Finding::new(check, code, Status::Unknown, said)
    }

    fn new(check: &str, code: &str, status: Status, said: impl Into<String>) -> Finding {
        Finding {
            check: check.to_owned(),
            code: code.to_owned(),
            status,
            blame: Blame::Subject,
            subject: String::new(),
            said: said.into(),
            details: vec![],
        }
    }

    /// The same finding about `subject`.
    pub fn about(mut self, subject: impl Into<String>) -> Finding {
        self.subject = subject.into();
        self
    }

    /// The same finding with further lines.
    pub fn with(mut self, details: Vec<String>) -> Finding {
        self.details = details;
        self
    }

    /// The same finding, blamed on the rig.
    pub fn of_the_rig(mut self) -> Finding {
        self.blame = Blame::Rig;
        self
    }
}
