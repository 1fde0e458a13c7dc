//! The must-fail twins: what can come of one, and what that does to the drill.

use pgrehearse_verdict::brief::ControlBrief;
use pgrehearse_verdict::finding::Status;
use pgrehearse_verdict::journal::{Cause, Event, Fault, RigCause, Scope};
use pgrehearse_verdict::question::{Answer, Moment, Question};
use pgrehearse_verdict::verdict::ControlOutcome::{
    self, Caught, CaughtOtherwise, Inapplicable, Ineffective, Missed, Unknown,
};
use pgrehearse_verdict::verdict::Verdict;

use crate::story::{RECOVERY, Story, control};

#[track_caller]
fn expect(story: &Story, outcome: ControlOutcome, verdict: Verdict) {
    let judgement = story.judge();
    let results: Vec<_> = judgement.controls.iter().map(|control| control.result).collect();
    assert_eq!(results.first(), Some(&outcome), "{:#?}", judgement.controls);
    assert_eq!(judgement.verdict, verdict, "{:#?}", judgement.findings);
    assert_eq!(judgement.shown_able_to_fail, results.contains(&Caught));
}

/// The story with the twin's answers those of the healthy recovery, as if nothing had happened to
/// it.
fn untouched() -> Story {
    let mut story = Story::before_disaster();
    let copied: Vec<Event> = story
        .lines
        .iter()
        .filter(|(scope, event)| *scope == RECOVERY && !matches!(event, Event::Step { .. }))
        .map(|(_, event)| event.clone())
        .collect();
    story.change(&control(), |event| matches!(event, Event::Sabotaged(_)).then_some(event));
    for event in copied {
        story.put_before(control(), event, |event| matches!(event, Event::Ended { .. }));
    }
    story
}

/// The answer of the twin to `question`, given.
fn twin_answers(story: &mut Story, question: &Question, change: impl Fn(&mut Answer)) {
    for (scope, event) in &mut story.lines {
        if let Event::Answered { moment: Moment::Recovered, question: asked, answer } = event
            && *scope == control()
            && asked == question
        {
            change(answer);
        }
    }
}

#[test]
fn a_twin_whose_recovery_fails_is_caught_by_target() {
    let story = Story::before_disaster();
    expect(&story, Caught, Verdict::Passed);
    let control = &story.judge().controls[0];
    assert_eq!(control.red, ["target", "server_log"]);
    assert!(control.change.contains("000000010000000000000003"), "{}", control.change);
}

#[test]
fn a_fault_of_the_subject_alone_is_red_of_target() {
    let mut story = Story::before_disaster();
    story.change(&control(), |event| (!matches!(event, Event::Answered { .. })).then_some(event));
    expect(&story, Caught, Verdict::Passed);
    assert_eq!(story.judge().controls[0].red, ["target"]);
}

