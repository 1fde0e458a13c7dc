//! summary.md, for a pull request or a CI server's page: GitHub-flavoured Markdown.

use crate::clean;
use crate::finding::{Finding, Status};
use crate::report::checks::{DID_NOT_RUN, by_check, line};
use crate::report::words::{self, Headline};
use crate::report::{Drill, Run, cells, figures};
use crate::verdict::{ControlOutcome, Verdict};

/// The summary is never longer than this, in bytes: a CI server takes no more than 1 MiB.
pub const SUMMARY_BYTES_MAX: usize = 900 << 10;
/// Bytes kept for the sentences about what was left out.
const RESERVE: usize = 1 << 10;
/// Bytes of one text, at most.
const TEXT_MAX: usize = 400;
/// Findings of one drill, at most.
const FINDINGS_MAX: usize = 20;
/// Controls of one drill, at most.
const CONTROLS_MAX: usize = 100;
/// Further lines of one finding, at most.
const DETAILS_MAX: usize = 5;

/// The run as Markdown. Where it grows too long, what was left out is counted.
pub fn summary(run: &Run) -> String {
    let headline = Headline::of(run);
    let mut page = Page::default();
    page.line(&format!("## {}: {}", headline.word, headline.said));
    page.line("");
    page.line(&format!(
        "run {}, rig {}, pgrehearse {}, {}, took {}, exit {}",
        text(&run.id),
        text(&run.rig),
        text(&run.tool),
        text(&run.began),
        figures::duration(run.took_s),
        run.exit
    ));
    if !run.drills.is_empty() {
        page.line("");
        page.line("| verdict | drill | RTO | objective | RPO | exposure | objective | controls |");
        page.line("| --- | --- | --- | --- | --- | --- | --- | --- |");
        run.drills.iter().for_each(|drill| page.line(&row(drill)));
    }
    for table in cells::cells(run) {
        page.line("");
        page.line(&format!("### {}", text(&table.name)));
        page.line("");
        page.line(&format!("| {} |", cells::HEADS.join(" | ")));
        page.line(&format!("|{}", " --- |".repeat(cells::HEADS.len())));
        for row in &table.rows {
            let row = row.iter().map(|cell| text(cell)).collect::<Vec<_>>();
            page.line(&format!("| {} |", row.join(" | ")));
        }
        page.line("");
        table.said.iter().for_each(|said| page.line(&format!("- {}", text(said))));
    }
    for drill in run.drills.iter().filter(|d| d.judgement.verdict != Verdict::Passed) {
        page.line("");
        reasons(drill).iter().for_each(|reason| page.line(reason));
    }
    for drill in run.drills.iter().filter(|drill| !drill.judgement.controls.is_empty()) {
        page.line("");
        matrix(drill).iter().for_each(|line| page.line(line));
    }
    if !run.not_drilled.is_empty() {
        page.line("");
        page.line("### not drilled");
        page.line("");
        for met in &run.not_drilled {
            page.line(&format!("- {}: {}", text(&met.file), text(&met.why)));
        }
    }
    page.end()
}

/// Lines up to the bound; the first that does not fit and all after it are counted.
#[derive(Default)]
struct Page {
    text: String,
    left_out: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        let fits = self.text.len() + line.len() + RESERVE < SUMMARY_BYTES_MAX;
        if fits && self.left_out == 0 {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.left_out += 1;
        }
    }

    fn end(mut self) -> String {
        if self.left_out > 0 {
            let left_out = figures::count(self.left_out as u64);
            self.text.push_str(&format!("\n… {left_out} lines left out: see report.html\n"));
        }
        self.text
    }
}

fn text(outside: &str) -> String {
    clean::markdown(outside, TEXT_MAX)
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "✅ passed",
        Verdict::Unknown => "❔ unknown",
        Verdict::Failed => "❌ failed",
    }
}

fn row(drill: &Drill) -> String {
    let measured = &drill.judgement.measured;
    let cells = [
        mark(drill.judgement.verdict).to_owned(),
        text(&drill.brief.name),
        figures::recovery_time(measured),
        objective(drill, "rto"),
        figures::observed_loss(measured),
        figures::exposure(measured),
        objective(drill, "rpo"),
        words::controls(drill),
    ];
    format!("| {} |", cells.join(" | "))
}

fn objective(drill: &Drill, name: &str) -> String {
    match drill.judgement.objectives.iter().find(|objective| objective.name == name) {
        None => "none".to_owned(),
        Some(objective) => {
            let status = words::status(objective.status);
            format!("{}: {status}", figures::limit(objective.wanted_s))
        }
    }
}

/// The kill matrix: what each spoiled copy turned red, and which checks none did.
fn matrix(drill: &Drill) -> Vec<String> {
    let mut lines = vec![
        format!("### shown able to fail: {}", text(&drill.brief.name)),
        String::new(),
        "| control | outcome | red |".to_owned(),
        "| --- | --- | --- |".to_owned(),
    ];
    let controls = &drill.judgement.controls;
    for control in controls.iter().take(CONTROLS_MAX) {
        let outcome = words::control(control.result);
        let (id, red) = (text(&control.id), text(&control.red.join(", ")));
        lines.push(format!("| {id} | {outcome} | {red} |"));
    }
    if let Some(more) = controls.len().checked_sub(CONTROLS_MAX).filter(|more| *more > 0) {
        lines.push(format!("| … and {more} more | | |"));
    }
    let unproven = words::unproven(drill);
    if !unproven.is_empty() {
        lines.extend([String::new(), format!("Turned red by no control: {}.", text(&unproven))]);
    }
    lines
}

/// Why a drill did not pass: all that is not held, bounded.
fn reasons(drill: &Drill) -> Vec<String> {
    let judgement = &drill.judgement;
    let word = words::verdict(judgement.verdict);
    let mut lines = vec![
        format!("### {word}: {}", text(&drill.brief.name)),
        String::new(),
        text(&judgement.because),
        String::new(),
    ];
    for objective in judgement.objectives.iter().filter(|o| o.status != Status::Held) {
        let status = words::status(objective.status);
        let name = text(&objective.name.to_uppercase());
        lines.push(format!("- **{status}** {name}: {}", text(&objective.said)));
    }
    let checks = by_check(drill);
    let mut shown: Vec<&Finding> = checks.iter().flat_map(|c| c.not_held()).collect();
    shown.sort_by_key(|finding| std::cmp::Reverse(words::standing(finding)));
    for finding in shown.iter().take(FINDINGS_MAX) {
        let status = words::status(words::standing(finding));
        let (check, code) = (text(&finding.check), text(&finding.code));
        lines.push(format!("- **{status}** {check} {code}: {}", text(&line(finding))));
        for detail in finding.details.iter().take(DETAILS_MAX) {
            lines.push(format!("  - {}", text(detail)));
        }
        if let Some(more) = finding.details.len().checked_sub(DETAILS_MAX + 1) {
            lines.push(format!("  - … and {} more", more + 1));
        }
    }
    if let Some(more) = shown.len().checked_sub(FINDINGS_MAX + 1) {
        lines.push(format!("- … and {} more findings", more + 1));
    }
    for checked in checks.iter().filter(|checked| checked.findings.is_empty()) {
        lines.push(format!("- **unknown** {}: {DID_NOT_RUN}", text(checked.name)));
    }
    for control in judgement.controls.iter().filter(|c| c.result != ControlOutcome::Caught) {
        let word = words::control(control.result);
        let id = text(&control.id);
        lines.push(format!("- **control {word}** {id}: {}", text(&control.said)));
    }
    lines
}
