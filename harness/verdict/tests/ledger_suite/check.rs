//! The findings of the check `ledger`.

use pgrehearse_verdict::brief::Objectives;
use pgrehearse_verdict::finding::{Blame, Status};
use pgrehearse_verdict::journal::{Event, Line, Scope};
use pgrehearse_verdict::ledger::{Content, Entry, LedgerError};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::objective::{Measured, rpo};
use pgrehearse_verdict::question::{Answer, Moment, Question};
use rstest::rstest;

use crate::world::{Drill, World, acked_ns, hi, lo, transfer};

const LEDGER_QUESTIONS: [Question; 3] =
    [Question::LedgerTransactions, Question::LedgerEntries, Question::LedgerAccounts];

#[test]
fn it_asks_for_all_it_judges() {
    let world = World::busy(1);
    let drill = Drill::new(&world, &world.first(1));
    let ledger = pgrehearse_verdict::check::Spec::standard();
    let ledger = ledger.iter().find(|spec| spec.name() == "ledger").expect("a check");
    let asked = ledger.asks(&drill.record.brief);
    let wanted = LEDGER_QUESTIONS.into_iter().chain([Question::History]);
    assert_eq!(asked, wanted.map(|question| (Moment::Recovered, question)).collect::<Vec<_>>());
}

#[test]
fn the_kept_are_counted() {
    let mut world = World::busy(8);
    world.doubt(0, transfer(0, 1, 5));
    let drill = Drill::new(&world, &world.first(8));
    let findings = drill.findings();
    let kept = findings.iter().find(|finding| finding.code == "kept").expect("kept");
    assert_eq!(kept.status, Status::Held);
    assert_eq!(kept.said, "8 of 8 acknowledged transactions are there, whole and once");
    assert_eq!(kept.details, ["1 in doubt are not there"]);
    assert_eq!(drill.worst(), Status::Held);
}

/// `lost` of 1,200 acknowledged transactions, the newest, are not there.
fn tail_lost(lost: usize) -> (World, Content) {
    let world = World::busy(1200);
    let found = world.first(1200 - lost);
    (world, found)
}

fn measured(drill: &Drill) -> Measured {
    let mut measured = Measured::default();
    drill.see(|case| rpo(case, &mut measured));
    measured
}

#[rstest]
fn a_loss_of_promised_transactions_is_reported_exactly(#[values(0, 1, 2, 10, 1000)] lost: usize) {
    let (world, found) = tail_lost(lost);
    let mut drill = Drill::new(&world, &found).safe(Some(lo(1200)));
    drill.switch(lo(1200 - lost));
    assert_eq!(measured(&drill).lost_transactions, Some((lost as u64, lost as u64)));
    let findings = drill.findings();
    let Some(red) = findings.iter().find(|finding| finding.status == Status::Broken) else {
        assert_eq!((lost, drill.worst()), (0, Status::Held));
        return;
    };
    assert_eq!(red.code, "lost_acked");
    let wanted =
        format!("lost, of 1200 acknowledged transactions: {lost} that must be there are not");
    assert_eq!(red.said, wanted);
    assert_eq!(red.details.len(), if lost > 5 { 6 } else { lost });
    assert_eq!(findings.iter().filter(|finding| finding.status == Status::Broken).count(), 1);
}

#[rstest]
fn a_loss_past_the_recoverable_end_is_measured_exactly(#[values(0, 1, 2, 10, 1000)] lost: usize) {
    let (world, found) = tail_lost(lost);
    let mut drill = Drill::new(&world, &found).safe(Some(lo(100)));
    drill.switch(lo(1200 - lost));
    assert_eq!(drill.worst(), Status::Held, "{:?}", drill.findings());
    assert_eq!(measured(&drill).lost_transactions, Some((lost as u64, lost as u64)));
    let findings = drill.findings();
    let kept = findings.iter().find(|finding| finding.code == "kept").expect("kept");
    let rest = format!("{lost} were acknowledged after the recoverable end and are lost");
    assert_eq!(kept.details, if lost == 0 { vec![] } else { vec![rest] });
}

