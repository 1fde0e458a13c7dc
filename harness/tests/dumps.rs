//! Dumps, performed on local processes with the real binary: every format comes back whole, a
//! cadence is judged and a missing one is no pass. Some are tried always, all by
//! the full matrix.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgrehearse_testkit::{Needs, set_up, wrapped};
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
    perform(place.path(), &text, None)
}

/// A drill of this text, on the programs given or the machine's own.
fn perform(place: &Path, text: &str, programs: Option<&Path>) -> (Output, Value) {
    let scenario = place.join("dump.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local"])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.join("reports"))
        .envs(programs.map(|folder| ("PGREHEARSE_PG_BIN", folder)))
        .output()
        .expect("the binary runs");
    let results = fs::read_to_string(place.join("reports/latest/results.json")).expect("results");
    (output, serde_json::from_str(&results).expect("JSON"))
}

const NIGHTLY: &str = "{ full: { every: 24h } }";

#[rstest::rstest]
#[case::a_folder_by_several("pg_dump: { format: directory, jobs: 2 }")]
#[case::the_whole_cluster("pg_dumpall: {}")]
#[ignore = "one of the full matrix"]
#[case::one_archive("pg_dump: {}")]
#[ignore = "one of the full matrix"]
#[case::a_script("pg_dump: { format: plain }")]
#[ignore = "one of the full matrix"]
#[case::a_compressed_script("pg_dump: { format: plain, compress: gzip }")]
#[ignore = "one of the full matrix"]
#[case::an_archive_that_is_not_compressed("pg_dump: { compress: none }")]
#[ignore = "one of the full matrix"]
#[case::a_tar_file("pg_dump: { format: tar }")]
#[ignore = "one of the full matrix"]
#[case::section_by_section("pg_dump: { sections: true, jobs: 2 }")]
fn a_dump_comes_back_whole_and_a_spoiled_one_is_seen(#[case] engine: &str) {
    let (output, results) = drill(engine, NIGHTLY, "[artifact_flipped, artifact_truncated]");
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

/// The database alone, on the server that goes on serving.
const ANEW: &str = ", new_database: shop";

#[rstest::rstest]
#[case::from_a_folder("pg_dump: { format: directory, jobs: 2 }")]
#[case::from_a_script("pg_dump: { format: plain }")]
#[case::section_by_section("pg_dump: { sections: true }")]
#[ignore = "one of the full matrix"]
fn a_struck_database_makes_way_for_a_new_one(#[case] engine: &str) {
    let (output, broken) =
        restored_by("pg_restore", "exec $REAL/pg_restore \"$@\"\n", engine, ANEW);
    assert_eq!(output.status.code(), Some(0), "{engine}\n{broken:#?}");
}

#[test]
fn a_restore_that_touches_a_neighbour_of_the_new_database_is_red() {
    const MEDDLES: &str = "$REAL/pg_restore \"$@\" || exit\n\
                           exec $REAL/psql -qX -d postgres -c 'CREATE TABLE stray ()'\n";
    let ended = restored_by("pg_restore", MEDDLES, "pg_dump: {}", ANEW);
    fails_by(&ended, "inventory", "stray");
}

/// The folder of the machine's own programs, the newest.
fn own_programs() -> PathBuf {
    set_up(&[Needs::Postgres]);
    let majors = fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL");
    let majors = majors.map(|major| major.expect("a major").path().join("bin"));
    majors.filter(|bin| bin.join("initdb").is_file()).max().expect("a server")
}

/// A restore of a dump by another pg_restore or psql: exit status, output, and what was broken.
fn restored_by(program: &str, script: &str, engine: &str, recover: &str) -> (Output, Vec<Value>) {
    let place = tempfile::tempdir().expect("a folder");
    let tools = tempfile::tempdir().expect("a folder");
    let programs = wrapped(&own_programs(), tools.path(), program, script);
    let text = format!(
        "name: a restore that is not one\n\
         fixture: shop\n\
         engine: {{ {engine} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: {NIGHTLY}\n\
         - disaster: {{ drop_table: {{ table: shop.orders }} }}\n\
         - recover: {{ to: before_disaster{recover} }}\n\
         objectives: {{ rpo: 25h }}\n\
         checks: [standard]\n\
         controls: none\n"
    );
    let (output, results) = perform(place.path(), &text, Some(&programs));
    let findings = results["drills"][0]["judgement"]["findings"].as_array().expect("findings");
    let broken = findings.iter().filter(|finding| finding["status"] == "broken");
    (output, broken.cloned().collect())
}

fn fails_by((output, broken): &(Output, Vec<Value>), check: &str, said: &str) {
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{out}");
    let told = broken.iter().any(|it| it["check"] == check && it.to_string().contains(said));
    assert!(told, "{check}: `{said}`\n{broken:#?}");
}

#[test]
fn a_restore_that_never_ends_has_failed_and_nothing_is_left_of_it() {
    const NEVER: &str = "exec sleep 7391\n";
    let ended = restored_by("pg_restore", NEVER, "pg_dump: {}", ", within: 8s");
    fails_by(&ended, "target", "could not write within 8s: `restore database");
    let left = Command::new("pgrep").args(["-f", "sleep 7391"]).output().expect("pgrep");
    assert_eq!(String::from_utf8_lossy(&left.stdout), "");
}

/// What tools say and what they do are two things: each of these ends with 0 and a word or none.
#[rstest::rstest]
#[case::without_the_table(
    "pg_restore",
    "$REAL/pg_restore \"$@\" || exit\n\
     $REAL/psql -qX -d shop -c 'DROP TABLE shop.edges' 2>/dev/null\nexit 0\n",
    "pg_dump: {}",
    "inventory",
    "did not come back"
)]
#[case::of_a_name_that_is_not_there(
    "pg_restore",
    "exec $REAL/pg_restore -t no_such_table \"$@\"\n",
    "pg_dump: {}",
    "target",
    "waiting would not help: 42P01"
)]
#[case::errors_that_are_passed_over(
    "pg_restore",
    "$REAL/pg_restore \"$@\" || exit\n\
     echo 'pg_restore: warning: errors ignored on restore: 3' >&2\n",
    "pg_dump: {}",
    "commands",
    "errors ignored on restore"
)]
#[case::a_pipeline_whose_first_part_failed(
    "pg_dump",
    "for it; do case $it in --file=*) out=${it#--file=} ;; esac; done\n\
     $REAL/pg_dump \"$@\" && head -c 20000 $out > $out.part && mv $out.part $out\n\
     exit 0\n",
    "pg_dump: { format: plain }",
    "target",
    "does not end as it must"
)]
fn a_restore_that_brings_back_less_than_all_is_red(
    #[case] program: &str,
    #[case] script: &str,
    #[case] engine: &str,
    #[case] check: &str,
    #[case] said: &str,
) {
    fails_by(&restored_by(program, script, engine, ""), check, said);
}
