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
    /// On the source, when a backup was finished.
    BackedUp,
    /// On the server that a table is salvaged from, once it has left recovery.
    Aside,
    /// On the server that goes on serving, just before a database is made anew on it.
    Standing,
    /// On the recovered server, once it is writable.
    Recovered,
    /// On the recovered server, after it was killed and started again.
    Restarted,
    /// On the files of the recovered server, after everything else was asked and it was stopped in
    /// order.
    Stopped,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Moment::Baseline => f.write_str("baseline"),
            Moment::Mark(name) => write!(f, "mark {name}"),
            Moment::BackedUp => f.write_str("backup"),
            Moment::Aside => f.write_str("aside"),
            Moment::Standing => f.write_str("standing"),
            Moment::Recovered => f.write_str("recovered"),
            Moment::Restarted => f.write_str("restarted"),
            Moment::Stopped => f.write_str("stopped"),
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
    /// How many rows breach each constraint, counted without any index.
    Constraints,
    /// The columns that refer to large objects, and whether what they refer to is there.
    LargeObjects,
    /// Encodings, collations and their versions, and whether every text is one.
    Text,
    /// Whether all of every table can be read, catalogues and what is kept apart included.
    Pages,
    /// What `pg_checksums` says of the files of a stopped server.
    Checksums,
    /// What the planner knows of every table.
    Statistics,
    /// What is at work on the server beside its own housekeeping.
    Activity,
    /// With what each role is let in, and with what it is not.
    Access,
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
    /// The files of the finished backups in the node's repository.
    Artifacts,
    /// What can be read of the repository by whoever has no key to it.
    Secrecy,
    /// The archive of WAL, from the first backup to the last position that was said to be safe.
    Wal,
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
            Question::Constraints => "constraints",
            Question::LargeObjects => "large objects",
            Question::Text => "text",
            Question::Pages => "pages",
            Question::Checksums => "checksums",
            Question::Statistics => "statistics",
            Question::Activity => "activity",
            Question::Access => "access",
            Question::LedgerTransactions => "ledger transactions",
            Question::LedgerEntries => "ledger entries",
            Question::LedgerAccounts => "ledger accounts",
            Question::Logins => "logins",
            Question::Smoke => "smoke",
            Question::Probe => "probe",
            Question::ServerLog => "server log",
            Question::History => "history",
            Question::Artifacts => "artifacts",
            Question::Secrecy => "secrecy",
            Question::Wal => "wal",
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
    /// [`super::Question::Constraints`], a line each; `kind` is `check`, `not null`, `domain`,
    /// `partition`, `unique`, `exclusion` or `foreign key`. `breaches` is the number of rows that
    /// breach it, or null where it could not be evaluated; then `said` is why.
    pub const CONSTRAINTS: &[&str] = &["database", "kind", "constraint", "breaches", "said"];
    /// [`super::Question::LargeObjects`], a line for each column of type `oid` or of a domain over
    /// it: how many of its values name a large object, and how many (zeros left out) name none. The
    /// line [`super::referring::ALL`] of each database counts the objects and, as dangling, those
    /// that have pages and no entry.
    pub const LARGE_OBJECTS: &[&str] = &["database", "column", "resolving", "dangling"];
    /// [`super::Question::Text`]; what a line is about is in [`super::worded`].
    pub const TEXT: &[&str] = &["database", "what", "identity", "recorded", "found"];
    /// [`super::Question::Pages`], a line for each relation; `said` is null when all of it could
    /// be read and was committed, see [`super::reading`].
    pub const PAGES: &[&str] = &["database", "relation", "said"];
    /// [`super::Question::Checksums`]: `exit`, the exit status; the figures of the standard output
    /// under their own names, e.g. `Blocks scanned`; and `said` for lines of the standard error.
    pub const CHECKSUMS: &[&str] = &["name", "value"];
    /// [`super::Question::Statistics`], a line for each table, index on expressions and statistics
    /// object: how many entries of statistics it has; the rows the planner reckons with (-1: never
    /// counted; null where it does not reckon); and the size of its table with all partitions,
    /// in bytes, null where it lies elsewhere.
    pub const STATISTICS: &[&str] = &["database", "object", "entries", "tuples", "bytes"];
    /// [`super::Question::Activity`]; `class` is one of [`super::at_work`].
    pub const ACTIVITY: &[&str] = &["class", "identity", "definition"];
    /// [`super::Question::Access`]; `state` and `what` are words of [`super::door`]. `said` is
    /// null when the role was let in, and else begins with the SQLSTATE of what the server said.
    pub const ACCESS: &[&str] = &["database", "role", "state", "what", "said"];
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
    /// [`super::Question::Artifacts`]; `path` is relative to the repository, `digest` SHA-256.
    pub const ARTIFACTS: &[&str] = &["path", "digest"];
    /// [`super::Question::Secrecy`], a line for each file, its path relative to the repository:
    /// whether it begins as a sealed file does (`sealed`, `clear` or, without a byte, `empty`), and
    /// whether words were found in it that stand in every database of ours (`t` or `f`).
    pub const SECRECY: &[&str] = &["path", "begins", "speaks"];
    /// [`super::Question::Wal`], a line for each segment: its length in bytes and the system it
    /// names, both null where it is not there; `said` is why it could not be fetched. And a line
    /// for each reading, whose `segment` begins with [`super::chained::READ`]; `said` is null when
    /// it came to its end.
    pub const WAL: &[&str] = &["segment", "bytes", "system", "said"];
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
    /// What the visibility map of a table says, against its rows.
    pub const VISIBILITY: &str = "visibility";
    /// Nothing: the index is not valid, not ready or not live, and answers no query.
    pub const UNUSED: &str = "unused";
    /// Nothing: the materialized view of the index was never filled.
    pub const UNFILLED: &str = "unfilled";
    /// The counts are not the same, or the map says what is not so.
    pub const DISAGREES: &str = "disagrees";
    /// The pages of the table are damaged.
    pub const DAMAGED: &str = "damaged";
}

