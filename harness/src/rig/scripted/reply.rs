//! What the ground replies.

use std::time::Duration;

use pgrehearse_verdict::question::Table;

use crate::rig::{Output, SqlTrouble, Trouble};

/// A reply, and how long it takes to come.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How long it takes. Beyond the limit of a command or query, the limit's trouble comes
    /// instead, at the limit.
    pub after: Duration,
    /// What comes.
    pub what: What,
    /// Notices that come with it, as (SQLSTATE, text); queries only.
    pub notices: Vec<(String, String)>,
}

/// What comes.
#[derive(Debug, Clone)]
pub enum What {
    /// It was done, and there is nothing to say: exit status 0, a table without columns for each
    /// statement, no row.
    Done,
    /// What the rig does where no rule matches.
    Usual,
    /// A command's output.
    Output(Output),
    /// A query's tables.
    Tables(Vec<Table>),
    /// The rows of a COPY, without their line feeds.
    Rows(Vec<String>),
    /// The ground fails, or the subject does.
    Trouble(Trouble),
    /// A connection or query fails.
    Refused(SqlTrouble),
    /// Nothing ever comes, whatever the limit: the way to the ground itself is stuck.
    Hang,
    /// The ground panics.
    Panic,
}

impl From<What> for Reply {
    fn from(what: What) -> Reply {
        Reply { after: Duration::ZERO, what, notices: vec![] }
    }
}

impl Reply {
    /// It was done.
    pub fn ok() -> Reply {
        What::Done.into()
    }

    /// What the rig would have replied by itself.
    pub fn usual() -> Reply {
        What::Usual.into()
    }

    /// A command that exits with 0 and prints `stdout`.
    pub fn says(stdout: &str) -> Reply {
        let stdout = stdout.as_bytes().to_vec();
        What::Output(Output { exit: Some(0), stdout, ..Output::default() }).into()
    }

    /// A command that exits with `exit` and complains.
    pub fn exits(exit: i32, stderr: &str) -> Reply {
        let stderr = stderr.as_bytes().to_vec();
        What::Output(Output { exit: Some(exit), stderr, ..Output::default() }).into()
    }

    /// One value.
    pub fn value(value: &str) -> Reply {
        Reply::table(&["value"], &[&[value]])
    }

    /// One table without nulls.
    pub fn table(columns: &[&str], rows: &[&[&str]]) -> Reply {
        let mut table = Table::new(columns);
        let texts = |row: &&[&str]| row.iter().map(|text| Some((*text).to_owned())).collect();
        table.rows = rows.iter().map(texts).collect();
        Reply::tables(vec![table])
    }

    /// A table for each statement.
    pub fn tables(tables: Vec<Table>) -> Reply {
        What::Tables(tables).into()
    }

    /// The rows of a COPY, without their line feeds.
    pub fn rows(rows: &[&str]) -> Reply {
        What::Rows(rows.iter().map(|row| (*row).to_owned()).collect()).into()
    }

    /// The server refuses, with an SQLSTATE.
    pub fn refused(code: &str, said: &str) -> Reply {
        let code = Some(code.to_owned());
        What::Refused(SqlTrouble { code, said: said.to_owned(), lost: false }).into()
    }

    /// The connection is lost.
    pub fn lost(said: &str) -> Reply {
        What::Refused(SqlTrouble { code: None, said: said.to_owned(), lost: true }).into()
    }

    /// The ground fails, or the subject does.
    pub fn trouble(trouble: Trouble) -> Reply {
        What::Trouble(trouble).into()
    }

    /// Nothing ever comes.
    pub fn hangs() -> Reply {
        What::Hang.into()
    }

    /// The ground panics.
    pub fn panics() -> Reply {
        What::Panic.into()
    }

    /// The same reply, later.
    pub fn after(mut self, after: Duration) -> Reply {
        self.after = after;
        self
    }

    /// The same reply, with a notice.
    pub fn notice(mut self, code: &str, text: &str) -> Reply {
        self.notices.push((code.to_owned(), text.to_owned()));
        self
    }
}
