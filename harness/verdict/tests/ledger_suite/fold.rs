//! The content that the kept transactions must leave, and every way in which it can differ.

use std::collections::BTreeSet;

use pgrehearse_verdict::finding::Status;
use pgrehearse_verdict::ledger::{
    Content, DifferenceKind, Effect, Inspection, Presence, TxId, expected, inspect,
};
use pgrehearse_verdict::question::Table;

use crate::world::{Drill, World, transfer};

/// Knuth's linear congruential generator: enough to vary a test, the same everywhere.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// A workload with every kind of effect and fate, and which of it is kept.
fn random(seed: u64, transactions: usize) -> (World, BTreeSet<TxId>) {
    let mut draw = Draw(seed);
    let mut world = World::new(3, 4);
    let mut kept = BTreeSet::new();
    let mut earlier: Vec<Vec<TxId>> = vec![vec![]; 3];
    for _ in 0..transactions {
        let writer = draw.below(3) as u32;
        let from = draw.below(4) as u32;
        let to = (from + 1 + draw.below(3) as u32) % 4;
        let mut effects = transfer(from, to, 1 + draw.below(500) as i64);
        for line in 2..2 + draw.below(3) as u32 {
            let note = format!("{}", draw.below(1000));
            effects.push(Effect::Insert { line, account: to, amount: 7, note });
        }
        let mine = &earlier[writer as usize];
        if draw.below(3) == 0 && !mine.is_empty() {
            let at = draw.below(mine.len() as u64) as usize;
            effects.insert(0, Effect::Delete { tx: mine[at].clone() });
        }
        let tx = match draw.below(10) {
            0 => world.abort(writer, effects),
            1 => world.doubt(writer, effects),
            2 => {
                let tx = world.doubt(writer, effects);
                kept.insert(tx.clone());
                tx
            }
            _ => {
                let tx = world.commit(writer, effects);
                kept.insert(tx.clone());
                tx
            }
        };
        earlier[writer as usize].push(tx);
    }
    (world, kept)
}

fn sorted(mut content: Content) -> Content {
    for table in tables(&mut content) {
        table.rows.sort();
    }
    content
}

fn tables(content: &mut Content) -> [&mut Table; 3] {
    [&mut content.transactions, &mut content.entries, &mut content.accounts]
}

#[test]
fn the_fold_is_what_a_database_does() {
    for seed in 0..20 {
        let (world, kept) = random(seed, 80);
        let found = expected(&world.ledger(), &kept);
        assert_eq!(sorted(found), sorted(world.database(|tx| kept.contains(tx))), "{seed}");
    }
}

#[test]
fn a_deletion_takes_the_rows_of_an_earlier_transaction_if_both_are_kept() {
    let mut world = World::new(2, 2);
    let first = world.commit(0, transfer(0, 1, 5));
    let second = world.commit(0, vec![Effect::Delete { tx: first.clone() }]);
    for (kept, entries) in [(vec![&first], 1), (vec![&first, &second], 0), (vec![&second], 0)] {
        let kept = kept.into_iter().cloned().collect();
        assert_eq!(expected(&world.ledger(), &kept).entries.rows.len(), entries);
    }
}

#[test]
fn a_database_that_kept_what_it_must_is_held_in_any_order_of_rows() {
    for seed in 0..10 {
        let (world, kept) = random(seed, 40);
        let mut found = world.database(|tx| kept.contains(tx));
        for table in tables(&mut found) {
            table.rows.reverse();
        }
        let drill = Drill::new(&world, &found);
        assert_eq!(drill.worst(), Status::Held, "{seed}: {:?}", drill.findings());
        assert_eq!(drill.codes(Status::Held), ["invariant", "kept"]);
    }
}

/// The rows of a table.
type Rows = Vec<Vec<Option<String>>>;

fn rows_sorted(table: &Table) -> Rows {
    let mut rows = table.rows.clone();
    rows.sort();
    rows
}

