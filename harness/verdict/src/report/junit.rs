//! junit.xml, for CI: a suite a drill; a case for the verdict, each objective, each check and
//! each control. The only file that names junit-report, and everything it is given is cleaned
//! first: it writes CDATA as it comes.

use std::collections::BTreeMap;

use junit_report::{Duration, OffsetDateTime, ReportBuilder, TestCase, TestCaseBuilder, TestSuite};
use time::format_description::well_known::Rfc3339;

use crate::clean;
use crate::finding::{Finding, Status};
use crate::objective::{Exposure, Objective};
use crate::report::checks::{Checked, DID_NOT_RUN, by_check, line};
use crate::report::{Drill, Run, figures, words};
use crate::verdict::{Canary, ControlOutcome, ControlResult, Verdict};

/// What stands in place of a host name: the name of the machine is nobody's business.
const HOST: &str = "pgrehearse";
/// Bytes of a name or a message, at most.
const LINE_MAX: usize = 500;
/// Bytes of the text inside a case, at most.
const BODY_MAX: usize = 16 << 10;
/// Bytes of one line in the text inside a case, at most.
const BODY_LINE_MAX: usize = 2 << 10;
/// Findings in the text of one case, at most.
const FINDINGS_MAX: usize = 100;
/// Further lines of each of them, at most.
const DETAILS_MAX: usize = 20;

/// The run as JUnit XML. `failure` is the subject's; what could not be told is an `error`.
pub fn junit(run: &Run) -> String {
    let began = OffsetDateTime::parse(&run.began, &Rfc3339);
    let began = began.unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut classes = Names::default();
    let mut report = ReportBuilder::new();
    for drill in &run.drills {
        let class = classes.unique(&format!("pgrehearse.{}", drill.brief.id));
        let mut suite = suite(&drill.brief.name, began, cases(drill), &class);
        suite.set_system_out(&inside(&suite_figures(run, drill)));
        report.add_testsuite(suite);
    }
    if !run.not_drilled.is_empty() {
        let skipped = run.not_drilled.iter().map(|met| skipped(&met.file, "not_drilled", &met.why));
        let class = classes.unique("pgrehearse.not_drilled");
        report.add_testsuite(suite("not drilled", began, skipped.collect(), &class));
    }
    let mut bytes = vec![];
    report.build().write_xml(&mut bytes).expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("made of texts only")
}

/// A name or a message.
fn line_of(text: &str) -> String {
    unattached(&clean::one_line(text, LINE_MAX))
}

/// The inside of an element.
fn inside(text: &str) -> String {
    clean::cdata(&unattached(&clean::xml(text)))
}

/// The text without the words that make a CI server attach a file of its own to the report.
fn unattached(text: &str) -> String {
    text.replace("[[ATTACHMENT|", "[ [ATTACHMENT|")
}

/// A line of the text inside a case: one, so that no text can speak as two.
fn body_line(text: &str) -> String {
    clean::one_line(text, BODY_LINE_MAX)
}

/// Names that have been given: a reader drops the second case of a name without a word.
#[derive(Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    fn unique(&mut self, wanted: &str) -> String {
        let mut name = line_of(wanted);
        let base = name.clone();
        while let Some(number) = self.0.get_mut(&name) {
            *number += 1;
            name = format!("{base} #{number}");
        }
        self.0.insert(name.clone(), 1);
        name
    }
}

fn suite(name: &str, began: OffsetDateTime, cases: Vec<TestCase>, class: &str) -> TestSuite {
    let mut suite = TestSuite::new(&line_of(name));
    suite.package = "pgrehearse".to_owned();
    suite.hostname = HOST.to_owned();
    suite.set_timestamp(began);
    let mut names = Names::default();
    for mut case in cases {
        case.name = names.unique(&case.name);
        case.set_classname(class);
        suite.add_testcase(case);
    }
    suite
}

fn cases(drill: &Drill) -> Vec<TestCase> {
    let judgement = &drill.judgement;
    let mut cases = vec![verdict_case(drill)];
    cases.extend(judgement.canary.as_ref().map(canary_case));
    cases.extend(judgement.objectives.iter().map(|objective| objective_case(drill, objective)));
    cases.extend(by_check(drill).iter().map(check_case));
    cases.extend(judgement.controls.iter().map(control_case));
    for planned in &drill.brief.controls {
        if !judgement.controls.iter().any(|control| control.id == planned.id) {
            let name = format!("control: {}", planned.id);
            cases.push(skipped(&name, "not_performed", "the control was not performed"));
        }
    }
    if drill.brief.controls.is_empty() && judgement.controls.is_empty() {
        let why = format!("no control was performed: {}", words::NOT_SHOWN);
        cases.push(skipped("controls", "not_performed", &why));
    }
    cases
}