#[rstest]
fn a_loss_from_the_middle_is_reported_exactly(#[values(1, 2, 10, 1000)] lost: usize) {
    let world = World::busy(1200);
    let found = world.database(|tx| !world.ids[50..50 + lost].contains(tx));
    let drill = Drill::new(&world, &found);
    assert_eq!(drill.codes(Status::Broken), ["lost_acked"]);
    assert_eq!(measured(&drill).lost_transactions, Some((lost as u64, lost as u64)));
}

#[test]
fn a_loss_that_is_no_tail_is_a_gap_where_nothing_else_says_so() {
    let world = World::busy(10);
    let found = world.database(|tx| *tx != world.ids[4]);
    // No history: it is not known where the recovery ended.
    let drill = Drill::new(&world, &found).without(history);
    assert_eq!(drill.codes(Status::Broken), ["gap"]);
}

#[test]
fn a_chosen_target_gives_up_what_comes_after_it() {
    let world = World::busy(10);
    let drill = Drill::new(&world, &world.first(6)).chosen(lo(6)).struck(acked_ns(7));
    assert_eq!(drill.worst(), Status::Held, "{:?}", drill.findings());
    let measured = measured(&drill);
    assert_eq!((measured.given_up, measured.lost_transactions), ((2, 2), Some((2, 2))));
    let more = Drill::new(&world, &world.first(7)).chosen(lo(6));
    assert_eq!(more.codes(Status::Broken), ["resurrected"]);
    let one = world.database(|tx| world.ids[..6].contains(tx) || *tx == world.ids[8]);
    let one = Drill::new(&world, &one).chosen(lo(6));
    assert_eq!(one.codes(Status::Broken), ["resurrected"], "what is back makes no gap");
    let less = Drill::new(&world, &world.first(5)).chosen(lo(6));
    assert_eq!(less.codes(Status::Broken), ["lost_acked"]);
}

#[test]
fn each_harm_is_told_in_its_own_words() {
    let world = World::busy(3);
    let drill = |edit: &dyn Fn(&mut Content)| {
        let mut found = world.first(3);
        edit(&mut found);
        Drill::new(&world, &found)
    };
    let said = |drill: Drill, code: &str| {
        let findings = drill.findings();
        let red = findings.iter().find(|it| it.code == code && it.status == Status::Broken);
        red.map_or_else(|| panic!("{findings:#?}"), |finding| finding.said.clone())
    };
    let twice = drill(&|it| it.transactions.rows.push(it.transactions.rows[1].clone()));
    assert_eq!(said(twice, "duplicate"), "more than once: 1 transactions or accounts");
    let torn = drill(&|it| drop(it.entries.rows.remove(1)));
    assert_eq!(said(torn, "torn"), "only partly there: 1 transactions or accounts");
    let altered = drill(&|it| it.accounts.rows[0][2] = Some("1".to_owned()));
    assert_eq!(said(altered, "altered"), "with other content: 1 transactions or accounts");
    let back = Drill::new(&world, &world.first(3)).chosen(lo(2));
    let wanted = "there, though they must not be: 1 transactions";
    assert_eq!(said(back, "resurrected"), wanted);
    let less = world.database(|tx| *tx != world.ids[1]);
    let gap = Drill::new(&world, &less).without(history);
    let wanted = "missing, though what came after them is there: 1 transactions";
    assert_eq!(said(gap, "gap"), wanted);
    let unmeant = World::busy(4).first(4);
    let wanted = "there, though no one intended them: 2 rows";
    assert_eq!(said(Drill::new(&world, &unmeant), "phantom"), wanted);
}

#[test]
fn a_transaction_that_is_named_is_named_with_what_is_wrong_with_it() {
    let world = World::busy(3);
    let mut found = world.first(3);
    found.entries.rows.remove(1);
    let findings = Drill::new(&world, &found).findings();
    let torn = findings.iter().find(|it| it.code == "torn").expect("torn");
    let said = &torn.details[0];
    assert!(said.starts_with(&format!("`{}` (number 1 of writer 1", world.ids[1])), "{said}");
    assert!(said.ends_with(": 1 of its 1 entries are not there"), "{said}");
}

#[test]
fn nothing_is_called_kept_beside_something_red() {
    let world = World::busy(10);
    let mut found = world.first(10);
    found.accounts.rows[0][2] = Some("1".to_owned());
    let drill = Drill::new(&world, &found);
    assert_eq!(drill.codes(Status::Broken), ["altered", "invariant"]);
    assert_eq!(drill.codes(Status::Held), Vec::<String>::new());
}

