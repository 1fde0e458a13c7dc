//! The recovery time: from the strike to the application's first acknowledged write.

use crate::case::{Case, Known};
use crate::finding::Status;
use crate::journal::{Cause, Event, Fault, Scope, Tick};
use crate::objective::span::{interval as words, seconds, size, span};
use crate::objective::{Measured, Objective};
use crate::question::{Moment, Question};

/// How many times the drilled size a projection may reach.
const PROJECTION_MAX: f64 = 20.0;

/// Fills in what was measured of the recovery time, and judges the objective if there is one.
pub fn rto(case: &Case<'_>, measured: &mut Measured) -> Option<Objective> {
    measured.database_bytes = database_bytes(case);
    measured.rto_s = interval(case);
    measured.stages = stages(case);
    measured.verified_s = measured
        .stages
        .iter()
        .find_map(|(name, at_s)| (name == tick_name(Tick::Verified)).then_some(*at_s));
    let wanted_s = case.brief().objectives.rto_s?;
    let (status, said) = match measured.rto_s {
        Some(interval) => judge(case, measured, interval, wanted_s),
        None => never_writable(case, wanted_s),
    };
    Some(Objective { name: "rto".to_owned(), wanted_s, status, said })
}

/// The size of the database that was recovered; if it was never asked there, of its source.
fn database_bytes(case: &Case<'_>) -> Option<u64> {
    let at = |moment| match case.answer(&moment, &Question::Server) {
        Known::Rows(table) => table.pair("database_bytes")?.parse().ok(),
        _ => None,
    };
    at(Moment::Recovered).or_else(|| at(Moment::Baseline))
}

fn writable_ns(case: &Case<'_>) -> Option<(u64, u64)> {
    case.own_events().find_map(|(_, event)| match event {
        Event::Writable { last_failed_began_ns, first_good_ended_ns } => {
            Some((*last_failed_began_ns, *first_good_ended_ns))
        }
        _ => None,
    })
}

/// From the strike to writable, in seconds. A write acknowledged before the strike is none.
fn interval(case: &Case<'_>) -> Option<(f64, f64)> {
    let (lower_ns, upper_ns) = writable_ns(case)?;
    let struck_ns = case.struck_ns()?;
    let upper_ns = upper_ns.checked_sub(struck_ns)?;
    let lower_ns = lower_ns.saturating_sub(struck_ns);
    (lower_ns <= upper_ns).then_some((seconds(lower_ns), seconds(upper_ns)))
}

/// The stages in the order of time, in seconds since the strike.
fn stages(case: &Case<'_>) -> Vec<(String, f64)> {
    let Some(struck_ns) = case.struck_ns() else {
        return vec![];
    };
    let mut stages: Vec<(String, u64)> = case
        .own_events()
        .filter_map(|(at_ns, event)| match event {
            Event::Ticked(tick) => Some((tick_name(*tick).to_owned(), at_ns)),
            Event::Writable { first_good_ended_ns, .. } => {
                Some(("writable".to_owned(), *first_good_ended_ns))
            }
            _ => None,
        })
        .collect();
    stages.sort_by_key(|(_, at_ns)| *at_ns);
    let since = |at_ns: u64| seconds(at_ns.saturating_sub(struck_ns));
    stages.into_iter().map(|(name, at_ns)| (name, since(at_ns))).collect()
}

fn tick_name(tick: Tick) -> &'static str {
    match tick {
        Tick::Begun => "begun",
        Tick::Provisioned => "provisioned",
        Tick::Located => "located",
        Tick::Fetched => "fetched",
        Tick::Started => "started",
        Tick::Reads => "reads",
        Tick::Promoted => "promoted",
        Tick::Loaded => "loaded",
        Tick::Verified => "verified",
    }
}

