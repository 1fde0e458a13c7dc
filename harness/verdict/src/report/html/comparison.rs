//! What was compared: every check with all it found, what held as well as what did not.

use crate::clean;
use crate::finding::{Finding, Status};
use crate::report::checks::{Checked, DID_NOT_RUN, by_check, line};
use crate::report::html::page::TEXT_MAX;
use crate::report::{Drill, figures, words};

/// A finding with this at the beginning of its code is a difference that was expected and declared.
const EXPECTED: &str = "expected_";
/// Findings of one check, at most.
const FINDINGS_MAX: usize = 100;
/// Further lines of one finding, at most.
const DETAILS_MAX: usize = 10;

/// A check as the page shows it.
pub(super) struct CheckRow {
    pub(super) name: String,
    pub(super) status: &'static str,
    pub(super) findings: Vec<FindingRow>,
    /// What was left out, in words; empty if nothing was.
    pub(super) more: String,
}

/// A finding as the page shows it.
pub(super) struct FindingRow {
    pub(super) status: &'static str,
    pub(super) code: String,
    pub(super) said: String,
    pub(super) details: Vec<String>,
}

/// Every check of the drill, and how many of them held.
pub(super) fn checks(drill: &Drill) -> (Vec<CheckRow>, String) {
    let checks = by_check(drill);
    let held = checks.iter().filter(|checked| checked.status == Status::Held).count();
    let number = format!("{held} of {} held", checks.len());
    (checks.iter().map(check_row).collect(), number)
}

/// The differences that were expected.
pub(super) fn expected(drill: &Drill) -> Vec<String> {
    let findings = drill.judgement.findings.iter();
    let declared = findings.filter(|f| f.status == Status::Held && f.code.starts_with(EXPECTED));
    let mut rows: Vec<String> = declared
        .take(FINDINGS_MAX)
        .map(|finding| clean::one_line(&line(finding), TEXT_MAX))
        .collect();
    rows.extend(drill.brief.harmed.iter().take(FINDINGS_MAX).map(|table| {
        let table = clean::one_line(table, TEXT_MAX);
        format!("{table}: a disaster changes it; compared with the state before all the same")
    }));
    rows
}

fn check_row(checked: &Checked<'_>) -> CheckRow {
    let not_held = checked.not_held();
    let held = checked.findings.iter().copied().filter(|f| words::standing(f) == Status::Held);
    let ordered: Vec<&Finding> = not_held.into_iter().chain(held).collect();
    let mut findings: Vec<FindingRow> =
        ordered.iter().take(FINDINGS_MAX).map(|finding| finding_row(finding)).collect();
    if findings.is_empty() {
        findings.push(FindingRow {
            status: words::status(Status::Unknown),
            code: "did_not_run".to_owned(),
            said: DID_NOT_RUN.to_owned(),
            details: vec![],
        });
    }
    CheckRow {
        name: clean::one_line(checked.name, TEXT_MAX),
        status: words::status(checked.status),
        findings,
        more: more(ordered.len(), FINDINGS_MAX, "findings"),
    }
}

fn finding_row(finding: &Finding) -> FindingRow {
    let mut details: Vec<String> = finding
        .details
        .iter()
        .take(DETAILS_MAX)
        .map(|detail| clean::one_line(detail, TEXT_MAX))
        .collect();
    let more = more(finding.details.len(), DETAILS_MAX, "lines");
    if !more.is_empty() {
        details.push(more);
    }
    FindingRow {
        status: words::status(words::standing(finding)),
        code: clean::one_line(&finding.code, TEXT_MAX),
        said: clean::one_line(&line(finding), TEXT_MAX),
        details,
    }
}

/// How many of `number` things are not among the first `shown`, in words.
pub(super) fn more(number: usize, shown: usize, things: &str) -> String {
    match number.checked_sub(shown + 1) {
        None => String::new(),
        Some(rest) => format!("… and {} more {things}", figures::count(rest as u64 + 1)),
    }
}