#[test]
fn a_ledger_that_cannot_be_believed_is_unknown_and_ours() {
    let world = World::busy(2);
    for error in [LedgerError::Missing, LedgerError::Damaged(3, "torn".to_owned())] {
        let mut drill = Drill::new(&world, &world.first(2));
        drill.record.ledger = Err(error);
        let findings = drill.findings();
        assert_eq!(drill.codes(Status::Unknown), ["ledger_damaged"]);
        assert_eq!((findings.len(), findings[0].blame), (1, Blame::Rig));
    }
}

#[test]
fn without_acknowledged_work_it_is_vacuous() {
    let mut world = World::new(2, 2);
    world.doubt(0, transfer(0, 1, 5));
    world.abort(1, transfer(0, 1, 5));
    for kept in [0, 1] {
        let drill = Drill::new(&world, &world.first(kept));
        assert_eq!(drill.codes(Status::Unknown), ["vacuous"]);
        let said = drill.findings().pop().map(|finding| finding.said);
        assert_eq!(
            said.as_deref(),
            Some("no transaction was acknowledged: there is nothing to compare")
        );
    }
}

#[test]
fn nothing_kept_where_nothing_had_to_be_is_vacuous() {
    let world = World::busy(5);
    let mut drill = Drill::new(&world, &world.first(0));
    drill.switch(lo(0));
    assert_eq!(
        (drill.codes(Status::Unknown), drill.worst()),
        (vec!["vacuous".into()], Status::Unknown)
    );
}

#[rstest]
fn a_question_without_an_answer_is_unknown(
    #[values(0, 1, 2)] question: usize,
    #[values("never", "refused", "lost", "other columns", "doubled columns")] how: &str,
) {
    let world = World::busy(5);
    let wanted = LEDGER_QUESTIONS[question].clone();
    let mut drill = Drill::new(&world, &world.first(5));
    let Some(Answer::Rows(mut table)) =
        drill.record.lines.iter().find_map(|line| match &line.event {
            Event::Answered { question, answer, .. } if *question == wanted => Some(answer.clone()),
            _ => None,
        })
    else {
        panic!("no answer");
    };
    let stored = Answer::Stored { sha256: "0".repeat(64), bytes: 9 };
    match how {
        "never" => drill = drill.without(|event| asks(event, &wanted)),
        "refused" => drill.answer(wanted, Answer::Refused("57P01: shutting down".to_owned())),
        "lost" => drill.answer(wanted, stored),
        "other columns" => {
            table.columns[0] = "name".to_owned();
            drill.answer(wanted, Answer::Rows(table));
        }
        _ => {
            table.columns.push("more".to_owned());
            drill.answer(wanted, Answer::Rows(table));
        }
    }
    assert_eq!(drill.codes(Status::Unknown), ["unanswered"]);
    assert_eq!(drill.findings().len(), 1);
}

#[test]
fn a_table_the_server_cannot_read_is_broken() {
    let world = World::busy(5);
    let mut drill = Drill::new(&world, &world.first(5));
    let said = "XX001: invalid page in block 3 of relation base/5/16385".to_owned();
    drill.answer(Question::LedgerEntries, Answer::Refused(said));
    assert_eq!(drill.codes(Status::Broken), ["unreadable"]);
}

/// The recovered server has none of the workload's tables.
fn bare(world: &World, code: &str) -> Drill {
    let mut drill = Drill::new(world, &world.first(0));
    for question in LEDGER_QUESTIONS {
        drill.answer(question, Answer::Refused(format!("{code}: relation does not exist")));
    }
    drill
}

#[rstest]
fn a_server_without_the_tables_has_lost_everything(
    #[values("42P01", "3F000", "3D000")] code: &str,
) {
    let world = World::busy(5);
    let promised = bare(&world, code).safe(Some(hi(1)));
    assert_eq!(promised.codes(Status::Broken), ["lost_acked"]);
    let mut unpromised = bare(&world, code);
    unpromised.switch(Lsn(1));
    assert_eq!(unpromised.worst(), Status::Unknown, "nothing was compared");
    assert_eq!(measured(&unpromised).lost_transactions, Some((5, 5)));
}

