//! How many transactions had which outcome, with examples.

use std::collections::BTreeMap;

use crate::ledger::{Outcome, TxId};

/// The most examples that are kept of an outcome.
pub const EXAMPLES_MAX: usize = 5;

/// What was told of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it counts as lost work.
    pub loss: Loss,
}

/// Whether a transaction counts as lost work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Loss {
    /// It does not.
    None,
    /// It may: it counts at the upper end of what was lost.
    Upper,
    /// It does.
    Exact,
}

/// An outcome, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// How often.
    pub count: u64,
    /// The first few, in words.
    pub examples: Vec<String>,
}

/// What became of everything in the ledger, and of what is in no ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// By transaction: every one of the ledger is here.
    pub told: BTreeMap<TxId, Told>,
    /// By outcome; an outcome that was not seen is not here. Phantoms and gaps are counted here
    /// alone: a phantom is no transaction of the ledger, a gap is one that has an outcome too.
    pub seen: BTreeMap<Outcome, Seen>,
}

impl Tally {
    /// How often an outcome was seen.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.seen.get(&outcome).map_or(0, |seen| seen.count)
    }

    /// The examples of an outcome.
    pub fn examples(&self, outcome: Outcome) -> &[String] {
        self.seen.get(&outcome).map_or(&[], |seen| &seen.examples)
    }

    /// Counts an outcome once more; `example` is asked for only while there is room.
    pub(super) fn see(&mut self, outcome: Outcome, example: impl FnOnce() -> String) {
        let seen = self.seen.entry(outcome).or_default();
        seen.count += 1;
        if seen.examples.len() < EXAMPLES_MAX {
            seen.examples.push(example());
        }
    }
}
