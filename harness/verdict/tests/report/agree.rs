//! All reports of one run say the same.

use crate::outside::xpath;
use crate::runs;
use pgrehearse_verdict::report::{Drill, Run, html, json, junit, summary, terminal};
use pgrehearse_verdict::verdict::Verdict;

fn word(drill: &Drill) -> &'static str {
    match drill.judgement.verdict {
        Verdict::Passed => "passed",
        Verdict::Unknown => "unknown",
        Verdict::Failed => "failed",
    }
}

fn verdicts_of(run: &Run) -> Vec<(&'static str, Vec<String>)> {
    let number = run.drills.len();
    let xml = junit(run);
    let in_junit = (1..=number).map(|at| {
        let out = xpath(&xml, &format!("string(//testsuite[{at}]/system-out)"));
        let line = out.lines().find_map(|line| line.strip_prefix("pgrehearse.verdict="));
        let said = line.expect("a suite says its verdict").to_owned();
        let case = format!("//testsuite[{at}]/testcase[@name='verdict']");
        let marked = xpath(&xml, &format!("string({case}/*/@type)"));
        assert_eq!(if marked.is_empty() { "passed" } else { &marked }, said);
        said
    });
    let page = html(run);
    let in_html = (1..=number).map(|at| {
        let row = format!("//*[local-name()='tbody']/*[local-name()='tr'][{at}]/*[1]/*[1]");
        let in_table = xpath(&page, &format!("string(({row})[1])"));
        let article = xpath(&page, &format!("string(//*[@id='drill-{at}']/@data-verdict)"));
        assert_eq!(in_table, article);
        article
    });
    let value: serde_json::Value = serde_json::from_str(&json(run)).expect("our own JSON is read");
    let in_json = value["drills"].as_array().expect("a list").iter();
    let in_json = in_json.map(|drill| drill["judgement"]["verdict"].as_str().map(str::to_owned));
    let text = summary(run);
    let in_summary = text.lines().filter(|line| line.starts_with('|')).skip(2).take(number);
    let in_summary = in_summary.map(|line| line.split_whitespace().nth(2).map(str::to_owned));
    let text = terminal(run, false, "reports/x");
    let blocks =
        text.lines().filter(|line| run.drills.iter().any(|d| line.contains(&d.brief.name)));
    let in_terminal = blocks.map(|line| line.split_whitespace().next().map(str::to_lowercase));
    vec![
        ("junit", in_junit.collect()),
        ("html", in_html.collect()),
        ("json", in_json.flatten().collect()),
        ("summary", in_summary.flatten().collect()),
        ("terminal", in_terminal.flatten().collect()),
    ]
}

#[test]
fn every_report_gives_every_drill_the_same_verdict() {
    for run in [runs::every(), runs::green(), runs::run(vec![runs::unknown()], 3)] {
        let wanted: Vec<String> = run.drills.iter().map(|drill| word(drill).to_owned()).collect();
        for (report, verdicts) in verdicts_of(&run) {
            assert_eq!(verdicts, wanted, "{report}");
        }
    }
}

#[test]
fn a_drill_that_did_not_pass_is_green_in_no_report() {
    // The judgement says failed, and nothing in it says why: no report may lose that.
    for verdict in [Verdict::Failed, Verdict::Unknown] {
        let mut drill = runs::passed();
        drill.judgement.verdict = verdict;
        let xml = junit(&runs::run(vec![drill.clone()], 1));
        assert_eq!(xpath(&xml, "count(//failure|//error)"), "1");
        for exit in [0, 1, 3, 4, 70, 130] {
            let run = runs::run(vec![drill.clone()], exit);
            assert!(!summary(&run).contains("## passed"), "{exit}");
            assert!(!terminal(&run, false, "r").contains("PASSED"), "{exit}");
            assert!(!html(&run).contains("<header class=\"band passed\">"), "{exit}");
        }
    }
}

#[test]
fn every_report_says_what_was_not_shown_able_to_fail() {
    let mut drill = runs::passed();
    drill.judgement.shown_able_to_fail = false;
    drill.judgement.controls.clear();
    drill.brief.controls.clear();
    let run = runs::run(vec![drill], 0);
    let unproved = "not shown able to fail";
    assert!(junit(&run).contains(unproved));
    assert!(html(&run).contains(unproved));
    assert!(summary(&run).contains(unproved));
    assert!(terminal(&run, false, "r").contains(unproved));
    assert!(json(&run).contains("\"shown_able_to_fail\": false"));
    for page in
        [html(&runs::green()), summary(&runs::green()), terminal(&runs::green(), false, "r")]
    {
        assert!(!page.contains(unproved), "{page}");
    }
}

#[test]
fn every_report_shows_every_finding_that_is_not_held() {
    let run = runs::every();
    let reports =
        [junit(&run), html(&run), json(&run), summary(&run), terminal(&run, false, "reports/x")];
    let findings = run.drills.iter().flat_map(|drill| &drill.judgement.findings);
    for finding in findings.filter(|f| f.status != pgrehearse_verdict::finding::Status::Held) {
        for report in &reports {
            assert!(report.contains(&finding.said), "{}: {report}", finding.said);
        }
    }
}

#[test]
fn every_report_names_what_was_not_drilled() {
    for run in [runs::every(), runs::nothing()] {
        for report in
            [junit(&run), html(&run), json(&run), summary(&run), terminal(&run, false, "reports/x")]
        {
            assert!(report.contains("scenarios/region_lost.yaml"), "{report}");
            assert!(report.contains("needs two regions"), "{report}");
        }
    }
}

#[test]
fn a_check_that_left_no_finding_is_nowhere_held() {
    let run = runs::run(vec![runs::unknown()], 3);
    let said = "sequences";
    assert_eq!(xpath(&junit(&run), "count(//testcase[@name='check: sequences']/error)"), "1");
    assert!(html(&run).contains("did_not_run"));
    assert!(summary(&run).contains("**unknown** sequences: the check left no finding"));
    assert!(terminal(&run, false, "r").contains("unknown   sequences: the check left no finding"));
    assert!(!run.drills[0].judgement.findings.iter().any(|f| f.check == said));
}

#[test]
fn no_report_calls_an_unseen_loss_zero() {
    let run = runs::run(vec![runs::unknown()], 3);
    assert!(!junit(&run).contains("rpo_observed"));
    assert!(!junit(&run).contains("rto_seconds"));
    for report in [html(&run), summary(&run), terminal(&run, false, "r")] {
        assert!(!report.contains("0 observed") && !report.contains("0 s"), "{report}");
    }
}
