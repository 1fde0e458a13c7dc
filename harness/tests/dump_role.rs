//! A dump that is taken by a role which may only read, over the network where the rig has one. That
//! it is that role which takes it is seen in `dumps.rs`: one that may not read everything fails.

use std::fs;
use std::path::Path;
use std::process::Command;

use pgrehearse_testkit::{Needs, engine_answers, set_up};
use serde_json::Value;

#[rstest::rstest]
#[case::over_the_network("docker")]
#[ignore = "one of the full matrix"]
#[case::on_the_machine("local")]
fn a_role_that_may_read_everything_takes_a_dump_that_comes_back_whole(#[case] rig: &str) {
    set_up(&[Needs::Postgres]);
    if rig == "docker" && !engine_answers() {
        return;
    }
    let place = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--setup", "--rig", rig, "own_role.yaml"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dump_role"))
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{out}");
    let run = place.path().join("reports/latest");
    let results = fs::read_to_string(run.join("results.json")).expect("results");
    let results: Value = serde_json::from_str(&results).expect("JSON");
    assert_eq!(results["drills"][0]["judgement"]["verdict"], "passed", "{out}");
}
