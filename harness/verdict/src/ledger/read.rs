//! Reading a ledger: a strict state machine, since what it lets pass is believed by all checks.

use std::collections::{BTreeMap, BTreeSet};

use crate::ledger::{Effect, Entry, Fate, Opening, Row, TxId};
use crate::lsn::Lsn;

/// The format of the ledger; a reader refuses any other.
const FORMAT: u32 = 1;
/// A ledger longer than this is refused, in bytes.
pub const LEDGER_BYTES_MAX: usize = 512 << 20;
/// The most writers a ledger may have.
const WRITERS_MAX: u32 = 4096;
/// The most accounts a ledger may have over all writers.
const ACCOUNTS_MAX: u64 = 1 << 20;

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
    /// It is longer than the bound.
    #[error("the ledger is {0} bytes long, more than {LEDGER_BYTES_MAX}")]
    TooLong(usize),
    /// It is not what the journal sealed.
    #[error("the ledger is not the one that was sealed: {0}")]
    Unsealed(String),
    /// A line cannot be read, or cannot follow those before it.
    #[error("line {0} of the ledger: {1}")]
    Damaged(u64, String),
}

/// Reads a ledger. A last line without its line feed was being written when the writer died: it
/// is left out. A transaction without an outcome was in flight then: sent without an answer is
/// in doubt, not sent is aborted.
pub fn parse(text: &str) -> Result<Ledger, LedgerError> {
    if text.len() > LEDGER_BYTES_MAX {
        return Err(LedgerError::TooLong(text.len()));
    }
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut rows = (1..).zip(whole.split_terminator('\n'));
    let Some((at, first)) = rows.next() else {
        return Err(LedgerError::Damaged(1, "there is no opening".to_owned()));
    };
    let mut reader =
        Reader::open(row(at, first)?).map_err(|said| LedgerError::Damaged(at, said))?;
    for (at, text) in rows {
        reader.take(row(at, text)?).map_err(|said| LedgerError::Damaged(at, said))?;
    }
    Ok(reader.ledger)
}

fn row(at: u64, text: &str) -> Result<Row, LedgerError> {
    serde_json::from_str(text).map_err(|error| LedgerError::Damaged(at, error.to_string()))
}

/// The ledger so far, and where each writer stands.
struct Reader {
    ledger: Ledger,
    lanes: Vec<Lane>,
}

/// Where one writer stands.
#[derive(Clone, Default)]
struct Lane {
    last_seq: u64,
    last_ns: u64,
    open: Option<TxId>,
}

impl Reader {
    fn open(row: Row) -> Result<Reader, String> {
        let Entry::Opened(opening) = row.entry else {
            return Err("there is no opening".to_owned());
        };
        if opening.format != FORMAT {
            return Err(format!(
                "the format is {}, this pgrehearse reads {FORMAT}",
                opening.format
            ));
        }
        let accounts = u64::from(opening.writers) * u64::from(opening.accounts);
        if opening.writers > WRITERS_MAX || accounts > ACCOUNTS_MAX {
            return Err(format!(
                "{} writers with {} accounts each are more than {WRITERS_MAX} and {ACCOUNTS_MAX}",
                opening.writers, opening.accounts
            ));
        }
        let lanes = vec![Lane::default(); opening.writers as usize];
        Ok(Reader { ledger: Ledger { opening, transactions: BTreeMap::new() }, lanes })
    }

    fn take(&mut self, row: Row) -> Result<(), String> {
        let at = row.at_ns;
        match row.entry {
            Entry::Opened(_) => Err("the ledger is opened twice".to_owned()),
            Entry::Intent { tx, writer, seq, note, effects } => {
                let fresh = Transaction {
                    writer,
                    seq,
                    note,
                    effects,
                    intended_ns: at,
                    sent: None,
                    xid: None,
                    acked: None,
                    fate: Fate::Aborted,
                };
                self.intend(tx, fresh)
            }
            Entry::Sent { tx, xid, lo } => self.send(&tx, at, xid, lo),
            Entry::Acked { tx, hi } => self.acknowledge(&tx, at, hi),
            Entry::Aborted { tx, .. } => self.end(&tx, at).map(|it| it.fate = Fate::Aborted),
            Entry::Indeterminate { tx, .. } => {
                let transaction = self.end(&tx, at)?;
                if transaction.sent.is_none() {
                    return Err(format!("`{tx}` is in doubt and was never sent"));
                }
                transaction.fate = Fate::Indeterminate;
                Ok(())
            }
        }
    }

