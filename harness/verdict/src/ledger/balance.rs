//! `ledger.account` against the fold, and whose fault it is when a balance is wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::fold::{self, AccountState};
use crate::ledger::inspect::{Search, show};
use crate::ledger::{Content, DifferenceKind, Invariant, Transaction, TxId};

/// An account: its writer and its number.
type Key = (u32, u32);
/// By account: the transactions that touch it, in the order of their writer.
type Touching<'l> = BTreeMap<Key, Vec<(&'l TxId, &'l Transaction)>>;

/// An account that is not as it must be.
struct Wrong {
    balance: Option<i128>,
    version: Option<u64>,
    wanted: AccountState,
    shown: String,
}

impl Wrong {
    fn off_by(&self) -> Option<i128> {
        self.balance.map(|balance| balance - self.wanted.balance)
    }
}

/// The versions found, by account.
pub(super) fn versions(found: &Content) -> BTreeMap<Key, u64> {
    let table = &found.accounts;
    let version = |at| Some((key(found, at)?, table.get(at, "version")?.parse().ok()?));
    (0..table.rows.len()).filter_map(version).collect()
}

/// Looks through all accounts, and takes the sum.
pub(super) fn search(search: &mut Search<'_>) -> Invariant {
    let (found, folded) = (search.found, search.folded);
    let mut sum = Some(0_i128);
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    let mut wrong: BTreeMap<Key, Wrong> = BTreeMap::new();
    for (at, row) in found.accounts.rows.iter().enumerate() {
        let balance: Option<i128> = number(found, at, "balance");
        sum = sum.zip(balance).and_then(|(sum, balance)| sum.checked_add(balance));
        let known = key(found, at).and_then(|key| Some((key, *folded.accounts.get(&key)?)));
        let Some((key, wanted)) = known else {
            let said = format!("`ledger.account` holds {}, of no ledger", show(row));
            search.see(DifferenceKind::Phantom, None, said);
            continue;
        };
        if !seen.insert(key) {
            let said = format!("account {} of writer {} is there more than once", key.1, key.0);
            search.see(DifferenceKind::Duplicate, None, said);
        }
        let version = number(found, at, "version");
        if *row != wanted_row(key, wanted) {
            wrong.insert(key, Wrong { balance, version, wanted, shown: show(row) });
        }
    }
    for (writer, account) in folded.accounts.keys().filter(|key| !seen.contains(key)) {
        let said = format!("account {account} of writer {writer} is not there");
        search.see(DifferenceKind::Torn, None, said);
    }
    attribute(search, &wrong);
    let opening = &search.ledger.opening;
    let accounts_wanted = u64::from(opening.writers) * u64::from(opening.accounts);
    Invariant {
        accounts: (seen.len() as u64, found.accounts.rows.len() as u64),
        accounts_wanted,
        sum,
        sum_wanted: i128::from(opening.balance) * i128::from(accounts_wanted),
    }
}

fn key(found: &Content, at: usize) -> Option<Key> {
    Some((number(found, at, "writer")?, number(found, at, "account")?))
}

fn number<N: std::str::FromStr>(found: &Content, at: usize, column: &str) -> Option<N> {
    found.accounts.get(at, column)?.parse().ok()
}

fn wanted_row(key: Key, wanted: AccountState) -> Vec<Option<String>> {
    let cells = [key.0.to_string(), key.1.to_string()];
    let state = [wanted.balance.to_string(), wanted.version.to_string()];
    cells.into_iter().chain(state).map(Some).collect()
}

/// Lays every wrong account at the door of the transactions that explain it; where none does, it
/// stands for itself.
fn attribute(search: &mut Search<'_>, wrong: &BTreeMap<Key, Wrong>) {
    if wrong.is_empty() {
        return;
    }
    let mut touching: Touching<'_> = BTreeMap::new();
    for (tx, transaction) in &search.ledger.transactions {
        for account in fold::amounts(transaction).into_keys() {
            touching.entry((transaction.writer, account)).or_default().push((tx, transaction));
        }
    }
    for list in touching.values_mut() {
        list.sort_by_key(|(_, transaction)| transaction.seq);
    }
    for (key, account) in wrong {
        let list = touching.get(key).map_or(&[][..], Vec::as_slice);
        let torn = explain(search.rows, wrong, account, list);
        for (tx, said) in &torn {
            let said = format!("{said} account {} of writer {}", key.1, key.0);
            search.see(DifferenceKind::Torn, Some(tx), said);
        }
        if torn.is_empty() {
            let wanted = show(&wanted_row(*key, account.wanted));
            let said = format!("`ledger.account` holds {}, wanted {wanted}", account.shown);
            let last = list.iter().find(|(_, it)| it.seq == account.wanted.version);
            let last = last.filter(|(tx, _)| search.rows.contains(*tx)).map(|(tx, _)| tx.as_str());
            search.see(DifferenceKind::Altered, last, said);
        }
    }
}

/// The transactions that are torn, if that is what made the account wrong.
fn explain<'l>(
    rows: &BTreeSet<TxId>,
    wrong: &BTreeMap<Key, Wrong>,
    account: &Wrong,
    touching: &[(&'l TxId, &'l Transaction)],
) -> Vec<(&'l TxId, &'static str)> {
    const STRAY: &str = "its own row is not there, but it changed";
    const STALE: &str = "its own row is there, but it did not change";
    let (Some(_), Some(version)) = (account.balance, account.version) else {
        return vec![];
    };
    if version == account.wanted.version {
        let mut torn = touching.iter().filter_map(|(tx, transaction)| {
            let kept = rows.contains(*tx);
            accounts_for(wrong, transaction, kept)
                .then_some((*tx, if kept { STALE } else { STRAY }))
        });
        // Two that would do are no explanation.
        return match (torn.next(), torn.next()) {
            (Some(one), None) => vec![one],
            _ => vec![],
        };
    }
    let writer_of_it = touching.iter().find(|(_, transaction)| transaction.seq == version);
    match writer_of_it {
        Some((tx, _)) if !rows.contains(*tx) => vec![(*tx, STRAY)],
        None if version != 0 => vec![],
        _ => touching
            .iter()
            .filter(|(tx, transaction)| transaction.seq > version && rows.contains(*tx))
            .map(|(tx, _)| (*tx, STALE))
            .collect(),
    }
}

/// Whether every account the transaction touches is off by just what it would make it: too much
/// if it left no row of its own, too little if it did.
fn accounts_for(wrong: &BTreeMap<Key, Wrong>, transaction: &Transaction, kept: bool) -> bool {
    let sign = if kept { -1 } else { 1 };
    let amounts = fold::amounts(transaction);
    amounts.values().any(|by| *by != 0)
        && amounts.iter().all(|(account, by)| {
            let off_by = match wrong.get(&(transaction.writer, *account)) {
                Some(account) => account.off_by(),
                None => Some(0),
            };
            off_by == Some(sign * by)
        })
}