/// The interval is judged as one: held only at its upper end, broken only at its lower.
fn judge(
    case: &Case<'_>,
    measured: &Measured,
    (lower, upper): (f64, f64),
    wanted_s: f64,
) -> (Status, String) {
    let objectives = &case.brief().objectives;
    let mut said = format!("writable {} after the strike", words(lower, upper));
    said.push_str(&match measured.database_bytes {
        Some(bytes) => format!(", at a size of {}", size(bytes)),
        None => ", at an unknown size".to_owned(),
    });
    let (mut lower, mut upper) = (lower, upper);
    if let Some(production_bytes) = objectives.production_bytes {
        match projection(measured, production_bytes) {
            Ok(more_s) => {
                (lower, upper) = (lower + more_s, upper + more_s);
                let projected = format!("; projected to {}", size(production_bytes));
                said.push_str(&format!(
                    "{projected}, not measured: {} to {} with the fetch stretched by size and the \
                     rest, replay included, as drilled",
                    span(lower),
                    span(upper)
                ));
            }
            Err(why) => {
                said.push_str(&format!(
                    ", which says nothing of {}: {why}",
                    size(production_bytes)
                ));
                return (Status::Unknown, said);
            }
        }
    }
    let assumed = [objectives.assumed_detection_s, objectives.assumed_decision_s];
    if assumed.iter().any(Option::is_some) {
        let assumed_s: f64 = assumed.into_iter().flatten().sum();
        (lower, upper) = (lower + assumed_s, upper + assumed_s);
        let (low, high, more) = (span(lower), span(upper), span(assumed_s));
        said.push_str(&format!("; {low} to {high} with {more} assumed to notice and decide"));
    }
    said.push_str(&format!("; wanted at most {}", span(wanted_s)));
    let status = if upper <= wanted_s {
        Status::Held
    } else if lower > wanted_s {
        Status::Broken
    } else {
        Status::Unknown
    };
    (status, said)
}

/// How many seconds more the fetch would take at the size of production. Smaller than drilled
/// counts as drilled.
fn projection(measured: &Measured, production_bytes: u64) -> Result<f64, String> {
    let drilled = measured.database_bytes.filter(|bytes| *bytes > 0);
    let drilled = drilled.ok_or("the size drilled is not known")?;
    let factor = (production_bytes as f64 / drilled as f64).max(1.0);
    if factor > PROJECTION_MAX {
        return Err(format!("it is {factor:.1} times the size drilled, over {PROJECTION_MAX}"));
    }
    let at = |wanted: Tick| {
        let found = measured.stages.iter().find(|(name, _)| name == tick_name(wanted));
        found.map(|(_, at_s)| *at_s)
    };
    // Both must be over before the engine is called; which comes last depends on the target.
    let called = [at(Tick::Provisioned), at(Tick::Located)].into_iter().flatten().reduce(f64::max);
    let (Some(called), Some(fetched)) = (called, at(Tick::Fetched)) else {
        return Err("it is not known how long the fetch took".to_owned());
    };
    Ok((fetched - called).max(0.0) * (factor - 1.0))
}

/// No write was ever acknowledged: the subject's fault breaks the objective, ours leaves it open.
fn never_writable(case: &Case<'_>, wanted_s: f64) -> (Status, String) {
    let wanted = format!("wanted at most {}", span(wanted_s));
    let Some(struck_ns) = case.struck_ns() else {
        return (Status::Unknown, format!("there was no strike to count from; {wanted}"));
    };
    if writable_ns(case).is_some() {
        let said = "the journal has a first write that ended before the strike or before it began";
        return (Status::Unknown, format!("{said}; {wanted}"));
    }
    let Some((at_ns, fault)) = stopped(case, struck_ns) else {
        return (Status::Unknown, format!("the journal ends before the first write; {wanted}"));
    };
    let spent = span(seconds(at_ns.saturating_sub(struck_ns)));
    let said = format!("`{}` failed {spent} after the strike: {}", fault.during, fault.said);
    match fault.cause {
        Cause::Subject(_) => (Status::Broken, format!("never writable: {said}; {wanted}")),
        Cause::Rig(_) => (Status::Unknown, format!("not measured: {said}; {wanted}")),
    }
}

/// The first fault since the strike: whatever failed after it may only be its consequence.
fn stopped<'a>(case: &Case<'a>, struck_ns: u64) -> Option<(u64, &'a Fault)> {
    case.events().find_map(|(at_ns, scope, event)| match event {
        Event::Fault(fault) if *scope != Scope::Source || at_ns >= struck_ns => {
            Some((at_ns, fault))
        }
        _ => None,
    })
}
