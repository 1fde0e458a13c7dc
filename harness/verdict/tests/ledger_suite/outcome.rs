//! The whole outcome table, cell by cell.

use pgrehearse_verdict::ledger::{Boundary, Content, Entry, Loss, Outcome, Row, classify, inspect};
use pgrehearse_verdict::lsn::Lsn;

use crate::world::{Drill, MS, World, acked_ns, hi, lo, transfer};

/// fate, presence, boundary, target, promise, acked or sent ... the strike -> outcome, loss.
/// `*` stands for anything, `|` for or. Every combination is in just one row.
const TABLE: &str = "
    acked         whole     must|may|unknown *      *        *      -> Kept           none
    acked         whole     must_not         *      *        *      -> Resurrected    none
    acked         absent    must             *      *        *      -> LostAcked      exact
    acked         absent    may|unknown      chosen *        *      -> RpoLossUpper   upper
    acked         absent    may|unknown      latest promised *      -> LostAcked      exact
    acked         absent    may|unknown      latest open     *      -> RpoLossUpper   upper
    acked         absent    must_not         chosen *        before -> GivenUpBefore  exact
    acked         absent    must_not         chosen *        after  -> GivenUpAfter   none
    acked         absent    must_not         latest promised *      -> LostAcked      exact
    acked         absent    must_not         latest open     *      -> RpoLoss        exact
    doubt         whole     must|may|unknown *      *        *      -> Recovered      none
    doubt         whole     must_not         *      *        *      -> Resurrected    none
    doubt         absent    must|may|unknown *      *        *      -> Vanished       upper
    doubt         absent    must_not         latest *        *      -> Vanished       upper
    doubt         absent    must_not         chosen *        before -> Vanished       upper
    doubt         absent    must_not         chosen *        after  -> Vanished       none
    abort|unsent  whole     *                *      *        *      -> Resurrected    none
    abort|unsent  absent    *                *      *        *      -> Undone         none
    *             duplicate *                *      *        *      -> Duplicate      none
    abort|unsent  torn      *                *      *        *      -> Torn           none
    abort|unsent  altered   *                *      *        *      -> Altered        none
    acked         torn      must             *      *        *      -> Torn           exact
    acked         altered   must             *      *        *      -> Altered        exact
    acked         torn      may|unknown      chosen *        *      -> Torn           upper
    acked         torn      may|unknown      latest promised *      -> Torn           exact
    acked         torn      may|unknown      latest open     *      -> Torn           upper
    acked         altered   may|unknown      chosen *        *      -> Altered        upper
    acked         altered   may|unknown      latest promised *      -> Altered        exact
    acked         altered   may|unknown      latest open     *      -> Altered        upper
    acked         torn      must_not         chosen *        before -> Torn           exact
    acked         torn      must_not         chosen *        after  -> Torn           none
    acked         altered   must_not         chosen *        before -> Altered        exact
    acked         altered   must_not         chosen *        after  -> Altered        none
    acked         torn      must_not         latest *        *      -> Torn           exact
    acked         altered   must_not         latest *        *      -> Altered        exact
    doubt         torn      must|may|unknown *      *        *      -> Torn           upper
    doubt         altered   must|may|unknown *      *        *      -> Altered        upper
    doubt         torn      must_not         latest *        *      -> Torn           upper
    doubt         altered   must_not         latest *        *      -> Altered        upper
    doubt         torn      must_not         chosen *        before -> Torn           upper
    doubt         altered   must_not         chosen *        before -> Altered        upper
    doubt         torn      must_not         chosen *        after  -> Torn           none
    doubt         altered   must_not         chosen *        after  -> Altered        none
";

const AXES: [&[&str]; 6] = [
    &["acked", "doubt", "abort", "unsent"],
    &["whole", "absent", "torn", "altered", "duplicate"],
    &["must", "may", "must_not", "unknown"],
    &["latest", "chosen"],
    &["promised", "open"],
    &["before", "after"],
];

