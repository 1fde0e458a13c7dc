//! Which transactions a recovery must, may and must not bring back.

use std::collections::BTreeMap;

use crate::journal::Snapshot;
use crate::ledger::{Fate, Transaction};
use crate::lsn::Lsn;

/// Where a recovery ended, and what had been said before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// The snapshot that was recovered, for a backup that holds one: it takes the place of `at`.
    pub snapshot: Option<Snapshot>,
    /// Where the commit records of some transactions start, as the archived WAL has it: by
    /// transaction, without its epoch.
    pub commits: BTreeMap<u32, Lsn>,
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
        if let Some(snapshot) = self.snapshot {
            return in_snapshot(snapshot, transaction);
        }
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
            match self.committed_at(transaction) {
                Some(start) if start < at => Zone::Must,
                Some(_) => Zone::MustNot,
                None => Zone::May,
            }
        }
    }

    /// Where the commit record starts, as the archived WAL has it. What lies outside of what the
    /// ledger knows is not believed.
    fn committed_at(&self, transaction: &Transaction) -> Option<Lsn> {
        let start = *self.commits.get(&u32::try_from(transaction.xid? & 0xFFFF_FFFF).ok()?)?;
        let after = transaction.sent.is_some_and(|(_, lo)| lo <= start);
        let before = transaction.acked.is_none_or(|(_, hi)| start < hi);
        (after && before).then_some(start)
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

/// What a snapshot owes a transaction: what was acknowledged before it was asked for is in it.
fn in_snapshot(snapshot: Snapshot, transaction: &Transaction) -> Zone {
    if transaction.acked.is_some_and(|(at_ns, _)| at_ns <= snapshot.asked_ns) {
        Zone::Must
    } else if transaction.sent.is_some_and(|(at_ns, _)| at_ns >= snapshot.answered_ns) {
        Zone::MustNot
    } else {
        Zone::May
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sent at 10 ns from 0/100 on, acknowledged at 20 ns, before 0/200.
    fn transaction() -> Transaction {
        Transaction {
            writer: 0,
            seq: 1,
            note: String::new(),
            effects: vec![],
            intended_ns: 5,
            sent: Some((10, Lsn(0x100))),
            xid: Some((7 << 32) + 740),
            acked: Some((20, Lsn(0x200))),
            fate: Fate::Acked,
        }
    }

    fn snapshot(asked_ns: u64, answered_ns: u64) -> Boundary {
        let snapshot = Some(Snapshot { asked_ns, answered_ns });
        Boundary { snapshot, ..Boundary::default() }
    }

    #[rstest::rstest]
    #[case::acknowledged_before(20, 30, Zone::Must)]
    #[case::acknowledged_meanwhile(19, 30, Zone::May)]
    #[case::sent_before_the_answer(5, 11, Zone::May)]
    #[case::sent_after_the_answer(5, 10, Zone::MustNot)]
    fn a_snapshot_owes_what_was_acknowledged_before_it_was_asked_for(
        #[case] asked_ns: u64,
        #[case] answered_ns: u64,
        #[case] wanted: Zone,
    ) {
        assert_eq!(snapshot(asked_ns, answered_ns).zone(&transaction()), wanted);
    }

    #[test]
    fn what_was_never_acknowledged_is_owed_by_no_snapshot() {
        let doubtful = Transaction { acked: None, fate: Fate::Indeterminate, ..transaction() };
        assert_eq!(snapshot(100, 200).zone(&doubtful), Zone::May);
        assert_eq!(snapshot(1, 10).zone(&doubtful), Zone::MustNot);
    }

    #[rstest::rstest]
    #[case::starts_before(0x17F, Zone::Must)]
    #[case::starts_at_it(0x180, Zone::MustNot)]
    #[case::not_where_the_ledger_saw_it(0x200, Zone::May)]
    #[case::before_it_was_sent(0xFF, Zone::May)]
    fn a_commit_that_was_read_in_wal_decides_what_the_ledger_leaves_open(
        #[case] start: u64,
        #[case] wanted: Zone,
    ) {
        let commits = BTreeMap::from([(740, Lsn(start))]);
        let boundary = Boundary { at: Some(Lsn(0x180)), commits, ..Boundary::default() };
        assert_eq!(boundary.zone(&transaction()), wanted);
    }

    #[test]
    fn what_was_read_in_wal_never_overrules_the_ledger() {
        let commits = BTreeMap::from([(740, Lsn(0x150))]);
        let at = |at: u64| Boundary {
            at: Some(Lsn(at)),
            commits: commits.clone(),
            ..Boundary::default()
        };
        assert_eq!(at(0x200).zone(&transaction()), Zone::Must);
        assert_eq!(at(0x100).zone(&transaction()), Zone::MustNot);
    }
}
