//! A workload written by hand, a database that applies it (on its own, not by the fold), and the
//! record of a drill around them.

use std::collections::BTreeMap;

use pgrehearse_verdict::brief::{
    self, Brief, DisasterBrief, Objectives, Protection, RecoveryBrief,
};
use pgrehearse_verdict::case::{Case, Record};
use pgrehearse_verdict::finding::{Finding, Status};
use pgrehearse_verdict::journal::{Aim, Event, Line, Promise, Scope};
use pgrehearse_verdict::ledger::{Content, Effect, Entry, Ledger, Opening, Row, TxId, parse};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, columns};

/// A millisecond of the drill's clock, in nanoseconds.
pub const MS: u64 = 1_000_000;
/// The balance every account begins with.
pub const BALANCE: i64 = 1000;

/// A workload: transaction `n` (from 0) is intended at 10n+10 ms, sent 1 ms and answered 2 ms
/// later; its commit record lies in [lo(n), hi(n)).
pub struct World {
    pub writers: u32,
    pub accounts: u32,
    pub rows: Vec<Row>,
    pub ids: Vec<TxId>,
    seqs: BTreeMap<u32, u64>,
}

/// The position before transaction `n` commits.
pub fn lo(n: usize) -> Lsn {
    Lsn(0x10_0000 + n as u64 * 0x100)
}

/// The position after transaction `n` committed.
pub fn hi(n: usize) -> Lsn {
    Lsn(lo(n).0 + 0x80)
}

/// When transaction `n` was answered, in nanoseconds.
pub fn acked_ns(n: usize) -> u64 {
    (10 * n as u64 + 12) * MS
}

impl World {
    pub fn new(writers: u32, accounts: u32) -> World {
        let opening =
            Opening { format: 1, drill: "d1".to_owned(), writers, accounts, balance: BALANCE };
        let rows = vec![Row { at_ns: MS, entry: Entry::Opened(opening) }];
        World { writers, accounts, rows, ids: vec![], seqs: BTreeMap::new() }
    }

    /// As many acknowledged transfers with an entry each as asked for, writers in turn.
    pub fn busy(transactions: usize) -> World {
        let mut world = World::new(2, 2);
        for n in 0..transactions {
            world.commit(n as u32 % 2, transfer(0, 1, n as i64 + 1));
        }
        world
    }

    fn push(&mut self, after_ms: u64, entry: Entry) {
        let at_ns = (10 * self.ids.len() as u64 + after_ms) * MS;
        self.rows.push(Row { at_ns, entry });
    }

    pub fn unsent(&mut self, writer: u32, effects: Vec<Effect>) -> TxId {
        self.ids.push(format!("00000000-0000-4000-8000-{:012}", self.ids.len()));
        let tx = self.ids[self.ids.len() - 1].clone();
        let seq = self.seqs.entry(writer).or_insert(0);
        *seq += 1;
        let (seq, note) = (*seq, format!("note {}", self.ids.len()));
        self.push(0, Entry::Intent { tx: tx.clone(), writer, seq, note, effects });
        tx
    }

    pub fn sent(&mut self, writer: u32, effects: Vec<Effect>) -> TxId {
        let tx = self.unsent(writer, effects);
        let n = self.ids.len() - 1;
        self.push(1, Entry::Sent { tx: tx.clone(), xid: 700 + n as u64, lo: lo(n) });
        tx
    }

    pub fn commit(&mut self, writer: u32, effects: Vec<Effect>) -> TxId {
        let tx = self.sent(writer, effects);
        let n = self.ids.len() - 1;
        self.push(2, Entry::Acked { tx: tx.clone(), hi: hi(n) });
        tx
    }

    pub fn doubt(&mut self, writer: u32, effects: Vec<Effect>) -> TxId {
        let tx = self.sent(writer, effects);
        self.push(2, Entry::Indeterminate { tx: tx.clone(), said: "gone".to_owned() });
        tx
    }

    pub fn abort(&mut self, writer: u32, effects: Vec<Effect>) -> TxId {
        let tx = self.unsent(writer, effects);
        self.push(2, Entry::Aborted { tx: tx.clone(), said: "no".to_owned() });
        tx
    }

