//! The findings of a drill by check: what every report shows, in one order.

use crate::finding::{Blame, Finding, Status};
use crate::report::Drill;
use crate::report::words;

/// A check with all it found.
pub(super) struct Checked<'a> {
    /// Its name, as in a scenario.
    pub(super) name: &'a str,
    /// What it found, in its own order; empty if it did not run.
    pub(super) findings: Vec<&'a Finding>,
    /// The worst of it; a check that found nothing at all could not tell.
    pub(super) status: Status,
}

/// What is said of a declared check that left no finding.
pub(super) const DID_NOT_RUN: &str = "the check left no finding: it did not run";

impl<'a> Checked<'a> {
    /// The first of the worst findings.
    pub(super) fn worst(&self) -> Option<&'a Finding> {
        self.findings.iter().copied().find(|finding| words::standing(finding) == self.status)
    }

    /// The findings that are not held, broken ones first.
    pub(super) fn not_held(&self) -> Vec<&'a Finding> {
        let of = |wanted| {
            self.findings.iter().copied().filter(move |found| words::standing(found) == wanted)
        };
        of(Status::Broken).chain(of(Status::Unknown)).collect()
    }
}

/// The declared checks in the order of the brief, then whatever else left findings.
pub(super) fn by_check(drill: &Drill) -> Vec<Checked<'_>> {
    let mut names: Vec<&str> = vec![];
    let declared = drill.brief.checks.iter().map(|check| check.name());
    let found = drill.judgement.findings.iter().map(|finding| finding.check.as_str());
    for name in declared.chain(found) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
        .into_iter()
        .map(|name| {
            let all = drill.judgement.findings.iter();
            let findings: Vec<&Finding> = all.filter(|finding| finding.check == name).collect();
            let worst = findings.iter().map(|finding| words::standing(finding)).max();
            Checked { name, findings, status: worst.unwrap_or(Status::Unknown) }
        })
        .collect()
}

/// A finding in one line: what it is about, then what was said.
pub(super) fn line(finding: &Finding) -> String {
    let about =
        if finding.subject.is_empty() { String::new() } else { format!("{}: ", finding.subject) };
    let blame = match finding.blame {
        Blame::Subject => "",
        Blame::Rig => " (blamed on the rig)",
    };
    format!("{about}{}{blame}", finding.said)
}