/// How a case came out, before it is one.
enum Outcome<'a> {
    Success,
    Failure(&'a str, &'a str),
    Error(&'a str, &'a str),
}

fn case(name: &str, time: Duration, outcome: Outcome<'_>, body: &str) -> TestCase {
    let name = line_of(name);
    let body = inside(&clean::bounded(body, BODY_MAX));
    let mut case = match outcome {
        Outcome::Success => TestCaseBuilder::success(&name, time),
        Outcome::Failure(code, said) => {
            TestCaseBuilder::failure(&name, time, &line_of(code), &line_of(said))
        }
        Outcome::Error(code, said) => {
            TestCaseBuilder::error(&name, time, &line_of(code), &line_of(said))
        }
    };
    if matches!(outcome, Outcome::Success) && !body.is_empty() {
        case.set_system_out(&body);
    } else if !body.is_empty() {
        case.set_trace(&body);
    }
    case.build()
}

fn skipped(name: &str, code: &str, why: &str) -> TestCase {
    let why = if why.trim().is_empty() { "no reason was given" } else { why };
    let (name, why) = (line_of(name), line_of(why));
    TestCase::skipped_with_cause(&name, code, &why)
}

/// The verdict has a case of its own: whatever went wrong, the suite is not green. It bears the
/// drill's time, in eighths of a second: exact in binary, with three decimals as the schema asks.
fn verdict_case(drill: &Drill) -> TestCase {
    let judgement = &drill.judgement;
    let word = words::verdict(judgement.verdict);
    let eighths = (drill.took_s.clamp(0.0, 1e9) * 8.0).round() as i64;
    let time = Duration::milliseconds(eighths * 125);
    let outcome = match judgement.verdict {
        Verdict::Passed => Outcome::Success,
        Verdict::Unknown => Outcome::Error(word, &judgement.because),
        Verdict::Failed => Outcome::Failure(word, &judgement.because),
    };
    let mut body = vec![body_line(&judgement.because)];
    body.extend(drill.faults.iter().take(FINDINGS_MAX).map(|fault| body_line(fault)));
    case("verdict", time, outcome, &body.join("\n"))
}

fn canary_case(canary: &Canary) -> TestCase {
    let name = format!("canary: must fail by {}", canary.by.join(", "));
    let outcome = if canary.as_it_must {
        Outcome::Success
    } else {
        Outcome::Error("canary", "it did not fail, or failed for another reason")
    };
    case(&name, Duration::ZERO, outcome, "")
}

fn objective_case(drill: &Drill, objective: &Objective) -> TestCase {
    let wanted = figures::limit(objective.wanted_s);
    let name = format!("objective: {} <= {wanted}", objective.name.to_uppercase());
    let code = format!(
        "{}_{}",
        objective.name,
        match objective.status {
            Status::Broken => "exceeded",
            Status::Held | Status::Unknown => words::status(objective.status),
        }
    );
    let outcome = match objective.status {
        Status::Held => Outcome::Success,
        Status::Broken => Outcome::Failure(&code, &objective.said),
        Status::Unknown => Outcome::Error(&code, &objective.said),
    };
    let mut case = case(&name, Duration::ZERO, outcome, &body_line(&objective.said));
    let figures = measured_figures(drill).into_iter();
    let own = format!("pgrehearse.{}_", objective.name);
    let lines: Vec<String> = figures.filter(|line| line.starts_with(&own)).collect();
    case.set_system_out(&inside(&lines.join("\n")));
    case
}

fn check_case(checked: &Checked<'_>) -> TestCase {
    let name = format!("check: {}", checked.name);
    let (code, said) = match checked.worst() {
        Some(finding) => (finding.code.as_str(), line(finding)),
        None => ("did_not_run", DID_NOT_RUN.to_owned()),
    };
    match checked.status {
        Status::Held => {
            case(&name, Duration::ZERO, Outcome::Success, &told(checked.findings.clone()))
        }
        Status::Unknown => {
            let body = told(checked.not_held());
            case(&name, Duration::ZERO, Outcome::Error(code, &said), &body)
        }
        Status::Broken => {
            let body = told(checked.not_held());
            case(&name, Duration::ZERO, Outcome::Failure(code, &said), &body)
        }
    }
}

