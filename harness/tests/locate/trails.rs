//! The trails that logical disasters leave, in what `pg_waldump` of PostgreSQL 15 and 17 really
//! printed. The recordings are shortened in their lists of invalidations, of which only the
//! relations are read.

use std::collections::BTreeMap;

use pgrehearse::drill::locate::{Dropped, File, Harm, Rows, Written, parse_printed};
use pgrehearse_verdict::lsn::Lsn;

/// An analysis; then of the four rows of a partition one deleted in one transaction and, in
/// another, one by itself, one under a savepoint that is rolled back, one under another.
const DELETED: [&str; 2] = [include_str!("pg15_deleted.txt"), include_str!("pg17_deleted.txt")];
/// An analysis, a vacuum, an update that is rolled back, work on another table, a dropped column.
const MIGRATED: [&str; 2] = [include_str!("pg15_migrated.txt"), include_str!("pg17_migrated.txt")];
/// A role that owns something in two databases: what it owns in the other is reassigned; a role of
/// no interest is made and dropped; what it owns in the first is reassigned, and it is dropped.
const ROLE: [&str; 2] = [include_str!("pg15_role.txt"), include_str!("pg17_role.txt")];
/// A database of no interest is altered and dropped, then the one that matters.
const DATABASE: [&str; 2] = [include_str!("pg15_database.txt"), include_str!("pg17_database.txt")];

/// The database of all the recordings.
const SHOP: u32 = 16384;
/// The table with the column.
const TABLE: u32 = 16386;
/// The partition with the four rows.
const PARTITION: u32 = 16396;

/// Where the harm is found in a recording.
fn found(text: &str, harm: &Harm) -> Option<String> {
    let mut trail = harm.trail();
    let records = parse_printed(text).expect("readable").records;
    records.iter().find_map(|record| trail.take(record)).map(|sight| sight.boundary.to_string())
}

fn check(texts: [&str; 2], harm: &Harm, wanted: [Option<&str>; 2]) {
    for (text, wanted) in texts.into_iter().zip(wanted) {
        let wanted = wanted.map(|lsn| lsn.parse::<Lsn>().expect("a position").to_string());
        assert_eq!(found(text, harm), wanted, "{harm:?}");
    }
}

fn written(rows: Vec<(File, Rows)>, least: u64) -> Written {
    Written { what: "it".to_owned(), rows: rows.into_iter().collect(), least, ..Written::default() }
}

fn of_partition(rows: Rows, least: u64) -> Harm {
    Harm::Written(written(vec![(File::new(1663, SHOP, PARTITION), rows)], least))
}

fn of_table(rows: BTreeMap<File, Rows>) -> Harm {
    let statistics = [File::new(1663, SHOP, 2619)].into();
    let tables = [TABLE].into();
    Harm::Written(Written { rows, tables, statistics, ..written(vec![], 1) })
}

#[test]
fn deleted_rows_count_when_they_are_committed_with_those_of_subtransactions() {
    let one = of_partition(Rows::Deleted, 1);
    check(DELETED, &one, [Some("0/01D51608"), Some("0/01C65FE0")]);
    let two = of_partition(Rows::Deleted, 2);
    check(DELETED, &two, [Some("0/01D51700"), Some("0/01C660F0")]);
    // The third was rolled back.
    check(DELETED, &of_partition(Rows::Deleted, 3), [None, None]);
}

#[test]
fn rows_of_another_table_of_another_place_are_not_the_harm() {
    let elsewhere = |file| Harm::Written(written(vec![(file, Rows::Deleted)], 1));
    check(DELETED, &elsewhere(File::new(1663, SHOP, TABLE)), [None, None]);
    check(DELETED, &elsewhere(File::new(1663, 5, PARTITION)), [None, None]);
    check(DELETED, &elsewhere(File::new(16500, SHOP, PARTITION)), [None, None]);
}

#[test]
fn rows_that_are_named_are_told_from_their_neighbours() {
    let of = |rows: &[(u32, u16)]| of_partition(Rows::These(rows.iter().copied().collect()), 1);
    check(DELETED, &of(&[(0, 4)]), [Some("0/01D51700"), Some("0/01C660F0")]);
    check(DELETED, &of(&[(0, 3)]), [None, None]);
    check(DELETED, &of(&[(1, 4)]), [None, None]);
}

#[test]
fn a_new_definition_is_found_and_an_analysis_is_none() {
    let harm = of_table(BTreeMap::new());
    check(MIGRATED, &harm, [Some("0/01D5DBD0"), Some("0/01C6DF70")]);
    // It says of the same table that others must forget what they knew of it.
    assert!(DELETED.iter().all(|text| text.contains(" relcache 16386")));
    check(DELETED, &harm, [None, None]);
}

#[test]
fn a_write_that_was_rolled_back_is_no_harm_and_a_vacuum_is_no_write() {
    let rows = [(File::new(1663, SHOP, TABLE), Rows::Any)];
    check(MIGRATED, &Harm::Written(written(rows.into(), 1)), [None, None]);
    // Work on another table is found only by whoever looks for that.
    let rows = [(File::new(1663, SHOP, 16403), Rows::Any)];
    let busy = Harm::Written(written(rows.into(), 1));
    check(MIGRATED, &busy, [Some("0/01D58190"), Some("0/01C68880")]);
}

#[test]
fn a_dropped_role_is_found_where_the_first_of_what_it_has_goes() {
    let authid = |at| (File::new(1664, 0, 1260), Rows::These([at].into()));
    let own = |rows: [(u32, u16); 3]| (File::new(1664, 0, 1214), Rows::These(rows.into()));
    for (at, text, first, last) in
        [((0, 14), ROLE[0], "0/1D5EDE0", "0/1D60D08"), ((0, 17), ROLE[1], "0/1C6F5F8", "0/1C71B80")]
    {
        let all = written(vec![authid(at), own([(0, 1), (0, 2), (0, 3)])], 1);
        assert_eq!(found(text, &Harm::Written(all)).as_deref(), Some(first));
        let alone = written(vec![authid(at)], 1);
        assert_eq!(found(text, &Harm::Written(alone)).as_deref(), Some(last));
    }
}

#[test]
fn a_dropped_database_is_found_where_it_is_closed_and_not_where_it_is_gone() {
    let catalogue = File::new(1664, 0, 1262);
    let shop = Harm::Dropped(Dropped { oid: SHOP, catalogue, row: (0, 4) });
    check(DATABASE, &shop, [Some("0/01D616F0"), Some("0/01C725B0")]);
    // The other was altered before, so that its row lies elsewhere.
    let other = Harm::Dropped(Dropped { oid: 16385, catalogue, row: (0, 8) });
    check(DATABASE, &other, [Some("0/01D614E0"), Some("0/01C72380")]);
    // Nobody closed it, as before 15.4: the folders are the first that goes.
    let old = Harm::Dropped(Dropped { oid: SHOP, catalogue, row: (0, 99) });
    check(DATABASE, &old, [Some("0/01D61BD8"), Some("0/01C72AC8")]);
    let none = Harm::Dropped(Dropped { oid: 5, catalogue, row: (0, 4) });
    check(DATABASE, &none, [None, None]);
}

#[test]
fn a_write_that_is_not_understood_is_an_error() {
    let line = DELETED[0].lines().find(|line| line.contains("desc: DELETE")).expect("a line");
    for (part, with) in [("blkref #0", "bkref #0"), ("off 1", "of 1"), ("blk 0", "block")] {
        let said = parse_printed(&line.replace(part, with)).expect_err("refused");
        assert!(said.contains("not understood"), "{said}");
    }
}
