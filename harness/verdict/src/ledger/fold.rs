//! The right content of the workload's tables: the fold of the kept transactions.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Effect, Ledger, Transaction, TxId};
use crate::question::{Table, columns};

/// The content of the workload's tables, each with the columns of its question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// `ledger.tx`: [`columns::LEDGER_TX`].
    pub transactions: Table,
    /// `ledger.entry`: [`columns::LEDGER_ENTRY`].
    pub entries: Table,
    /// `ledger.account`: [`columns::LEDGER_ACCOUNT`].
    pub accounts: Table,
}

impl Content {
    /// Tables without a row.
    pub fn empty() -> Content {
        Content {
            transactions: Table::new(columns::LEDGER_TX),
            entries: Table::new(columns::LEDGER_ENTRY),
            accounts: Table::new(columns::LEDGER_ACCOUNT),
        }
    }

    /// Whether there is not a single row.
    pub fn is_empty(&self) -> bool {
        self.transactions.rows.is_empty()
            && self.entries.rows.is_empty()
            && self.accounts.rows.is_empty()
    }

    /// The same content with the rows of each table in one order.
    pub(super) fn sorted(mut self) -> Content {
        self.transactions.rows.sort();
        self.entries.rows.sort();
        self.accounts.rows.sort();
        self
    }
}

/// The content after just the transactions in `kept`, each writer's in its own order. Names that
/// the ledger does not know are passed over.
pub fn expected(ledger: &Ledger, kept: &BTreeSet<TxId>) -> Content {
    let folded = fold(ledger, kept);
    let mut content = Content::empty();
    for (tx, transaction) in ledger.transactions.iter().filter(|(tx, _)| kept.contains(*tx)) {
        content.transactions.rows.push(transaction_row(tx, transaction));
    }
    for ((tx, line), entry) in &folded.entries {
        content.entries.rows.push(entry.row(tx, *line));
    }
    for ((writer, account), state) in &folded.accounts {
        content.accounts.rows.push(vec![
            Some(writer.to_string()),
            Some(account.to_string()),
            Some(state.balance.to_string()),
            Some(state.version.to_string()),
        ]);
    }
    content
}

/// The state that transactions leave behind.
pub(super) struct Folded<'l> {
    /// The rows of `ledger.entry` by transaction and line.
    pub entries: BTreeMap<(&'l TxId, u32), EntryRow<'l>>,
    /// The rows of `ledger.account` by writer and number.
    pub accounts: BTreeMap<(u32, u32), AccountState>,
    /// Who deleted the rows of a transaction last.
    pub deleted_by: BTreeMap<&'l TxId, &'l TxId>,
}

/// A row of `ledger.entry`, but for its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryRow<'l> {
    pub writer: u32,
    pub account: u32,
    pub amount: i64,
    pub note: &'l str,
}

/// A row of `ledger.account`, but for its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AccountState {
    pub balance: i128,
    pub version: u64,
}

impl EntryRow<'_> {
    pub(super) fn row(&self, tx: &TxId, line: u32) -> Vec<Option<String>> {
        vec![
            Some(tx.clone()),
            Some(line.to_string()),
            Some(self.writer.to_string()),
            Some(self.account.to_string()),
            Some(self.amount.to_string()),
            Some(self.note.to_owned()),
        ]
    }
}

/// The row of `ledger.tx` that a transaction inserts.
pub(super) fn transaction_row(tx: &TxId, transaction: &Transaction) -> Vec<Option<String>> {
    vec![
        Some(tx.clone()),
        Some(transaction.writer.to_string()),
        Some(transaction.seq.to_string()),
        Some(transaction.note.clone()),
    ]
}

/// The rows of `ledger.entry` that a transaction inserts, by line.
pub(super) fn inserts(transaction: &Transaction) -> impl Iterator<Item = (u32, EntryRow<'_>)> {
    let writer = transaction.writer;
    transaction.effects.iter().filter_map(move |effect| match effect {
        Effect::Insert { line, account, amount, note } => {
            Some((*line, EntryRow { writer, account: *account, amount: *amount, note }))
        }
        _ => None,
    })
}

/// What a transaction adds to each account it touches.
pub(super) fn amounts(transaction: &Transaction) -> BTreeMap<u32, i128> {
    let mut amounts = BTreeMap::new();
    for effect in &transaction.effects {
        if let Effect::Account { account, by } = effect {
            *amounts.entry(*account).or_insert(0) += i128::from(*by);
        }
    }
    amounts
}

/// Applies the transactions in `kept` to the ground state. Writers change only what they own, so
/// that their order among each other does not matter.
pub(super) fn fold<'l>(ledger: &'l Ledger, kept: &BTreeSet<TxId>) -> Folded<'l> {
    let opening = &ledger.opening;
    let ground = AccountState { balance: i128::from(opening.balance), version: 0 };
    let keys = (0..opening.writers).flat_map(|w| (0..opening.accounts).map(move |a| (w, a)));
    let mut folded = Folded {
        entries: BTreeMap::new(),
        accounts: keys.map(|key| (key, ground)).collect(),
        deleted_by: BTreeMap::new(),
    };
    let mut order: Vec<(&TxId, &Transaction)> =
        ledger.transactions.iter().filter(|(tx, _)| kept.contains(*tx)).collect();
    order.sort_by_key(|(_, transaction)| (transaction.writer, transaction.seq));
    for (tx, transaction) in order {
        apply(&mut folded, tx, transaction);
    }
    folded
}

fn apply<'l>(folded: &mut Folded<'l>, tx: &'l TxId, transaction: &'l Transaction) {
    for (line, row) in inserts(transaction) {
        folded.entries.insert((tx, line), row);
    }
    for effect in &transaction.effects {
        match effect {
            Effect::Account { account, by } => {
                if let Some(state) = folded.accounts.get_mut(&(transaction.writer, *account)) {
                    state.balance += i128::from(*by);
                    state.version = transaction.seq;
                }
            }
            Effect::Delete { tx: earlier } => {
                let gone: Vec<_> = folded
                    .entries
                    .range((earlier, 0)..=(earlier, u32::MAX))
                    .map(|(k, _)| *k)
                    .collect();
                for key in gone {
                    folded.entries.remove(&key);
                }
                folded.deleted_by.insert(earlier, tx);
            }
            Effect::Insert { .. } => {}
        }
    }
}
