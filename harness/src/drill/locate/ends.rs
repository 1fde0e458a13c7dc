//! Where transactions end, by archived WAL: what a time or a transaction means as a position, and
//! which commits lie about one.

use pgrehearse_verdict::lsn::Lsn;

/// The end of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Where its record begins.
    pub start: Lsn,
    /// The transaction, without its epoch.
    pub xid: u32,
    /// Whether it was committed; else it was aborted.
    pub committed: bool,
    /// The server's clock when the record was made, in UTC, as `2026-11-25 20:16:07.123456`.
    pub utc: String,
}

/// What one run of `pg_waldump --rmgr=Transaction` printed, run with `TZ=UTC`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ends {
    /// The ends, in order.
    pub ends: Vec<End>,
    /// The records of every kind that were printed.
    pub records: usize,
    /// Where the last of them begins.
    pub last: Option<Lsn>,
}

/// How every record of the transaction log begins.
const BEGINNING: &str = "rmgr: Transaction ";
/// The length of a time, as in [`End::utc`].
const TIME_CHARS: usize = 26;
/// Characters of a line that a message shows.
const SHOWN_CHARS: usize = 120;

/// Reads the ends of transactions. A line that is not understood is an error, never left out.
pub fn parse_ends(text: &str) -> Result<Ends, String> {
    let mut read = Ends::default();
    let mut in_prepare = false;
    for (number, line) in text.lines().enumerate() {
        // Where the reading began in the middle of a record, it says how much it left out.
        if number == 0 && line.starts_with("first record is after ") {
            continue;
        }
        // The name of a prepared transaction is a user's text: it can hold line feeds.
        if in_prepare && !line.starts_with(BEGINNING) {
            continue;
        }
        let record = record(line).ok_or_else(|| {
            let shown: String = line.chars().take(SHOWN_CHARS).collect();
            format!("pg_waldump printed a line that is not understood: `{shown}`")
        })?;
        in_prepare = record.is_prepare;
        read.records += 1;
        read.last = Some(record.start);
        read.ends.extend(record.end);
    }
    Ok(read)
}

struct Record {
    start: Lsn,
    is_prepare: bool,
    end: Option<End>,
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
    // A prepared transaction ends in a record of another: its own number comes first.
    let (committed, xid, rest) = match kind {
        "COMMIT" | "ABORT" => (kind == "COMMIT", own, rest),
        "COMMIT_PREPARED" | "ABORT_PREPARED" => {
            let (xid, rest) = rest.split_once(':')?;
            (kind == "COMMIT_PREPARED", xid.trim().parse().ok()?, rest.trim_start())
        }
        "PREPARE" | "ASSIGNMENT" | "INVALIDATION" => {
            return Some(Record { start, is_prepare: kind == "PREPARE", end: None });
        }
        _ => return None,
    };
    let (utc, zone) = rest.split_at_checked(TIME_CHARS)?;
    zone.starts_with(" UTC").then_some(())?;
    let end = End { start, xid, committed, utc: utc.to_owned() };
    Some(Record { start, is_prepare: false, end: Some(end) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As pg_waldump 15 printed it with `TZ=UTC`, numbers changed.
    const PRINTED: &str = "\
rmgr: Transaction len (rec/tot):     34/    34, tx:        740, lsn: 0/01A2B3C8, prev 0/01A2B390, desc: COMMIT 2026-11-25 20:16:07.123456 UTC
rmgr: Transaction len (rec/tot):     34/    34, tx:        741, lsn: 0/01A2B3F0, prev 0/01A2B3C8, desc: ABORT 2026-11-25 20:16:07.223456 UTC
rmgr: Transaction len (rec/tot):     62/    62, tx:          0, lsn: 0/01A2B418, prev 0/01A2B3F0, desc: COMMIT_PREPARED 742: 2026-11-25 20:16:08.000001 UTC; inval msgs: catcache 7
";

    #[test]
    fn commits_and_aborts_are_read_with_their_times() {
        let read = parse_ends(PRINTED).unwrap();
        assert_eq!(read.records, 3);
        assert_eq!(read.last, Some(Lsn(0x01A2_B418)));
        let told: Vec<(u32, bool, &str)> =
            read.ends.iter().map(|end| (end.xid, end.committed, end.utc.as_str())).collect();
        let wanted = [
            (740, true, "2026-11-25 20:16:07.123456"),
            (741, false, "2026-11-25 20:16:07.223456"),
            (742, true, "2026-11-25 20:16:08.000001"),
        ];
        assert_eq!(told, wanted);
    }

    #[rstest::rstest]
    #[case::another_zone(PRINTED.replace(" UTC", " CET"))]
    #[case::another_kind(PRINTED.replace("ABORT", "ABROAD"))]
    #[case::no_record("what is this\n".to_owned())]
    fn a_line_that_is_not_understood_is_an_error(#[case] text: String) {
        assert!(parse_ends(&text).unwrap_err().contains("is not understood"));
    }
}
