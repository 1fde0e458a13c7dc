//! The recovery time objective.

use pgrehearse_verdict::brief::Objectives;
use pgrehearse_verdict::finding::Status;
use pgrehearse_verdict::journal::{Cause, End, Event, Fault, RigCause, SubjectCause, Tick};
use pgrehearse_verdict::objective::{Measured, Objective, rto};
use pgrehearse_verdict::question::{Answer, Question, columns};
use rstest::rstest;

use crate::world::{Drill, MS, World, table};

/// When the strike falls, in milliseconds.
const STRUCK_MS: u64 = 1000;

fn drill(set: impl FnOnce(&mut Objectives)) -> Drill {
    let world = World::busy(3);
    Drill::new(&world, &world.first(3)).struck(STRUCK_MS * MS).objectives(set)
}

/// Writable between these, in milliseconds since the strike, and fetched after 2 s of it.
fn recovered(set: impl FnOnce(&mut Objectives), lower_ms: u64, upper_ms: u64) -> Drill {
    let mut drill = drill(set);
    for (tick, at_ms) in
        [(Tick::Begun, 1), (Tick::Provisioned, 500), (Tick::Located, 1000), (Tick::Fetched, 3000)]
    {
        drill.own((STRUCK_MS + at_ms) * MS, Event::Ticked(tick));
    }
    let event = Event::Writable {
        last_failed_began_ns: (STRUCK_MS + lower_ms) * MS,
        first_good_ended_ns: (STRUCK_MS + upper_ms) * MS,
    };
    drill.own((STRUCK_MS + upper_ms + 1) * MS, event);
    drill.own((STRUCK_MS + 9000) * MS, Event::Ticked(Tick::Verified));
    let size = ["database_bytes".to_owned(), "100000000".to_owned()];
    drill.answer(Question::Server, Answer::Rows(table(columns::SERVER, [size])));
    drill
}

fn judged(drill: &Drill) -> (Option<Objective>, Measured) {
    let mut measured = Measured::default();
    let objective = drill.see(|case| rto(case, &mut measured));
    (objective, measured)
}

fn status(drill: &Drill) -> Status {
    judged(drill).0.expect("an objective").status
}

#[rstest]
#[case::at_the_upper_end(4.0, Status::Held)]
#[case::between(3.999, Status::Unknown)]
#[case::at_the_lower_end(3.9, Status::Unknown)]
#[case::below(3.899, Status::Broken)]
fn an_interval_is_judged_as_one(#[case] wanted_s: f64, #[case] wanted: Status) {
    let drill = recovered(|it| it.rto_s = Some(wanted_s), 3900, 4000);
    assert_eq!(status(&drill), wanted);
}

#[test]
fn the_figures_are_there_without_an_objective() {
    let (objective, measured) = judged(&recovered(|_| {}, 3900, 4000));
    assert_eq!(objective, None);
    assert_eq!(measured.rto_s, Some((3.9, 4.0)));
    assert_eq!((measured.verified_s, measured.database_bytes), (Some(9.0), Some(100_000_000)));
    let names: Vec<&str> = measured.stages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["begun", "provisioned", "located", "fetched", "writable", "verified"]);
    assert_eq!(measured.stages[4].1, 4.0);
}

#[test]
fn the_sentence_says_the_figures_and_the_size() {
    let (objective, _) = judged(&recovered(|it| it.rto_s = Some(14400.0), 3900, 4000));
    let wanted = "writable 3.900 s to 4.000 s after the strike, at a size of 100.0 MB; wanted at \
                  most 4.00 h";
    assert_eq!(objective.expect("an objective").said, wanted);
}

#[rstest]
#[case(14.0, Status::Held)]
#[case(13.95, Status::Unknown)]
#[case(13.8, Status::Broken)]
fn what_is_assumed_is_added(#[case] wanted_s: f64, #[case] wanted: Status) {
    let set = |it: &mut Objectives| {
        it.rto_s = Some(wanted_s);
        it.assumed_detection_s = Some(7.0);
        it.assumed_decision_s = Some(3.0);
    };
    let (objective, measured) = judged(&recovered(set, 3900, 4000));
    let objective = objective.expect("an objective");
    assert_eq!(objective.status, wanted);
    assert!(
        objective.said.contains("13.900 s to 14.000 s with 10.000 s assumed"),
        "{}",
        objective.said
    );
    assert_eq!(measured.rto_s, Some((3.9, 4.0)), "what was measured stays as it is");
}

