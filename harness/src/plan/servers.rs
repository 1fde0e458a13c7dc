//! The servers that a plan raises, and what they are made of.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::plan::{Plan, Postgres, Recover, Step};

/// The majors whose catalogues are known to a drill. Settings that are granted (`pg_parameter_acl`)
/// are asked about, and 15 is the first to have them; 14 has had its last release.
pub const KNOWN: RangeInclusive<u32> = 15..=18;

impl Plan {
    /// The server that a recovery raises. An image of the user's own has one major: where another
    /// is recovered to, it is raised from an image of ours.
    pub fn postgres_of(&self, recover: &Recover) -> Postgres {
        let own = &self.postgres;
        match recover.postgres {
            Some(version) if version != own.version => {
                Postgres { version, image: None, ..own.clone() }
            }
            _ => own.clone(),
        }
    }

    /// The majors whose images are ours to make, before anything starts.
    pub fn majors(&self) -> BTreeSet<u32> {
        let ours = self.servers().into_iter().filter(|server| server.image.is_none());
        ours.map(|server| server.version).collect()
    }

    /// The images of the user's own, which have to be there before anything starts.
    pub fn images(&self) -> BTreeSet<String> {
        self.servers().into_iter().filter_map(|server| server.image).collect()
    }

    fn servers(&self) -> Vec<Postgres> {
        let recovered = self.steps.iter().filter_map(|step| match step {
            Step::Recover(recover) => Some(self.postgres_of(recover)),
            _ => None,
        });
        std::iter::once(self.postgres.clone()).chain(recovered).collect()
    }
}
