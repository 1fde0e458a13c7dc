//! Every kind of target, performed on local processes with the real binary: each is reached and
//! proved by the ledger on both sides, or is said to be out of reach. Two are tried always, all
//! by the full matrix.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgrehearse_testkit::{Needs, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// A drill to the target `recover`: its output, and what was judged.
fn drill(recover: &str) -> (Output, Value) {
    perform(&format!(
        "- run: 500ms\n\
         - mark: healthy\n\
         - run: 1s\n\
         - disaster: {{ drop_table: {{ table: mini.doomed }} }}\n\
         - run: 500ms\n\
         - recover: {recover}\n"
    ))
}

/// A drill of these steps after a backup: its output, and what was judged.
fn perform(steps: &str) -> (Output, Value) {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let place = tempfile::tempdir().expect("a folder");
    let text = format!(
        "name: a drill to one target\n\
         fixture: mini\n\
         engine: {{ pgbackrest: {{ start_fast: true, compress: none }} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: full\n\
         {steps}\
         checks: [standard]\n\
         controls: none\n"
    );
    let scenario = place.path().join("target.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local"])
        .arg(&scenario)
        // The fixture `mini` lies there.
        .current_dir(root().join("harness/tests/attacks"))
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let results = place.path().join("reports/latest/results.json");
    let results = fs::read_to_string(results).expect("results");
    (output, serde_json::from_str(&results).expect("JSON"))
}

#[rstest::rstest]
#[case::a_time_at_a_mark("{ to: { time: { mark: healthy } } }")]
#[case::before_a_transaction("{ to: { xid: { mark: healthy } }, inclusive: false }")]
#[ignore = "one of the full matrix"]
#[case::before_a_time("{ to: { time: { mark: healthy } }, inclusive: false }")]
#[ignore = "one of the full matrix"]
#[case::after_a_transaction("{ to: { xid: { mark: healthy } } }")]
#[ignore = "one of the full matrix"]
#[case::before_a_position("{ to: { lsn: { mark: healthy } } }")]
#[ignore = "one of the full matrix"]
#[case::after_a_position("{ to: { lsn: { mark: healthy } }, inclusive: true }")]
#[ignore = "one of the full matrix"]
#[case::the_end_of_the_backup("{ to: immediate }")]
#[ignore = "one of the full matrix"]
#[case::a_mark_along_the_current_timeline("{ to: { mark: healthy }, timeline: current }")]
fn a_target_is_reached_and_proved(#[case] recover: &str) {
    let (output, results) = drill(recover);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{recover}\n{out}");
    let findings = results["drills"][0]["judgement"]["findings"].as_array().expect("findings");
    for wanted in [("target", "stopped"), ("target", "switch"), ("ledger", "kept")] {
        let held = findings.iter().any(|finding| {
            (finding["check"].as_str(), finding["code"].as_str())
                == (Some(wanted.0), Some(wanted.1))
                && finding["status"] == "held"
        });
        assert!(held, "{recover}: {wanted:?} is not held\n{out}");
    }
}

#[rstest::rstest]
#[case::a_time_in_the_future(
    "{ to: { time: 2099-01-01T00:00:00Z } }",
    "is out of reach: no transaction ends behind it"
)]
#[case::a_pause_that_nobody_ends(
    "{ to: { mark: healthy }, action: pause }",
    "recovery paused at its target and was not promoted"
)]
#[ignore = "one of the full matrix"]
#[case::a_time_before_the_backup(
    "{ to: { time: 2001-01-01T00:00:00+02:00 } }",
    "where the first backup is consistent: nothing before that can be reached"
)]
#[ignore = "one of the full matrix"]
#[case::a_transaction_that_never_was(
    "{ to: { xid: 4000000000 } }",
    "ends nowhere in reach: what can be reached is"
)]
#[ignore = "one of the full matrix"]
#[case::a_position_in_the_future("{ to: { lsn: FF/0 } }", "is out of reach")]
#[ignore = "one of the full matrix"]
#[case::a_timeline_that_is_not_there("{ to: { mark: healthy }, timeline: 7 }", "timeline 7")]
fn what_is_not_reached_is_said_and_fails(#[case] recover: &str, #[case] wanted: &str) {
    let (output, results) = drill(recover);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{recover}\n{out}");
    assert_eq!(results["drills"][0]["judgement"]["verdict"], "failed", "{recover}\n{out}");
    let said = results["drills"][0]["judgement"]["findings"].to_string();
    assert!(said.contains(wanted), "{recover}: `{wanted}` is not said\n{said}");
}

/// The archiver's last word is of the backup's history file: the chain is that of the backup.
#[test]
fn a_server_that_is_lost_right_after_its_backup_has_a_chain_of_wal() {
    let (output, results) =
        perform("- disaster: { lost_data_directory: {} }\n- recover: { to: latest }\n");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{out}");
    let findings = results["drills"][0]["judgement"]["findings"].as_array().expect("findings");
    let chain = findings.iter().find(|finding| finding["check"] == "wal_chain").expect("a finding");
    assert_eq!(chain["status"], "held", "{chain:#}");
}