/// Findings as text, a line each and their details below.
fn told(findings: Vec<&Finding>) -> String {
    let mut text = String::new();
    for finding in findings.iter().take(FINDINGS_MAX) {
        let status = words::status(words::standing(finding));
        let said = body_line(&line(finding));
        text.push_str(&format!("{status} {}: {said}\n", body_line(&finding.code)));
        for detail in finding.details.iter().take(DETAILS_MAX) {
            text.push_str(&format!("    {}\n", body_line(detail)));
        }
        if let Some(more) = finding.details.len().checked_sub(DETAILS_MAX + 1) {
            text.push_str(&format!("    … and {} more\n", more + 1));
        }
    }
    if let Some(more) = findings.len().checked_sub(FINDINGS_MAX + 1) {
        text.push_str(&format!("… and {} more findings\n", more + 1));
    }
    text
}

fn control_case(control: &ControlResult) -> TestCase {
    let name = format!("control: {}", control.id);
    let word = words::control(control.result).replace(' ', "_");
    let missed = format!("false green found: {}", control.said);
    let outcome = match control.result {
        ControlOutcome::Caught | ControlOutcome::Inapplicable => Outcome::Success,
        ControlOutcome::Missed => Outcome::Failure(&word, &missed),
        _ => Outcome::Error(&word, &control.said),
    };
    let body = [
        format!("harm: {}", body_line(&control.harm)),
        format!("change: {}", body_line(&control.change)),
        format!("must be caught by: {}", body_line(&control.caught_by.join(", "))),
        format!("red: {}", body_line(&control.red.join(", "))),
        body_line(&control.said),
    ];
    case(&name, Duration::ZERO, outcome, &body.join("\n"))
}

/// What the suite says of itself, as `key=value` lines.
fn suite_figures(run: &Run, drill: &Drill) -> String {
    let brief = &drill.brief;
    let pairs = [
        ("verdict", words::verdict(drill.judgement.verdict).to_owned()),
        ("shown_able_to_fail", drill.judgement.shown_able_to_fail.to_string()),
        ("run", run.id.clone()),
        ("tool", run.tool.clone()),
        ("rig", brief.rig.clone()),
        ("seed", brief.seed.to_string()),
        ("scenario", brief.file.clone()),
        ("scenario_sha256", brief.scenario_sha256.clone()),
        ("engine", brief.engine.clone()),
        ("postgres", brief.postgres.to_string()),
        ("folder", drill.folder.clone()),
        ("clock", "monotonic".to_owned()),
    ];
    let pairs = pairs.iter().map(|(key, value)| pair(key, value));
    pairs.chain(measured_figures(drill)).collect::<Vec<_>>().join("\n")
}

fn pair(key: &str, value: &str) -> String {
    format!("pgrehearse.{key}={}", line_of(value))
}

/// What was measured, and nothing that was not.
fn measured_figures(drill: &Drill) -> Vec<String> {
    let measured = &drill.judgement.measured;
    let mut pairs: Vec<(&str, String)> = vec![];
    if let Some((low, high)) = measured.rto_s {
        pairs.push(("rto_seconds", format!("{high}")));
        pairs.push(("rto_seconds_at_least", format!("{low}")));
    }
    if let Some(verified) = measured.verified_s {
        pairs.push(("rto_verified_seconds", format!("{verified}")));
    }
    if let Some((low, high)) = measured.observed_loss_s {
        pairs.push(("rpo_observed_seconds", format!("{high}")));
        pairs.push(("rpo_observed_seconds_at_least", format!("{low}")));
    }
    if let Some((low, high)) = measured.lost_transactions {
        pairs.push(("rpo_lost_transactions", format!("{high}")));
        pairs.push(("rpo_lost_transactions_at_least", format!("{low}")));
    }
    match measured.exposure {
        Some(Exposure::Seconds(seconds)) => {
            pairs.push(("rpo_exposure_seconds", format!("{seconds}")));
        }
        Some(Exposure::Unbounded) => pairs.push(("rpo_exposure", "unbounded".to_owned())),
        None => {}
    }
    if let Some(bytes) = measured.database_bytes {
        pairs.push(("database_bytes", bytes.to_string()));
    }
    if measured.acknowledged.0 > 0 {
        pairs.push(("acknowledged_transactions", measured.acknowledged.0.to_string()));
    }
    pairs.into_iter().map(|(key, value)| pair(key, &value)).collect()
}
