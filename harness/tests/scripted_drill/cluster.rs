//! A cluster that exists in memory only: what the statements of a drill leave in its WAL and in
//! its tables, and what of it a copy holds that ends at a position.

use std::collections::BTreeMap;

/// `wal_segment_size`, in bytes.
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// Where the first record of a segment begins, from the segment's start, in bytes.
const SEGMENT_HEADER: u64 = 40;
/// The length of every record, in bytes. It divides neither a page nor a segment.
const RECORD_BYTES: u64 = 72;

/// What a committed transaction did.
#[derive(Debug, Clone)]
pub enum Work {
    /// The accounts of the workload: writers, accounts of each, balance.
    Ground(u32, u32, i64),
    /// A row of `ledger.tx`.
    Tx(Vec<String>),
    /// Money moves: writer, account, amount, version.
    Account(u32, u32, i64, i64),
    /// A row of `ledger.entry`.
    Entry(Vec<String>),
    /// The entries of a transaction go.
    Delete(String),
    /// `shop.orders` goes.
    DropOrders,
    /// A row of `pgrehearse.probe`.
    Probe(String),
}

/// A commit record.
#[derive(Debug, Clone)]
pub struct Commit {
    pub start: u64,
    pub xid: u64,
    pub work: Vec<Work>,
}

impl Commit {
    pub fn drops(&self) -> bool {
        self.work.iter().any(|work| matches!(work, Work::DropOrders))
    }
}

/// The WAL of one server.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Where the next record begins.
    pub insert: u64,
    pub timeline: u32,
    pub commits: Vec<Commit>,
    xid: u64,
}

impl Cluster {
    pub fn new() -> Cluster {
        let insert = SEGMENT_BYTES + SEGMENT_HEADER;
        Cluster { insert, timeline: 1, commits: vec![], xid: 700 }
    }

    /// A record is written; where it begins.
    pub fn record(&mut self) -> u64 {
        let start = self.insert;
        self.insert += RECORD_BYTES;
        start
    }

    pub fn xid(&mut self) -> u64 {
        self.xid += 1;
        self.xid
    }

    pub fn commit(&mut self, xid: u64, work: Vec<Work>) {
        let start = self.record();
        self.commits.push(Commit { start, xid, work });
    }

    /// The segment is finished: where its last record ended.
    pub fn switch(&mut self) -> u64 {
        let end = self.record() + RECORD_BYTES;
        self.insert = segment(self.insert) + SEGMENT_BYTES + SEGMENT_HEADER;
        end
    }

    /// Promoted: what it holds of its parent ends at `end`.
    pub fn promoted(parent: &Cluster, end: u64) -> Cluster {
        let commits = parent.commits.iter().filter(|commit| commit.start < end).cloned().collect();
        let mut copy =
            Cluster { insert: end, timeline: parent.timeline + 1, commits, xid: parent.xid };
        copy.record();
        copy
    }

    pub fn tables(&self) -> Tables {
        let mut tables = Tables { orders: true, ..Tables::default() };
        for work in self.commits.iter().flat_map(|commit| &commit.work) {
            tables.apply(work);
        }
        tables
    }
}

/// The start of the segment that holds a position.
pub fn segment(at: u64) -> u64 {
    at / SEGMENT_BYTES * SEGMENT_BYTES
}

/// What lies in the tables.
#[derive(Debug, Default)]
pub struct Tables {
    pub orders: bool,
    pub tx: Vec<Vec<String>>,
    pub entry: Vec<Vec<String>>,
    pub probe: Vec<Vec<String>>,
    account: BTreeMap<(u32, u32), (i64, i64)>,
}

impl Tables {
    fn apply(&mut self, work: &Work) {
        match work {
            Work::Ground(writers, accounts, balance) => {
                let all = (0..*writers).flat_map(|w| (0..*accounts).map(move |a| (w, a)));
                self.account = all.map(|key| (key, (*balance, 0))).collect();
            }
            Work::Tx(row) => self.tx.push(row.clone()),
            Work::Account(writer, account, by, version) => {
                if let Some(row) = self.account.get_mut(&(*writer, *account)) {
                    *row = (row.0 + by, *version);
                }
            }
            Work::Entry(row) => self.entry.push(row.clone()),
            Work::Delete(tx) => self.entry.retain(|row| row.first() != Some(tx)),
            Work::DropOrders => self.orders = false,
            Work::Probe(note) => self.probe.push(vec![note.clone()]),
        }
    }

    pub fn account(&self) -> Vec<Vec<String>> {
        let row = |((w, a), (balance, version)): (&(u32, u32), &(i64, i64))| {
            vec![w.to_string(), a.to_string(), balance.to_string(), version.to_string()]
        };
        self.account.iter().map(row).collect()
    }
}

/// What a text of statements writes; statements that write nothing are left out.
pub fn work_of(sql: &str) -> Vec<Work> {
    sql.split(';').filter_map(|statement| one(statement.trim())).collect()
}

fn one(statement: &str) -> Option<Work> {
    let rest = |start: &str| statement.strip_prefix(start);
    let numbers = || {
        let words = statement.split([' ', ',', '(', ')']);
        words.filter_map(|word| word.parse::<i64>().ok()).collect::<Vec<_>>()
    };
    let small = |number: i64| u32::try_from(number).expect("a small number");
    if rest("INSERT INTO ledger.tx").is_some() {
        return Some(Work::Tx(values(statement)));
    }
    if rest("INSERT INTO ledger.entry").is_some() {
        return Some(Work::Entry(values(statement)));
    }
    if rest("INSERT INTO pgrehearse.probe").is_some() {
        return values(statement).pop().map(Work::Probe);
    }
    if rest("INSERT INTO ledger.account").is_some() {
        // SELECT w, a, BALANCE, 0 FROM generate_series(0, W) w, generate_series(0, A) a
        let [balance, _, _, writers, _, accounts] = numbers()[..] else { panic!("{statement}") };
        return Some(Work::Ground(small(writers + 1), small(accounts + 1), balance));
    }
    if rest("UPDATE ledger.account").is_some() {
        let [by, version, writer, account] = numbers()[..] else { panic!("{statement}") };
        return Some(Work::Account(small(writer), small(account), by, version));
    }
    if let Some(tx) = rest("DELETE FROM ledger.entry WHERE tx = '") {
        return Some(Work::Delete(tx.trim_end_matches('\'').to_owned()));
    }
    rest("DROP TABLE \"shop\".\"orders\"").map(|_| Work::DropOrders)
}

/// The values of an INSERT: our own texts, without commas or quotes of their own.
fn values(statement: &str) -> Vec<String> {
    let list = statement.split_once("VALUES").map_or("", |(_, list)| list.trim());
    let list = list.trim_start_matches('(').trim_end_matches(')');
    list.split(", ").map(|value| value.trim().trim_matches('\'').to_owned()).collect()
}
