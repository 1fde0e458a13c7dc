//! The recovery ends as soon as its backup is consistent.

use crate::engine::{Course, Target};
use crate::sabotage::course::{Astray, Way};

/// The recovery ends as soon as its backup is consistent.
pub(super) const STOPPED_TOO_EARLY: Astray = Astray {
    name: "stopped_too_early",
    harm: "the recovery ends before it has replayed what it should",
    caught_by: &["target", "ledger"],
    other,
};

fn other(way: &Way<'_>) -> Option<(Course, String)> {
    let end = way.boundary.or(way.archived)?;
    let consistent = way.consistent.filter(|consistent| *consistent < end)?;
    let course = Course { target: Target::Immediate, ..way.course.clone() };
    Some((course, format!("WAL from {consistent} to {end} is not replayed")))
}