/// Every change to one row, or to one cell of it, of one table.
fn mutations(table: &Table) -> Vec<(String, Table)> {
    let mut all = vec![];
    let mut push = |what: String, change: &dyn Fn(&mut Rows)| {
        let mut changed = table.clone();
        change(&mut changed.rows);
        // Only rows in another order: that is no change.
        if rows_sorted(&changed) != rows_sorted(table) {
            all.push((what, changed));
        }
    };
    let count = table.rows.len();
    for at in 0..count {
        push(format!("drop row {at}"), &|rows| drop(rows.remove(at)));
        push(format!("double row {at}"), &|rows| rows.push(rows[at].clone()));
        let next = (at + 1) % count;
        for (column, name) in table.columns.iter().enumerate() {
            let cell = table.rows[at][column].clone().unwrap_or_default();
            let more = cell.parse().map_or(format!("{cell}x"), |n: i64| (n + 1).to_string());
            let less = cell.parse().map_or(String::new(), |n: i64| (n - 1).to_string());
            for other in [Some(more), Some(less), Some(format!("0{cell}")), None] {
                push(format!("{name} of row {at} is {other:?}"), &|rows| {
                    rows[at][column].clone_from(&other);
                });
            }
            push(format!("swap {name} of rows {at} and {next}"), &|rows| {
                let cell = rows[at][column].clone();
                rows[at][column] = rows[next][column].clone();
                rows[next][column] = cell;
            });
        }
        push(format!("row {next} over row {at}"), &|rows| rows[at] = rows[next].clone());
        push(format!("a cell more in row {at}"), &|rows| rows[at].push(None));
    }
    all
}

#[test]
fn every_single_mutation_of_a_database_is_red() {
    let mut tried = 0;
    for seed in 0..3 {
        let (world, kept) = random(seed, 14);
        let whole = world.database(|tx| kept.contains(tx));
        for at in 0..3 {
            for (what, changed) in mutations(tables(&mut whole.clone())[at]) {
                let mut found = whole.clone();
                *tables(&mut found)[at] = changed;
                let drill = Drill::new(&world, &found);
                assert_eq!(drill.worst(), Status::Broken, "{seed}, table {at}: {what}");
                let inspection = inspect(&world.ledger(), &found);
                assert!(!inspection.differences.is_empty(), "{seed}, table {at}: {what}");
                tried += 1;
            }
        }
    }
    assert!(tried > 1500, "{tried}");
}

/// A world in which writer 0 inserts, deletes and goes on, and what an inspection says if
/// `spoil` is done to a database that holds all of it.
fn spoiled(spoil: impl Fn(&World, &mut Content)) -> (World, Inspection) {
    let mut world = World::new(2, 3);
    let first = world.commit(0, transfer(0, 1, 5));
    world.commit(0, transfer(1, 2, 11));
    let mut third = transfer(0, 2, 23);
    third.push(Effect::Delete { tx: first });
    world.commit(0, third);
    world.commit(0, transfer(1, 0, 47));
    let mut found = world.first(4);
    spoil(&world, &mut found);
    let inspection = inspect(&world.ledger(), &found);
    (world, inspection)
}

fn presences(world: &World, inspection: &Inspection) -> Vec<Presence> {
    world.ids.iter().map(|tx| inspection.presence(tx)).collect()
}

#[test]
fn the_transaction_whose_row_is_gone_is_the_torn_one() {
    use Presence::{Torn, Whole};
    for gone in 0..4 {
        let (world, inspection) = spoiled(|_, found| drop(found.transactions.rows.remove(gone)));
        let mut wanted = [Whole; 4];
        wanted[gone] = Torn;
        // The first left no entries, since the third deleted them: its balances alone tell.
        assert_eq!(presences(&world, &inspection), wanted, "{gone}: {:?}", inspection.differences);
    }
}

#[test]
fn the_transaction_whose_other_rows_are_gone_is_the_torn_one() {
    use Presence::{Torn, Whole};
    for torn in 0..4 {
        let (world, inspection) = spoiled(|world, found| {
            let row = found.transactions.rows[torn].clone();
            *found = world.database(|tx| *tx != world.ids[torn]);
            found.transactions.rows.push(row);
        });
        let mut wanted = [Whole; 4];
        wanted[torn] = Torn;
        assert_eq!(presences(&world, &inspection), wanted, "{torn}: {:?}", inspection.differences);
    }
}

