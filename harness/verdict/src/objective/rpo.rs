//! The loss: what this drill lost, and the worst that this protection allows.

use crate::brief::Protection;
use crate::case::Case;
use crate::finding::Status;
use crate::journal::{Cause, Event};
use crate::ledger::{Boundary, Fate, Ledger, Loss, Outcome, Reckoning, reckon};
use crate::objective::span::{interval, seconds, span};
use crate::objective::{Exposure, Measured, Objective};

/// Fills in what was measured of the loss, and judges the objective if there is one.
pub fn rpo(case: &Case<'_>, measured: &mut Measured) -> Option<Objective> {
    let struck_ns = case.struck_ns();
    let acks = case.record.ledger.as_ref().map_or(vec![], acks);
    let before = acks.iter().filter(|at| struck_ns.is_some_and(|struck| **at <= struck)).count();
    measured.acknowledged = (acks.len() as u64, before as u64);
    (measured.exposure, measured.exposure_because) = exposure(case);
    let seen = match reckon(case) {
        Ok(reckoning) => {
            count(&reckoning, measured);
            observe(&reckoning, &acks).ok_or("there was no strike to count from".to_owned())
        }
        Err(why) => Err(why.to_string()),
    };
    if let (Ok(seen), true) = (&seen, before > 0) {
        let shown = seen.upper_s.unwrap_or(seconds(struck_ns.unwrap_or_default()));
        measured.observed_loss_s = Some((seen.lower_s, shown.max(seen.lower_s)));
    }
    let wanted_s = case.brief().objectives.rpo_s?;
    let (status, said) = match (struck_ns, before) {
        (None, _) => (Status::Unknown, "there was no strike to count from".to_owned()),
        (Some(_), 0) => {
            (Status::Unknown, "no transaction was acknowledged before the strike".to_owned())
        }
        (Some(_), _) => judge(case, measured, &acks[..before], seen, wanted_s),
    };
    let said = format!("{said}; wanted at most {}", span(wanted_s));
    Some(Objective { name: "rpo".to_owned(), wanted_s, status, said })
}

/// When transactions were acknowledged, in order, in nanoseconds since the origin.
fn acks(ledger: &Ledger) -> Vec<u64> {
    let mut acks: Vec<u64> =
        ledger.transactions.values().filter_map(|it| it.acked.map(|(at, _)| at)).collect();
    acks.sort_unstable();
    acks
}

/// What the protection allows by its own cadence, and how that comes about.
fn exposure(case: &Case<'_>) -> (Option<Exposure>, String) {
    let Some(promise) = case.promise() else {
        return (None, "the journal does not say what was safe before the strike".to_owned());
    };
    let Some(disaster) = case.brief().disasters.last() else {
        return (None, "there is no disaster to be exposed to".to_owned());
    };
    match case.brief().protection {
        Protection::Snapshots => cadence(case),
        Protection::Archive if disaster.leaves_wal => {
            let because = "the disaster leaves pg_wal, and with it what was not archived yet";
            (Some(Exposure::Seconds(0.0)), because.to_owned())
        }
        Protection::Archive if promise.archive_lag_s.is_sign_negative() => {
            (None, format!("the archive's lag is said to be {} s", promise.archive_lag_s))
        }
        Protection::Archive => match promise.archive_timeout_s.filter(|timeout| *timeout > 0.0) {
            Some(timeout_s) => {
                let lag_s = promise.archive_lag_s;
                let because = format!(
                    "`archive_timeout` is {}, and the archive lagged by {}",
                    span(timeout_s),
                    span(lag_s)
                );
                (Some(Exposure::Seconds(timeout_s + lag_s)), because)
            }
            None => {
                let because = "no `archive_timeout` is set: a segment that does not fill up is \
                               never archived";
                (Some(Exposure::Unbounded), because.to_owned())
            }
        },
    }
}

/// Between two backups everything can be lost, and while one is taken, what it does not hold yet:
/// it is as old as its snapshot when it is finished.
fn cadence(case: &Case<'_>) -> (Option<Exposure>, String) {
    let struck_ns = case.struck_ns().unwrap_or(u64::MAX);
    let backups = case.events().filter_map(|(at_ns, _, event)| match event {
        Event::BackedUp(backup) if at_ns <= struck_ns => Some(backup),
        _ => None,
    });
    let mut worst: Option<(f64, f64)> = None;
    for backup in backups {
        // Of two cadences the tighter one bounds the loss; of two durations the longer one.
        let Some(every_s) = backup.every_s else { continue };
        let took_s = seconds(backup.took_ns);
        worst = Some(
            worst.map_or((every_s, took_s), |(every, took)| (every.min(every_s), took.max(took_s))),
        );
    }
    match worst {
        Some((every_s, took_s)) => {
            let because =
                format!("a backup is taken every {}, and took {}", span(every_s), span(took_s));
            (Some(Exposure::Seconds(every_s + took_s)), because)
        }
        None => {
            let because = "nothing is kept between two backups, and no `every:` says how often \
                           production takes one";
            (None, because.to_owned())
        }
    }
}

fn count(reckoning: &Reckoning<'_>, measured: &mut Measured) {
    let tally = &reckoning.tally;
    let losses = |least: Loss| tally.told.values().filter(|told| told.loss >= least).count() as u64;
    measured.lost_transactions = Some((losses(Loss::Exact), losses(Loss::Upper)));
    let counts = |a, b| (tally.count(a), tally.count(b));
    measured.given_up = counts(Outcome::GivenUpBefore, Outcome::GivenUpAfter);
    measured.in_doubt = counts(Outcome::Recovered, Outcome::Vanished);
}

