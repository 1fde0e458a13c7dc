//! What stands on the terminal when a run has ended: a block a drill, and one closing line.

use crate::clean;
use crate::finding::{Finding, Status};
use crate::report::checks::{DID_NOT_RUN, by_check, line};
use crate::report::words::{self, Headline};
use crate::report::{Drill, Run, cells, figures};
use crate::verdict::{ControlOutcome, ControlResult, Verdict};

/// Bytes of one line, at most.
const LINE_MAX: usize = 240;
/// Further lines of one finding, at most.
const DETAILS_MAX: usize = 3;
/// Findings of one drill, at most; the others are counted.
const FINDINGS_MAX: usize = 12;
/// Scenarios that were not performed, at most; the others are counted.
const NOT_DRILLED_MAX: usize = 10;
/// Caught controls that are named one by one.
const NAMED_MAX: usize = 5;
/// The width of the words at the left.
const WORD_WIDTH: usize = 9;

/// The run as text for a terminal; `folder` is the run's, as its user would type it. Escape
/// sequences are in it only if `colour` is, and only ours.
pub fn terminal(run: &Run, colour: bool, folder: &str) -> String {
    let mut page = Page { colour, text: String::new() };
    let mut hinted = false;
    for drill in &run.drills {
        page.drill(drill, &mut hinted);
        page.text.push('\n');
    }
    for table in cells::cells(run) {
        page.cells(&table);
    }
    for met in run.not_drilled.iter().take(NOT_DRILLED_MAX) {
        let said = format!("{}: {}", met.file, met.why);
        page.row("not run", Tone::Plain, &said);
    }
    if let Some(more) = run.not_drilled.len().checked_sub(NOT_DRILLED_MAX + 1) {
        page.row("", Tone::Plain, &format!("… and {} more", more + 1));
    }
    if !run.not_drilled.is_empty() {
        page.text.push('\n');
    }
    page.closing(run, folder);
    page.text
}

#[derive(Clone, Copy)]
enum Tone {
    Plain,
    Bold,
    Good,
    Doubtful,
    Bad,
}

impl Tone {
    fn of(status: Status) -> Tone {
        match status {
            Status::Held => Tone::Good,
            Status::Unknown => Tone::Doubtful,
            Status::Broken => Tone::Bad,
        }
    }

    fn of_verdict(verdict: Verdict) -> Tone {
        match verdict {
            Verdict::Passed => Tone::Good,
            Verdict::Unknown => Tone::Doubtful,
            Verdict::Failed => Tone::Bad,
        }
    }
}

struct Page {
    colour: bool,
    text: String,
}

