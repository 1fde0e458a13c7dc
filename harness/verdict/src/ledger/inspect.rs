//! What was found in the workload's tables, held against the fold of the kept transactions.
//! Every difference is laid at some transaction's door, or stands for itself; none is dropped.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::balance;
use crate::ledger::fold::{self, EntryRow, Folded};
use crate::ledger::{Content, Effect, Ledger, TxId, expected};

/// Whether a transaction is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// Nothing of it.
    Absent,
    /// All of it, once, as it was.
    Whole,
    /// All of it, and some of it more than once.
    Duplicate,
    /// All of it, and some of it with other content.
    Altered,
    /// Some of it.
    Torn,
}

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of what kind.
    pub kind: DifferenceKind,
    /// The transaction of the ledger it is laid to; `None` where no single one explains it.
    pub tx: Option<TxId>,
    /// What it is, in words.
    pub said: String,
}

/// The kinds of differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Something is there more than once.
    Duplicate,
    /// Something has other content.
    Altered,
    /// Something is missing, or there without the rest.
    Torn,
    /// Something is there that no transaction of the ledger ever intended.
    Phantom,
}

/// The shared invariant: all accounts are there, and the sum of all balances never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invariant {
    /// How many different accounts of the ledger were found, in how many rows.
    pub accounts: (u64, u64),
    /// How many accounts there must be.
    pub accounts_wanted: u64,
    /// The sum of all balances found; `None` if one of them is no number.
    pub sum: Option<i128>,
    /// The sum there must be.
    pub sum_wanted: i128,
}

impl Invariant {
    /// Whether it holds.
    pub fn holds(&self) -> bool {
        self.accounts == (self.accounts_wanted, self.accounts_wanted)
            && self.sum == Some(self.sum_wanted)
    }
}

/// What an inspection found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspection {
    /// Everything that is not as it must be.
    pub differences: Vec<Difference>,
    /// The shared invariant; `None` where not one row of the workload is there.
    pub invariant: Option<Invariant>,
    rows: BTreeSet<TxId>,
    wrong: BTreeMap<TxId, (Presence, String)>,
}

impl Inspection {
    /// Whether this transaction of the ledger is there.
    pub fn presence(&self, tx: &TxId) -> Presence {
        match self.wrong.get(tx) {
            Some((presence, _)) => *presence,
            None if self.rows.contains(tx) => Presence::Whole,
            None => Presence::Absent,
        }
    }

    /// What is wrong with this transaction, if something is.
    pub fn about(&self, tx: &TxId) -> Option<&str> {
        self.wrong.get(tx).map(|(_, said)| said.as_str())
    }

    /// Whether the transaction's own row is in `ledger.tx`.
    pub fn has_row(&self, tx: &TxId) -> bool {
        self.rows.contains(tx)
    }

    fn lay(&mut self, difference: &Difference) {
        let presence = match difference.kind {
            DifferenceKind::Torn | DifferenceKind::Phantom => Presence::Torn,
            DifferenceKind::Altered => Presence::Altered,
            DifferenceKind::Duplicate => Presence::Duplicate,
        };
        let Some(tx) = &difference.tx else {
            return;
        };
        let worst = self.wrong.get(tx).is_none_or(|(known, _)| *known < presence);
        if worst {
            self.wrong.insert(tx.clone(), (presence, difference.said.clone()));
        }
    }
}

/// Holds what was found against the ledger. The tables must have the columns of their questions.
pub fn inspect(ledger: &Ledger, found: &Content) -> Inspection {
    // Nothing at all came back, not even the accounts: the recovery ended before the workload's
    // tables were filled. Whether it may have is for the outcomes to say.
    if found.is_empty() {
        return Inspection::default();
    }
    let ids = (0..found.transactions.rows.len()).filter_map(|at| found.transactions.get(at, "id"));
    let rows: BTreeSet<TxId> =
        ids.filter(|id| ledger.transactions.contains_key(*id)).map(str::to_owned).collect();
    let folded = fold::fold(ledger, &rows);
    let mut search = Search { ledger, found, rows: &rows, folded: &folded, differences: vec![] };
    search.transactions();
    search.entries();
    let invariant = balance::search(&mut search);
    search.unexplained();
    let differences = search.differences;
    let mut inspection = Inspection { invariant: Some(invariant), rows, ..Inspection::default() };
    for difference in &differences {
        inspection.lay(difference);
    }
    inspection.differences = differences;
    inspection
}

