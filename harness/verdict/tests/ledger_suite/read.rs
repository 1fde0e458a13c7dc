//! What a ledger may look like, and that nothing else is believed.

use pgrehearse_verdict::journal::{Event, Line, Scope};
use pgrehearse_verdict::ledger::{
    Effect, Entry, Fate, LedgerError, Row, parse, unseal, verify_seal,
};
use pgrehearse_verdict::lsn::Lsn;
use rstest::rstest;
use sha2::{Digest, Sha256};

use crate::world::{MS, World, hi, lo, text, transfer};

#[test]
fn a_ledger_reads_back_with_every_fate() {
    let mut world = World::new(4, 2);
    let acked = world.commit(0, transfer(0, 1, 5));
    let doubt = world.doubt(1, transfer(0, 1, 5));
    let aborted = world.abort(2, vec![]);
    let in_flight = world.sent(3, vec![]);
    let unsent = world.unsent(0, vec![]);
    let ledger = world.ledger();
    let fates =
        [&acked, &doubt, &aborted, &in_flight, &unsent].map(|tx| ledger.transactions[tx].fate);
    use Fate::{Aborted, Acked, Indeterminate};
    assert_eq!(fates, [Acked, Indeterminate, Aborted, Indeterminate, Aborted]);
    let first = &ledger.transactions[&acked];
    assert_eq!((first.writer, first.seq, first.xid), (0, 1, Some(700)));
    assert_eq!((first.intended_ns, first.sent), (10 * MS, Some((11 * MS, lo(0)))));
    assert_eq!((first.acked, first.effects.clone()), (Some((12 * MS, hi(0))), transfer(0, 1, 5)));
    assert_eq!(ledger.transactions.len(), 5);
}

#[test]
fn a_line_that_was_being_written_is_left_out() {
    let world = World::busy(1);
    let whole = world.text();
    for cut in whole.len() - 10..whole.len() {
        let ledger = parse(&whole[..cut]).expect("a ledger");
        assert_eq!(ledger.transactions[&world.ids[0]].fate, Fate::Indeterminate, "{cut}");
    }
}

#[test]
fn a_ledger_without_a_whole_opening_is_damaged() {
    let opening = World::new(2, 2).text();
    for text in ["", "\n", "\n\n", &opening[..opening.len() - 1]] {
        assert!(matches!(parse(text), Err(LedgerError::Damaged(1, _))), "{text:?}");
    }
    assert!(parse(&opening).is_ok());
}