    fn intend(&mut self, tx: TxId, fresh: Transaction) -> Result<(), String> {
        let writers = self.ledger.opening.writers;
        let Some(lane) = self.lanes.get_mut(fresh.writer as usize) else {
            return Err(format!("`{tx}` is of writer {}, there are {writers}", fresh.writer));
        };
        if let Some(open) = &lane.open {
            return Err(format!("`{tx}` is intended while `{open}` has no outcome"));
        }
        if fresh.seq != lane.last_seq + 1 {
            let (found, wanted) = (fresh.seq, lane.last_seq + 1);
            return Err(format!("`{tx}` is number {found} of its writer, {wanted} is next"));
        }
        if self.ledger.transactions.contains_key(&tx) {
            return Err(format!("`{tx}` is intended twice"));
        }
        lane.step(fresh.intended_ns)?;
        effects_fit(&self.ledger, &fresh).map_err(|said| format!("`{tx}` {said}"))?;
        lane.last_seq = fresh.seq;
        lane.open = Some(tx.clone());
        self.ledger.transactions.insert(tx, fresh);
        Ok(())
    }

    fn send(&mut self, tx: &TxId, at: u64, xid: u64, lo: Lsn) -> Result<(), String> {
        let transaction = self.going_on(tx, at)?;
        if transaction.sent.is_some() {
            return Err(format!("`{tx}` is sent twice"));
        }
        transaction.sent = Some((at, lo));
        transaction.xid = Some(xid);
        // Until an answer is seen.
        transaction.fate = Fate::Indeterminate;
        Ok(())
    }

    fn acknowledge(&mut self, tx: &TxId, at: u64, hi: Lsn) -> Result<(), String> {
        let transaction = self.end(tx, at)?;
        let Some((_, lo)) = transaction.sent else {
            return Err(format!("`{tx}` is acknowledged and was never sent"));
        };
        // A commit record has a length: the position after it is greater than the one before.
        if hi <= lo {
            return Err(format!("`{tx}` was sent at {lo} and acknowledged at {hi}"));
        }
        transaction.acked = Some((at, hi));
        transaction.fate = Fate::Acked;
        Ok(())
    }

    /// The transaction, which gets its outcome with this line.
    fn end(&mut self, tx: &TxId, at: u64) -> Result<&mut Transaction, String> {
        let writer = self.going_on(tx, at)?.writer;
        if let Some(lane) = self.lanes.get_mut(writer as usize) {
            lane.open = None;
        }
        self.ledger.transactions.get_mut(tx).ok_or_else(|| never_intended(tx))
    }

    /// The transaction, which was intended and has no outcome yet.
    fn going_on(&mut self, tx: &TxId, at: u64) -> Result<&mut Transaction, String> {
        let transaction = self.ledger.transactions.get_mut(tx).ok_or_else(|| never_intended(tx))?;
        match self.lanes.get_mut(transaction.writer as usize) {
            Some(lane) if lane.open.as_ref() == Some(tx) => lane.step(at)?,
            _ => return Err(format!("`{tx}` has its outcome already")),
        }
        Ok(transaction)
    }
}

impl Lane {
    /// Time goes on within a writer; between writers lines may be stamped before they are put
    /// in order.
    fn step(&mut self, at_ns: u64) -> Result<(), String> {
        if at_ns < self.last_ns {
            return Err(format!("it is stamped {at_ns}, after {} of its writer", self.last_ns));
        }
        self.last_ns = at_ns;
        Ok(())
    }
}

fn never_intended(tx: &TxId) -> String {
    format!("`{tx}` was never intended")
}

/// Whether the effects mean what the fold takes them for.
fn effects_fit(ledger: &Ledger, fresh: &Transaction) -> Result<(), String> {
    let accounts = ledger.opening.accounts;
    let (mut sum, mut lines, mut deleted) = (0_i128, 0_u32, BTreeSet::new());
    for effect in &fresh.effects {
        match effect {
            Effect::Account { account, .. } | Effect::Insert { account, .. }
                if *account >= accounts =>
            {
                return Err(format!("names account {account}, there are {accounts}"));
            }
            Effect::Account { by, .. } => sum += i128::from(*by),
            Effect::Insert { line, .. } => {
                if *line != lines + 1 {
                    return Err(format!("has line {line}, {} is next", lines + 1));
                }
                lines = *line;
            }
            Effect::Delete { tx } => {
                let earlier = ledger.transactions.get(tx);
                if earlier.is_none_or(|earlier| earlier.writer != fresh.writer) {
                    return Err(format!(
                        "deletes `{tx}`, which is not an earlier one of its writer"
                    ));
                }
                if !deleted.insert(tx) {
                    return Err(format!("deletes `{tx}` twice"));
                }
            }
        }
    }
    if sum != 0 {
        return Err(format!("changes the sum of all balances by {sum}"));
    }
    Ok(())
}
