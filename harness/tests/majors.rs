//! Other majors than the machine's own: on local processes by programs that come from wheels, in
//! containers by their images. The shipped drills pass on them, and a dump passes from one to the
//! next, its differences told.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgrehearse_testkit::{Needs, engine_answers, set_up, wheel, wrapped};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// A drill of the shipped scenario on these programs, in containers where there are none, its text
/// changed by `edit`.
fn drill(programs: &[PathBuf], scenario: &str, edit: impl Fn(&str) -> String) -> (Output, Value) {
    set_up(&[Needs::Postgres]);
    let place = tempfile::tempdir().expect("a folder");
    let text = fs::read_to_string(root().join("scenarios").join(scenario)).expect("a scenario");
    let own = place.path().join("own.yaml");
    fs::write(&own, edit(&text)).expect("a scenario");
    let rig = if programs.is_empty() { "docker" } else { "local" };
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--setup", "--rig", rig, "--seed", "8", "--controls", "sample:2"])
        .arg(&own)
        .current_dir(root())
        .env("PGREHEARSE_PG_BIN", std::env::join_paths(programs).expect("paths"))
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let results = place.path().join("reports/latest/results.json");
    let results = fs::read_to_string(results).unwrap_or_else(|error| {
        panic!("{error}\n{}", String::from_utf8_lossy(&output.stderr));
    });
    (output, serde_json::from_str(&results).expect("JSON"))
}

/// The scenario with the major of its source.
fn on(major: u32) -> impl Fn(&str) -> String {
    move |text| {
        if text.contains(&format!("version: {major}")) {
            text.to_owned()
        } else if text.contains("\npostgres:\n") {
            text.replacen("\npostgres:\n", &format!("\npostgres:\n  version: {major}\n"), 1)
        } else {
            text.replacen("\nfixture:", &format!("\npostgres: {{ version: {major} }}\nfixture:"), 1)
        }
    }
}

/// The nightly dump of one major, restored on another.
fn from_to(source: u32, target: u32) -> impl Fn(&str) -> String {
    let from = on(source);
    move |text| {
        let to = format!("recover: {{ to: before_disaster, postgres: {target} }}");
        from(text).replacen("recover: { to: before_disaster }", &to, 1)
    }
}

fn passes((output, results): (Output, Value)) -> Value {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{out}");
    let judgement = results["drills"][0]["judgement"].clone();
    let controls = judgement["controls"].as_array().expect("controls");
    let fair = |one: &Value| one["result"] == "caught" || one["result"] == "inapplicable";
    assert!(controls.iter().all(fair), "{out}");
    assert_eq!(judgement["shown_able_to_fail"], true, "{out}");
    judgement
}

#[rstest::rstest]
#[case::of_files_on_16(16, "basebackup-dropped-table.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_a_dump_on_16(16, "nightly-dump.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_files_on_17(17, "basebackup-dropped-table.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_a_chain_on_17(17, "basebackup-incremental.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_a_dump_on_17(17, "nightly-dump.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_files_on_18(18, "basebackup-dropped-table.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_a_dump_on_18(18, "nightly-dump.yaml")]
#[ignore = "one of the full matrix"]
#[case::of_a_drawn_schema_on_18(18, "generated-dump.yaml")]
fn a_drill_passes_on_another_major(#[case] major: u32, #[case] scenario: &str) {
    let judgement = passes(drill(&[wheel(major)], scenario, on(major)));
    assert_eq!(judgement["verdict"], "passed");
}

#[rstest::rstest]
#[case::the_next(16, 17)]
#[ignore = "one of the full matrix"]
#[case::the_one_after(16, 18)]
#[ignore = "one of the full matrix"]
#[case::the_newest(17, 18)]
fn a_dump_passes_to_a_newer_major_and_what_that_changes_is_told(
    #[case] source: u32,
    #[case] target: u32,
) {
    tells_what_changed(&[wheel(source), wheel(target)], "nightly-dump.yaml", source, target);
}