fn combinations() -> Vec<Vec<&'static str>> {
    AXES.iter().fold(vec![vec![]], |done, axis| {
        let longer = |row: &Vec<&'static str>, word: &&'static str| {
            row.iter().copied().chain([*word]).collect::<Vec<_>>()
        };
        done.iter().flat_map(|row| axis.iter().map(move |word| longer(row, word))).collect()
    })
}

/// What the table says of a combination: the outcome and the loss.
fn wanted(combination: &[&str]) -> (String, String) {
    let rows = TABLE.lines().filter(|line| !line.trim().is_empty());
    let mut found: Vec<(String, String)> = vec![];
    for row in rows {
        let words: Vec<&str> = row.split_whitespace().collect();
        let fits =
            |(cell, word): (&&str, &&str)| *cell == "*" || cell.split('|').any(|one| one == *word);
        if words.iter().zip(combination).all(fits) {
            found.push((words[7].to_owned(), words[8].to_owned()));
        }
    }
    assert_eq!(found.len(), 1, "{combination:?} is in {} rows", found.len());
    found.remove(0)
}

/// The second of three transactions is the one that is judged.
fn told(combination: &[&str]) -> (Outcome, Loss) {
    let [fate, presence, zone, target, promise, strike] = combination else {
        panic!("{combination:?}");
    };
    let mut world = World::new(3, 2);
    world.commit(0, transfer(0, 1, 5));
    let effects = transfer(0, 1, 7);
    let tx = match *fate {
        "acked" => world.commit(1, effects),
        "doubt" => world.doubt(1, effects),
        "abort" => world.abort(1, effects),
        _ => world.unsent(1, effects),
    };
    let at = match *zone {
        "must" => Some(hi(1)),
        "may" => Some(Lsn(hi(1).0 - 1)),
        "must_not" => Some(lo(1)),
        _ => None,
    };
    // The last instant that is still before, and the first that is not.
    let done_ns = if *fate == "acked" { acked_ns(1) } else { acked_ns(1) - MS };
    let boundary = Boundary {
        at,
        chosen: *target == "chosen",
        wal_prefix: true,
        safe: Some(if *promise == "promised" { hi(1) } else { Lsn(hi(1).0 - 1) }),
        struck_ns: Some(if *strike == "before" { done_ns } else { done_ns - 1 }),
        ..Boundary::default()
    };
    let with = *presence != "absent";
    let mut found = world.database(|id| *id == world.ids[0] || with && *id == tx);
    spoil(&mut found, presence);
    let ledger = world.ledger();
    let told = classify(&ledger, &boundary, &inspect(&ledger, &found)).told[&tx];
    (told.outcome, told.loss)
}

fn spoil(found: &mut Content, presence: &str) {
    match presence {
        "torn" => drop(found.entries.rows.pop()),
        "altered" => found.entries.rows[1][5] = Some("other".to_owned()),
        "duplicate" => found.transactions.rows.push(found.transactions.rows[1].clone()),
        _ => {}
    }
}

#[test]
fn every_cell_of_the_table_comes_out_as_it_is_written() {
    let combinations = combinations();
    assert_eq!(combinations.len(), 4 * 5 * 4 * 2 * 2 * 2);
    for combination in combinations {
        // A transaction in doubt has no upper position, so that it is never one that must be.
        let (outcome, loss) = told(&combination);
        let found = (format!("{outcome:?}"), format!("{loss:?}").to_lowercase());
        assert_eq!(found, wanted(&combination), "{combination:?}");
    }
}

#[test]
fn what_came_after_something_missing_makes_a_gap() {
    // Both orders at once, then each alone: what is missing was acknowledged before the other
    // was intended; or it lies wholly before it in the log.
    for (wal_prefix, gaps) in [(true, 2), (false, 2)] {
        let world = World::busy(3);
        let found = world.database(|tx| *tx == world.ids[2]);
        assert_eq!(gaps_in(&world, &found, wal_prefix), gaps);
    }
}

