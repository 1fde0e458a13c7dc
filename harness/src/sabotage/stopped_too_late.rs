//! The recovery goes on to the end of WAL.

use crate::engine::{Course, Target};
use crate::sabotage::course::{Astray, Way};

/// The recovery goes on to the end of WAL.
pub(super) const STOPPED_TOO_LATE: Astray = Astray {
    name: "stopped_too_late",
    harm: "the recovery goes on beyond its target",
    caught_by: &["target", "ledger"],
    other,
};

fn other(way: &Way<'_>) -> Option<(Course, String)> {
    let (boundary, archived) = (way.boundary?, way.archived?);
    let course = Course { target: Target::Latest, ..way.course.clone() };
    (boundary < archived)
        .then(|| (course, format!("WAL from {boundary} to {archived} is replayed")))
}
