//! Reads what `pg_waldump` prints of the records that can do harm.

use pgrehearse_verdict::lsn::Lsn;

/// The files of one relation, as WAL names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct File {
    /// The OID of the tablespace.
    pub tablespace: u32,
    /// The OID of the database; 0 for what all share.
    pub database: u32,
    /// The file number.
    pub filenode: u32,
}

/// The tablespace `pg_default`, whose files lie in `base`.
const PG_DEFAULT: u32 = 1663;
/// The tablespace `pg_global`, whose files lie in `global`.
const PG_GLOBAL: u32 = 1664;

impl File {
    /// The files of a relation; tablespace 0 stands for `pg_default`.
    pub fn new(tablespace: u32, database: u32, filenode: u32) -> File {
        let tablespace = if tablespace == 0 { PG_DEFAULT } else { tablespace };
        File { tablespace, database, filenode }
    }
}

/// A record of WAL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it begins.
    pub start: Lsn,
    /// The transaction that it belongs to, without its epoch; 0 for none.
    pub xid: u32,
    /// What it does.
    pub act: Act,
}

/// What a record does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// COMMIT or COMMIT PREPARED.
    Commit(Commit),
    /// ABORT or ABORT PREPARED of the record's transaction.
    Abort,
    /// A row is written.
    Write(Write),
    /// The folders of a database are removed, as (tablespace, database): at once, whatever becomes
    /// of the transaction.
    RemoveDatabase(Vec<(u32, u32)>),
    /// Anything else.
    Other,
}

/// What a commit says beside that it is one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commit {
    /// Whether it was prepared before.
    pub prepared: bool,
    /// The files it removes.
    pub removes: Vec<File>,
    /// The subtransactions that are committed with it.
    pub subs: Vec<u32>,
    /// The relations, by OID, of which others must forget what they knew.
    pub redefines: Vec<u32>,
}

/// How a row is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// One or more rows are added.
    Insert,
    /// A row gets a new version.
    Update,
    /// A row is removed.
    Delete,
    /// A row of a catalogue is overwritten: at once, whatever becomes of the transaction.
    InPlace,
}

/// A row that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    /// How.
    pub op: Op,
    /// In which file.
    pub file: File,
    /// Which row, or which version of it before it was written: (page, line pointer). For
    /// `Insert`, that of the first new row where WAL says it, and nothing to go by.
    pub at: (u32, u16),
}

/// What one run of `pg_waldump` printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The records, in order.
    pub records: Vec<Record>,
}

/// Reads what `pg_waldump` printed of the kinds Transaction, Heap, Heap2 and Database. A line that
/// is not understood is an error, never left out: it could be the one that matters.
pub fn parse_printed(text: &str) -> Result<Printed, String> {
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
        in_prepare = line.contains(PREPARES);
        printed.records.push(record);
    }
    Ok(printed)
}

/// How every record begins.
const BEGINNING: &str = "rmgr: ";
/// What follows the head of a record that prepares a transaction.
const PREPARES: &str = ", desc: PREPARE ";
/// Characters of a line that a message shows.
const SHOWN_CHARS: usize = 120;

fn record(line: &str) -> Option<Record> {
    let (head, description) = line.strip_prefix(BEGINNING)?.split_once(", desc: ")?;
    let manager = head.split(' ').next()?;
    let field = |name: &str| {
        let (_, rest) = head.split_once(name)?;
        Some(rest.split(',').next().unwrap_or(rest).trim())
    };
    let start: Lsn = field(", lsn:")?.parse().ok()?;
    let xid: u32 = field(", tx:")?.parse().ok()?;
    let (kind, rest) = description.split_once(' ').unwrap_or((description, ""));
    let (xid, act) = match manager {
        "Transaction" => end(kind, rest, xid)?,
        "Heap" | "Heap2" => (xid, write(kind, rest)?),
        "Database" => (xid, database(kind, rest)?),
        _ => return None,
    };
    Some(Record { start, xid, act })
}

fn end(kind: &str, rest: &str, own: u32) -> Option<(u32, Act)> {
    // A prepared transaction ends in a record of another: its own number comes first.
    let prepared = || rest.split_once(':')?.0.trim().parse::<u32>().ok();
    Some(match kind {
        "COMMIT" => (own, Act::Commit(commit(rest, false)?)),
        "COMMIT_PREPARED" => (prepared()?, Act::Commit(commit(rest, true)?)),
        "ABORT" => (own, Act::Abort),
        "ABORT_PREPARED" => (prepared()?, Act::Abort),
        "PREPARE" | "ASSIGNMENT" | "INVALIDATION" => (own, Act::Other),
        _ => return None,
    })
}

