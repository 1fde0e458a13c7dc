//! A scenario that must fail: whether it failed for just the reason it must.

use std::collections::BTreeSet;

use crate::finding::{Blame, Finding, Status};
use crate::objective::Objective;
use crate::verdict::{Canary, Verdict};

/// Holds what is red against what must be: all of it, and nothing else. What could not be told
/// stands beside it and is no reason.
pub(super) fn canary(
    must_fail: Option<&Vec<String>>,
    verdict: Verdict,
    findings: &[Finding],
    objectives: &[Objective],
) -> Option<Canary> {
    let by = must_fail?;
    let wanted: BTreeSet<&str> = by.iter().map(String::as_str).collect();
    let broken =
        |finding: &&Finding| finding.status == Status::Broken && finding.blame == Blame::Subject;
    let missed = objectives.iter().filter(|objective| objective.status == Status::Broken);
    let red: BTreeSet<&str> = findings
        .iter()
        .filter(broken)
        .map(|finding| finding.check.as_str())
        .chain(missed.map(|objective| objective.name.as_str()))
        .collect();
    let as_it_must = verdict == Verdict::Failed && !wanted.is_empty() && red == wanted;
    Some(Canary { by: by.clone(), as_it_must })
}
