//! The lines of a ledger, one JSON object a line, in the order in which things happened.

use serde::{Deserialize, Serialize};

use crate::lsn::Lsn;

/// The unguessable name of a transaction: a UUID in its usual text form, as in `ledger.tx.id`.
pub type TxId = String;

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Nanoseconds since the drill's origin, on one monotonic clock.
    pub at_ns: u64,
    /// What happened.
    pub entry: Entry,
}

/// Something that happened to a transaction, seen from outside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Entry {
    /// The first line.
    Opened(Opening),
    /// The transaction will be tried, and this is all it will do, in this order.
    Intent {
        /// Its name.
        tx: TxId,
        /// Who tries it, from 0. A writer tries one transaction after another.
        writer: u32,
        /// Its number among the writer's, from 1, without gaps.
        seq: u64,
        /// The text in `ledger.tx.note`.
        note: String,
        /// What it does besides inserting itself into `ledger.tx`.
        effects: Vec<Effect>,
    },
    /// All statements were answered, and COMMIT is about to be sent.
    Sent {
        /// Its name.
        tx: TxId,
        /// `pg_current_xact_id()`: 64 bits, epoch included.
        xid: u64,
        /// `pg_current_wal_insert_lsn()` before COMMIT was sent: the commit record starts at or
        /// after it.
        lo: Lsn,
    },
    /// COMMIT was acknowledged, without any warning.
    Acked {
        /// Its name.
        tx: TxId,
        /// `pg_current_wal_insert_lsn()` after the commit: its record starts before it. If it
        /// could not be asked any more, the greatest position there is: that is still true.
        hi: Lsn,
    },
    /// The server said that it did not commit, or COMMIT was never sent.
    Aborted {
        /// Its name.
        tx: TxId,
        /// What was said.
        said: String,
    },
    /// COMMIT was sent and no answer came, or one with a warning about replication.
    Indeterminate {
        /// Its name.
        tx: TxId,
        /// What was said instead.
        said: String,
    },
}

/// The ground state of the workload's tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The format of the ledger, 1.
    pub format: u32,
    /// The identifier of the drill: rows of another drill are phantoms.
    pub drill: String,
    /// How many writers there are, numbered from 0.
    pub writers: u32,
    /// How many accounts each writer owns, numbered from 0.
    pub accounts: u32,
    /// The balance each account begins with, at version 0. The sum over all accounts never
    /// changes.
    pub balance: i64,
}

/// One change to a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// `ledger.account`: `balance = balance + by`, `version` = the transaction's `seq`. The
    /// account belongs to the transaction's writer.
    Account {
        /// Its number.
        account: u32,
        /// The amount, which may be negative. Over a transaction they sum to 0.
        by: i64,
    },
    /// A new row of `ledger.entry` under this transaction's name.
    Insert {
        /// Its number within the transaction, from 1.
        line: u32,
        /// The account it speaks of.
        account: u32,
        /// The amount.
        amount: i64,
        /// A text.
        note: String,
    },
    /// All rows of `ledger.entry` under an earlier transaction of the same writer are deleted.
    /// They are there only if that transaction committed.
    Delete {
        /// The earlier transaction.
        tx: TxId,
    },
}

/// What became of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It was acknowledged.
    Acked,
    /// It was sent and not answered.
    Indeterminate,
    /// It was aborted, or never sent: the server can only have rolled it back.
    Aborted,
}
