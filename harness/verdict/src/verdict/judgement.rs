//! What can be said about a drill, as plain data.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::journal::End;
use crate::objective::{Measured, Objective};

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every declared check ran and held, and something was compared.
    Passed,
    /// Nothing failed, but something could not be told.
    Unknown,
    /// Something that was looked at is not so.
    Failed,
}

/// What came of one must-fail twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlResult {
    /// Its identifier.
    pub id: String,
    /// What harm it does, in a sentence.
    pub harm: String,
    /// What was changed, and where.
    pub change: String,
    /// What came of it.
    pub result: ControlOutcome,
    /// The checks that must catch it.
    pub caught_by: Vec<String>,
    /// The checks that went red.
    pub red: Vec<String>,
    /// One sentence.
    pub said: String,
}

/// What can come of a must-fail twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlOutcome {
    /// A check that must catch it went red.
    Caught,
    /// It was red, but for another reason: shown, not counted as caught.
    CaughtOtherwise,
    /// All was green: a false green found.
    Missed,
    /// The change had no effect that an oracle could see.
    Ineffective,
    /// The database has nothing that could be spoiled in this way.
    Inapplicable,
    /// It could not be told.
    Unknown,
}

/// All that can be said about a drill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    /// The worst of everything below.
    pub verdict: Verdict,
    /// The worst first-hand reason, in one sentence; for a pass, what was proved.
    pub because: String,
    /// How the drill ended; `None` if the journal ends before it.
    pub ended: Option<End>,
    /// What was found: whether the drill was one (under `drill`), then what every check found in
    /// the order of the brief, then the must-fail twins (under `controls`).
    pub findings: Vec<Finding>,
    /// What was wanted and measured.
    pub objectives: Vec<Objective>,
    /// The figures.
    pub measured: Measured,
    /// The must-fail twins.
    pub controls: Vec<ControlResult>,
    /// Whether a control was caught: else the drill is `not shown able to fail`.
    pub shown_able_to_fail: bool,
    /// For a canary: whether it failed for just the reason it must.
    pub canary: Option<Canary>,
}

/// What came of a scenario that must fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// The checks or objectives that must be what fails.
    pub by: Vec<String>,
    /// Whether the drill failed for just that.
    pub as_it_must: bool,
}