fn commit(rest: &str, prepared: bool) -> Option<Commit> {
    let part = |name: &str| {
        let said = rest.split("; ").find_map(|part| part.strip_prefix(name));
        said.unwrap_or_default().split_whitespace()
    };
    let removes = part("rels: ").map(path).collect::<Option<_>>()?;
    let subs = part("subxacts: ").map(|sub| sub.parse().ok()).collect::<Option<_>>()?;
    let words: Vec<&str> = part("inval msgs: ").collect();
    let told = words.windows(2).filter(|pair| pair[0] == "relcache");
    let redefines = told.filter_map(|pair| pair[1].parse().ok()).collect();
    Some(Commit { prepared, removes, subs, redefines })
}

/// A relation's path.
fn path(path: &str) -> Option<File> {
    let parts: Vec<&str> = path.split('/').collect();
    let number = |text: &str| text.parse::<u32>().ok();
    match parts[..] {
        ["base", database, file] => Some(File::new(PG_DEFAULT, number(database)?, number(file)?)),
        ["global", file] => Some(File::new(PG_GLOBAL, 0, number(file)?)),
        ["pg_tblspc", tablespace, _, database, file] => {
            Some(File::new(number(tablespace)?, number(database)?, number(file)?))
        }
        _ => None,
    }
}

/// What else is logged of rows and their pages, 14 to 18; none of it changes what a row says.
const HEAP_OTHERS: [&str; 14] = [
    "LOCK",
    "LOCK_UPDATED",
    "HEAP_CONFIRM",
    "TRUNCATE",
    "PRUNE",
    "PRUNE_ON_ACCESS",
    "PRUNE_VACUUM_SCAN",
    "PRUNE_VACUUM_CLEANUP",
    "VACUUM",
    "CLEAN",
    "FREEZE_PAGE",
    "VISIBLE",
    "NEW_CID",
    "REWRITE",
];
/// What else is logged of databases.
const DATABASE_OTHERS: [&str; 3] = ["CREATE", "CREATE_FILE_COPY", "CREATE_WAL_LOG"];

fn write(kind: &str, rest: &str) -> Option<Act> {
    let op = match kind.strip_suffix("+INIT").unwrap_or(kind) {
        "INSERT" | "MULTI_INSERT" => Op::Insert,
        "UPDATE" | "HOT_UPDATE" => Op::Update,
        "DELETE" => Op::Delete,
        "INPLACE" => Op::InPlace,
        other => return HEAP_OTHERS.contains(&other).then_some(Act::Other),
    };
    // The page of an update's old version is named behind that of the new one, if it is another.
    let pages = rest.split("blkref #").skip(1).map(page).collect::<Option<Vec<_>>>()?;
    let (file, page) = *if op == Op::Update { pages.last()? } else { pages.first()? };
    let place =
        if op == Op::Insert { line_pointer(rest).unwrap_or(0) } else { line_pointer(rest)? };
    Some(Act::Write(Write { op, file, at: (page, place) }))
}

/// `0: rel 1663/5/16394 blk 0 FPW`.
fn page(said: &str) -> Option<(File, u32)> {
    let (_, rest) = said.split_once(": rel ")?;
    // A fork that is not the main one is named in between; rows lie in none of those.
    let (name, rest) = rest.split_once(' ')?;
    let numbers = name.split('/').map(|part| part.parse().ok()).collect::<Option<Vec<u32>>>()?;
    let &[tablespace, database, filenode] = numbers.as_slice() else { return None };
    let (_, block) = rest.split_once("blk ")?;
    let digits = block.find(|c: char| !c.is_ascii_digit()).unwrap_or(block.len());
    Some((File::new(tablespace, database, filenode), block[..digits].parse().ok()?))
}

/// The first line pointer that is named: `off 4`, `off: 4` or, since 16, `old_off: 4`.
fn line_pointer(said: &str) -> Option<u16> {
    let own = said.split("blkref").next()?;
    let mut words = own.split([' ', ',', ':']).filter(|word| !word.is_empty());
    words.find(|word| matches!(*word, "off" | "old_off"))?;
    words.next()?.parse().ok()
}

/// `1663/16384`, several of them where the database has tables in other tablespaces; before 16 the
/// word `dir` stands before them.
fn database(kind: &str, rest: &str) -> Option<Act> {
    if kind != "DROP" {
        return DATABASE_OTHERS.contains(&kind).then_some(Act::Other);
    }
    let folder = |path: &str| {
        let (tablespace, database) = path.split_once('/')?;
        Some((tablespace.parse().ok()?, database.parse().ok()?))
    };
    let paths = rest.split([' ', ',']).filter(|word| !word.is_empty() && *word != "dir");
    let folders = paths.map(folder).collect::<Option<Vec<_>>>()?;
    (!folders.is_empty()).then_some(Act::RemoveDatabase(folders))
}
