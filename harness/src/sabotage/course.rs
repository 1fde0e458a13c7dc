//! A recovery that goes another way than it was told to, on a sound copy.

use pgrehearse_verdict::journal::Sabotaged;
use pgrehearse_verdict::lsn::Lsn;

use crate::engine::Course;
use crate::sabotage::original::nothing_of_the_kind;
use crate::sabotage::{Facts, Sabotage, Spoils};

/// What is known of the recovery that is led astray.
pub struct Way<'a> {
    /// Where it went.
    pub course: &'a Course,
    /// The boundary in WAL before which it was to end; `None` for all there is.
    pub boundary: Option<Lsn>,
    /// Where the backup that it begins with is consistent.
    pub consistent: Option<Lsn>,
    /// Where the archive ends, as far as it was promised.
    pub archived: Option<Lsn>,
}

/// A sabotage that leads the recovery astray.
pub struct Astray {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// The other course, and what shows that it ends elsewhere; `None` where it is the same.
    pub(super) other: fn(&Way<'_>) -> Option<(Course, String)>,
}

impl Sabotage for Astray {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: "course",
            caught_by: self.caught_by,
            engines: Some(&["pgbackrest", "pg_basebackup"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Course(self)
    }
}

impl Astray {
    /// The other course, and what is noted of it.
    pub(crate) fn spoil(&self, way: &Way<'_>) -> (Option<Course>, Sabotaged) {
        let Some((course, proof)) = (self.other)(way) else {
            return (None, nothing_of_the_kind());
        };
        let told = |course: &Course| {
            let all = course.settings().into_iter();
            all.map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
        };
        let change = format!("recovery was told `{}`, not `{}`", told(&course), told(way.course));
        let proof = (course != *way.course).then_some(proof);
        (Some(course), Sabotaged { change, proof, original_untouched: true, absent: false })
    }
}