/// The loss that was seen, in seconds.
struct Seen {
    lower_s: f64,
    /// `None`: nothing acknowledged stands before what is lost, so that no end of it can be seen.
    upper_s: Option<f64>,
}

fn observe(reckoning: &Reckoning<'_>, acks: &[u64]) -> Option<Seen> {
    let struck_ns = reckoning.boundary.struck_ns?;
    let resolution_s = seconds(resolution(acks, struck_ns));
    let lower_s = match span_of(reckoning, struck_ns, Loss::Exact) {
        Lost::Nothing => 0.0,
        Lost::Since(ns) => seconds(ns),
        Lost::All { at_least } => seconds(at_least),
    };
    let upper_s = match span_of(reckoning, struck_ns, Loss::Upper) {
        Lost::Nothing => Some(resolution_s),
        Lost::Since(ns) => Some(seconds(ns).max(resolution_s)),
        Lost::All { .. } => None,
    };
    Some(Seen { lower_s, upper_s })
}

/// How long nothing need have been acknowledged for a loss to go unseen, in nanoseconds: the
/// time between the last two acknowledgements before the strike, or from the last to the strike.
fn resolution(acks: &[u64], struck_ns: u64) -> u64 {
    let before = &acks[..acks.partition_point(|at| *at <= struck_ns)];
    match before {
        [.., last_but_one, last] => (last - last_but_one).max(struck_ns - last),
        [only] => struck_ns - only,
        [] => struck_ns,
    }
}

/// A loss, in nanoseconds.
enum Lost {
    Nothing,
    /// From the newest acknowledgement before which all is there, to the strike.
    Since(u64),
    /// There is no such acknowledgement.
    All {
        at_least: u64,
    },
}

/// The loss if all that counts at `least` so much is lost.
fn span_of(reckoning: &Reckoning<'_>, struck_ns: u64, least: Loss) -> Lost {
    let told = &reckoning.tally.told;
    let transactions = &reckoning.ledger.transactions;
    let lost = || {
        let lost = told.iter().filter(|(_, told)| told.loss >= least);
        lost.filter_map(|(tx, _)| Boundary::done_ns(transactions.get(tx)?))
    };
    let (Some(first), Some(last)) = (lost().min(), lost().max()) else {
        return Lost::Nothing;
    };
    // Work that was acknowledged after the strike and lost all the same is counted to its end.
    let end_ns = struck_ns.max(last);
    let there =
        told.iter().filter(|(_, told)| matches!(told.outcome, Outcome::Kept | Outcome::Duplicate));
    let newest = there
        .filter_map(|(tx, _)| transactions.get(tx))
        .filter(|it| it.fate == Fate::Acked)
        .filter_map(Boundary::done_ns)
        .filter(|at| *at < first)
        .max();
    match newest {
        Some(newest) => Lost::Since(end_ns - newest),
        None => Lost::All { at_least: end_ns - first },
    }
}

/// Judged on the greater of what was seen and what is allowed.
fn judge(
    case: &Case<'_>,
    measured: &Measured,
    acks: &[u64],
    seen: Result<Seen, String>,
    wanted_s: f64,
) -> (Status, String) {
    let because = &measured.exposure_because;
    let (allowed, exposed) = match measured.exposure {
        Some(Exposure::Seconds(worst_s)) => {
            let said = format!("this protection allows {}: {because}", span(worst_s));
            (Some(worst_s <= wanted_s), said)
        }
        Some(Exposure::Unbounded) => {
            (Some(false), format!("this protection allows any loss: {because}"))
        }
        None => (None, format!("the worst this protection allows is not known: {because}")),
    };
    let seen = match seen {
        Ok(seen) => seen,
        Err(why) => {
            // What the rig did to the drill says nothing of the subject.
            let ours = case.faults().any(|fault| matches!(fault.cause, Cause::Rig(_)));
            let status =
                if allowed == Some(false) && !ours { Status::Broken } else { Status::Unknown };
            return (status, format!("the loss is not known: {why}; {exposed}"));
        }
    };
    let mut said = format!("{}; {exposed}", lost_in_words(&seen, measured));
    let status = if seen.lower_s > wanted_s || allowed == Some(false) {
        Status::Broken
    } else if allowed == Some(true) && seen.upper_s.is_some_and(|upper_s| upper_s <= wanted_s) {
        Status::Held
    } else {
        Status::Unknown
    };
    let acknowledged_s = match (acks.first(), acks.last()) {
        (Some(first), Some(last)) => seconds(last - first),
        _ => 0.0,
    };
    let unseen = allowed.is_none() || seen.upper_s.is_none();
    if status == Status::Unknown && unseen && acknowledged_s < wanted_s {
        said.push_str(&format!(
            "; the objective could not have been broken by {} of acknowledged work before the \
             strike",
            span(acknowledged_s)
        ));
    }
    (status, said)
}

fn lost_in_words(seen: &Seen, measured: &Measured) -> String {
    let transactions = match measured.lost_transactions {
        Some((lower, upper)) if lower == upper => format!("{lower} transactions"),
        Some((lower, upper)) => format!("{lower} to {upper} transactions"),
        None => "an unknown number of transactions".to_owned(),
    };
    match (measured.lost_transactions, seen.upper_s) {
        (Some((0, 0)), Some(upper_s)) => format!(
            "0 acknowledged transactions were seen lost, and no loss over {} could have gone \
             unseen",
            span(upper_s)
        ),
        (_, Some(upper_s)) => {
            format!("lost: {}, {transactions}", interval(seen.lower_s, upper_s))
        }
        (_, None) => format!(
            "lost: at least {}, {transactions}: nothing acknowledged before them is there",
            span(seen.lower_s)
        ),
    }
}
