//! What `pg_waldump` of PostgreSQL 15 and 17 really printed, read. The recordings are shortened
//! in their lists of invalidations.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "locate/fake.rs"]
mod fake;
#[path = "locate/trails.rs"]
mod trails;

use std::sync::Arc;

use fake::{SEGMENT_BYTES, STEP, Wal};
use pgrehearse::drill::locate::{Act, File, Harm, Record, parse_printed};
use pgrehearse_verdict::journal::{Cause, SubjectCause};
use pgrehearse_verdict::lsn::Lsn;

/// A table dropped in a transaction that was rolled back, then one dropped beside a savepoint,
/// then another with its index and its TOAST table.
const DROPPED_15: &str = include_str!("locate/pg15_dropped.txt");
/// Two prepared DROPs, the first committed, the second rolled back; then a table of a tablespace.
/// The first is named `it's; rels: base/5/1`.
const PREPARED_15: &str = include_str!("locate/pg15_prepared.txt");
/// The like on PostgreSQL 17 with `wal_level=logical`; a line feed stands in the name, before
/// `rels: base/5/1`.
const RECORDED_17: &str = include_str!("locate/pg17.txt");

fn relation(tablespace: u32, filenode: u32) -> Harm {
    Harm::removed(File::new(tablespace, 5, filenode))
}

/// The commits that do the harm, as (start, transaction, whether prepared).
fn of(text: &str, harm: &Harm) -> Vec<(String, u32, bool)> {
    let records = parse_printed(text).expect("readable").records;
    let hit = |record: &Record| {
        let sight = harm.trail().take(record)?;
        let Act::Commit(commit) = &record.act else { panic!("{record:?} is no commit") };
        Some((sight.boundary.to_string(), sight.xid?, commit.prepared))
    };
    records.iter().filter_map(hit).collect()
}

#[test]
fn a_drop_is_found_at_the_start_of_its_commit_record() {
    let wanted = vec![("0/606EE70".to_owned(), 745, false)];
    assert_eq!(of(DROPPED_15, &relation(1663, 16394)), wanted);
    assert_eq!(of(DROPPED_15, &relation(0, 16394)), wanted, "0 stands for pg_default");
}

#[test]
fn a_drop_in_a_subtransaction_is_found_at_the_commit_of_the_whole() {
    let wanted = vec![("0/606DEE8".to_owned(), 743, false)];
    assert_eq!(of(DROPPED_15, &relation(1663, 16409)), wanted);
    let wanted = vec![("0/200DF88".to_owned(), 747, false)];
    assert_eq!(of(RECORDED_17, &relation(16397, 16398)), wanted);
}

#[test]
fn a_prepared_drop_is_found_at_its_commit_and_not_where_it_was_prepared() {
    let wanted = vec![("0/A00BD50".to_owned(), 759, true)];
    assert_eq!(of(PREPARED_15, &relation(1663, 16412)), wanted);
    let wanted = vec![("0/200D070".to_owned(), 744, true)];
    assert_eq!(of(RECORDED_17, &relation(1663, 16387)), wanted);
}

#[test]
fn a_drop_that_was_rolled_back_is_not_there() {
    assert_eq!(of(PREPARED_15, &relation(1663, 16434)), vec![]);
    assert_eq!(of(RECORDED_17, &relation(1663, 16394)), vec![]);
}

#[test]
fn the_name_of_a_prepared_transaction_is_never_read_as_a_list_of_files() {
    assert_eq!(of(PREPARED_15, &relation(1663, 1)), vec![]);
    assert_eq!(of(RECORDED_17, &relation(1663, 1)), vec![]);
}

#[test]
fn a_table_of_a_tablespace_is_found_there_and_nowhere_else() {
    let wanted = vec![("0/A00D478".to_owned(), 762, false)];
    assert_eq!(of(PREPARED_15, &relation(16420, 16431)), wanted);
    assert_eq!(of(PREPARED_15, &relation(1663, 16431)), vec![]);
    let elsewhere = Harm::removed(File::new(16420, 4, 16431));
    assert_eq!(of(PREPARED_15, &elsewhere), vec![]);
}

#[test]
fn dropped_statistics_are_not_dropped_files() {
    // 16406 is a partitioned table: it has statistics to drop, but no file.
    assert_eq!(of(DROPPED_15, &relation(1663, 16406)), vec![]);
}

#[test]
fn every_record_is_counted_and_the_last_is_known() {
    let last = |records: &[Record]| records.last().map(|record| record.start);
    let records = parse_printed(DROPPED_15).expect("readable").records;
    assert_eq!((records.len(), last(&records)), (8, Some(Lsn(0x64A_4DA8))));
    let commits = records.iter().filter(|record| matches!(record.act, Act::Commit(_)));
    assert_eq!(commits.count(), 7);
    let records = parse_printed(RECORDED_17).expect("readable").records;
    assert_eq!((records.len(), last(&records)), (29, Some(Lsn(0x23F_8C50))));
}

#[test]
fn nothing_printed_is_nothing_found() {
    assert_eq!(parse_printed("").expect("readable").records, vec![]);
}