    pub fn text(&self) -> String {
        text(&self.rows)
    }

    pub fn ledger(&self) -> Ledger {
        parse(&self.text()).expect("a ledger")
    }

    /// The database after the transactions that `kept` names, applied one by one.
    pub fn database(&self, kept: impl Fn(&TxId) -> bool) -> Content {
        let mut tx_rows = vec![];
        let mut entries: Vec<[String; 6]> = vec![];
        let mut accounts: BTreeMap<(u32, u32), (i64, u64)> = BTreeMap::new();
        for writer in 0..self.writers {
            for account in 0..self.accounts {
                accounts.insert((writer, account), (BALANCE, 0));
            }
        }
        for row in &self.rows {
            let Entry::Intent { tx, writer, seq, note, effects } = &row.entry else { continue };
            if !kept(tx) {
                continue;
            }
            tx_rows.push([tx.clone(), writer.to_string(), seq.to_string(), note.clone()]);
            for effect in effects {
                match effect {
                    Effect::Account { account, by } => {
                        let state = accounts.get_mut(&(*writer, *account)).expect("an account");
                        *state = (state.0 + by, *seq);
                    }
                    Effect::Insert { line, account, amount, note } => entries.push([
                        tx.clone(),
                        line.to_string(),
                        writer.to_string(),
                        account.to_string(),
                        amount.to_string(),
                        note.clone(),
                    ]),
                    Effect::Delete { tx: earlier } => entries.retain(|entry| entry[0] != *earlier),
                }
            }
        }
        let account_rows = accounts.into_iter().map(|((writer, account), (balance, version))| {
            [writer.to_string(), account.to_string(), balance.to_string(), version.to_string()]
        });
        Content {
            transactions: table(columns::LEDGER_TX, tx_rows),
            entries: table(columns::LEDGER_ENTRY, entries),
            accounts: table(columns::LEDGER_ACCOUNT, account_rows),
        }
    }

    /// The database after the first `count` transactions, whatever became of them.
    pub fn first(&self, count: usize) -> Content {
        self.database(|tx| self.ids[..count].contains(tx))
    }
}

pub fn text(rows: &[Row]) -> String {
    rows.iter().map(|row| serde_json::to_string(row).expect("json") + "\n").collect()
}

/// A transfer between two accounts, and an entry about it.
pub fn transfer(from: u32, to: u32, amount: i64) -> Vec<Effect> {
    vec![
        Effect::Account { account: from, by: -amount },
        Effect::Insert { line: 1, account: from, amount, note: format!("for {amount}") },
        Effect::Account { account: to, by: amount },
    ]
}

pub fn table<const N: usize>(names: &[&str], rows: impl IntoIterator<Item = [String; N]>) -> Table {
    let rows = rows.into_iter().map(|row| row.into_iter().map(Some).collect()).collect();
    Table { rows, ..Table::new(names) }
}

/// The record of a drill: one strike, one recovery. What a test does not set is benign: a
/// recovery of all there is, up to a switch after everything, struck after everything.
pub struct Drill {
    pub record: Record,
}

impl Drill {
    pub fn new(world: &World, content: &Content) -> Drill {
        let brief = Brief {
            format: brief::FORMAT,
            id: "t".to_owned(),
            name: "a test".to_owned(),
            why: None,
            tags: vec![],
            file: "t.yaml".to_owned(),
            scenario_sha256: String::new(),
            seed: 1,
            rig: "scripted".to_owned(),
            postgres: 17,
            engine: "pgbackrest".to_owned(),
            fixture: "shop".to_owned(),
            steps: vec![],
            protection: Protection::Archive,
            disasters: vec![DisasterBrief {
                kind: "lost_data_directory".to_owned(),
                text: "the data directory is lost".to_owned(),
                leaves_wal: false,
            }],
            recoveries: vec![RecoveryBrief {
                target: "latest".to_owned(),
                chosen: false,
                undoes: false,
                ..RecoveryBrief::default()
            }],
            marks: vec![],
            objectives: Objectives::default(),
            checks: vec![],
            application: vec![],
            smoke: vec![],
            harmed: vec![],
            controls: vec![],
            must_fail: None,
        };
        let (ledger, answers) = (Ok(world.ledger()), BTreeMap::new());
        let mut drill = Drill {
            record: Record { brief, brief_sha256: String::new(), lines: vec![], ledger, answers },
        };
        let count = world.ids.len();
        let struck_ns = acked_ns(count);
        drill.source(struck_ns - 1, Event::Promised(promise(None)));
        drill.source(struck_ns, Event::Struck { disaster: "the data directory is lost".into() });
        let aim = Aim { target: "latest".to_owned(), ..Aim::default() };
        drill.own(struck_ns + MS, Event::Aimed(aim));
        drill.answer(Question::LedgerTransactions, Answer::Rows(content.transactions.clone()));
        drill.answer(Question::LedgerEntries, Answer::Rows(content.entries.clone()));
        drill.answer(Question::LedgerAccounts, Answer::Rows(content.accounts.clone()));
        drill.switch(lo(count));
        drill
    }

