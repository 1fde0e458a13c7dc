//! A database that nobody here wrote comes back whole, by every engine, on processes and in
//! containers, and from one major to another. Pagila is not part of this repository: where its dump
//! lies is said by `PGREHEARSE_PAGILA`, else it is looked for beside the checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, engine_answers, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn pagila() -> PathBuf {
    let named = std::env::var_os("PGREHEARSE_PAGILA").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("../shared/data/pagila.sql"));
    let found = path.canonicalize();
    found.expect("pagila.sql, by PGREHEARSE_PAGILA: https://github.com/devrimgunduz/pagila")
}

/// Must-fail twins that are drawn for each: all of them are run by `controls.rs`.
const SAMPLE: &str = "sample:6";

/// Strikes the films, and has everything back; each twin is caught.
fn comes_back_whole(rig: &str, engine: &str, server: &str, recover: &str, rpo: &str) {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let place = tempfile::tempdir().expect("a folder");
    let text = format!(
        "name: pagila comes back whole\n\
         fixture: {{ sql: {} }}\n\
         engine: {{ {engine} }}\n\
         postgres: {{ {server}settings: {{ archive_timeout: 60s }} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: {{ full: {{ every: 24h }} }}\n\
         - run: 2s\n\
         - disaster: {{ drop_table: {{ table: public.film }} }}\n\
         - recover: {{ to: before_disaster{recover} }}\n\
         objectives: {{ rto: 4h, rpo: {rpo} }}\n\
         checks: [standard]\n\
         controls: standard\n",
        pagila().display()
    );
    let scenario = place.path().join("pagila.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--setup", "--rig", rig, "--controls", SAMPLE])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (said(&output.stdout), said(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{engine} on {rig}\n{out}\n{err}");
    let results = fs::read_to_string(place.path().join("reports/latest/results.json"));
    let results: Value = serde_json::from_str(&results.expect("results")).expect("JSON");
    let judgement = &results["drills"][0]["judgement"];
    assert_eq!(judgement["verdict"], "passed", "{engine} on {rig}\n{out}");
    assert_eq!(judgement["shown_able_to_fail"], true, "{engine} on {rig}\n{out}");
}

#[rstest::rstest]
#[case::pgbackrest("pgbackrest: { start_fast: true }", "5m")]
#[case::base_backup("pg_basebackup: { checkpoint: fast, format: tar, compress: zstd }", "5m")]
#[case::dump("pg_dump: {}", "25h")]
#[case::script("pg_dump: { format: plain }", "25h")]
#[case::cluster_dump("pg_dumpall: {}", "25h")]
#[ignore = "one of the full matrix"]
fn a_database_nobody_here_wrote_comes_back_whole(
    #[case] engine: &str,
    #[case] rpo: &str,
    #[values("local", "docker")] rig: &str,
) {
    if rig == "local" || engine_answers() {
        comes_back_whole(rig, engine, "", "", rpo);
    }
}

#[test]
#[ignore = "one of the full matrix"]
fn a_database_nobody_here_wrote_passes_from_15_to_17() {
    if engine_answers() {
        comes_back_whole("docker", "pg_dump: {}", "version: 15, ", ", postgres: 17", "25h");
    }
}