#[test]
fn rows_that_were_deleted_and_are_back_tear_the_deletion() {
    let (world, inspection) = spoiled(|world, found| {
        let row = world.first(1).entries.rows.remove(0);
        found.entries.rows.push(row);
    });
    assert_eq!(inspection.presence(&world.ids[2]), Presence::Torn);
    assert_eq!(inspection.differences.len(), 1, "{:?}", inspection.differences);
}

#[test]
fn a_balance_that_no_transaction_explains_is_altered() {
    let (world, inspection) = spoiled(|_, found| {
        found.accounts.rows[2][2] = Some("1".to_owned());
    });
    assert_eq!(inspection.presence(&world.ids[2]), Presence::Altered);
    assert_eq!(inspection.differences.len(), 1, "{:?}", inspection.differences);
    assert!(inspection.invariant.is_some_and(|invariant| !invariant.holds()));
}

#[test]
fn money_moved_between_accounts_is_altered_though_the_sum_holds() {
    let (_, inspection) = spoiled(|_, found| {
        for (row, by) in [(3, 1), (4, -1)] {
            found.accounts.rows[row][2] = Some((1000 + by).to_string());
        }
    });
    assert!(inspection.invariant.is_some_and(|invariant| invariant.holds()));
    let kinds: Vec<_> = inspection.differences.iter().map(|it| (it.kind, it.tx.clone())).collect();
    assert_eq!(kinds, [(DifferenceKind::Altered, None), (DifferenceKind::Altered, None)]);
}

#[test]
fn accounts_that_are_missing_or_nobodys_break_the_invariant() {
    let (_, inspection) = spoiled(|_, found| drop(found.accounts.rows.pop()));
    assert_eq!(inspection.invariant.map(|it| (it.accounts, it.holds())), Some(((5, 5), false)));
    let (_, inspection) = spoiled(|_, found| {
        let stranger = ["7", "0", "0", "0"].map(|cell| Some(cell.to_owned()));
        found.accounts.rows.push(stranger.to_vec());
    });
    let kinds: Vec<_> = inspection.differences.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [DifferenceKind::Phantom]);
    assert_eq!(inspection.invariant.map(|it| (it.accounts, it.holds())), Some(((6, 7), false)));
}

/// What an inspection of `content` says, in order.
fn kinds(inspection: &Inspection) -> Vec<(DifferenceKind, Option<&TxId>)> {
    inspection.differences.iter().map(|it| (it.kind, it.tx.as_ref())).collect()
}

#[test]
fn each_difference_is_of_its_kind_and_laid_to_its_transaction() {
    use DifferenceKind::{Altered, Duplicate, Torn};
    let (world, twice) = spoiled(|_, found| {
        found.transactions.rows.push(found.transactions.rows[1].clone());
    });
    assert_eq!(kinds(&twice), [(Duplicate, Some(&world.ids[1]))]);
    let (_, note) = spoiled(|_, found| found.transactions.rows[1][3] = None);
    assert_eq!(kinds(&note), [(Altered, Some(&world.ids[1]))]);
    let (_, twice) = spoiled(|_, found| found.entries.rows.push(found.entries.rows[0].clone()));
    assert_eq!(kinds(&twice), [(Duplicate, Some(&world.ids[1]))]);
    let (_, amount) = spoiled(|_, found| found.entries.rows[0][4] = Some("12".to_owned()));
    assert_eq!(kinds(&amount), [(Altered, Some(&world.ids[1]))]);
    let (_, line) = spoiled(|_, found| found.entries.rows[0][1] = Some("7".to_owned()));
    assert_eq!(kinds(&line), [(Altered, Some(&world.ids[1])), (Torn, Some(&world.ids[1]))]);
    let (_, twice) = spoiled(|_, found| found.accounts.rows.push(found.accounts.rows[0].clone()));
    assert_eq!(kinds(&twice), [(Duplicate, None)]);
    let (_, version) = spoiled(|_, found| found.accounts.rows[0][3] = Some("2".to_owned()));
    assert_eq!(kinds(&version), [(Altered, Some(&world.ids[3]))], "no one wrote that version");
}