    /// A recovery to a chosen position instead.
    pub fn chosen(mut self, at: Lsn) -> Drill {
        self.record.brief.recoveries[0].chosen = true;
        for line in &mut self.record.lines {
            if let Event::Aimed(aim) = &mut line.event {
                aim.boundary = Some(at);
            }
        }
        self
    }

    pub fn safe(mut self, safe: Option<Lsn>) -> Drill {
        for line in &mut self.record.lines {
            if let Event::Promised(promise) = &mut line.event {
                promise.safe = safe;
            }
        }
        self
    }

    pub fn objectives(mut self, set: impl FnOnce(&mut Objectives)) -> Drill {
        set(&mut self.record.brief.objectives);
        self
    }

    pub fn struck(mut self, at_ns: u64) -> Drill {
        for line in &mut self.record.lines {
            if matches!(line.event, Event::Struck { .. }) {
                line.at_ns = at_ns;
            }
        }
        self
    }

    /// Takes out every line that `which` names.
    pub fn without(mut self, which: impl Fn(&Event) -> bool) -> Drill {
        self.record.lines.retain(|line| !which(&line.event));
        self
    }

    pub fn source(&mut self, at_ns: u64, event: Event) {
        self.line(at_ns, Scope::Source, event);
    }

    pub fn own(&mut self, at_ns: u64, event: Event) {
        self.line(at_ns, Scope::Recovery(1), event);
    }

    fn line(&mut self, at_ns: u64, scope: Scope, event: Event) {
        let n = self.record.lines.len() as u64 + 1;
        self.record.lines.push(Line { n, at_ns, scope, event });
    }

    pub fn answer(&mut self, question: Question, answer: Answer) {
        self.own(u64::MAX, Event::Answered { moment: Moment::Recovered, question, answer });
    }

    pub fn switch(&mut self, at: Lsn) {
        let row = ["1".to_owned(), at.to_string(), "no recovery target specified".to_owned()];
        self.answer(Question::History, Answer::Rows(table(columns::HISTORY, [row])));
    }

    pub fn see<T>(&self, look: impl FnOnce(&Case<'_>) -> T) -> T {
        look(&Case { record: &self.record, scope: &Scope::Recovery(1) })
    }

    /// What the check says.
    pub fn findings(&self) -> Vec<Finding> {
        let checks = pgrehearse_verdict::check::Spec::standard();
        let ledger = checks.into_iter().find(|spec| spec.name() == "ledger").expect("a check");
        self.see(|case| ledger.judge(case))
    }

    /// The codes of the findings with this status, in order.
    pub fn codes(&self, status: Status) -> Vec<String> {
        let findings = self.findings().into_iter();
        findings.filter(|finding| finding.status == status).map(|finding| finding.code).collect()
    }

    pub fn worst(&self) -> Status {
        self.findings().iter().map(|finding| finding.status).max().expect("a finding")
    }
}

pub fn promise(safe: Option<Lsn>) -> Promise {
    Promise {
        safe,
        timeline: 1,
        archive_timeout_s: Some(60.0),
        archive_lag_s: 0.0,
        archive_failures: 0,
    }
}
