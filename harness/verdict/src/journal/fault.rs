//! What failed, and who is to blame.

use serde::{Deserialize, Serialize};

/// A failure, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Whose failure it is, and of what kind.
    pub cause: Cause,
    /// What was being done.
    pub during: String,
    /// What was said.
    pub said: String,
}

/// Whose failure it is. The rig is blamed on positive evidence only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// What is tested failed: the backup, the restore, the server.
    Subject(SubjectCause),
    /// The ground failed, or we did.
    Rig(RigCause),
}

/// The ways in which what is tested can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectCause {
    /// A command of the subject's failed.
    Command,
    /// The subject did not finish within its time limit.
    TimeLimit,
    /// The server did not start, or not get where it should.
    Server,
    /// No target could be found.
    Target,
}

/// The closed list of evidence on which the rig is blamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RigCause {
    /// The container engine's API reported an error.
    EngineApi,
    /// A command could not be executed at all (126, 127).
    NotExecutable,
    /// The out-of-memory killer was here.
    OutOfMemory,
    /// A volume that the rig sized is full.
    NoSpace,
    /// A signal that we sent.
    Signal,
    /// We panicked.
    Panic,
    /// A time limit outside the subject's commands.
    TimeLimit,
    /// The disaster did nothing, or the workload could not be started: the drill is not one.
    NotADrill,
}
