//! What a check wants to know at a moment, and what the database said.
//!
//! Checks never query. They name (moment, question) pairs; the drill asks them and writes the
//! answers to the journal; checks judge the recorded answers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// When a question is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// On the source, after the fixture is loaded and before the workload begins.
    Baseline,
    /// On the source, at a commit standstill with this name.
    Mark(String),
    /// On the recovered server, once it is writable.
    Recovered,
    /// On the recovered server, after it was killed and started again.
    Restarted,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Baseline => f.write_str("baseline"),
            Moment::Mark(name) => write!(f, "mark {name}"),
            Moment::Recovered => f.write_str("recovered"),
            Moment::Restarted => f.write_str("restarted"),
        }
    }
}

/// Something a server, or the ground it stands on, can be asked. The columns of each answer are
/// part of the format of the journal: see the constants in [`columns`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Who this server is, as (name, value) pairs.
    Server,
    /// Row count and digest of every table and partition of every database.
    Fingerprint,
    /// Every catalogue object with its definition, owner, privileges, flags and comments.
    Inventory,
    /// Roles, memberships, settings, databases, tablespaces: what belongs to the whole cluster.
    Globals,
    /// Settings, what the files that set them say, access rules, certificates.
    Configuration,
    /// Every sequence: where it stands, and the greatest value of the column it feeds.
    Sequences,
    /// Whether every index, and where pages have no checksums every table, is whole and says what
    /// the rows say.
    Indexes,
    /// The transactions found in `ledger.tx`.
    LedgerTransactions,
    /// The rows found in `ledger.entry`.
    LedgerEntries,
    /// The rows found in `ledger.account`.
    LedgerAccounts,
    /// Whether each application role can log in with its own password over the real path.
    Logins,
    /// Whether each smoke query of the fixture works as the application's role.
    Smoke,
    /// Whether the acknowledged write that ended the recovery time is there.
    Probe,
    /// The lines of the server's log since it was first started on this ground.
    ServerLog,
    /// The history file of the timeline the server is on.
    History,
    /// A query of the scenario, as one text.
    Sql {
        /// The database it is asked in.
        database: String,
        /// The query.
        query: String,
    },
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Question::Server => "server",
            Question::Fingerprint => "fingerprint",
            Question::Inventory => "inventory",
            Question::Globals => "globals",
            Question::Configuration => "configuration",
            Question::Sequences => "sequences",
            Question::Indexes => "indexes",
            Question::LedgerTransactions => "ledger transactions",
            Question::LedgerEntries => "ledger entries",
            Question::LedgerAccounts => "ledger accounts",
            Question::Logins => "logins",
            Question::Smoke => "smoke",
            Question::Probe => "probe",
            Question::ServerLog => "server log",
            Question::History => "history",
            Question::Sql { query, .. } => return write!(f, "sql `{query}`"),
        })
    }
}

/// The columns of each answer, in order.
pub mod columns {
    /// [`super::Question::Server`]: `nonce`, `system_identifier`, `version` (the number, e.g.
    /// `170012`), `in_recovery`, `started`, `data_directory`, `timeline`, `archive_mode`,
    /// `segment_bytes`, `data_checksums`, `database_bytes`, `not_its_own` (a file of the data
    /// directory that lies elsewhere or belongs to somebody else as well; empty: none).
    pub const SERVER: &[&str] = &["name", "value"];
    /// [`super::Question::Fingerprint`]; `digest` is 64 hex digits, `shape` binds the columns.
    pub const FINGERPRINT: &[&str] = &["database", "relation", "rows", "digest", "shape"];
    /// [`super::Question::Inventory`].
    pub const INVENTORY: &[&str] = &["database", "class", "identity", "definition"];
    /// [`super::Question::Globals`].
    pub const GLOBALS: &[&str] = &["class", "identity", "definition"];
    /// [`super::Question::Configuration`]; `class` is `setting` (what is in force), `line of a
    /// file`, `mistake in a file`, `access rule` (pg_hba), `name mapping` (pg_ident) or `file` (a
    /// certificate or key). What may hold a secret is told by a keyed digest.
    pub const CONFIGURATION: &[&str] = &["class", "identity", "definition"];
    /// [`super::Question::Sequences`]; `greatest` is null where no column owns the sequence;
    /// `usable` is `t`, or what the trial `nextval` said.
    pub const SEQUENCES: &[&str] = &["database", "sequence", "next", "greatest", "usable"];
    /// [`super::Question::Indexes`], a line for each look; `index` names the table where `what` is
    /// [`super::looked::HEAP`], and `said` is null when all was well.
    pub const INDEXES: &[&str] = &["database", "index", "what", "said"];
    /// [`super::Question::LedgerTransactions`].
    pub const LEDGER_TX: &[&str] = &["id", "writer", "seq", "note"];
    /// [`super::Question::LedgerEntries`].
    pub const LEDGER_ENTRY: &[&str] = &["tx", "line", "writer", "account", "amount", "note"];
    /// [`super::Question::LedgerAccounts`].
    pub const LEDGER_ACCOUNT: &[&str] = &["writer", "account", "balance", "version"];
    /// [`super::Question::Logins`] and [`super::Question::Smoke`]; `said` is null when it worked.
    pub const TRIALS: &[&str] = &["database", "role", "what", "said"];
    /// [`super::Question::Probe`]: the texts of the rows in `pgrehearse.probe`.
    pub const PROBE: &[&str] = &["note"];
    /// [`super::Question::ServerLog`].
    pub const LOG: &[&str] = &["line"];
    /// [`super::Question::History`].
    pub const HISTORY: &[&str] = &["parent", "switch", "reason"];
}

/// What a line of the answer to [`Question::Indexes`] looked at, and how it begins to say what is
/// amiss where no SQLSTATE does. Whatever it says in other words, it could not look.
pub mod looked {
    /// The index as `amcheck` walks it, and every row of the table looked for in it.
    pub const STRUCTURE: &str = "structure";
    /// The rows counted through the index, against those of the table.
    pub const COUNT: &str = "count";
    /// The pages of a table, as `amcheck` walks them or as they are read from end to end.
    pub const HEAP: &str = "heap";
    /// Nothing: the index is not valid, not ready or not live, and answers no query.
    pub const UNUSED: &str = "unused";
    /// Nothing: the materialized view of the index was never filled.
    pub const UNFILLED: &str = "unfilled";
    /// The counts are not the same.
    pub const DISAGREES: &str = "disagrees";
    /// The pages of the table are damaged.
    pub const DAMAGED: &str = "damaged";
}

/// Rows of text, as a server sent them; `None` is SQL's null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// A table with these columns and no row.
    pub fn new(columns: &[&str]) -> Table {
        Table { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows: vec![] }
    }

    /// The value at `row` in the column called `column`; `None` for null, for a row or a column
    /// that is not there.
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.rows.get(row)?.get(at)?.as_deref()
    }

    /// The second column of the row whose first is `name`: for tables of pairs.
    pub fn pair(&self, name: &str) -> Option<&str> {
        let row = self.rows.iter().find(|row| row.first().and_then(Option::as_deref) == Some(name));
        row?.get(1)?.as_deref()
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The rows themselves.
    Rows(Table),
    /// The rows lie in `answers/<sha256>` as the JSON of a [`Table`].
    Stored {
        /// The digest of the file, 64 hex digits; also its name.
        sha256: String,
        /// The length of the file in bytes.
        bytes: u64,
    },
    /// The server, or the way to it, refused; what it said, with its SQLSTATE where there is one.
    Refused(String),
}
