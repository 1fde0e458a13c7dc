//! Which transactions a recovery must, may and must not bring back.

use crate::ledger::{Fate, Transaction};
use crate::lsn::Lsn;

/// Where a recovery ended, and what had been said before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Boundary {
    /// The records that start before this position were selected; `None`: it is not known.
    pub at: Option<Lsn>,
    /// Whether the position was chosen (`before_disaster`, a mark, …) rather than all there is.
    pub chosen: bool,
    /// Whether the engine selects a prefix of the write-ahead log, so that its order binds.
    pub wal_prefix: bool,
    /// Everything before this position was said to be safe before the strike.
    pub safe: Option<Lsn>,
    /// When the disaster was issued, in nanoseconds since the origin.
    pub struck_ns: Option<u64>,
}

/// What a recovery owes a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// Its commit record starts before the boundary.
    Must,
    /// It cannot be told on which side of the boundary its commit record starts.
    May,
    /// Its commit record, if there is one, starts at or after the boundary.
    MustNot,
}

impl Boundary {
    /// The zone of a transaction. Without a boundary everything may and nothing must.
    pub fn zone(&self, transaction: &Transaction) -> Zone {
        let Some(at) = self.at else {
            return Zone::May;
        };
        let ended_by = transaction.acked.map(|(_, hi)| hi);
        let began_at = transaction.sent.map(|(_, lo)| lo);
        if ended_by.is_some_and(|hi| hi <= at) {
            Zone::Must
        } else if began_at.is_some_and(|lo| lo >= at) {
            Zone::MustNot
        } else {
            Zone::May
        }
    }

    /// Whether the transaction was acknowledged and its commit record was said to be safe.
    pub fn promised(&self, transaction: &Transaction) -> bool {
        match (self.safe, transaction.acked) {
            (Some(safe), Some((_, hi))) => hi <= safe,
            _ => false,
        }
    }

    /// Whether something that happened then was not later than the strike. Without a strike
    /// nothing can be excused by it.
    pub fn before_strike(&self, at_ns: u64) -> bool {
        self.struck_ns.is_none_or(|struck| at_ns <= struck)
    }

    /// When a transaction counts as done: its acknowledgement, or for one in doubt the moment
    /// from which on it may have been committed. `None` for one that was aborted.
    pub fn done_ns(transaction: &Transaction) -> Option<u64> {
        match transaction.fate {
            Fate::Acked => transaction.acked.map(|(at, _)| at),
            Fate::Indeterminate => transaction.sent.map(|(at, _)| at),
            Fate::Aborted => None,
        }
    }
}