#[test]
fn the_worst_that_is_wrong_with_a_transaction_is_its_presence() {
    for order in [[0, 1], [1, 0]] {
        let (world, inspection) = spoiled(|_, found| {
            let mut other = found.transactions.rows[1].clone();
            other[3] = None;
            let rows = [found.transactions.rows.remove(1), other];
            found.transactions.rows.extend(order.map(|at| rows[at].clone()));
        });
        assert_eq!(inspection.presence(&world.ids[1]), Presence::Altered);
    }
    let (world, inspection) = spoiled(|_, found| {
        found.transactions.rows[1][3] = None;
        found.entries.rows.remove(0);
    });
    assert_eq!(inspection.presence(&world.ids[1]), Presence::Torn);
}

/// A first transaction with two entries; a second that deletes them and, by `with`, does more;
/// the first is kept. What is found is spoiled from a database that holds the first alone.
fn half_deleted(with: Vec<Effect>, spoil: impl Fn(&World, &mut Content)) -> (World, Inspection) {
    let mut world = World::new(2, 3);
    let mut effects = transfer(0, 1, 5);
    effects.push(Effect::Insert { line: 2, account: 1, amount: 5, note: String::new() });
    let first = world.commit(0, effects);
    let mut effects = vec![Effect::Delete { tx: first }];
    effects.extend(with);
    world.commit(0, effects);
    let mut found = world.first(1);
    spoil(&world, &mut found);
    let inspection = inspect(&world.ledger(), &found);
    (world, inspection)
}

#[test]
fn rows_are_missed_at_the_deletion_only_if_it_left_other_traces() {
    use Presence::{Absent, Torn, Whole};
    let entry = || vec![Effect::Insert { line: 1, account: 0, amount: 1, note: String::new() }];
    let move_money =
        || vec![Effect::Account { account: 0, by: 1 }, Effect::Account { account: 2, by: -1 }];
    let all_but_its_row = |world: &World, found: &mut Content| {
        *found = world.first(2);
        found.transactions.rows.pop();
    };
    // An entry, or a version, of the deletion's own.
    for with in [entry(), move_money()] {
        let (world, inspection) = half_deleted(with, all_but_its_row);
        assert_eq!(presences(&world, &inspection), [Whole, Torn], "{:?}", inspection.differences);
    }
    // Its version in one of its two accounts is a trace too.
    let (world, inspection) = half_deleted(move_money(), |world, found| {
        all_but_its_row(world, found);
        found.accounts.rows[2] = world.first(1).accounts.rows[2].clone();
    });
    assert_eq!(presences(&world, &inspection), [Whole, Torn], "{:?}", inspection.differences);
    // Nothing of it: the rows are missed at the one that wrote them.
    for with in [vec![], entry(), move_money()] {
        let (world, inspection) = half_deleted(with, |_, found| found.entries.rows.clear());
        assert_eq!(presences(&world, &inspection), [Torn, Absent]);
    }
    // One row of two cannot be the deletion's doing.
    let (world, inspection) = half_deleted(entry(), |world, found| {
        all_but_its_row(world, found);
        found.entries.rows.push(world.first(1).entries.rows[0].clone());
    });
    assert_eq!(presences(&world, &inspection), [Torn, Torn]);
}

#[test]
fn two_transactions_that_would_explain_a_balance_are_no_explanation() {
    let mut world = World::new(2, 3);
    for by in [5, 5, 9] {
        world.commit(0, transfer(0, 1, by));
    }
    let mut found = world.first(3);
    // As if one of the first two had not moved its money.
    for (row, by) in [(0, 5), (1, -5)] {
        let balance = found.accounts.rows[row][2].clone().expect("a balance");
        let balance: i64 = balance.parse().expect("a number");
        found.accounts.rows[row][2] = Some((balance + by).to_string());
    }
    let inspection = inspect(&world.ledger(), &found);
    let altered = (DifferenceKind::Altered, Some(&world.ids[2]));
    assert_eq!(kinds(&inspection), [altered, altered]);
}