/// How `said` begins in the answer to [`Question::Pages`], where it is no error of the server's.
pub mod reading {
    /// Rows are seen of a transaction, whose number follows, that was not committed.
    pub const UNCOMMITTED: &str = "uncommitted";
}

/// What the name of a sequence ends with in the answer to [`Question::Sequences`], in this order.
pub mod counting {
    /// It counts down; its numbers are negated.
    pub const DOWN: &str = " (down)";
    /// It is unlogged: a copy of files brings it back as it was made.
    pub const UNLOGGED: &str = " (unlogged)";
}

/// The words of the answer to [`Question::Wal`].
pub mod chained {
    /// How a line begins that is about a reading and no segment.
    pub const READ: &str = "read from";
}

/// How columns are named in the answer to [`Question::LargeObjects`].
pub mod referring {
    /// The large objects themselves.
    pub const ALL: &str = "pg_largeobject";
    /// What the name of a column of an unlogged table ends with.
    pub const UNLOGGED: &str = " (unlogged)";
}

/// What a line of the answer to [`Question::Text`] is about.
pub mod worded {
    /// A property of the database, and its value in `recorded`.
    pub const DATABASE: &str = "database";
    /// A collation: the version it was recorded with, and the one the library has now.
    pub const COLLATION: &str = "collation";
    /// Collations whose versions agree, by provider; their number in `recorded`.
    pub const AGREEING: &str = "agreeing collations";
    /// A column of text; `found` is null where every value is valid in the encoding.
    pub const COLUMN: &str = "column";
    /// Nothing can be invalid in the encoding of this database.
    pub const UNVERIFIABLE: &str = "unverifiable";
}

/// What a line of the answer to [`Question::Activity`] is about.
pub mod at_work {
    /// A setting that keeps a server to itself.
    pub const SETTING: &str = "setting";
    /// A process that is neither a client's nor housekeeping, by its backend type.
    pub const PROCESS: &str = "process";
    /// A session that is not ours, by its role, its database and its application's name.
    pub const CLIENT: &str = "client";
    /// A replication slot that somebody is using.
    pub const SLOT: &str = "slot in use";
    /// A subscription that is enabled.
    pub const SUBSCRIPTION: &str = "enabled subscription";
    /// A prepared transaction, and how many locks it holds.
    pub const PREPARED: &str = "prepared transaction";
}

/// The words of the answer to [`Question::Access`].
pub mod door {
    /// The role may log in.
    pub const LOGIN: &str = "login";
    /// The role may not log in at all.
    pub const NO_LOGIN: &str = "no login";
    /// The role's password is not valid any more.
    pub const EXPIRED: &str = "expired";
    /// It knocked with a password that nobody has.
    pub const WRONG: &str = "a wrong password";
    /// It knocked with its own password.
    pub const RIGHT: &str = "its own password";
    /// Its own password is not known to the drill, and was not tried; `said` is null.
    pub const UNTRIED: &str = "a password unknown here";
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
