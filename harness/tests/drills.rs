//! The shipped scenarios, performed by the real binary on real servers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgrehearse_testkit::{Needs, engine_answers, full, set_up};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// A folder to run in, with a state of its own.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        set_up(&[Needs::Postgres, Needs::PgBackRest]);
        Place(tempfile::tempdir().expect("a folder"))
    }

    fn pgrehearse(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
            .args(words)
            .current_dir(root())
            .env("PGREHEARSE_STATE_DIR", self.0.path().join("state"))
            .env("PGREHEARSE_REPORT_DIR", self.0.path().join("reports"))
            .output()
            .expect("the binary runs")
    }

    fn latest(&self) -> PathBuf {
        self.0.path().join("reports/latest")
    }

    fn results(&self) -> Value {
        let text = fs::read_to_string(self.latest().join("results.json")).expect("results");
        serde_json::from_str(&text).expect("JSON")
    }
}

fn exits(output: &Output, code: i32) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "\n{out}\n{err}");
}

/// How many of the must-fail twins of a drill are run: all of them are run by `controls.rs`.
const SAMPLE: &str = "sample:3";

/// Runs one scenario that must pass, and judges it again. Its must-fail twins are run where they are
/// of the sample, or everything is tried; then each must be caught.
fn passes(rig: &str, scenario: &str, twins: bool) {
    let place = Place::new();
    let mut words = vec!["run", "--setup", "--rig", rig, scenario];
    let twins = twins || full();
    words.extend(["--controls", if twins { SAMPLE } else { "none" }]);
    exits(&place.pgrehearse(&words), 0);
    let results = place.results();
    let judgement = &results["drills"][0]["judgement"];
    assert_eq!(judgement["verdict"], "passed");
    let controls = judgement["controls"].as_array().expect("controls");
    assert_eq!(!controls.is_empty(), twins, "{controls:?}");
    assert_eq!(judgement["shown_able_to_fail"], twins);
    let fair = |one: &Value| one["result"] == "caught" || one["result"] == "inapplicable";
    assert!(controls.iter().all(fair), "{controls:?}");
    let latest = place.latest().display().to_string();
    exits(&place.pgrehearse(&["judge", &latest]), 0);
}

/// The sample: each disaster and each kind of recovery once, on one of the rigs, and some with
/// their must-fail twins.
#[rstest::rstest]
#[case::dropped_table(true, "local", "dropped-table")]
#[case::dropped_table_from_files(true, "local", "basebackup-dropped-table")]
#[case::a_chain_in_containers(false, "docker", "basebackup-incremental")]
#[case::lost_host_from_elsewhere(false, "local", "lost-host")]
#[case::missing_roles(false, "local", "missing-roles")]
#[case::salvage(false, "local", "salvage")]
#[case::a_new_database(false, "local", "new-database")]
#[case::bad_migration(false, "local", "bad-migration")]
#[case::dropped_role(false, "local", "dropped-role")]
#[ignore = "one of the full matrix"]
#[case::dropped_table_in_containers(true, "docker", "dropped-table")]
#[ignore = "one of the full matrix"]
#[case::lost_data_directory(true, "local", "lost-data-directory")]
#[ignore = "one of the full matrix"]
#[case::lost_data_directory_from_files(false, "local", "basebackup-lost-data-directory")]
#[ignore = "one of the full matrix"]
#[case::deleted_rows(false, "local", "deleted-rows")]
#[ignore = "one of the full matrix"]
#[case::dropped_database(true, "local", "dropped-database")]
#[ignore = "one of the full matrix"]
#[case::corrupt_pages(false, "local", "corrupt-pages")]
fn a_shipped_drill_passes(#[case] twins: bool, #[case] rig: &str, #[case] scenario: &str) {
    if rig != "docker" || engine_answers() {
        passes(rig, &format!("scenarios/{scenario}.yaml"), twins);
    }
}

/// Those that are not here are run by other tests, too.
#[test]
#[ignore = "one of the full matrix"]
fn every_shipped_drill_passes_in_containers() {
    if !engine_answers() {
        return;
    }
    for entry in fs::read_dir(root().join("scenarios")).expect("the scenarios") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|end| end == "yaml") && !path.ends_with(COMPARES) {
            passes("docker", &path.display().to_string(), true);
        }
    }
}

/// The scenario that compares engines: some of them do not meet its objective.
const COMPARES: &str = "which-engine.yaml";

/// Each canary that is shipped.
#[rstest::rstest]
#[case::dump_without_globals("dump-without-globals")]
#[case::no_archive_timeout("no-archive-timeout")]
#[case::open_repository("open-repository")]
#[case::repository_on_the_host("repository-on-the-host")]
#[ignore = "one of the full matrix"]
#[case::backup_of_damage("backup-of-damage")]
#[ignore = "one of the full matrix"]
#[case::dump_breaks_rpo("dump-breaks-rpo")]
#[ignore = "one of the full matrix"]
#[case::new_database_without_a_role("new-database-without-a-role")]
#[ignore = "one of the full matrix"]
#[case::salvage_leaves_a_reference("salvage-leaves-a-reference")]
fn a_canary_fails_for_the_reason_it_must(#[case] name: &str) {
    let shipped = fs::read_dir(root().join("scenarios/canary")).expect("the canaries").count();
    assert_eq!(shipped, CANARIES, "a canary without a case here");
    let place = Place::new();
    let file = format!("scenarios/canary/{name}.yaml");
    exits(&place.pgrehearse(&["run", "--rig", "local", &file]), 1);
    let results = place.results();
    let judgement = &results["drills"][0]["judgement"];
    assert_eq!(judgement["verdict"], "failed", "{name}");
    assert_eq!(judgement["canary"]["as_it_must"], true, "{name}");
}

/// Cases of the test above.
const CANARIES: usize = 8;

#[test]
fn a_drill_that_is_red_performs_no_twin() {
    let place = Place::new();
    let text = fs::read_to_string(root().join("scenarios/canary/open-repository.yaml"));
    let text = text.expect("a canary").replace("controls: none", "controls: [row_lost]");
    fs::write(place.0.path().join("red.yaml"), text).expect("a scenario");
    let file = place.0.path().join("red.yaml").display().to_string();
    exits(&place.pgrehearse(&["run", "--rig", "local", &file]), 1);
    let journal = fs::read_to_string(place.latest().join("red/journal.jsonl")).expect("a journal");
    assert!(journal.contains("no must-fail twin is performed"), "it says so");
    assert!(!journal.contains("\"sabotaged\""), "nothing was spoiled");
    let judgement = &place.results()["drills"][0]["judgement"];
    assert_eq!(judgement["canary"]["as_it_must"], true);
    assert_eq!(judgement["shown_able_to_fail"], false);
}
