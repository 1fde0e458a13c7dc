//! Reading a ledger.

use std::collections::BTreeMap;

use crate::ledger::{Effect, Fate, Opening, TxId};
use crate::lsn::Lsn;

/// A ledger, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The ground state.
    pub opening: Opening,
    /// Every transaction that was intended, by name.
    pub transactions: BTreeMap<TxId, Transaction>,
}

/// A transaction as it was seen from outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// Who tried it.
    pub writer: u32,
    /// Its number among the writer's.
    pub seq: u64,
    /// The text in `ledger.tx.note`.
    pub note: String,
    /// What it does.
    pub effects: Vec<Effect>,
    /// When it was intended, in nanoseconds since the origin.
    pub intended_ns: u64,
    /// When COMMIT was about to be sent, and the position then.
    pub sent: Option<(u64, Lsn)>,
    /// Its xid, epoch included.
    pub xid: Option<u64>,
    /// When it was acknowledged, and the position after.
    pub acked: Option<(u64, Lsn)>,
    /// What became of it.
    pub fate: Fate,
}

/// Why a ledger cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// There is none.
    #[error("there is no ledger")]
    Missing,
    /// It is not what the journal sealed.
    #[error("the ledger is not the one that was sealed: {0}")]
    Unsealed(String),
    /// A line cannot be read, or cannot follow those before it.
    #[error("line {0} of the ledger: {1}")]
    Damaged(u64, String),
}

/// Reads a ledger. A transaction without an outcome was in flight when the writer of the ledger
/// died: sent without an answer is in doubt, not sent is aborted.
pub fn parse(_text: &str) -> Result<Ledger, LedgerError> {
    todo!("the ledger")
}
