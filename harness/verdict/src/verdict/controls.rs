//! The must-fail twins: what came of each, and what that means for the drill.

use crate::brief::ControlBrief;
use crate::case::{Case, Record};
use crate::finding::{Finding, Status};
use crate::journal::{Cause, Event, Fault, Sabotaged, Scope, SubjectCause};
use crate::verdict::checked;
use crate::verdict::conduct::recovery_failed;
use crate::verdict::{ControlOutcome, ControlResult};

/// The name these findings bear in place of a check's.
const NAME: &str = "controls";

/// What came of each twin of the brief. Where the drill itself was not `green`, red proves
/// nothing, and every twin is unknown.
pub(super) fn results(record: &Record, green: bool) -> Vec<ControlResult> {
    record.brief.controls.iter().map(|control| one(record, control, green)).collect()
}

/// What the twins mean for the drill: one finding for each.
pub(super) fn findings(record: &Record, results: &[ControlResult]) -> Vec<Finding> {
    let controls = &record.brief.controls;
    let caught = |class: &str| {
        let mut both = controls.iter().zip(results);
        both.any(|(control, result)| {
            control.class == class && result.result == ControlOutcome::Caught
        })
    };
    let finding = |(control, result): (&ControlBrief, &ControlResult)| {
        let said = result.said.as_str();
        match result.result {
            ControlOutcome::Caught => Finding::held(NAME, "caught", said),
            ControlOutcome::Missed => Finding::broken(NAME, "false_green", said),
            ControlOutcome::CaughtOtherwise => Finding::unknown(NAME, "caught_otherwise", said),
            ControlOutcome::Ineffective if caught(&control.class) => {
                let said = format!("{said}; another twin of its class was caught");
                Finding::held(NAME, "ineffective", said)
            }
            ControlOutcome::Ineffective => Finding::unknown(NAME, "ineffective", said),
            ControlOutcome::Inapplicable => Finding::held(NAME, "inapplicable", said),
            ControlOutcome::Unknown => Finding::unknown(NAME, "not_shown", said),
        }
        .about(&control.id)
    };
    controls.iter().zip(results).map(finding).collect()
}

fn one(record: &Record, control: &ControlBrief, green: bool) -> ControlResult {
    let scope = Scope::Control(control.id.clone());
    let case = Case { record, scope: &scope };
    let spoiled = case.own_events().filter_map(|(_, event)| match event {
        Event::Sabotaged(sabotaged) => Some(sabotaged),
        _ => None,
    });
    let spoiled = spoiled.last();
    let unknown = |said: String| (ControlOutcome::Unknown, said, vec![]);
    let id = &control.id;
    let (result, said, red) = match (obstacle(&case, green), spoiled) {
        (Some(why), _) => unknown(format!("`{id}` shows nothing: {why}")),
        (None, None) => unknown(format!("`{id}` shows nothing: no copy was spoiled")),
        (None, Some(spoiled)) if spoiled.absent && spoiled.proof.is_none() => {
            let said = format!("`{id}` does not apply: {}", spoiled.change);
            (ControlOutcome::Inapplicable, said, vec![])
        }
        (None, Some(spoiled)) => match ineffective(spoiled) {
            Some(why) => (ControlOutcome::Ineffective, format!("`{id}` {why}"), vec![]),
            None if !spoiled.original_untouched => {
                unknown(format!("`{id}` shows nothing: the original was changed, too"))
            }
            None => weighed(&case, control),
        },
    };
    ControlResult {
        id: control.id.clone(),
        harm: control.harm.clone(),
        change: spoiled.map(|spoiled| spoiled.change.clone()).unwrap_or_default(),
        result,
        caught_by: control.caught_by.clone(),
        red,
        said,
    }
}

/// Why a twin cannot show anything, whatever it looks like.
fn obstacle(case: &Case<'_>, green: bool) -> Option<String> {
    if !green {
        return Some("the drill itself was not green".to_owned());
    }
    if case.own_events().next().is_none() {
        return Some("it was not performed".to_owned());
    }
    let rig = case.own_events().find_map(|(_, event)| match event {
        Event::Fault(Fault { cause: Cause::Rig(_), said, .. }) => Some(said),
        _ => None,
    });
    if let Some(said) = rig {
        return Some(format!("the rig failed: {said}"));
    }
    // An answer that was given before the copy was spoiled says nothing about the spoiled copy.
    let at = |wanted: fn(&Event) -> bool| {
        case.own_events().map(|(_, event)| event).enumerate().filter(move |(_, e)| wanted(e))
    };
    let spoiled = at(|event| matches!(event, Event::Sabotaged(_))).last()?.0;
    let answered = at(|event| matches!(event, Event::Answered { .. })).next()?.0;
    (answered < spoiled).then(|| "it was looked at before the copy was spoiled".to_owned())
}

fn ineffective(spoiled: &Sabotaged) -> Option<String> {
    let proved = spoiled.proof.as_deref().is_some_and(|proof| !proof.trim().is_empty());
    (!proved).then(|| format!("had no effect that an oracle could see: {}", spoiled.change))
}

/// Judges a twin that was spoiled for sure, with the very checks of the drill.
fn weighed(case: &Case<'_>, control: &ControlBrief) -> (ControlOutcome, String, Vec<String>) {
    let mut found = failed_recovery(case);
    found.extend(checked::findings(case));
    let mut red: Vec<String> = vec![];
    for finding in found.iter().filter(|finding| finding.status == Status::Broken) {
        if !red.contains(&finding.check) {
            red.push(finding.check.clone());
        }
    }
    let (id, harm) = (&control.id, &control.harm);
    let wanted = control.caught_by.join("`, `");
    let caught: Vec<&str> =
        red.iter().filter(|name| control.caught_by.contains(name)).map(String::as_str).collect();
    let looked = |name: &String| {
        let mut own = found.iter().filter(|finding| finding.check == *name).peekable();
        own.peek().is_some() && own.all(|finding| finding.status == Status::Held)
    };
    let (result, said) = if !caught.is_empty() {
        let said = format!("`{id}` ({harm}) was caught by `{}`", caught.join("`, `"));
        (ControlOutcome::Caught, said)
    } else if !red.is_empty() {
        let red = red.join("`, `");
        let said = format!("`{id}` ({harm}) was caught by `{red}`, wanted `{wanted}`");
        (ControlOutcome::CaughtOtherwise, said)
    } else if !control.caught_by.is_empty() && control.caught_by.iter().all(looked) {
        let said = format!(
            "FALSE GREEN FOUND: `{id}` spoiled a copy ({harm}), and `{wanted}` stayed green over \
             it: no pass of these checks can be believed"
        );
        (ControlOutcome::Missed, said)
    } else {
        let said = format!("`{id}` ({harm}) was not red, and `{wanted}` could not tell");
        (ControlOutcome::Unknown, said)
    };
    (result, said, red)
}

/// A server that did not come up, or not get where it should, after the copy was spoiled. A
/// command that failed is no such proof: it may have failed for any reason.
fn failed_recovery(case: &Case<'_>) -> Vec<Finding> {
    let events = case.own_events().map(|(_, event)| event);
    let since = events.skip_while(|event| !matches!(event, Event::Sabotaged(_)));
    let failed = |event: &Event| match event {
        Event::Fault(fault) => match fault.cause {
            Cause::Subject(SubjectCause::Server | SubjectCause::Target) => {
                Some(recovery_failed(fault))
            }
            _ => None,
        },
        _ => None,
    };
    since.filter_map(failed).collect()
}
