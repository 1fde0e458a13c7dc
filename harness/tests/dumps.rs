//! Dumps, performed on local processes with the real binary: every format comes back whole, a
//! cadence is judged and a missing one is no pass. Some are tried always, all with
//! `PGREHEARSE_FULL=1`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgrehearse_testkit::{Needs, full, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// A drill with the engine and the backup step given: its output, and what was judged.
fn drill(engine: &str, backup: &str, controls: &str) -> (Output, Value) {
    set_up(&[Needs::Postgres]);
    let place = tempfile::tempdir().expect("a folder");
    let text = format!(
        "name: a drill of a dump\n\
         fixture: shop\n\
         engine: {{ {engine} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - run: 300ms\n\
         - backup: {backup}\n\
         - run: 500ms\n\
         - disaster: {{ drop_table: {{ table: shop.orders }} }}\n\
         - recover: {{ to: before_disaster }}\n\
         objectives: {{ rpo: 25h }}\n\
         checks: [standard]\n\
         controls: {controls}\n"
    );
    let scenario = place.path().join("dump.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local"])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let results = place.path().join("reports/latest/results.json");
    let results = fs::read_to_string(results).expect("results");
    (output, serde_json::from_str(&results).expect("JSON"))
}

/// Whether this run tries everything.
const NIGHTLY: &str = "{ full: { every: 24h } }";

#[rstest::rstest]
#[case::a_folder_by_several(true, "pg_dump: { format: directory, jobs: 2 }")]
#[case::one_archive(false, "pg_dump: {}")]
#[case::a_script(false, "pg_dump: { format: plain }")]
#[case::a_compressed_script(false, "pg_dump: { format: plain, compress: gzip }")]
#[case::an_archive_that_is_not_compressed(false, "pg_dump: { compress: none }")]
#[case::a_tar_file(false, "pg_dump: { format: tar }")]
#[case::section_by_section(false, "pg_dump: { sections: true, jobs: 2 }")]
#[case::the_whole_cluster(true, "pg_dumpall: {}")]
fn a_dump_comes_back_whole_and_a_spoiled_one_is_seen(#[case] always: bool, #[case] engine: &str) {
    if !always && !full() {
        return;
    }
    let (output, results) = drill(engine, NIGHTLY, "standard");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{engine}\n{out}");
    let judgement = &results["drills"][0]["judgement"];
    let controls = judgement["controls"].as_array().expect("controls");
    assert_eq!(controls.len(), 2, "{engine}");
    assert!(controls.iter().all(|control| control["result"] == "caught"), "{engine}\n{out}");
    // What pg_dumpall leaves out is told, not hidden.
    let findings = judgement["findings"].to_string();
    assert!(findings.contains("pg_dumpall leaves out what `ALTER ROLE ALL SET` has set"));
}

#[test]
fn a_dump_without_a_cadence_is_no_pass_however_little_it_lost() {
    let (output, results) = drill("pg_dump: {}", "full", "none");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{out}");
    let judgement = &results["drills"][0]["judgement"];
    assert_eq!(judgement["verdict"], "unknown", "{out}");
    let rpo = judgement["objectives"].to_string();
    assert!(rpo.contains("no `every:` says how often production takes one"), "{rpo}");
}

#[test]
fn a_role_that_may_not_read_everything_cannot_dump_and_says_so() {
    let (output, results) = drill("pg_dump: { as: shop_app }", NIGHTLY, "none");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{out}");
    let findings = results["drills"][0]["judgement"]["findings"].to_string();
    assert!(findings.contains("permission denied"), "{findings}");
}