#[test]
fn a_fault_from_before_the_copy_was_spoiled_catches_nothing() {
    let mut story = Story::before_disaster();
    story.change(&control(), |event| {
        matches!(event, Event::Fault(_) | Event::Sabotaged(_)).then_some(event)
    });
    let at = story.lines.iter().position(|(_, event)| matches!(event, Event::Sabotaged(_)));
    let at = at.expect("the copy was spoiled");
    story.lines.swap(at, at + 1);
    assert!(matches!(story.lines[at].1, Event::Fault(_)));
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn a_spoiled_copy_over_which_all_stays_green_is_a_false_green_and_fails_the_drill() {
    let story = untouched();
    expect(&story, Missed, Verdict::Failed);
    let because = story.judge().because;
    assert!(because.contains("FALSE GREEN FOUND"), "{because}");
}

#[test]
fn a_twin_that_is_red_for_another_reason_is_not_counted() {
    let mut story = untouched();
    twin_answers(&mut story, &Question::Inventory, |answer| {
        if let Answer::Rows(table) = answer {
            table.rows.pop();
        }
    });
    expect(&story, CaughtOtherwise, Verdict::Unknown);
    assert_eq!(story.judge().controls[0].red, ["inventory"]);
}

#[test]
fn a_twin_that_was_not_looked_at_by_its_check_is_unknown_and_not_missed() {
    let mut story = untouched();
    twin_answers(&mut story, &Question::ServerLog, |answer| {
        *answer = Answer::Refused("57014: canceling statement".to_owned());
    });
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn a_twin_that_no_check_must_catch_is_never_missed_nor_caught() {
    let mut story = untouched();
    story.brief.controls[0].caught_by.clear();
    expect(&story, Unknown, Verdict::Unknown);
    let mut story = Story::before_disaster();
    story.brief.controls[0].caught_by.clear();
    expect(&story, CaughtOtherwise, Verdict::Unknown);
}

#[test]
fn a_change_without_proof_of_an_effect_is_ineffective() {
    for proof in [None, Some(" ".to_owned())] {
        let mut story = Story::before_disaster();
        story.change(&control(), |event| {
            Some(match event {
                Event::Sabotaged(mut sabotaged) => {
                    sabotaged.proof.clone_from(&proof);
                    Event::Sabotaged(sabotaged)
                }
                other => other,
            })
        });
        expect(&story, Ineffective, Verdict::Unknown);
    }
}

#[test]
fn an_ineffective_twin_is_excused_by_a_caught_one_of_its_class_only() {
    for (class, verdict) in [("wal", Verdict::Passed), ("pages", Verdict::Unknown)] {
        let mut story = Story::before_disaster();
        let twin = ControlBrief {
            id: "wal_bit_flipped".to_owned(),
            class: class.to_owned(),
            ..story.brief.controls[0].clone()
        };
        story.brief.controls.push(twin);
        let spoiled = story.lines.iter().find_map(|(_, event)| match event {
            Event::Sabotaged(sabotaged) => Some(sabotaged.clone()),
            _ => None,
        });
        let mut spoiled = spoiled.expect("the copy was spoiled");
        spoiled.proof = None;
        let scope = Scope::Control("wal_bit_flipped".to_owned());
        story.put_before(scope, Event::Sabotaged(spoiled), |event| {
            matches!(event, Event::Ended { .. })
        });
        expect(&story, Caught, verdict);
        assert_eq!(story.judge().controls[1].result, Ineffective);
    }
}

#[test]
fn a_twin_of_something_that_the_database_has_not_is_not_applicable() {
    let absent = |proof: Option<&str>| {
        let mut story = Story::before_disaster();
        story.change(&control(), |event| {
            Some(match event {
                Event::Sabotaged(mut sabotaged) => {
                    sabotaged.proof = proof.map(str::to_owned);
                    sabotaged.absent = true;
                    Event::Sabotaged(sabotaged)
                }
                other => other,
            })
        });
        story
    };
    expect(&absent(None), Inapplicable, Verdict::Passed);
    assert!(!absent(None).judge().shown_able_to_fail);
    // What was changed was there.
    expect(&absent(Some("it is another")), Caught, Verdict::Passed);
}

#[test]
fn a_twin_that_changed_the_original_too_shows_nothing() {
    let mut story = Story::before_disaster();
    story.change(&control(), |event| {
        Some(match event {
            Event::Sabotaged(mut sabotaged) => {
                sabotaged.original_untouched = false;
                Event::Sabotaged(sabotaged)
            }
            other => other,
        })
    });
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn a_twin_that_was_not_performed_makes_the_drill_unknown() {
    let mut story = Story::before_disaster();
    story.change(&control(), |_| None);
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn a_failure_of_the_rig_during_a_twin_catches_nothing() {
    let mut story = Story::before_disaster();
    let fault = Fault {
        cause: Cause::Rig(RigCause::NoSpace),
        during: "the copy is made".to_owned(),
        said: "no space left on device".to_owned(),
    };
    story.put_before(control(), Event::Fault(fault), |event| matches!(event, Event::Ended { .. }));
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn twins_show_nothing_where_the_drill_itself_was_not_green() {
    let mut story = Story::before_disaster();
    story.set(Moment::Recovered, "in_recovery", Some("t"));
    expect(&story, Unknown, Verdict::Failed);
    let mut story = Story::before_disaster();
    story.forget(Moment::Recovered, &Question::Inventory);
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn an_answer_from_before_the_copy_was_spoiled_shows_nothing() {
    let mut story = Story::before_disaster();
    let scope = control();
    let answer = story
        .lines
        .iter()
        .position(|(of, event)| *of == scope && matches!(event, Event::Answered { .. }));
    let early = story.lines.remove(answer.expect("the twin was asked"));
    let spoiled = story.lines.iter().position(|(_, event)| matches!(event, Event::Sabotaged(_)));
    story.lines.insert(spoiled.expect("the copy was spoiled"), early);
    expect(&story, Unknown, Verdict::Unknown);
}

#[test]
fn without_twins_the_verdict_stands_and_says_that_it_is_not_shown_able_to_fail() {
    let mut story = Story::before_disaster();
    story.brief.controls.clear();
    story.change(&control(), |_| None);
    let judgement = story.judge();
    assert_eq!(judgement.verdict, Verdict::Passed);
    assert!(!judgement.shown_able_to_fail);
    assert!(judgement.because.contains("not shown able to fail"), "{}", judgement.because);
    assert!(judgement.findings.iter().all(|finding| finding.status == Status::Held));
}
