//! The exit status that a run earned.

use crate::journal::End;
use crate::verdict::{Judgement, Verdict};

/// Every drill passed.
const PASSED: u8 = 0;
/// Something failed.
const FAILED: u8 = 1;
/// Nothing failed, but something could not be told.
const UNKNOWN: u8 = 3;
/// Nothing was run.
const NOTHING: u8 = 4;
/// Our bug.
const BUG: u8 = 70;
/// Interrupted by Ctrl-C, or by what no one told.
const INTERRUPTED: u8 = 130;
/// Interrupted by SIGTERM.
const TERMINATED: u8 = 143;
/// From the worst to the best.
const WORST_FIRST: &[u8] = &[BUG, INTERRUPTED, TERMINATED, FAILED, UNKNOWN, NOTHING, PASSED];

/// All that decides how a run exits. What stops a run before anything starts (status 2) is not
/// among it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Earned<'a> {
    /// The drills that were performed.
    pub judgements: &'a [&'a Judgement],
    /// How many scenarios were met and not performed.
    pub not_drilled: usize,
    /// Whether every scenario that was met had to be performed (`--require-all`).
    pub require_all: bool,
    /// 130 or 143, if a signal ended the run.
    pub interrupted: Option<u8>,
    /// Whether the harness itself failed outside of any drill.
    pub bug: bool,
}

/// The exit status: the worst of what happened, by the order of [`WORST_FIRST`]. A run without a
/// drill is never a success.
pub fn exit(earned: &Earned<'_>) -> u8 {
    let interrupted = match earned.interrupted {
        Some(TERMINATED) => TERMINATED,
        _ => INTERRUPTED,
    };
    let mut statuses: Vec<u8> =
        earned.judgements.iter().map(|judgement| one(judgement, interrupted)).collect();
    statuses.extend(earned.interrupted.map(|_| interrupted));
    if earned.bug {
        statuses.push(BUG);
    }
    if earned.judgements.is_empty() || earned.require_all && earned.not_drilled > 0 {
        statuses.push(NOTHING);
    }
    let worst = WORST_FIRST.iter().copied().find(|status| statuses.contains(status));
    worst.unwrap_or(BUG)
}

/// What one drill earns. A canary that failed as it must is a failure like any other: 1. One that
/// came out green, or red for another reason, is a bug of ours; one that could not be told is
/// neither.
fn one(judgement: &Judgement, interrupted: u8) -> u8 {
    let canary = judgement.canary.as_ref().map(|canary| canary.as_it_must);
    match (judgement.ended, judgement.verdict, canary) {
        (Some(End::Panicked), _, _) => BUG,
        (Some(End::Interrupted), _, _) => interrupted,
        (_, Verdict::Passed | Verdict::Failed, Some(false)) => BUG,
        (_, Verdict::Passed, _) => PASSED,
        (_, Verdict::Unknown, _) => UNKNOWN,
        (_, Verdict::Failed, _) => FAILED,
    }
}