/// Each row of a good ledger in turn is spoiled; the number is the line that must be named.
#[rstest]
#[case::opened_twice(4, |rows: &mut Vec<Row>| rows.insert(4, rows[0].clone()))]
#[case::not_opened(0, |rows: &mut Vec<Row>| { rows.remove(0); })]
#[case::newer(0, |rows: &mut Vec<Row>| opening(rows, |it| it.format = 2))]
#[case::too_many_accounts(0, |rows: &mut Vec<Row>| opening(rows, |it| it.accounts = u32::MAX))]
#[case::too_many_writers(0, |rows: &mut Vec<Row>| opening(rows, |it| it.writers = u32::MAX))]
#[case::unknown_writer(1, |rows: &mut Vec<Row>| opening(rows, |it| it.writers = 0))]
#[case::intended_twice(4, |rows: &mut Vec<Row>| rename(&mut rows[4], 0))]
#[case::gap_in_seq(4, |rows: &mut Vec<Row>| intent(&mut rows[4], |seq, _| *seq = 3))]
#[case::seq_again(4, |rows: &mut Vec<Row>| intent(&mut rows[4], |seq, _| *seq = 1))]
#[case::not_ended(3, |rows: &mut Vec<Row>| { rows.remove(3); })]
#[case::never_intended(3, |rows: &mut Vec<Row>| rename(&mut rows[3], 9))]
#[case::sent_of_nothing(1, |rows: &mut Vec<Row>| { rows.remove(1); })]
#[case::sent_twice(3, |rows: &mut Vec<Row>| rows.insert(3, rows[2].clone()))]
#[case::acked_twice(4, |rows: &mut Vec<Row>| rows.insert(4, rows[3].clone()))]
#[case::acked_unsent(2, |rows: &mut Vec<Row>| { rows.remove(2); })]
#[case::in_doubt_unsent(2, |rows: &mut Vec<Row>| {
    rows[3].entry = Entry::Indeterminate { tx: World::busy(1).ids[0].clone(), said: String::new() };
    rows.remove(2);
})]
#[case::aborted_after_ack(4, |rows: &mut Vec<Row>| {
    let entry = Entry::Aborted { tx: World::busy(1).ids[0].clone(), said: String::new() };
    rows.insert(4, Row { at_ns: rows[3].at_ns, entry });
})]
#[case::no_length(3, |rows: &mut Vec<Row>| {
    rows[3].entry = Entry::Acked { tx: World::busy(1).ids[0].clone(), hi: lo(0) };
})]
#[case::backwards(3, |rows: &mut Vec<Row>| rows[3].at_ns = rows[2].at_ns - 1)]
#[case::money_made(1, |rows: &mut Vec<Row>| {
    effects(rows, vec![Effect::Account { account: 0, by: 1 }]);
})]
#[case::account_of_nobody(1, |rows: &mut Vec<Row>| {
    effects(rows, vec![Effect::Account { account: 2, by: 0 }]);
})]
#[case::entry_of_nobody(1, |rows: &mut Vec<Row>| effects(rows, vec![insert(1, 2)]))]
#[case::line_from_nought(1, |rows: &mut Vec<Row>| effects(rows, vec![insert(0, 0)]))]
#[case::line_twice(1, |rows: &mut Vec<Row>| effects(rows, vec![insert(1, 0), insert(1, 0)]))]
#[case::deletes_nothing(1, |rows: &mut Vec<Row>| {
    effects(rows, vec![Effect::Delete { tx: "x".to_owned() }]);
})]
#[case::deletes_twice(4, |rows: &mut Vec<Row>| {
    let tx = World::busy(1).ids[0].clone();
    intent(&mut rows[4], |_, effects| *effects = vec![Effect::Delete { tx }; 2]);
})]
#[case::deletes_itself(1, |rows: &mut Vec<Row>| {
    effects(rows, vec![Effect::Delete { tx: World::busy(1).ids[0].clone() }]);
})]
fn a_line_that_cannot_follow_is_damage(#[case] at: usize, #[case] spoil: fn(&mut Vec<Row>)) {
    let mut world = World::new(1, 2);
    world.commit(0, transfer(0, 1, 5));
    world.commit(0, transfer(0, 1, 5));
    assert!(parse(&world.text()).is_ok());
    spoil(&mut world.rows);
    let found = parse(&world.text());
    let Err(LedgerError::Damaged(line, said)) = found else { panic!("believed: {found:?}") };
    assert_eq!(line, at as u64 + 1, "{said}");
}

#[test]
fn a_gap_in_the_numbers_of_a_writer_is_told_with_the_number_that_is_next() {
    let mut world = World::new(1, 2);
    world.commit(0, transfer(0, 1, 5));
    world.commit(0, transfer(0, 1, 5));
    intent(&mut world.rows[4], |seq, _| *seq = 3);
    let Err(LedgerError::Damaged(_, said)) = parse(&world.text()) else { panic!("believed") };
    assert!(said.ends_with("is number 3 of its writer, 2 is next"), "{said}");
}

#[test]
fn another_writers_transaction_cannot_be_deleted() {
    let mut world = World::new(2, 2);
    let first = world.commit(0, transfer(0, 1, 5));
    world.commit(1, vec![Effect::Delete { tx: first }]);
    assert!(matches!(parse(&world.text()), Err(LedgerError::Damaged(5, _))));
}

