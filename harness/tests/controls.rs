//! Every control of every engine: each is caught by a check that must catch it, and together they
//! turn every check red but for those that are named here. It takes long and is for
//! the full matrix: a sample is part of `drills.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, set_up};
use serde_json::Value;

/// Checks that no control turns red, and the test that does.
const PROVED_ELSEWHERE: [(&str, &str); 1] =
    // What a tool says cannot be spoiled in a copy: it is in `dumps.rs`, by tools that lie.
    [("commands", "a_restore_that_brings_back_less_than_all_is_red")];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
}

#[rstest::rstest]
#[case::pgbackrest("pgbackrest: { start_fast: true }", "5m")]
#[case::pgbackrest_encrypted("pgbackrest: { start_fast: true, cipher: aes-256-cbc }", "5m")]
#[case::base_backup("pg_basebackup: { checkpoint: fast }", "5m")]
#[case::dump("pg_dump: {}", "25h")]
#[case::cluster_dump("pg_dumpall: {}", "25h")]
#[ignore = "one of the full matrix"]
fn every_control_is_caught_and_every_check_is_turned_red(
    #[case] engine: &str,
    #[case] rpo: &str,
    #[values("on", "off")] checksums: &str,
) {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let place = tempfile::tempdir().expect("a folder");
    let text = format!(
        "name: every control\n\
         postgres: {{ checksums: {checksums}, settings: {{ archive_timeout: 60s }} }}\n\
         fixture: shop\n\
         engine: {{ {engine} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: {{ full: {{ every: 24h }} }}\n\
         - run: 1s\n\
         - disaster: {{ drop_table: {{ table: shop.orders }} }}\n\
         - recover: {{ to: before_disaster }}\n\
         objectives: {{ rpo: {rpo} }}\n\
         checks: [standard]\n\
         controls: standard\n"
    );
    let scenario = place.path().join("controls.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local"])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{engine}\n{out}");
    let results = fs::read_to_string(place.path().join("reports/latest/results.json"));
    let results: Value = serde_json::from_str(&results.expect("results")).expect("JSON");
    let drill = &results["drills"][0];
    let controls = drill["judgement"]["controls"].as_array().expect("controls");
    let caught = |one: &&Value| one["result"] == "caught";
    let others: Vec<_> = controls.iter().filter(|one| !caught(one)).collect();
    assert!(others.iter().all(|one| one["result"] == "inapplicable"), "{others:#?}");
    assert!(controls.len() - others.len() > 35, "{others:#?}");
    let red: BTreeSet<String> =
        controls.iter().filter(caught).flat_map(|one| texts(&one["red"])).collect();
    let archive = engine.starts_with("pgbackrest") || engine.starts_with("pg_basebackup");
    // A dump has no WAL to be read.
    let fits = |name: &str| archive || name != "wal_chain";
    for check in pgrehearse_verdict::check::Spec::standard() {
        let name = check.name();
        let elsewhere = PROVED_ELSEWHERE.iter().any(|(check, _)| *check == name);
        // The server's log is red on some of the damages of some engines.
        let sometimes = name == "server_log";
        assert!(
            red.contains(name) || elsewhere || sometimes || !fits(name),
            "{engine}: no control turns `{name}` red: {red:?}"
        );
    }
}
