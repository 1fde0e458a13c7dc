//! The recovery point objective.

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::finding::Status;
use pgrehearse_verdict::journal::{Backup, Cause, Event, Fault, RigCause, SubjectCause};
use pgrehearse_verdict::ledger::LedgerError;
use pgrehearse_verdict::objective::{Exposure, Measured, Objective, rpo};
use rstest::rstest;

use crate::world::{Drill, MS, World, acked_ns, lo, transfer};

/// 100 transactions, an acknowledgement every 10 ms from 12 ms on; the strike falls 3 ms after
/// the last. `kept` of them are there, and the archive was cut off there.
fn drill(kept: usize, wanted_s: f64) -> Drill {
    over(&World::busy(100), kept, wanted_s)
}

fn over(world: &World, kept: usize, wanted_s: f64) -> Drill {
    let mut drill = Drill::new(world, &world.first(kept));
    drill.switch(lo(kept));
    let struck_ns = acked_ns(world.ids.len() - 1) + 3 * MS;
    drill.struck(struck_ns).objectives(|it| it.rpo_s = Some(wanted_s))
}

fn leaves_wal(mut drill: Drill) -> Drill {
    drill.record.brief.disasters[0].leaves_wal = true;
    drill
}

fn timeout(mut drill: Drill, archive_timeout_s: Option<f64>, archive_lag_s: f64) -> Drill {
    for line in &mut drill.record.lines {
        if let Event::Promised(promise) = &mut line.event {
            promise.archive_timeout_s = archive_timeout_s;
            promise.archive_lag_s = archive_lag_s;
        }
    }
    drill
}

fn judged(drill: &Drill) -> (Objective, Measured) {
    let mut measured = Measured::default();
    let objective = drill.see(|case| rpo(case, &mut measured));
    (objective.expect("an objective"), measured)
}

fn status(drill: &Drill) -> Status {
    judged(drill).0.status
}

fn near(found: Option<(f64, f64)>, (lower, upper): (f64, f64)) -> bool {
    found.is_some_and(|(a, b)| (a - lower).abs() < 1e-9 && (b - upper).abs() < 1e-9)
}

#[test]
fn no_loss_seen_is_never_a_bare_nought() {
    let (objective, measured) = judged(&leaves_wal(drill(100, 300.0)));
    assert_eq!(objective.status, Status::Held);
    assert!(near(measured.observed_loss_s, (0.0, 0.010)), "{:?}", measured.observed_loss_s);
    assert_eq!((measured.lost_transactions, measured.acknowledged), (Some((0, 0)), (100, 100)));
    assert!(
        objective.said.contains("no loss over 10.0 ms could have gone unseen"),
        "{objective:?}"
    );
}

#[test]
fn a_silence_before_the_strike_widens_what_could_not_be_seen() {
    let silent = leaves_wal(drill(100, 4.9)).struck(acked_ns(99) + 5000 * MS);
    let (objective, measured) = judged(&silent);
    assert!(near(measured.observed_loss_s, (0.0, 5.0)), "{:?}", measured.observed_loss_s);
    assert_eq!(objective.status, Status::Unknown);
}

#[test]
fn a_loss_is_counted_from_the_newest_acknowledgement_before_which_all_is_there() {
    let (_, measured) = judged(&drill(90, 300.0));
    // 10 lost: the newest kept was acknowledged 100 ms before the last, which was 3 ms before.
    assert!(near(measured.observed_loss_s, (0.103, 0.103)), "{:?}", measured.observed_loss_s);
    assert_eq!(measured.lost_transactions, Some((10, 10)));
    // One from the middle too: what comes after it does not count as there.
    let world = World::busy(100);
    let found = world.database(|tx| world.ids[..90].contains(tx) && *tx != world.ids[50]);
    let holed = Drill::new(&world, &found).struck(acked_ns(99) + 3 * MS);
    let mut measured = Measured::default();
    assert_eq!(
        holed.see(|case| rpo(case, &mut measured)),
        None,
        "no objective, figures all the same"
    );
    assert!(near(measured.observed_loss_s, (0.503, 0.503)), "{:?}", measured.observed_loss_s);
}

#[rstest]
#[case(61.0, Status::Held)]
#[case(60.5, Status::Held)]
#[case(60.4, Status::Broken)]
#[case(0.1, Status::Broken)]
fn the_exposure_is_the_archive_timeout_and_the_lag(#[case] wanted_s: f64, #[case] wanted: Status) {
    let drill = timeout(drill(90, wanted_s), Some(60.0), 0.5);
    let (objective, measured) = judged(&drill);
    assert_eq!((objective.status, measured.exposure), (wanted, Some(Exposure::Seconds(60.5))));
}