#[test]
fn every_byte_that_is_cut_out_is_damage_or_changes_what_is_read() {
    let world = World::busy(2);
    let (whole, ledger) = (world.text(), world.ledger());
    for at in 0..whole.len() {
        let mut spoiled = whole.clone();
        spoiled.remove(at);
        let same = parse(&spoiled).is_ok_and(|read| read == ledger);
        // Only the time of the opening is not kept.
        let line = whole[..at].matches('\n').count();
        assert!(!same || line == 0, "byte {at} in line {line}");
    }
}

#[test]
fn unknown_fields_blank_lines_and_other_words_are_damage() {
    let whole = World::busy(1).text();
    for (from, to) in [
        ("\"hi\"", "\"more\":1,\"hi\""),
        ("{\"at_ns\"", "{\"more\":1,\"at_ns\""),
        ("\"by\"", "\"more\":1,\"by\""),
        ("acked", "asked"),
        ("\n", "\n\n"),
    ] {
        let spoiled = whole.replacen(from, to, 1);
        assert_ne!(spoiled, whole, "{from}");
        assert!(matches!(parse(&spoiled), Err(LedgerError::Damaged(..))), "{from}");
    }
    assert!(matches!(parse(&(whole + "\n")), Err(LedgerError::Damaged(5, _))));
}

#[test]
fn only_the_bytes_that_were_sealed_are_read() {
    let text = World::busy(2).text();
    let bytes = text.as_bytes();
    let digest = |bytes: &[u8]| -> String {
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    };
    let (length, sha256) = (bytes.len() as u64, digest(bytes));
    assert_eq!(verify_seal(bytes, length, &sha256), Ok(()));
    assert!(matches!(verify_seal(bytes, length + 1, &sha256), Err(LedgerError::Unsealed(_))));
    assert!(matches!(verify_seal(bytes, length, &digest(b"")), Err(LedgerError::Unsealed(_))));
    let seal = |bytes: u64, sha256: &str| Line {
        n: 1,
        at_ns: 0,
        scope: Scope::Source,
        event: Event::Sealed { bytes, sha256: sha256.to_owned() },
    };
    let lines = [seal(1, &digest(b"x")), seal(length, &sha256)];
    assert!(unseal(Some(bytes), &lines).is_ok());
    assert_eq!(unseal(None, &lines), Err(LedgerError::Missing));
    assert!(matches!(unseal(Some(bytes), &[]), Err(LedgerError::Unsealed(_))));
    assert!(matches!(unseal(Some(bytes), &lines[..1]), Err(LedgerError::Unsealed(_))));
    let garbled = [seal(1, &digest(b"\xff"))];
    assert!(matches!(unseal(Some(b"\xff"), &garbled), Err(LedgerError::Unsealed(_))));
}

#[test]
fn an_acknowledgement_without_a_position_is_still_one() {
    let mut world = World::busy(1);
    let last = world.rows.len() - 1;
    world.rows[last].entry = Entry::Acked { tx: world.ids[0].clone(), hi: Lsn(u64::MAX) };
    assert_eq!(
        parse(&text(&world.rows)).map(|it| it.transactions[&world.ids[0]].fate),
        Ok(Fate::Acked)
    );
}

fn opening(rows: &mut [Row], change: impl FnOnce(&mut pgrehearse_verdict::ledger::Opening)) {
    if let Entry::Opened(opening) = &mut rows[0].entry {
        change(opening);
    }
}

fn intent(row: &mut Row, change: impl FnOnce(&mut u64, &mut Vec<Effect>)) {
    if let Entry::Intent { seq, effects, .. } = &mut row.entry {
        change(seq, effects);
    }
}

fn effects(rows: &mut [Row], new: Vec<Effect>) {
    intent(&mut rows[1], |_, effects| *effects = new);
}

fn insert(line: u32, account: u32) -> Effect {
    Effect::Insert { line, account, amount: 1, note: String::new() }
}

fn rename(row: &mut Row, n: usize) {
    let name = format!("00000000-0000-4000-8000-{n:012}");
    match &mut row.entry {
        Entry::Intent { tx, .. } | Entry::Acked { tx, .. } => *tx = name,
        _ => {}
    }
}
