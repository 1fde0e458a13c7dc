//! The target of a recovery from a dump: the snapshot of the backup that was aimed at, and that
//! backup the newest that there was.

use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::finding::Finding;
use crate::journal::{Backup, Event};
use crate::question::{Moment, Question};

/// Wants the backup that was recovered to be one that the journal saw finished, with the snapshot
/// it was finished with; the newest of those before the strike; and a server out of recovery.
pub(super) fn judge(check: &str, case: &Case<'_>) -> Vec<Finding> {
    let Some(aim) = case.aim() else {
        return vec![Finding::unknown(check, "no_aim", "no target was ever decided")];
    };
    let (Some(label), Some(snapshot)) = (&aim.backup, aim.snapshot) else {
        let said = format!("`{}` names no backup with a snapshot", shown(&aim.target));
        return vec![Finding::unknown(check, "no_boundary", said)];
    };
    let backups = finished(case);
    let found = backups.iter().rev().find(|backup| backup.label == *label);
    let mut findings = vec![match found {
        Some(backup) if backup.snapshot == Some(snapshot) => {
            let said = format!("backup `{label}` was recovered, with the snapshot it was made in");
            Finding::held(check, "snapshot", said)
        }
        Some(_) => {
            let said = format!("backup `{label}` was made in another snapshot than was aimed at");
            Finding::broken(check, "other_snapshot", said)
        }
        None => {
            let said = format!("no backup `{label}` was finished before the disaster");
            Finding::broken(check, "other_snapshot", said)
        }
    }];
    if let Some(newest) = backups.last().filter(|it| found.is_some() && it.label != *label) {
        let said = format!("backup `{label}` was recovered, and `{}` is newer", newest.label);
        findings.push(Finding::broken(check, "older_backup", said));
    }
    findings.push(match rows(case, check, &Moment::Recovered, &Question::Server) {
        Ok(server) => match server.pair("in_recovery") {
            Some("f" | "false") => {
                Finding::held(check, "complete", "the server is not in recovery")
            }
            Some("t" | "true") => {
                Finding::broken(check, "still_in_recovery", "the server is in recovery")
            }
            _ => {
                Finding::unknown(check, "malformed_answer", "whether recovery is over is not said")
            }
        },
        Err(finding) => *finding,
    });
    findings
}

/// The backups that could have been recovered, in order.
fn finished<'a>(case: &Case<'a>) -> Vec<&'a Backup> {
    // What was taken after the disaster holds the harm; where all there is was wanted, it counts.
    let chosen = case.brief().recoveries.last().is_some_and(|recovery| recovery.chosen);
    let until_ns = case.struck_ns().filter(|_| chosen).unwrap_or(u64::MAX);
    let backups = case.events().filter_map(|(at_ns, _, event)| match event {
        Event::BackedUp(backup) if at_ns <= until_ns => Some(backup),
        _ => None,
    });
    backups.collect()
}