/// A search for differences, under way.
pub(super) struct Search<'s> {
    pub ledger: &'s Ledger,
    pub found: &'s Content,
    pub rows: &'s BTreeSet<TxId>,
    pub folded: &'s Folded<'s>,
    differences: Vec<Difference>,
}

impl<'s> Search<'s> {
    pub(super) fn see(&mut self, kind: DifferenceKind, tx: Option<&str>, said: String) {
        self.differences.push(Difference { kind, tx: tx.map(str::to_owned), said });
    }

    /// `ledger.tx`: names nobody knows, names twice, other content.
    fn transactions(&mut self) {
        let (ledger, table) = (self.ledger, &self.found.transactions);
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for (at, row) in table.rows.iter().enumerate() {
            let Some(id) = table.get(at, "id") else {
                let said = "a row of `ledger.tx` has no id".to_owned();
                self.see(DifferenceKind::Phantom, None, said);
                continue;
            };
            let Some((tx, transaction)) = ledger.transactions.get_key_value(id) else {
                let said = format!("`{id}` is in `ledger.tx` and in no ledger");
                self.see(DifferenceKind::Phantom, None, said);
                continue;
            };
            if !seen.insert(id) {
                let said = "its row is in `ledger.tx` more than once".to_owned();
                self.see(DifferenceKind::Duplicate, Some(id), said);
            }
            let wanted = fold::transaction_row(tx, transaction);
            if *row != wanted {
                let said = format!("`ledger.tx` holds {}, wanted {}", show(row), show(&wanted));
                self.see(DifferenceKind::Altered, Some(id), said);
            }
        }
    }