/// Protected by backups alone: when each was finished, in seconds from the strike, how often one is
/// taken, and how long it took.
fn by_backups(backups: &[(i64, Option<f64>, u64)]) -> (Objective, Measured) {
    let mut drill = drill(100, 3700.0);
    drill.record.brief.protection = Protection::Snapshots;
    let struck_ns = acked_ns(99) + 3 * MS;
    for (from_strike_s, every_s, took_s) in backups {
        let (every_s, took_ns) = (*every_s, took_s * 1000 * MS);
        let at_ns = struck_ns.saturating_add_signed(from_strike_s * 1_000_000_000);
        drill.source(at_ns, Event::BackedUp(Backup { every_s, took_ns, ..Backup::default() }));
    }
    judged(&drill)
}

#[test]
fn backups_alone_expose_to_the_tightest_cadence_and_the_longest_of_them() {
    let backups = [(0, Some(7200.0), 5), (0, Some(3600.0), 2), (0, None, 90)];
    let (objective, measured) = by_backups(&backups);
    assert_eq!(measured.exposure, Some(Exposure::Seconds(3605.0)));
    assert_eq!(objective.status, Status::Held, "{objective:?}");
    let (objective, measured) = by_backups(&[backups[0], (60, Some(1.0), 1)]);
    assert_eq!(measured.exposure, Some(Exposure::Seconds(7205.0)), "one came after the strike");
    assert_eq!(objective.status, Status::Broken, "{objective:?}");
    for without in [&[(60, Some(1.0), 1)][..], &[(0, None, 1)], &[]] {
        let (objective, measured) = by_backups(without);
        assert_eq!((objective.status, measured.exposure), (Status::Unknown, None), "{without:?}");
        assert!(objective.said.contains("no `every:`"), "{}", objective.said);
    }
}

#[test]
fn without_an_archive_timeout_every_objective_is_broken() {
    for timeout_s in [None, Some(0.0)] {
        let (objective, measured) = judged(&timeout(drill(100, 1e9), timeout_s, 0.0));
        assert_eq!(
            (objective.status, measured.exposure),
            (Status::Broken, Some(Exposure::Unbounded))
        );
        assert!(objective.said.contains("no `archive_timeout` is set"), "{}", objective.said);
    }
    let saved = leaves_wal(timeout(drill(100, 300.0), None, 9.0));
    assert_eq!(judged(&saved).1.exposure, Some(Exposure::Seconds(0.0)));
    assert_eq!(status(&saved), Status::Held);
}

#[rstest]
#[case(0.103, Status::Held)]
#[case(0.102, Status::Broken)]
fn what_was_seen_is_judged_where_the_protection_allows_nothing(
    #[case] wanted_s: f64,
    #[case] wanted: Status,
) {
    assert_eq!(status(&leaves_wal(drill(90, wanted_s))), wanted);
}

#[test]
fn what_is_in_doubt_counts_at_the_upper_end() {
    let mut world = World::busy(98);
    world.doubt(0, transfer(0, 1, 5));
    world.doubt(1, transfer(0, 1, 5));
    // The newest acknowledgement is 20 ms older than the last answer; one in doubt came back.
    for (kept, wanted_s, wanted) in
        [(99, 0.023, Status::Held), (99, 0.022, Status::Unknown), (98, 0.022, Status::Unknown)]
    {
        let drill = leaves_wal(over(&world, kept, wanted_s));
        let (objective, measured) = judged(&drill);
        assert_eq!(objective.status, wanted, "{}", objective.said);
        assert!(near(measured.observed_loss_s, (0.0, 0.023)), "{:?}", measured.observed_loss_s);
        let vanished = 100 - kept as u64;
        assert_eq!(measured.lost_transactions, Some((0, vanished)));
        assert_eq!(measured.in_doubt, (2 - vanished, vanished));
        assert_eq!(measured.acknowledged, (98, 98));
    }
}

#[test]
fn what_the_target_gave_up_before_the_strike_counts() {
    let given_up = |wanted_s| {
        let drill = leaves_wal(drill(60, wanted_s)).chosen(lo(60));
        drill.struck(acked_ns(79) + 3 * MS)
    };
    let (objective, measured) = judged(&given_up(0.203));
    assert_eq!(objective.status, Status::Held, "{}", objective.said);
    assert!(near(measured.observed_loss_s, (0.203, 0.203)), "{:?}", measured.observed_loss_s);
    assert_eq!((measured.given_up, measured.lost_transactions), ((20, 20), Some((20, 20))));
    assert_eq!(measured.acknowledged, (100, 80));
    assert_eq!(status(&given_up(0.202)), Status::Broken);
}

