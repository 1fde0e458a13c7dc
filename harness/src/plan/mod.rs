//! A scenario, wholly decided before anything starts.

mod asks;
mod fixture;
mod lower;
mod servers;
mod show;

pub use asks::asks;
pub use fixture::{Application, Database, Fixture, Load, PasswordSource, RoleSpec, Script};
pub(crate) use lower::shown;
pub use lower::{Ground, lower, not_for_this_rig};
pub use servers::KNOWN;
pub use show::show;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use pgrehearse_verdict::brief::Brief;

use crate::disaster;
use crate::engine;

/// A scenario decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What a verdict needs of it.
    pub brief: Brief,
    /// The scenario file.
    pub file: PathBuf,
    /// The server.
    pub postgres: Postgres,
    /// The database that is rehearsed on.
    pub fixture: Fixture,
    /// What backs up and restores.
    pub engine: engine::Spec,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The sabotages to perform after the last recovery, by name.
    pub controls: Vec<&'static str>,
    /// How long the whole drill may take.
    pub limit: Duration,
}

/// The server of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// The major version.
    pub version: u32,
    /// Whether data checksums are on.
    pub checksums: bool,
    /// The locale of the cluster, e.g. `C.UTF-8`.
    pub locale: String,
    /// Settings of the scenario.
    pub settings: BTreeMap<String, String>,
    /// An image of the user's own.
    pub image: Option<String>,
}

/// A step of a drill.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The workload begins, and goes on by itself.
    Workload(Workload),
    /// A backup is taken.
    Backup(Backup),
    /// Time passes under the workload.
    Run(Run),
    /// A named moment, at a commit standstill.
    Mark(String),
    /// The strike.
    Disaster(disaster::Spec),
    /// A recovery onto fresh ground.
    Recover(Recover),
}

/// The workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Writers that take part in the rate, at least 2; one more holds a long transaction.
    pub writers: u32,
    /// Transactions a second over all writers.
    pub rate: f64,
}

/// A backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Backup {
    /// One of the engine's kinds.
    pub kind: String,
    /// Production's cadence.
    pub every: Option<Duration>,
}

/// Time passing.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// How long.
    pub time: Duration,
    /// Whether a segment switch is forced at a seeded moment of it, so that the strike that
    /// follows falls at a seeded phase of the archive's cycle.
    pub jitter_archive: bool,
}

/// A recovery.
#[derive(Debug, Clone, PartialEq)]
pub struct Recover {
    /// Where to.
    pub to: To,
    /// The backup to begin with.
    pub from: From,
    /// The timeline to follow; `None` for the source's own.
    pub timeline: Option<u32>,
    /// What the server does at the target.
    pub arrival: engine::Arrival,
    /// The major version to recover to, where it is not the source's.
    pub postgres: Option<u32>,
    /// How long it may take until the application can write.
    pub within: Option<Duration>,
    /// The table that is put back into the living database, where that is all that is done.
    pub salvage: Option<disaster::TableName>,
    /// The database that is made anew on the server that goes on serving, where that is all that is
    /// done.
    pub new_database: Option<String>,
}

/// The backup that a recovery begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The newest that reaches the target.
    Fitting,
    /// The newest.
    Newest,
    /// The newest of those that were finished before the disaster.
    BeforeDisaster,
}

/// The target of a recovery, as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// All there is.
    Latest,
    /// As soon as the backup is consistent.
    Immediate,
    /// Just before the harm took effect.
    BeforeDisaster,
    /// A mark of this drill.
    Mark(String),
    /// A position.
    Lsn(At<pgrehearse_verdict::lsn::Lsn>, Inclusive),
    /// A time in UTC, as `2026-11-25 20:16:07.123456`.
    Time(At<String>, Inclusive),
    /// The end of a transaction, without its epoch.
    Xid(At<u32>, Inclusive),
}

/// A value that the scenario gives, or that of one of its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At<T> {
    /// The value itself.
    Given(T),
    /// The value it had at this mark.
    Mark(String),
}

/// Whether what happened at the target itself is kept.
pub type Inclusive = bool;
