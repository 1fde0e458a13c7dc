//! What the user wants held, and what was measured.

mod rpo;
mod rto;
mod span;

pub use rpo::rpo;
pub use rto::rto;

use serde::{Deserialize, Serialize};

use crate::finding::Status;

/// An objective, judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// `rto` or `rpo`.
    pub name: String,
    /// What was wanted, in seconds.
    pub wanted_s: f64,
    /// Held, unknown, broken.
    pub status: Status,
    /// One sentence with both figures.
    pub said: String,
}

/// The figures of a drill. Times are in seconds; every one is an interval or says why it is not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// From the strike to the first acknowledged write: lower and upper end.
    pub rto_s: Option<(f64, f64)>,
    /// The stages of the recovery, in order: name, seconds since the strike.
    pub stages: Vec<(String, f64)>,
    /// From the strike to the last answer of the checks.
    pub verified_s: Option<f64>,
    /// What this drill lost, in seconds: lower and upper end.
    pub observed_loss_s: Option<(f64, f64)>,
    /// How many acknowledged transactions this drill lost: lower and upper end.
    pub lost_transactions: Option<(u64, u64)>,
    /// The worst this protection allows by its own cadence, in seconds.
    pub exposure: Option<Exposure>,
    /// How the exposure comes about, in words.
    pub exposure_because: String,
    /// How many transactions were acknowledged in all, and before the strike.
    pub acknowledged: (u64, u64),
    /// Acknowledged transactions that the chosen target gave up: before and after the strike.
    pub given_up: (u64, u64),
    /// Transactions in doubt that came back, and that did not.
    pub in_doubt: (u64, u64),
    /// The size of the database that was drilled, in bytes.
    pub database_bytes: Option<u64>,
}

/// The worst loss that a protection allows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// This many seconds.
    Seconds(f64),
    /// No bound at all.
    Unbounded,
}
