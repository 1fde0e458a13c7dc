//! What was harmed, as WAL names it, and the trail that it leaves there.

use crate::drill::locate::database::Dropped;
use crate::drill::locate::removed::Removed;
use crate::drill::locate::written::Written;
use crate::drill::locate::{File, Record};

/// What was harmed, as WAL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    /// Files that a commit removes.
    Removed(Removed),
    /// Rows that are written, or tables that get another definition.
    Written(Written),
    /// A database that is dropped.
    Dropped(Dropped),
}

impl Harm {
    /// The files of a relation, removed by a commit.
    pub fn removed(file: File) -> Harm {
        Harm::Removed(Removed { file })
    }

    /// What is looked for, in words: `no record from … to … {}`.
    pub fn sought(&self) -> String {
        match self {
            Harm::Removed(removed) => removed.sought(),
            Harm::Written(written) => written.sought(),
            Harm::Dropped(dropped) => dropped.sought(),
        }
    }

    /// A reader of records that has read none yet.
    pub fn trail(&self) -> Box<dyn Trail + '_> {
        match self {
            Harm::Removed(removed) => Box::new(removed.trail()),
            Harm::Written(written) => Box::new(written.trail()),
            Harm::Dropped(dropped) => Box::new(dropped.trail()),
        }
    }
}

/// Reads records in their order, until the first that does the harm.
pub trait Trail: Send {
    /// Takes the next record: what was found with it, if anything was.
    fn take(&mut self, record: &Record) -> Option<Sight>;

    /// The kinds of records that it has to see, as `pg_waldump --rmgr` has them.
    fn rmgrs(&self) -> &'static [&'static str];
}

/// The harm, found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The start of the first record that does it.
    pub boundary: pgrehearse_verdict::lsn::Lsn,
    /// Its transaction, without its epoch.
    pub xid: Option<u32>,
    /// What that record is, in words: `the commit of transaction 7`.
    pub what: String,
    /// Why it is the one, in words: `is the first that …`.
    pub why: String,
}
