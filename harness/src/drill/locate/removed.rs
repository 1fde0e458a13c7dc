//! Files that a commit removes: a table that is dropped.

use crate::drill::locate::{Act, File, Record, Sight, Trail};

/// Files that a commit removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The files of one relation.
    pub file: File,
}

impl Removed {
    /// What is looked for, in words.
    pub(super) fn sought(&self) -> String {
        let File { tablespace, database, filenode } = self.file;
        format!("removes file {filenode} of database {database}, tablespace {tablespace}")
    }

    pub(super) fn trail(&self) -> Follow<'_> {
        Follow(self)
    }
}

pub(super) struct Follow<'a>(&'a Removed);

impl Trail for Follow<'_> {
    fn take(&mut self, record: &Record) -> Option<Sight> {
        let Act::Commit(commit) = &record.act else { return None };
        commit.removes.contains(&self.0.file).then(|| Sight {
            boundary: record.start,
            xid: Some(record.xid),
            what: format!("the commit of transaction {}", record.xid),
            why: "the first that removes what was harmed".to_owned(),
        })
    }

    fn rmgrs(&self) -> &'static [&'static str] {
        &["Transaction"]
    }
}
