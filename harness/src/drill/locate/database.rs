//! A database that is dropped. Two records of that act at once, whatever becomes of the
//! transaction: the row in `pg_database` is overwritten, so that nobody can connect any more
//! (since 15.4), and then the folders are removed.

use pgrehearse_verdict::lsn::Lsn;

use crate::drill::locate::{Act, File, Op, Record, Sight, Trail};

/// A database that is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its OID.
    pub oid: u32,
    /// The files of `pg_database`.
    pub catalogue: File,
    /// Its row there: (page, line pointer).
    pub row: (u32, u16),
}

impl Dropped {
    /// What is looked for, in words.
    pub(super) fn sought(&self) -> String {
        format!("removes the folder of database {}", self.oid)
    }

    pub(super) fn trail(&self) -> Follow<'_> {
        Follow { harm: self, closed: None }
    }
}

pub(super) struct Follow<'a> {
    harm: &'a Dropped,
    /// Where the row was overwritten last.
    closed: Option<Lsn>,
}

impl Trail for Follow<'_> {
    fn take(&mut self, record: &Record) -> Option<Sight> {
        match &record.act {
            // A vacuum overwrites the row as well, but not once the database is closed: whoever
            // drops it has it for himself. So the last time before the folders go is the drop's.
            Act::Write(write)
                if (write.op, write.file, write.at)
                    == (Op::InPlace, self.harm.catalogue, self.harm.row) =>
            {
                self.closed = Some(record.start);
            }
            Act::RemoveDatabase(folders)
                if folders.iter().any(|(_, oid)| *oid == self.harm.oid) =>
            {
                let (what, why) = match self.closed {
                    Some(_) => (
                        "the record that closes the database",
                        "the last before its folders are removed",
                    ),
                    None => {
                        ("the record that removes the folders of the database", "the first of it")
                    }
                };
                return Some(Sight {
                    boundary: self.closed.unwrap_or(record.start),
                    xid: Some(record.xid),
                    what: format!("{what}, of transaction {}", record.xid),
                    why: why.to_owned(),
                });
            }
            _ => {}
        }
        None
    }

    fn rmgrs(&self) -> &'static [&'static str] {
        &["Heap", "Database"]
    }
}
