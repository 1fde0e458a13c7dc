//! The brief: the part of a plan that a verdict needs, as plain data with a format number.

use serde::{Deserialize, Serialize};

use crate::check;
use crate::question::Moment;

/// The format of a brief; a reader refuses a greater one.
pub const FORMAT: u32 = 2;

/// What a drill promised to do and to check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// A name for files and tests: the stem of the scenario file.
    pub id: String,
    /// The scenario's `name`.
    pub name: String,
    /// Why this disaster was chosen.
    pub why: Option<String>,
    /// The scenario's tags.
    pub tags: Vec<String>,
    /// The scenario file as it was named.
    pub file: String,
    /// The SHA-256 of the scenario file, 64 hex digits.
    pub scenario_sha256: String,
    /// All that was left to chance follows from this.
    pub seed: u64,
    /// `docker`, `local` or `scripted`.
    pub rig: String,
    /// The major version of PostgreSQL.
    pub postgres: u32,
    /// The engine's name.
    pub engine: String,
    /// The fixture's name.
    pub fixture: String,
    /// The steps, as the plan prints them.
    pub steps: Vec<String>,
    /// How the source is protected.
    pub protection: Protection,
    /// The disasters, in order.
    pub disasters: Vec<DisasterBrief>,
    /// The recoveries, in order; the last is checked in full.
    pub recoveries: Vec<RecoveryBrief>,
    /// The names of the marks, in order.
    pub marks: Vec<String>,
    /// What the user wants held.
    pub objectives: Objectives,
    /// Every check that must run.
    pub checks: Vec<check::Spec>,
    /// The application roles that must be able to log in, as (database, role).
    pub application: Vec<(String, String)>,
    /// The smoke queries that must work, as (database, role, file).
    pub smoke: Vec<(String, String, String)>,
    /// Tables a disaster changes, as `schema.name`: compared with the baseline all the same.
    pub harmed: Vec<String>,
    /// The must-fail twins to perform.
    pub controls: Vec<ControlBrief>,
    /// For a canary: the checks or objectives that must be what fails.
    pub must_fail: Option<Vec<String>>,
}

impl Brief {
    /// Whether what serves in the end is a copy of the source's files, with nothing made anew by
    /// SQL: then the server's own numbers are the same again, too.
    pub fn is_copy(&self) -> bool {
        self.protection == Protection::Archive
            && self.recoveries.last().is_some_and(|recovery| {
                recovery.postgres.is_none()
                    && recovery.salvage.is_none()
                    && recovery.new_database.is_none()
            })
    }
}

/// How commits reach safety.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Finished WAL segments are archived.
    Archive,
    /// Each backup holds what one snapshot saw; nothing in between is kept.
    Snapshots,
}

/// A disaster, as far as a verdict must know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisasterBrief {
    /// The kind, e.g. `drop_table`.
    pub kind: String,
    /// As the plan prints it.
    pub text: String,
    /// Whether the WAL that was not yet archived survives it.
    pub leaves_wal: bool,
}

/// A recovery, as far as a verdict must know it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryBrief {
    /// As the plan prints it.
    pub target: String,
    /// Whether the target was chosen (`before_disaster`, a mark, …) rather than all there is.
    pub chosen: bool,
    /// Whether the harm of the disasters must be gone.
    pub undoes: bool,
    /// The major version that is recovered to, where it is not the source's.
    #[serde(default)]
    pub postgres: Option<u32>,
    /// The table that is put back into the living database from a server recovered aside, as
    /// `schema.name`, where that is all that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salvage: Option<String>,
    /// The database that is made anew, from a dump, on the server that goes on serving, where that
    /// is all that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_database: Option<String>,
}

impl RecoveryBrief {
    /// When the server is asked that was restored from the backup.
    pub fn restored(&self) -> Moment {
        if self.salvage.is_some() { Moment::Aside } else { Moment::Recovered }
    }
}

/// What the user wants held. Times are in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// The greatest recovery time.
    pub rto_s: Option<f64>,
    /// The greatest loss.
    pub rpo_s: Option<f64>,
    /// Time to notice the disaster, assumed; added in a line of its own.
    pub assumed_detection_s: Option<f64>,
    /// Time to decide on the recovery, assumed; added in a line of its own.
    pub assumed_decision_s: Option<f64>,
    /// The size of the database in production, in bytes.
    pub production_bytes: Option<u64>,
}

/// A must-fail twin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlBrief {
    /// Its identifier within the drill, the sabotage's name.
    pub id: String,
    /// What harm it does, in a sentence.
    pub harm: String,
    /// The class of harm: a twin that had no effect is excused by another of its class.
    pub class: String,
    /// The checks one of which must catch it.
    pub caught_by: Vec<String>,
}