#[rstest::rstest]
#[case::cut_at_its_beginning("745, lsn: 0/1, prev 0/0, desc: COMMIT 2026; rels: base/5/1")]
#[case::another_manager("rmgr: Btree       len: 59, tx: 1, lsn: 0/1, prev 0/0, desc: DELETE off 1")]
#[case::of_another_manager("rmgr: Heap     len: 59, tx: 1, lsn: 0/1, prev 0/0, desc: COMMIT 2026")]
#[case::an_unknown_change("rmgr: Database len: 59, tx: 1, lsn: 0/1, prev 0/0, desc: REMOVE 1/2")]
#[case::an_unknown_record("rmgr: Transaction len: 34, tx: 1, lsn: 0/1, desc: UNKNOWN (60) x")]
#[case::an_unknown_path("rmgr: Transaction len: 34, tx: 1, lsn: 0/1, desc: COMMIT 1; rels: x/5/1")]
#[case::no_position("rmgr: Transaction len: 34, tx: 1, lsn: x, prev 0/0, desc: COMMIT 2026")]
fn a_line_that_is_not_understood_is_an_error_and_never_left_out(#[case] line: &str) {
    let text = format!("{DROPPED_15}{line}\n");
    let said = parse_printed(&text).expect_err("refused");
    assert!(said.contains("not understood: `") && said.len() < 200, "{said}");
}

/// WAL of which at most `lines_max` records can be printed at a time.
fn wal(lines_max: usize) -> Wal {
    Wal { lines_max, ..Wal::default() }
}

const END: u64 = 14 * SEGMENT_BYTES;

#[tokio::test]
async fn a_commit_is_found_however_many_come_before_it() {
    // The first, the last of a page, the first of the next, one far behind, the very last.
    for number in [0, 4094, 4095, 4096, 8191, 50_000, END / STEP - 1] {
        let wal = Arc::new(wal(usize::MAX));
        let found = wal.find(number * STEP, 0, END).await.unwrap();
        assert_eq!(found.boundary, Lsn(number * STEP));
    }
}

#[tokio::test]
async fn no_commit_is_lost_where_output_would_be_cut() {
    for lines_max in [2, 3, 1000] {
        let wal = Arc::new(wal(lines_max));
        let found = wal.find(1700 * STEP, 0, SEGMENT_BYTES).await.unwrap();
        assert_eq!(found.boundary, Lsn(1700 * STEP));
        let readings = wal.readings.lock().unwrap();
        assert!(readings.iter().all(|(_, limit)| *limit >= 2), "{readings:?}");
    }
    // Not even two records can be read at a time.
    let trouble = Arc::new(wal(1)).find(1700 * STEP, 0, SEGMENT_BYTES).await.unwrap_err();
    assert!(trouble.said.contains("too long to be read"), "{}", trouble.said);
}

#[tokio::test]
async fn what_is_not_in_the_window_is_not_found_and_the_reason_is_said() {
    let end = 3 * SEGMENT_BYTES;
    let check = async |wal: Wal, wanted: &str| {
        let trouble = Arc::new(wal).find(7, STEP, end).await.unwrap_err();
        assert_eq!(trouble.cause, Cause::Subject(SubjectCause::Target));
        assert!(trouble.said.contains(wanted), "{}", trouble.said);
    };
    check(wal(usize::MAX), "all of it was read").await;
    let missing_from = Some(2 * SEGMENT_BYTES);
    let gap = Wal { missing_from, ..wal(usize::MAX) };
    check(gap, "the archive does not have segment 000000010000000000000002").await;
    let gap = Wal { missing_from: Some(0), ..wal(usize::MAX) };
    check(gap, "the archive does not have segment 000000010000000000000000").await;
    let broken = Wal { broken_at: Some(SEGMENT_BYTES), ..wal(usize::MAX) };
    check(broken, "reading stopped before its end: pg_waldump: error").await;
    let behind = Wal { broken_at: Some(end), ..wal(usize::MAX) };
    check(behind, "all of it was read").await;
}

#[tokio::test]
async fn what_lies_before_a_gap_is_found_all_the_same() {
    let missing_from = Some(2 * SEGMENT_BYTES);
    let wal = Arc::new(Wal { missing_from, ..wal(usize::MAX) });
    let found = wal.find(SEGMENT_BYTES, STEP, 3 * SEGMENT_BYTES).await.unwrap();
    assert_eq!(found.boundary, Lsn(SEGMENT_BYTES));
}

#[tokio::test]
async fn what_lies_behind_the_window_is_not_taken_although_its_segment_was_read() {
    let wal = Arc::new(wal(usize::MAX));
    assert!(wal.find(3 * STEP, STEP, 3 * STEP).await.is_err());
    assert!(wal.find(3 * STEP, STEP, 3 * STEP + 1).await.is_ok());
}

#[tokio::test]
async fn a_window_without_anything_in_it_is_refused() {
    let trouble = Arc::new(wal(usize::MAX)).find(7, STEP, STEP).await.unwrap_err();
    assert!(trouble.said.contains("is empty"), "{}", trouble.said);
}
