//! The workflows are ones that GitHub takes, and the quarterly drill keeps what an auditor needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn workflow(name: &str) -> Value {
    let path = root().join(".github/workflows").join(name);
    let text = fs::read_to_string(path).expect("the workflow");
    serde_saphyr::from_str(&text).expect("YAML")
}

fn steps(workflow: &Value) -> Vec<Value> {
    workflow["jobs"]["drill"]["steps"].as_array().expect("steps").clone()
}

/// Whether the schema takes it, and what was said of it.
fn valid(workflow: &Value) -> (bool, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), workflow.to_string()).expect("written");
    let schema = root().join("harness/tests/workflows/github-workflow.json");
    let output = Command::new("/usr/bin/jsonschema")
        .arg("-i")
        .arg(file.path())
        .arg(schema)
        .output()
        .expect("it runs");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn every_workflow_is_valid_and_an_invalid_one_is_seen() {
    set_up(&[Needs::Jsonschema]);
    let mut seen = 0;
    for entry in fs::read_dir(root().join(".github/workflows")).expect("the workflows") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        let mut it = workflow(&name);
        let (is_valid, said) = valid(&it);
        assert!(is_valid, "{name}: {said}");
        let jobs = it["jobs"].as_object_mut().expect("jobs");
        for job in jobs.values_mut() {
            assert!(job["timeout-minutes"].is_number(), "{name}: a job without a time limit");
            job["step"] = job["steps"].take();
        }
        assert!(!valid(&it).0, "{name}: a job without steps");
        assert_eq!(it["permissions"], serde_json::json!({ "contents": "read" }), "{name}");
        seen += 1;
    }
    assert!(seen >= 2, "{seen} workflows");
}

#[test]
fn the_quarterly_drill_comes_four_times_a_year_and_on_demand() {
    let it = workflow("quarterly-drill.yml");
    assert_eq!(it["on"]["schedule"][0]["cron"], "0 3 1 1,4,7,10 *");
    assert_eq!(it["on"]["workflow_dispatch"]["inputs"]["scenarios"]["default"], "scenarios");
}

#[test]
fn a_red_quarter_leaves_its_summary_and_its_reports() {
    let steps = steps(&workflow("quarterly-drill.yml"));
    let always = |step: &&Value| step["if"] == "always()";
    let kept: Vec<&Value> = steps.iter().filter(always).collect();
    assert_eq!(kept.len(), 2, "the summary and the reports");
    let summary = kept[0]["run"].as_str().expect("a command");
    assert_eq!(summary, "cat reports/latest/summary.md >> \"$GITHUB_STEP_SUMMARY\"");
    assert_eq!(kept[1]["uses"], "actions/upload-artifact@v4");
    assert_eq!(kept[1]["with"]["if-no-files-found"], "error");
    assert!(kept[1]["with"]["path"].as_str().is_some_and(|path| path.starts_with("reports/\n")));
    assert!(steps.iter().all(|step| step["continue-on-error"].is_null()), "a red step is red");
}

/// What a user of GitHub types as the input reaches the command as one argument, and no shell.
#[test]
fn the_command_of_the_quarterly_drill_is_one_that_the_program_knows() {
    let steps = steps(&workflow("quarterly-drill.yml"));
    let drill = steps.iter().find(|step| step["name"] == "drill").expect("the drill");
    let line = drill["run"].as_str().expect("a command");
    assert!(line.ends_with(" \"$SCENARIOS\"") && !line.contains("${{"), "{line}");
    let line = line.replace("\"$SCENARIOS\"", "scenarios");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[0], "target/debug/pgrehearse");
    let program = env!("CARGO_BIN_EXE_pgrehearse");
    let mut command = Command::new(program);
    let known = command.args(&words[1..]).arg("--help").output().expect("it runs");
    assert!(known.status.success(), "{}", String::from_utf8_lossy(&known.stderr));
    let mut command = Command::new(program);
    let unknown = command.args(&words[1..]).args(["--unheard", "--help"]).output();
    assert!(!unknown.expect("it runs").status.success(), "an unknown flag is seen");
}