#[test]
fn overlapping_transactions_are_ordered_by_the_log_alone() {
    let mut world = World::busy(0);
    let early = world.commit(0, transfer(0, 1, 5));
    let late = world.commit(1, transfer(0, 1, 5));
    // The later one was intended before the earlier was acknowledged.
    let intent = world.rows.remove(4);
    world.rows.insert(1, Row { at_ns: MS, ..intent });
    let found = world.database(|tx| *tx == late);
    assert_eq!(gaps_in(&world, &found, true), 1);
    assert_eq!(gaps_in(&world, &found, false), 0, "a snapshot may hold just the one");
    let found = world.database(|tx| *tx == early);
    assert_eq!(gaps_in(&world, &found, true), 0);
}

#[test]
fn commits_whose_places_in_the_log_overlap_are_in_no_order() {
    // Two writers at once: the second was sent before the first was acknowledged.
    let mut world = World::busy(0);
    world.commit(0, transfer(0, 1, 5));
    let late = world.commit(1, transfer(0, 1, 5));
    let intent = world.rows.remove(4);
    world.rows.insert(1, Row { at_ns: MS, ..intent });
    for row in &mut world.rows {
        match &mut row.entry {
            Entry::Sent { tx, lo: at, .. } if *tx == late => *at = Lsn(hi(0).0 - 1),
            _ => {}
        }
    }
    let found = world.database(|tx| *tx == late);
    assert_eq!(gaps_in(&world, &found, true), 0);
}

#[test]
fn one_in_doubt_that_is_there_shows_a_gap_too() {
    let mut world = World::busy(1);
    let late = world.doubt(1, transfer(0, 1, 5));
    let intent = world.rows.remove(4);
    world.rows.insert(1, Row { at_ns: MS, ..intent });
    let found = world.database(|tx| *tx == late);
    assert_eq!(gaps_in(&world, &found, true), 1);
}

#[test]
fn what_is_told_of_a_transaction_finds_it_again_in_the_ledger() {
    let mut world = World::busy(2);
    let late = world.doubt(1, transfer(0, 1, 5));
    let drill = Drill::new(&world, &world.database(|tx| *tx == world.ids[1] || *tx == late));
    let lost = world.ids[0].to_string();
    let details = drill.findings().into_iter().flat_map(|finding| finding.details);
    let of_it: Vec<String> = details.filter(|it| it.contains(&lost)).collect();
    let named = format!("`{lost}` (number 1 of writer 0, acknowledged at ");
    assert!(of_it.iter().any(|it| it.contains(&named)), "{of_it:#?}");
}

fn gaps_in(world: &World, found: &Content, wal_prefix: bool) -> u64 {
    // No boundary: nothing is red for where it lies.
    let boundary = Boundary {
        at: None,
        chosen: false,
        wal_prefix,
        safe: None,
        struck_ns: Some(acked_ns(9)),
        ..Boundary::default()
    };
    let ledger = world.ledger();
    classify(&ledger, &boundary, &inspect(&ledger, found)).count(Outcome::Gap)
}

#[test]
fn a_name_that_no_one_intended_is_a_phantom() {
    let world = World::busy(2);
    for spoil in [0, 1] {
        let mut found = world.first(2);
        match spoil {
            0 => found.transactions.rows[0][0] = Some("an earlier run's".to_owned()),
            _ => found.entries.rows[0][0] = None,
        }
        let ledger = world.ledger();
        let boundary = Boundary {
            at: Some(lo(9)),
            chosen: false,
            wal_prefix: true,
            safe: None,
            struck_ns: Some(acked_ns(9)),
            ..Boundary::default()
        };
        let tally = classify(&ledger, &boundary, &inspect(&ledger, &found));
        assert_eq!(tally.count(Outcome::Phantom), 1);
        assert_eq!(tally.examples(Outcome::Phantom).len(), 1);
    }
}