#[test]
fn what_was_acknowledged_after_the_strike_and_lost_is_counted_to_its_end() {
    let (_, measured) = judged(&drill(60, 1.0).struck(acked_ns(79)));
    assert!(near(measured.observed_loss_s, (0.4, 0.4)), "{:?}", measured.observed_loss_s);
    assert_eq!(measured.lost_transactions, Some((40, 40)));
}

#[test]
fn an_acknowledgement_at_the_very_strike_is_before_it() {
    let (_, measured) = judged(&drill(100, 1.0).struck(acked_ns(79)));
    assert_eq!(measured.acknowledged, (100, 80));
}

#[test]
fn of_two_acknowledged_at_once_the_one_that_is_there_is_not_the_newest_before_the_loss() {
    let mut world = World::busy(100);
    // The last two are answered in the same nanosecond; only the first of them is there.
    let (first, last) = (world.rows.len() - 4, world.rows.len() - 1);
    world.rows[first].at_ns = world.rows[last].at_ns;
    let (_, measured) = judged(&over(&world, 99, 1.0));
    assert!(near(measured.observed_loss_s, (0.023, 0.023)), "{:?}", measured.observed_loss_s);
}

#[test]
fn a_loss_is_never_known_finer_than_the_acknowledgements_are_apart() {
    let mut world = World::busy(99);
    world.doubt(1, transfer(0, 1, 5));
    let doubt = world.rows.len() - 3;
    for row in &mut world.rows[doubt..] {
        row.at_ns = acked_ns(98) + MS;
    }
    // 4 ms since the last acknowledgement, 10 ms between the last two.
    let (_, measured) = judged(&over(&world, 99, 1.0).struck(acked_ns(98) + 4 * MS));
    assert!(near(measured.observed_loss_s, (0.0, 0.010)), "{:?}", measured.observed_loss_s);
}

#[test]
fn a_loss_of_everything_has_no_upper_end() {
    let drill = leaves_wal(drill(0, 300.0));
    let (objective, measured) = judged(&drill);
    assert_eq!(objective.status, Status::Unknown);
    assert!(objective.said.contains("could not have been broken"), "{}", objective.said);
    assert_eq!(measured.lost_transactions, Some((100, 100)));
    let drill = leaves_wal(over(&World::busy(100), 0, 0.5));
    assert_eq!(status(&drill), Status::Broken, "what was seen is enough");
}

#[test]
fn without_acknowledged_work_before_the_strike_it_is_unknown() {
    let early = leaves_wal(drill(100, 300.0)).struck(acked_ns(0) - 1);
    let (objective, measured) = judged(&early);
    assert_eq!((objective.status, measured.acknowledged), (Status::Unknown, (100, 0)));
    assert_eq!(measured.observed_loss_s, None);
    let mut world = World::new(2, 2);
    world.doubt(0, transfer(0, 1, 5));
    assert_eq!(status(&leaves_wal(over(&world, 1, 300.0))), Status::Unknown);
}

#[test]
fn without_a_promise_or_a_strike_it_is_unknown() {
    let unpromised = leaves_wal(drill(100, 300.0)).without(|it| matches!(it, Event::Promised(_)));
    let (objective, measured) = judged(&unpromised);
    assert_eq!((objective.status, measured.exposure), (Status::Unknown, None));
    assert!(objective.said.contains("could not have been broken"), "{}", objective.said);
    let unstruck = leaves_wal(drill(100, 300.0)).without(|it| matches!(it, Event::Struck { .. }));
    assert_eq!(status(&unstruck), Status::Unknown);
    let broken = drill(50, 0.1).without(|it| matches!(it, Event::Promised(_)));
    assert_eq!(status(&broken), Status::Broken, "what was seen is enough");
}

#[test]
fn a_loss_that_cannot_be_told_is_unknown_unless_the_protection_itself_allows_too_much() {
    let untold = |wanted_s| {
        let mut drill = drill(100, wanted_s);
        drill = drill.without(|it| matches!(it, Event::Answered { .. }));
        drill.own(u64::MAX, fault(Cause::Subject(SubjectCause::Server)));
        drill
    };
    assert_eq!(status(&untold(300.0)), Status::Unknown);
    assert_eq!(status(&untold(59.0)), Status::Broken);
    let mut ours = untold(59.0);
    ours.source(1, fault(Cause::Rig(RigCause::NoSpace)));
    assert_eq!(status(&ours), Status::Unknown);
    let mut damaged = leaves_wal(drill(100, 300.0));
    damaged.record.ledger = Err(LedgerError::Missing);
    let (objective, measured) = judged(&damaged);
    assert_eq!((objective.status, measured.acknowledged), (Status::Unknown, (0, 0)));
}

fn fault(cause: Cause) -> Event {
    Event::Fault(Fault { cause, during: "restore".to_owned(), said: "no".to_owned() })
}