#[test]
fn one_table_missing_tears_what_the_others_hold() {
    let world = World::busy(5);
    for question in LEDGER_QUESTIONS {
        let mut drill = Drill::new(&world, &world.first(5));
        drill.answer(question.clone(), Answer::Refused("42P01: no such relation".to_owned()));
        assert_eq!(drill.worst(), Status::Broken, "{question}");
        assert!(drill.codes(Status::Broken).contains(&"torn".to_owned()), "{question}");
    }
}

#[test]
fn without_an_end_a_strike_or_a_promise_it_is_never_held() {
    let world = World::busy(5);
    let new = || Drill::new(&world, &world.first(4));
    assert_eq!(new().safe(None).codes(Status::Broken), ["lost_acked"]);
    for drill in [new().without(history), new().without(|event| matches!(event, Event::Aimed(_)))] {
        assert!(drill.codes(Status::Unknown).contains(&"unanswered".to_owned()));
    }
    let given_up = new().chosen(lo(4)).without(|event| matches!(event, Event::Struck { .. }));
    assert_eq!(measured(&given_up).given_up, (1, 0), "nothing is excused by no strike");
    let struck =
        Drill::new(&world, &world.first(5)).without(|it| matches!(it, Event::Struck { .. }));
    assert_eq!(struck.codes(Status::Unknown), ["unanswered"]);
    let mut unpromised = new().without(|event| matches!(event, Event::Promised(_)));
    unpromised.switch(lo(4));
    assert_eq!(unpromised.codes(Status::Unknown), ["unanswered"]);
    let whole = Drill::new(&world, &world.first(5)).without(|it| matches!(it, Event::Promised(_)));
    assert_eq!(whole.worst(), Status::Held, "nothing is lost: no promise was needed");
}

#[test]
fn a_recovery_the_brief_does_not_know_is_unknown() {
    let world = World::busy(5);
    let mut drill = Drill::new(&world, &world.first(5));
    drill.record.brief.recoveries.clear();
    assert_eq!(drill.codes(Status::Unknown), ["unanswered"]);
}

#[test]
fn a_twin_is_judged_by_its_own_answers_and_the_last_recoverys_target() {
    let world = World::busy(5);
    let mut drill = Drill::new(&world, &world.first(5));
    let twin = Scope::Control("wal_segment_missing".to_owned());
    let spoiled = Drill::new(&world, &world.first(2)).safe(Some(hi(3)));
    let own = spoiled.record.lines.into_iter().filter(|line| line.scope != Scope::Source);
    drill = drill.safe(Some(hi(3)));
    drill.record.lines.extend(own.map(|line| Line { scope: twin.clone(), ..line }));
    let case = pgrehearse_verdict::case::Case { record: &drill.record, scope: &twin };
    let check = pgrehearse_verdict::check::Spec::standard();
    let check = check.iter().find(|spec| spec.name() == "ledger").expect("a check");
    assert!(check.judge(&case).iter().any(|finding| finding.code == "lost_acked"));
    assert_eq!(drill.worst(), Status::Held);
}

#[test]
fn a_strike_after_the_recovery_is_not_its_own() {
    let world = World::busy(5);
    let mut drill = Drill::new(&world, &world.first(5));
    let first = drill.see(|case| case.struck_ns());
    drill.source(u64::MAX, Event::Struck { disaster: "the next".to_owned() });
    assert_eq!(drill.see(|case| case.struck_ns()), first);
    assert_eq!(drill.record.brief.objectives, Objectives::default());
}

#[test]
fn an_acknowledgement_without_a_position_may_be_lost_or_not() {
    let mut world = World::busy(5);
    let last = world.rows.len() - 1;
    world.rows[last].entry = Entry::Acked { tx: world.ids[4].clone(), hi: Lsn(u64::MAX) };
    for (kept, lost) in [(5, (0, 0)), (4, (0, 1))] {
        let drill = Drill::new(&world, &world.first(kept));
        assert_eq!(drill.worst(), Status::Held, "{:?}", drill.findings());
        assert_eq!(measured(&drill).lost_transactions, Some(lost));
    }
}

fn asks(event: &Event, wanted: &Question) -> bool {
    matches!(event, Event::Answered { question, .. } if question == wanted)
}

fn history(event: &Event) -> bool {
    asks(event, &Question::History)
}