impl Page {
    fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Bold => "1",
            Tone::Good => "1;32",
            Tone::Doubtful => "1;33",
            Tone::Bad => "1;31",
        };
        if self.colour { format!("\u{1B}[{code}m{text}\u{1B}[0m") } else { text.to_owned() }
    }

    /// A word at the left, and what is said of it.
    fn row(&mut self, word: &str, tone: Tone, said: &str) {
        let padding = " ".repeat(WORD_WIDTH.saturating_sub(word.chars().count()));
        let word = self.paint(tone, word);
        let line = format!("  {word}{padding} {}", clean::one_line(said, LINE_MAX));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn drill(&mut self, drill: &Drill, hinted: &mut bool) {
        let judgement = &drill.judgement;
        let word = words::verdict(judgement.verdict).to_uppercase();
        let word = self.paint(Tone::of_verdict(judgement.verdict), &word);
        let name = clean::one_line(&drill.brief.name, LINE_MAX);
        let name = self.paint(Tone::Bold, &name);
        let took = figures::duration(drill.took_s);
        let canary = if drill.brief.must_fail.is_some() { ", a canary" } else { "" };
        self.text.push_str(&format!("{word}  {name} ({took}{canary})\n"));
        self.row("", Tone::Plain, &judgement.because);
        self.figures(drill);
        self.findings(drill, hinted);
        self.controls(drill);
        if let Some(canary) = &judgement.canary {
            let by = canary.by.join(", ");
            let (tone, said) = if canary.as_it_must {
                (Tone::Plain, format!("failed by {by}, as it must"))
            } else {
                (Tone::Bad, format!("must fail by {by}, and did not"))
            };
            self.row("canary", tone, &said);
        }
    }

    /// The times, each with its objective beside it.
    fn figures(&mut self, drill: &Drill) {
        let measured = &drill.judgement.measured;
        let observed = figures::observed_loss(measured);
        let exposed = figures::exposure(measured);
        let pairs = [
            ("rto", figures::recovery_time(measured)),
            ("rpo", format!("{observed}; exposure {exposed}")),
        ];
        for (name, figure) in pairs {
            let objective = drill.judgement.objectives.iter().find(|o| o.name == name);
            let (tone, judged) = match objective {
                Some(objective) => {
                    let wanted = figures::limit(objective.wanted_s);
                    let status = words::status(objective.status);
                    (Tone::of(objective.status), format!("objective {wanted}: {status}"))
                }
                None => (Tone::Plain, "no objective".to_owned()),
            };
            let judged = self.paint(tone, &judged);
            let word = format!("{:WORD_WIDTH$}", name.to_uppercase());
            self.text.push_str(&format!("  {word} {figure}   {judged}\n"));
            if let Some(objective) = objective.filter(|o| o.status != Status::Held) {
                self.row("", Tone::Plain, &objective.said);
            }
        }
        if let Some(said) = figures::given_up(measured) {
            self.row("given up", Tone::Plain, &said);
        }
    }

    fn findings(&mut self, drill: &Drill, hinted: &mut bool) {
        let checks = by_check(drill);
        let mut shown: Vec<&Finding> = checks.iter().flat_map(|c| c.not_held()).collect();
        shown.sort_by_key(|finding| std::cmp::Reverse(words::standing(finding)));
        for finding in shown.iter().take(FINDINGS_MAX) {
            let status = words::standing(finding);
            let said = format!("{} {}: {}", finding.check, finding.code, line(finding));
            self.row(words::status(status), Tone::of(status), &said);
            for detail in finding.details.iter().take(DETAILS_MAX) {
                self.row("", Tone::Plain, &format!("- {detail}"));
            }
            if let Some(more) = finding.details.len().checked_sub(DETAILS_MAX + 1) {
                self.row("", Tone::Plain, &format!("… and {} more", more + 1));
            }
            if !std::mem::replace(hinted, true) {
                let hint = format!("hint: `pgrehearse explain {}` says more", finding.code);
                self.row("", Tone::Plain, &hint);
            }
        }
        if let Some(more) = shown.len().checked_sub(FINDINGS_MAX + 1) {
            self.row("", Tone::Plain, &format!("… and {} more findings", more + 1));
        }
        for checked in checks.iter().filter(|checked| checked.findings.is_empty()) {
            self.row("unknown", Tone::Doubtful, &format!("{}: {DID_NOT_RUN}", checked.name));
        }
    }

    fn controls(&mut self, drill: &Drill) {
        let controls = &drill.judgement.controls;
        if controls.is_empty() {
            self.row("controls", Tone::Plain, &words::controls(drill));
            return;
        }
        let caught: Vec<&ControlResult> =
            controls.iter().filter(|it| it.result == ControlOutcome::Caught).collect();
        let caught = if caught.len() > NAMED_MAX {
            counted(&caught)
        } else {
            let each = caught.iter();
            each.map(|it| format!("{} by {}", it.id, catchers(it))).collect::<Vec<_>>()
        };
        let number = match controls.len() {
            1 => "1 control".to_owned(),
            number => format!("{number} controls"),
        };
        let caught =
            if caught.is_empty() { "none caught".to_owned() } else { "caught: ".to_owned() }
                + &caught.join(", ");
        let unproved = if drill.judgement.shown_able_to_fail {
            String::new()
        } else {
            format!("; {}", words::NOT_SHOWN)
        };
        self.row("controls", Tone::Plain, &format!("{number}, {caught}{unproved}"));
        for control in controls.iter().filter(|c| c.result != ControlOutcome::Caught) {
            let tone = match control.result {
                ControlOutcome::Missed => Tone::Bad,
                _ => Tone::Doubtful,
            };
            let word = words::control(control.result);
            self.row("control", tone, &format!("{} {word}: {}", control.id, control.said));
        }
    }

    /// The cells of one scenario, a line each below the heads, and which of them will do.
    fn cells(&mut self, table: &cells::Cells) {
        let heads = cells::HEADS.map(str::to_owned);
        let lines: Vec<&[String; 8]> = [&heads].into_iter().chain(&table.rows).collect();
        let width = |at: usize| lines.iter().map(|line| line[at].chars().count()).max();
        let widths: Vec<usize> = (0..heads.len()).map(|at| width(at).unwrap_or(0)).collect();
        self.text.push_str(&format!("{}\n", clean::one_line(&table.name, LINE_MAX)));
        for line in lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            let cells: Vec<String> = cells.collect();
            self.text.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
        }
        for said in &table.said {
            self.text.push_str(&format!("  {}\n", clean::one_line(said, LINE_MAX)));
        }
        self.text.push('\n');
    }

    fn closing(&mut self, run: &Run, folder: &str) {
        let headline = Headline::of(run);
        let word = self.paint(Tone::of_verdict(headline.tone), &headline.word.to_uppercase());
        let said = format!("{}, in {}", headline.said, figures::duration(run.took_s));
        self.text.push_str(&format!("{word}: {said} (exit {})\n", run.exit));
        let unproved = |drill: &&Drill| !drill.judgement.shown_able_to_fail;
        match run.drills.iter().filter(unproved).count() {
            0 => {}
            1 => self.text.push_str(&format!("1 drill is {}\n", words::NOT_SHOWN)),
            number => self.text.push_str(&format!("{number} drills are {}\n", words::NOT_SHOWN)),
        }
        let folder = clean::one_line(folder, LINE_MAX);
        self.text.push_str(&format!("report: {}/report.html\n", folder.trim_end_matches('/')));
    }
}

/// How many controls each check caught, the most first.
fn counted(caught: &[&ControlResult]) -> Vec<String> {
    let mut counts: Vec<(usize, &str)> = vec![];
    for name in caught.iter().flat_map(|control| &control.red) {
        match counts.iter_mut().find(|(_, known)| known == name) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, name)),
        }
    }
    counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    let all = [format!("{} of them", caught.len())].into_iter();
    let named = counts.iter().take(NAMED_MAX).map(|(count, name)| format!("{count} by {name}"));
    let more = counts.len().checked_sub(NAMED_MAX).filter(|more| *more > 0);
    all.chain(named).chain(more.map(|more| format!("the others by {more} more checks"))).collect()
}

/// The checks that went red as they must; all that went red where none is named.
fn catchers(control: &ControlResult) -> String {
    let meant: Vec<&str> = control
        .red
        .iter()
        .filter(|check| control.caught_by.contains(check))
        .map(String::as_str)
        .collect();
    if meant.is_empty() { control.red.join(", ") } else { meant.join(", ") }
}
