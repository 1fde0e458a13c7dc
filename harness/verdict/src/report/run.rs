//! A finished run: what every report is a function of.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::verdict::Judgement;

/// A run of one or more drills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The format of this structure, and of results.json: 1.
    pub format: u32,
    /// The identifier of the run.
    pub id: String,
    /// The version of pgrehearse that judged it.
    pub tool: String,
    /// The wall clock when it began, RFC 3339.
    pub began: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// `docker`, `local` or `scripted`.
    pub rig: String,
    /// The seed the run was given or drew.
    pub seed: u64,
    /// The drills, in the order in which they were performed.
    pub drills: Vec<Drill>,
    /// Scenarios that were met and not performed.
    pub not_drilled: Vec<NotDrilled>,
    /// The exit status that the run earned.
    pub exit: u8,
}

/// One drill of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// The folder of the drill within the run's.
    pub folder: String,
    /// What was promised.
    pub brief: Brief,
    /// What it proved.
    pub judgement: Judgement,
    /// How long the drill took, in seconds.
    pub took_s: f64,
    /// The timeline for people: seconds since the origin, and what happened.
    pub timeline: Vec<(f64, String)>,
    /// What failed, in order, each with whose failure it is.
    pub faults: Vec<String>,
    /// Remarks of the journal.
    pub remarks: Vec<String>,
    /// Facts about the servers and tools, as (name, value).
    pub facts: Vec<(String, String)>,
}

/// A scenario that was met and not performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotDrilled {
    /// The scenario file.
    pub file: String,
    /// Why, e.g. `not for this rig: …`.
    pub why: String,
}