/// 2 s of fetch at 100 MB.
#[rstest]
#[case::ten_times(1_000_000_000, 22.0, Status::Held)]
#[case::ten_times_in_less(1_000_000_000, 21.0, Status::Broken)]
#[case::twenty_times(2_000_000_000, 42.0, Status::Held)]
#[case::more(2_000_000_001, 1000.0, Status::Unknown)]
#[case::smaller_counts_as_drilled(1, 3.95, Status::Unknown)]
fn the_size_of_production_stretches_the_fetch(
    #[case] bytes: u64,
    #[case] wanted_s: f64,
    #[case] wanted: Status,
) {
    let set = |it: &mut Objectives| {
        it.rto_s = Some(wanted_s);
        it.production_bytes = Some(bytes);
    };
    let (objective, measured) = judged(&recovered(set, 3900, 4000));
    assert_eq!(objective.map(|it| it.status), Some(wanted));
    assert_eq!(measured.rto_s, Some((3.9, 4.0)));
}

#[test]
fn the_sentence_says_what_was_projected_and_that_it_was_not_measured() {
    let set = |it: &mut Objectives| {
        it.rto_s = Some(30.0);
        it.production_bytes = Some(1_000_000_000);
    };
    let (objective, _) = judged(&recovered(set, 3900, 4000));
    let wanted = "writable 3.900 s to 4.000 s after the strike, at a size of 100.0 MB; projected \
                  to 1.0 GB, not measured: 21.900 s to 22.000 s with the fetch stretched by size \
                  and the rest, replay included, as drilled; wanted at most 30.000 s";
    assert_eq!(objective.expect("an objective").said, wanted);
}

#[test]
fn a_projection_needs_the_size_and_the_fetch() {
    let set = |it: &mut Objectives| {
        it.rto_s = Some(1e6);
        it.production_bytes = Some(200_000_000);
    };
    let unsized_one = recovered(set, 3900, 4000)
        .without(|it| matches!(it, Event::Answered { question: Question::Server, .. }));
    assert_eq!(status(&unsized_one), Status::Unknown);
    let unfetched =
        recovered(set, 3900, 4000).without(|it| matches!(it, Event::Ticked(Tick::Fetched)));
    assert_eq!(status(&unfetched), Status::Unknown);
    assert_eq!(status(&recovered(set, 3900, 4000)), Status::Held);
}

#[rstest]
#[case(Cause::Subject(SubjectCause::TimeLimit), Status::Broken)]
#[case(Cause::Subject(SubjectCause::Command), Status::Broken)]
#[case(Cause::Rig(RigCause::EngineApi), Status::Unknown)]
fn a_recovery_that_failed_is_judged_by_whose_fault_it_was(
    #[case] cause: Cause,
    #[case] wanted: Status,
) {
    let mut drill = drill(|it| it.rto_s = Some(14400.0));
    drill.own((STRUCK_MS + 60_000) * MS, fault(cause));
    // What fails later is its consequence.
    drill.own((STRUCK_MS + 61_000) * MS, fault(Cause::Rig(RigCause::Signal)));
    drill.own((STRUCK_MS + 62_000) * MS, fault(Cause::Subject(SubjectCause::Server)));
    let (objective, measured) = judged(&drill);
    let objective = objective.expect("an objective");
    assert_eq!(objective.status, wanted);
    assert!(objective.said.contains("60.000 s after the strike"), "{}", objective.said);
    assert_eq!(objective.said.starts_with("never writable"), wanted == Status::Broken);
    assert_eq!(measured.rto_s, None);
}

#[test]
fn a_journal_that_stops_or_never_struck_is_unknown() {
    let mut stopped = drill(|it| it.rto_s = Some(14400.0));
    assert_eq!(status(&stopped), Status::Unknown);
    stopped.source(u64::MAX, Event::Ended { how: End::Interrupted });
    assert_eq!(status(&stopped), Status::Unknown);
    let mut unstruck = recovered(|it| it.rto_s = Some(14400.0), 3900, 4000)
        .without(|event| matches!(event, Event::Struck { .. }));
    assert_eq!(status(&unstruck), Status::Unknown);
    unstruck.source(1, fault(Cause::Subject(SubjectCause::Command)));
    assert_eq!(status(&unstruck), Status::Unknown);
}

#[test]
fn a_fault_before_the_strike_is_not_the_recoverys() {
    let mut drill = drill(|it| it.rto_s = Some(14400.0));
    drill.source((STRUCK_MS - 1) * MS, fault(Cause::Subject(SubjectCause::Command)));
    assert_eq!(status(&drill), Status::Unknown);
}

#[test]
fn a_write_from_before_the_strike_ends_nothing() {
    let mut drill = drill(|it| it.rto_s = Some(14400.0));
    let event =
        Event::Writable { last_failed_began_ns: 1, first_good_ended_ns: STRUCK_MS * MS - 1 };
    drill.own((STRUCK_MS + 5) * MS, event);
    let (objective, measured) = judged(&drill);
    assert_eq!((objective.map(|it| it.status), measured.rto_s), (Some(Status::Unknown), None));
}

fn fault(cause: Cause) -> Event {
    Event::Fault(Fault { cause, during: "restore".to_owned(), said: "no".to_owned() })
}