#[rstest::rstest]
#[case::of_the_shop("nightly-dump.yaml", 17)]
#[case::of_a_drawn_schema("generated-dump.yaml", 17)]
#[case::of_the_shop_to_18("nightly-dump.yaml", 18)]
#[case::of_a_drawn_schema_to_18("generated-dump.yaml", 18)]
#[ignore = "one of the full matrix"]
fn a_dump_passes_from_15_in_containers(#[case] scenario: &str, #[case] target: u32) {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        tells_what_changed(&[], scenario, 15, target);
    }
}

/// An image of somebody's own: ours, with the programs of a major that we have none of.
struct Foreign(String);

impl Foreign {
    fn of(major: u32) -> Foreign {
        // What makes ours sets up what that takes.
        passes(drill(&[], "nightly-dump.yaml", on(17)));
        let listed = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        let ours = listed.lines().find(|name| name.starts_with("pgrehearse/postgres:17-"));
        let container = docker(&["create", ours.expect("an image of 17"), "true"]);
        let named = Foreign(format!("somebodys/postgres:{major}-{}", std::process::id()));
        let programs = wheel(major).parent().expect("a folder").display().to_string();
        let place = format!("{container}:/usr/lib/postgresql/{major}");
        docker(&["cp", &format!("{programs}/."), &place]);
        docker(&["commit", &container, &named.0]);
        docker(&["rm", &container]);
        named
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        docker(&["rmi", &self.0]);
    }
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output().expect("docker runs");
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
#[ignore = "one of the full matrix"]
fn an_image_of_ones_own_brings_its_major_and_a_dump_passes_to_ours() {
    if !engine_answers() {
        return;
    }
    let image = Foreign::of(16);
    let own = |text: &str| {
        let server = format!("version: 16, image: {}", image.0);
        from_to(16, 17)(text).replace("version: 16", &server)
    };
    let judgement = passes(drill(&[], "nightly-dump.yaml", own));
    assert_eq!(judgement["verdict"], "passed");
}

fn tells_what_changed(programs: &[PathBuf], scenario: &str, source: u32, target: u32) {
    let judgement = passes(drill(programs, scenario, from_to(source, target)));
    let findings = judgement["findings"].to_string();
    assert!(findings.contains("what PostgreSQL itself brings along is another"), "{findings}");
    assert!(findings.contains("a setting that the newer major has"), "{findings}");
}

/// A pg_restore that loses a NOT NULL on its way.
const FORGETFUL: &str = "\
$REAL/pg_restore \"$@\" || exit
$REAL/psql -qX -d shop -c \\
  'ALTER TABLE shop.customers ALTER COLUMN email DROP NOT NULL' 2>/dev/null
exit 0
";

#[test]
fn a_not_null_that_is_lost_between_two_majors_is_red() {
    let place = tempfile::tempdir().expect("a folder");
    let forgetful = wrapped(&wheel(17), place.path(), "pg_restore", FORGETFUL);
    let programs = [forgetful, wheel(16)];
    let none = |text: &str| from_to(16, 17)(text).replace("controls: standard", "controls: none");
    let (output, results) = drill(&programs, "nightly-dump.yaml", none);
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{out}");
    let findings =
        results["drills"][0]["judgement"]["findings"].as_array().expect("findings").clone();
    let broken: Vec<_> = findings.iter().filter(|finding| finding["status"] == "broken").collect();
    // The wrapper knocks at a database that is not there yet: the log tells that, too.
    let of_it = |finding: &&Value| {
        let subject = finding["subject"].to_string();
        subject.contains("email") && subject.contains("shop.customers")
    };
    let rest = broken.iter().filter(|finding| !of_it(finding));
    assert!(rest.into_iter().all(|finding| finding["check"] == "server_log"), "{broken:#?}");
    for check in ["inventory", "constraints"] {
        assert!(broken.iter().any(|it| of_it(it) && it["check"] == check), "{broken:#?}");
    }
}
