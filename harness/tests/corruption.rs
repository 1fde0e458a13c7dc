//! Pages damaged on the disk, each way crossed with each kind of file, with checksums and without:
//! found at once, and only after more good work and another backup over the damage. Recovery from
//! the backup of before it brings everything back, and the damage is seen to be one each time. One
//! of each is tried always, the others by the full matrix. Two ways do not heal, and are told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The exit status and the judgement of a drill, whose last step is `recover`.
fn drill(mode: &str, of: &str, checksums: &str, late: bool, from: &str) -> (Option<i32>, Value) {
    set_up(&[Needs::Postgres]);
    let more = if late { "- run: 500ms\n- backup: { full: { every: 24h } }\n" } else { "" };
    let text = format!(
        "name: a damaged page\n\
         postgres: {{ checksums: {checksums}, settings: {{ archive_timeout: 60s }} }}\n\
         fixture: shop\n\
         engine: {{ pg_basebackup: {{ checkpoint: fast }} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: {{ full: {{ every: 24h }} }}\n\
         - run: 500ms\n\
         - disaster: {{ corrupt_pages: {{ table: shop.documents, of: {of}, mode: {mode} }} }}\n\
         {more}\
         - recover: {{ to: latest, from: {from} }}\n\
         objectives: {{ rpo: 5m }}\n\
         checks: [standard]\n\
         controls: none\n"
    );
    let place = tempfile::tempdir().expect("a folder");
    let scenario = place.path().join("damage.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local"])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let results = fs::read_to_string(place.path().join("reports/latest/results.json"));
    let results: Value = serde_json::from_str(&results.expect("results")).expect("JSON");
    (output.status.code(), results["drills"][0]["judgement"].clone())
}

/// What a damaged page lost comes back from the backup of before it.
fn heals(mode: &str, of: &str, checksums: &str, late: bool) {
    let from = if late { "before_disaster" } else { "newest" };
    let (exit, judgement) = drill(mode, of, checksums, late, from);
    let said = format!("{mode} {of} {checksums} {late}\n{:#}", judgement["findings"]);
    let bad = |one: &&Value| one["status"] != "held";
    let findings = judgement["findings"].as_array().expect("findings");
    let bad: Vec<_> = findings.iter().filter(bad).collect();
    // A checksum is looked at by whoever takes the next backup: that fails, as it should.
    if late && (mode, checksums) == ("flip", "on") {
        assert_eq!(exit, Some(1), "{said}");
        assert!(bad.iter().any(|one| one.to_string().contains("checksum")), "{bad:#?}");
        return;
    }
    // Whoever followed an index to the zeroed page found no row there, and marked the entry as dead.
    // With checksums an image of the index's page goes to WAL with such a mark, and comes back with
    // it: WAL of after the damage carries the damage on, and the drill sees it.
    if (mode, of, checksums) == ("zero", "toast", "on") {
        assert_eq!(exit, Some(1), "{said}");
        assert!(bad.iter().any(|one| one.to_string().contains("missing chunk")), "{bad:#?}");
        return;
    }
    assert_eq!(exit, Some(0), "{mode} {of} {checksums} {late}\n{bad:#?}");
    assert_eq!(judgement["verdict"], "passed", "{said}");
}

#[test]
fn what_a_flipped_page_lost_comes_back_from_the_backup_of_before_it() {
    heals("flip", "toast", "off", true);
}

#[rstest::rstest]
#[ignore = "one of the full matrix"]
fn what_any_damaged_page_lost_comes_back_from_the_backup_of_before_it(
    #[values("zero", "flip", "truncate")] mode: &str,
    #[values("heap", "index", "toast")] of: &str,
    #[values("on", "off")] checksums: &str,
    #[values(false, true)] late: bool,
) {
    heals(mode, of, checksums, late);
}

/// The backup of the damage has it: nothing that a tool says may make this green.
fn carries_the_damage(mode: &str, of: &str, checksums: &str) {
    let (exit, judgement) = drill(mode, of, checksums, true, "newest");
    assert!(matches!(exit, Some(1 | 3)), "{mode} {of} {checksums}: {exit:?}");
    assert_ne!(judgement["verdict"], "passed");
    // Where the backup itself fails there is nothing to recover from, and that is told.
    let findings = judgement["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|one| one["status"] == "broken"), "{mode} {of} {checksums}");
}

#[test]
fn the_backup_over_a_flipped_page_is_never_green() {
    carries_the_damage("flip", "heap", "off");
}

#[rstest::rstest]
#[ignore = "one of the full matrix"]
fn the_backup_over_any_damaged_page_is_never_green(
    #[values("zero", "flip", "truncate")] mode: &str,
    #[values("heap", "index", "toast")] of: &str,
    #[values("on", "off")] checksums: &str,
) {
    carries_the_damage(mode, of, checksums);
}
