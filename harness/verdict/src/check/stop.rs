//! Where the server says that its recovery stopped, for the targets that are no position.
//!
//! The words are PostgreSQL's own (`recoveryStopsBefore` and `recoveryStopsAfter` in
//! `xlogrecovery.c`), the same from 14 to 18.

use crate::check::answered::shown;
use crate::check::log;
use crate::finding::Finding;
use crate::journal::Stop;

/// Whether the last stop in the log is the one that was aimed at. `stops` holds what the log says
/// of stopping, in order.
pub(super) fn judge(check: &str, stop: Stop, stops: &[&str]) -> Finding {
    let Some(last) = stops.last() else {
        let said = format!("the log does not say that recovery stopped {}", wanted(stop));
        return Finding::unknown(check, "no_stop", said);
    };
    if is(stop, last) {
        let said = format!("recovery stopped {}, as it was asked to", wanted(stop));
        return Finding::held(check, "stopped", said);
    }
    let said = format!("wanted a stop {}, found `{}`", wanted(stop), shown(last));
    Finding::broken(check, "stopped_elsewhere", said)
}

fn is(stop: Stop, said: &str) -> bool {
    let of = |when: &str, xid: u32| {
        ["commit", "abort"].iter().any(|end| {
            said.starts_with(&format!("recovery stopping {when} {end} of transaction {xid},"))
        })
    };
    match stop {
        Stop::Consistent => said == "recovery stopping after reaching consistency",
        Stop::BeforeTransaction(xid) => of("before", xid),
        Stop::AfterTransaction(xid) => of("after", xid),
        // The record that starts at the position or, where none does, the next one.
        Stop::AfterPosition(lsn) => {
            said.starts_with("recovery stopping after WAL location (LSN)")
                && log::quoted_lsn(said).is_some_and(|at| at >= lsn)
        }
    }
}

fn wanted(stop: Stop) -> String {
    match stop {
        Stop::Consistent => "when the backup was consistent".to_owned(),
        Stop::BeforeTransaction(xid) => format!("before the end of transaction {xid}"),
        Stop::AfterTransaction(xid) => format!("after the end of transaction {xid}"),
        Stop::AfterPosition(lsn) => format!("after the record at {lsn}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;

    const COMMIT: &str =
        "recovery stopping before commit of transaction 740, time 2026-11-25 20:16:07.123456+00";

    #[rstest::rstest]
    #[case::consistent(Stop::Consistent, "recovery stopping after reaching consistency")]
    #[case::before(Stop::BeforeTransaction(740), COMMIT)]
    #[case::after(
        Stop::AfterTransaction(740),
        "recovery stopping after abort of transaction 740, time 2026-11-25 20:16:07+00"
    )]
    #[case::position(Stop::AfterPosition("0/3000028".parse().unwrap()),
        "recovery stopping after WAL location (LSN) \"0/3000060\"")]
    fn a_stop_of_the_right_kind_and_place_holds(#[case] stop: Stop, #[case] said: &str) {
        assert_eq!(judge("target", stop, &[said]).status, Status::Held);
    }

    #[rstest::rstest]
    #[case::another_transaction(Stop::BeforeTransaction(74), COMMIT)]
    #[case::the_wrong_side(Stop::AfterTransaction(740), COMMIT)]
    #[case::another_kind(Stop::Consistent, COMMIT)]
    #[case::too_early(Stop::AfterPosition("0/3000028".parse().unwrap()),
        "recovery stopping after WAL location (LSN) \"0/3000000\"")]
    fn a_stop_elsewhere_is_broken(#[case] stop: Stop, #[case] said: &str) {
        assert_eq!(judge("target", stop, &[said]).status, Status::Broken);
    }

    #[test]
    fn only_the_last_stop_counts_and_none_is_unknown() {
        let stop = Stop::BeforeTransaction(740);
        let earlier = "recovery stopping after reaching consistency";
        assert_eq!(judge("target", stop, &[COMMIT, earlier]).status, Status::Broken);
        assert_eq!(judge("target", stop, &[]).status, Status::Unknown);
    }
}
