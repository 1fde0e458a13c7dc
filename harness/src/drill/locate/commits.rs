//! Reads what `pg_waldump` prints of commit records.

use pgrehearse_verdict::lsn::Lsn;

/// What was harmed, as WAL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Harm {
    /// A relation's files, as in a commit record's list of dropped relations:
    /// (tablespace, database, relfilenode).
    Relation {
        /// The OID of the tablespace; 0 stands for `pg_default`.
        tablespace: u32,
        /// The OID of the database.
        database: u32,
        /// The file number.
        filenode: u32,
    },
}

/// The tablespace `pg_default`, whose files lie in `base`.
const PG_DEFAULT: u32 = 1663;
/// The tablespace `pg_global`, whose files lie in `global`.
const PG_GLOBAL: u32 = 1664;

/// A COMMIT or COMMIT PREPARED.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Where the record begins.
    pub start: Lsn,
    /// The transaction, without its epoch.
    pub xid: u32,
    /// Whether it was prepared before.
    pub prepared: bool,
    /// The files it removes, as (tablespace, database, file number).
    pub removes: Vec<(u32, u32, u32)>,
}

impl Commit {
    /// Whether this is a commit of the harm.
    pub fn does(&self, harm: &Harm) -> bool {
        let Harm::Relation { tablespace, database, filenode } = *harm;
        let tablespace = if tablespace == 0 { PG_DEFAULT } else { tablespace };
        self.removes.contains(&(tablespace, database, filenode))
    }
}

/// What one run of `pg_waldump --rmgr=Transaction` printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The commits, in order.
    pub commits: Vec<Commit>,
    /// The records of every kind that were printed.
    pub records: usize,
    /// Where the last of them begins.
    pub last: Option<Lsn>,
}

/// Reads what `pg_waldump --rmgr=Transaction` printed. A line that is not understood is an error,
/// never left out: it could be the one that matters.
pub fn parse_commits(text: &str) -> Result<Printed, String> {
    let mut printed = Printed::default();
    let mut in_prepare = false;
    for (number, line) in text.lines().enumerate() {
        // Where the reading began in the middle of a record, it says how much it left out.
        if number == 0 && line.starts_with("first record is after ") {
            continue;
        }
        // The name of a prepared transaction is the only text of a user's: it can hold line feeds.
        if in_prepare && !line.starts_with(BEGINNING) {
            continue;
        }
        let record = record(line).ok_or_else(|| {
            let shown: String = line.chars().take(SHOWN_CHARS).collect();
            format!("pg_waldump printed a line that is not understood: `{shown}`")
        })?;
        in_prepare = record.is_prepare;
        printed.records += 1;
        printed.last = Some(record.start);
        printed.commits.extend(record.commit);
    }
    Ok(printed)
}

/// How every record of the transaction log begins.
const BEGINNING: &str = "rmgr: Transaction ";
/// Characters of a line that a message shows.
const SHOWN_CHARS: usize = 120;

struct Record {
    start: Lsn,
    is_prepare: bool,
    commit: Option<Commit>,
}

fn record(line: &str) -> Option<Record> {
    let (head, description) = line.strip_prefix(BEGINNING)?.split_once(", desc: ")?;
    let field = |name: &str| {
        let (_, rest) = head.split_once(name)?;
        Some(rest.split(',').next().unwrap_or(rest).trim())
    };
    let start: Lsn = field(", lsn:")?.parse().ok()?;
    let own: u32 = field(", tx:")?.parse().ok()?;
    let (kind, rest) = description.split_once(' ')?;
    let (xid, prepared) = match kind {
        "COMMIT" => (own, false),
        "COMMIT_PREPARED" => (rest.split_once(':')?.0.parse().ok()?, true),
        "ABORT" | "ABORT_PREPARED" | "PREPARE" | "ASSIGNMENT" | "INVALIDATION" => {
            return Some(Record { start, is_prepare: kind == "PREPARE", commit: None });
        }
        _ => return None,
    };
    let removes = match rest.split("; ").find_map(|part| part.strip_prefix("rels: ")) {
        Some(paths) => paths.split_whitespace().map(files).collect::<Option<_>>()?,
        None => vec![],
    };
    Some(Record {
        start,
        is_prepare: false,
        commit: Some(Commit { start, xid, prepared, removes }),
    })
}

/// A relation's path, as (tablespace, database, file number).
fn files(path: &str) -> Option<(u32, u32, u32)> {
    let parts: Vec<&str> = path.split('/').collect();
    let number = |text: &str| text.parse::<u32>().ok();
    match parts[..] {
        ["base", database, file] => Some((PG_DEFAULT, number(database)?, number(file)?)),
        ["global", file] => Some((PG_GLOBAL, 0, number(file)?)),
        ["pg_tblspc", tablespace, _, database, file] => {
            Some((number(tablespace)?, number(database)?, number(file)?))
        }
        _ => None,
    }
}
