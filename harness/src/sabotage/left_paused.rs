//! The recovery reaches its target, and nobody promotes the server.

use crate::engine::{Arrival, Course, Target};
use crate::sabotage::course::{Astray, Way};

/// The recovery reaches its target, and nobody promotes the server.
pub(super) const LEFT_PAUSED: Astray = Astray {
    name: "left_paused",
    harm: "the recovery pauses at its target, and nobody promotes the server",
    caught_by: &["target", "usable"],
    other,
};

fn other(way: &Way<'_>) -> Option<(Course, String)> {
    let paused = way.course.arrival == Arrival::Pause || way.course.target == Target::Latest;
    let course = Course { arrival: Arrival::Pause, ..way.course.clone() };
    (!paused).then(|| (course, "PostgreSQL takes no writes while its replay is paused".to_owned()))
}