    /// `ledger.entry`: what nobody wrote, what is twice, has other content, is missing, is back.
    fn entries(&mut self) {
        let written = self.written();
        let mut found: BTreeSet<(&'s TxId, u32)> = BTreeSet::new();
        let table = &self.found.entries;
        for (at, row) in table.rows.iter().enumerate() {
            let id = table.get(at, "tx").unwrap_or("null");
            let Some((tx, _)) = self.ledger.transactions.get_key_value(id) else {
                let said = format!("`ledger.entry` holds {}, of no ledger", show(row));
                self.see(DifferenceKind::Phantom, None, said);
                continue;
            };
            let line = table.get(at, "line").and_then(|line| line.parse().ok());
            let Some((key, wanted)) = line.and_then(|line| written.get_key_value(&(tx, line)))
            else {
                let said = format!("`ledger.entry` holds {}, which it never wrote", show(row));
                self.see(DifferenceKind::Altered, Some(tx), said);
                continue;
            };
            if !found.insert(*key) {
                let said = format!("line {} is in `ledger.entry` more than once", key.1);
                self.see(DifferenceKind::Duplicate, Some(tx), said);
            }
            let wanted = wanted.row(tx, key.1);
            if *row != wanted {
                let said = format!("`ledger.entry` holds {}, wanted {}", show(row), show(&wanted));
                self.see(DifferenceKind::Altered, Some(tx), said);
            }
        }
        self.missing(&found);
        self.surplus(&found);
    }

    /// Every row that any transaction of the ledger ever meant to insert.
    fn written(&self) -> BTreeMap<(&'s TxId, u32), EntryRow<'s>> {
        let all = self.ledger.transactions.iter();
        all.flat_map(|(tx, it)| fold::inserts(it).map(move |(line, row)| ((tx, line), row)))
            .collect()
    }

    /// Rows of kept transactions that are not there. If a transaction without its own row has
    /// left other traces and deletes all of them, it is the one that is torn.
    fn missing(&mut self, found: &BTreeSet<(&'s TxId, u32)>) {
        let mut gone: BTreeMap<&'s TxId, u32> = BTreeMap::new();
        for key in self.folded.entries.keys().filter(|key| !found.contains(key)) {
            *gone.entry(key.0).or_default() += 1;
        }
        if gone.is_empty() {
            return;
        }
        let deleters = self.strays(found);
        for (tx, count) in gone {
            let all = self.ledger.transactions.get(tx).map_or(0, |it| fold::inserts(it).count());
            match deleters.get(tx).filter(|_| all == count as usize) {
                Some(deleter) => {
                    let said = format!("its row is not there, what it deletes of `{tx}` is gone");
                    self.see(DifferenceKind::Torn, Some(deleter), said);
                }
                None => {
                    let said = format!("{count} of its {all} entries are not there");
                    self.see(DifferenceKind::Torn, Some(tx), said);
                }
            }
        }
    }

    /// By what they delete: transactions without their own row that left other traces.
    fn strays(&self, found: &BTreeSet<(&'s TxId, u32)>) -> BTreeMap<&'s TxId, &'s TxId> {
        let traces: BTreeSet<&TxId> = found.iter().map(|(tx, _)| *tx).collect();
        let versions = balance::versions(self.found);
        let mut strays = BTreeMap::new();
        for (tx, transaction) in &self.ledger.transactions {
            let mut touched = fold::amounts(transaction).into_keys();
            let (writer, seq) = (transaction.writer, transaction.seq);
            let traced = traces.contains(tx)
                || touched.any(|account| versions.get(&(writer, account)) == Some(&seq));
            if self.rows.contains(tx) || !traced {
                continue;
            }
            for effect in &transaction.effects {
                if let Effect::Delete { tx: earlier } = effect {
                    strays.insert(earlier, tx);
                }
            }
        }
        strays
    }

    /// Rows that are there and must not be: of a transaction without its own row, or deleted by
    /// one that has it.
    fn surplus(&mut self, found: &BTreeSet<(&'s TxId, u32)>) {
        let mut back: BTreeMap<&'s TxId, u32> = BTreeMap::new();
        for key in found.iter().filter(|key| !self.folded.entries.contains_key(key)) {
            *back.entry(key.0).or_default() += 1;
        }
        for (tx, count) in back {
            let deleter = self.folded.deleted_by.get(tx).filter(|_| self.rows.contains(tx));
            match deleter {
                Some(deleter) => {
                    let said = format!("{count} entries of `{tx}`, which it deleted, are there");
                    self.see(DifferenceKind::Torn, Some(deleter), said);
                }
                None => {
                    let said = format!("{count} of its entries are there, its own row is not");
                    self.see(DifferenceKind::Torn, Some(tx), said);
                }
            }
        }
    }

    /// The net below the net: if nothing was seen, the tables must be the fold, row for row.
    fn unexplained(&mut self) {
        if !self.differences.is_empty() {
            return;
        }
        let wanted = expected(self.ledger, self.rows).sorted();
        if self.found.clone().sorted() != wanted {
            let said = "the tables are not the fold of the transactions that are there".to_owned();
            self.see(DifferenceKind::Altered, None, said);
        }
    }
}

/// The most characters of a row that are shown.
const SHOWN_MAX: usize = 200;

/// A row in words, bounded.
pub(super) fn show(row: &[Option<String>]) -> String {
    let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect();
    let text: String = cells.join(", ").chars().take(SHOWN_MAX).collect();
    format!("`({text})`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_shown_with_its_nulls_and_bounded() {
        assert_eq!(show(&[Some("a".to_owned()), None]), "`(a, null)`");
        assert_eq!(show(&[Some("é".repeat(900))]), format!("`({})`", "é".repeat(SHOWN_MAX)));
    }
}
