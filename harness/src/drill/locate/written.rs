//! Rows that a transaction writes, and definitions that it changes: rows deleted by mistake, a bad
//! migration, a role that is dropped. The harm takes effect with the commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::drill::locate::{Act, Commit, File, Op, Record, Sight, Trail, Write};

/// Rows that are written, and tables that get another definition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// What was harmed, in words.
    pub what: String,
    /// The rows that are looked for, by the files they lie in.
    pub rows: BTreeMap<File, Rows>,
    /// How many writes of those rows, at least, make the harm: fewer are someone's daily work.
    pub least: u64,
    /// Tables, by OID, of which another definition is harm.
    pub tables: BTreeSet<u32>,
    /// Files of statistics: a transaction that writes no others has analysed, not redefined.
    pub statistics: BTreeSet<File>,
}

/// Which rows of a file are looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rows {
    /// Every row that is removed.
    Deleted,
    /// Every row that is written in whatever way.
    Any,
    /// These rows, by (page, line pointer), when they are removed or get another version.
    These(BTreeSet<(u32, u16)>),
}

impl Rows {
    fn has(&self, write: &Write) -> bool {
        match self {
            Rows::Deleted => write.op == Op::Delete,
            Rows::Any => write.op != Op::InPlace,
            Rows::These(rows) => {
                matches!(write.op, Op::Delete | Op::Update) && rows.contains(&write.at)
            }
        }
    }
}

impl Written {
    /// What is looked for, in words.
    pub(super) fn sought(&self) -> String {
        format!("commits harm to {}", self.what)
    }

    pub(super) fn trail(&self) -> Follow<'_> {
        Follow { harm: self, open: BTreeMap::new() }
    }
}

/// What a transaction has written that has not ended.
#[derive(Debug, Clone, Copy, Default)]
struct Open {
    /// Writes of what is looked for.
    writes: u64,
    /// Whether it wrote anything but statistics.
    defines: bool,
}

pub(super) struct Follow<'a> {
    harm: &'a Written,
    /// By transaction; those that wrote nothing are not there.
    open: BTreeMap<u32, Open>,
}

impl Follow<'_> {
    fn write(&mut self, xid: u32, write: &Write) {
        let sought = self.harm.rows.get(&write.file).is_some_and(|rows| rows.has(write));
        let defines = !self.harm.tables.is_empty()
            && write.op != Op::InPlace
            && !self.harm.statistics.contains(&write.file);
        if sought || defines {
            let open = self.open.entry(xid).or_default();
            open.writes += u64::from(sought);
            open.defines |= defines;
        }
    }

    /// What a commit does of the harm, in words.
    fn commit(&mut self, xid: u32, commit: &Commit) -> Option<&'static str> {
        let mut all = Open::default();
        for xid in commit.subs.iter().chain([&xid]) {
            let open = self.open.remove(xid).unwrap_or_default();
            all.writes += open.writes;
            all.defines |= open.defines;
        }
        let removes = commit.removes.iter().any(|file| self.harm.rows.contains_key(file));
        let redefines = commit.redefines.iter().any(|table| self.harm.tables.contains(table));
        if removes {
            Some("the first that removes a file of what was harmed")
        } else if all.writes >= self.harm.least.max(1) {
            Some("the first that writes what was harmed")
        } else if redefines && all.defines {
            Some("the first that defines anew what was harmed")
        } else {
            None
        }
    }
}

impl Trail for Follow<'_> {
    fn take(&mut self, record: &Record) -> Option<Sight> {
        match &record.act {
            Act::Write(write) => self.write(record.xid, write),
            Act::Abort => {
                self.open.remove(&record.xid);
            }
            Act::Commit(commit) => {
                let why = self.commit(record.xid, commit)?;
                return Some(Sight {
                    boundary: record.start,
                    xid: Some(record.xid),
                    what: format!("the commit of transaction {}", record.xid),
                    why: why.to_owned(),
                });
            }
            Act::RemoveDatabase(_) | Act::Other => {}
        }
        None
    }

    fn rmgrs(&self) -> &'static [&'static str] {
        &["Transaction", "Heap", "Heap2"]
    }
}
