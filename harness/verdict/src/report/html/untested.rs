//! What a drill did not test: said as plainly as what it did.

use crate::check;
use crate::clean;
use crate::finding::Status;
use crate::report::checks::by_check;
use crate::report::html::page::TEXT_MAX;
use crate::report::{Drill, figures, words};
use crate::verdict::ControlOutcome;

/// Everything a reader could believe was tested, and was not.
pub(super) fn untested(drill: &Drill) -> Vec<String> {
    let mut said = vec![people(drill)];
    said.extend(scale(drill));
    said.push("How the times vary: this is one performance, not a series.".to_owned());
    said.extend(ability_to_fail(drill));
    said.extend(coverage(drill));
    said.extend(objectives(drill));
    said
}

fn people(drill: &Drill) -> String {
    let wanted = &drill.brief.objectives;
    let assumed =
        [("detection", wanted.assumed_detection_s), ("decision", wanted.assumed_decision_s)]
            .into_iter()
            .filter_map(|(name, time)| time.map(|time| format!("{name} {}", figures::limit(time))))
            .collect::<Vec<_>>();
    let assumed = if assumed.is_empty() {
        "the scenario assumes nothing for them".to_owned()
    } else {
        format!("the scenario assumes {} on top", assumed.join(" and "))
    };
    format!("Detection and decision: both are 0 in a drill, no person took part; {assumed}.")
}

fn scale(drill: &Drill) -> Option<String> {
    let drilled = drill.judgement.measured.database_bytes;
    let production = drill.brief.objectives.production_bytes;
    match (drilled, production) {
        (Some(drilled), Some(production)) => Some(format!(
            "The size of production: {} were drilled, production has {}.",
            figures::size(drilled),
            figures::size(production)
        )),
        (Some(drilled), None) => Some(format!(
            "Any other size than the {} that were drilled: the scenario names no production size.",
            figures::size(drilled)
        )),
        (None, _) => Some("The size of the database: it was not measured.".to_owned()),
    }
}

fn ability_to_fail(drill: &Drill) -> Vec<String> {
    let judgement = &drill.judgement;
    let mut said = vec![];
    if !judgement.shown_able_to_fail {
        said.push(format!(
            "Whether this drill can fail at all: no control was caught, it is {}.",
            words::NOT_SHOWN
        ));
    }
    for control in &judgement.controls {
        let id = clean::one_line(&control.id, TEXT_MAX);
        match control.result {
            ControlOutcome::Ineffective => {
                said.push(format!("Control {id}: the spoiled copy was as good as the original."));
            }
            ControlOutcome::Unknown => said.push(format!("Control {id}: it could not be told.")),
            _ => {}
        }
    }
    said
}

fn coverage(drill: &Drill) -> Vec<String> {
    let brief = &drill.brief;
    let mut said = vec![];
    let left_out: Vec<&str> = check::KINDS
        .iter()
        .filter(|kind| kind.standard && !brief.checks.iter().any(|c| c.name() == kind.name))
        .map(|kind| kind.name)
        .collect();
    if !left_out.is_empty() {
        said.push(format!("Checks that the scenario left out: {}.", left_out.join(", ")));
    }
    let unknown: Vec<String> = by_check(drill)
        .iter()
        .filter(|checked| checked.status == Status::Unknown)
        .map(|checked| clean::one_line(checked.name, TEXT_MAX))
        .collect();
    if !unknown.is_empty() {
        said.push(format!("Checks that could not tell: {}.", unknown.join(", ")));
    }
    if brief.application.is_empty() {
        said.push("Whether an application can log in: the fixture names no role.".to_owned());
    }
    if brief.recoveries.len() > 1 {
        let number = brief.recoveries.len();
        said.push(format!("The contents after all but the last of {number} recoveries."));
    }
    if drill.judgement.ended.is_none() {
        said.push("How the drill ended: its journal ends before it.".to_owned());
    }
    said
}

fn objectives(drill: &Drill) -> Vec<String> {
    let judged = |name: &str| drill.judgement.objectives.iter().any(|o| o.name == name);
    let mut said = vec![];
    if !judged("rto") {
        said.push("The recovery time against a goal: the scenario names none.".to_owned());
    }
    if !judged("rpo") {
        said.push("The loss against a goal: the scenario names none.".to_owned());
    }
    said
}
