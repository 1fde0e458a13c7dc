//! The shipped scenarios, performed by the real binary on real servers; and a database that nobody
//! here wrote.

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

/// Runs one scenario that must pass, its twin caught, and judges it again.
fn passes(rig: &str, scenario: &str) {
    let place = Place::new();
    exits(&place.pgrehearse(&["run", "--setup", "--rig", rig, scenario]), 0);
    let results = place.results();
    let judgement = &results["drills"][0]["judgement"];
    assert_eq!(judgement["verdict"], "passed");
    assert_eq!(judgement["shown_able_to_fail"], true);
    let controls = judgement["controls"].as_array().expect("controls");
    assert!(!controls.is_empty() && controls.iter().all(|one| one["result"] == "caught"));
    let latest = place.latest().display().to_string();
    exits(&place.pgrehearse(&["judge", &latest]), 0);
}

#[test]
fn a_dropped_table_is_undone_on_local_processes() {
    passes("local", "scenarios/dropped-table.yaml");
}

#[test]
fn a_lost_data_directory_is_recovered_on_local_processes() {
    passes("local", "scenarios/lost-data-directory.yaml");
}

#[test]
fn a_dropped_table_is_undone_in_containers() {
    if engine_answers() {
        passes("docker", "scenarios/dropped-table.yaml");
    }
}

#[test]
fn a_dropped_table_is_undone_from_a_base_backup_on_local_processes() {
    passes("local", "scenarios/basebackup-dropped-table.yaml");
}

#[test]
fn a_lost_data_directory_is_recovered_from_a_base_backup_on_local_processes() {
    passes("local", "scenarios/basebackup-lost-data-directory.yaml");
}

#[test]
fn a_chain_of_incremental_base_backups_is_recovered_in_containers() {
    if engine_answers() {
        passes("docker", "scenarios/basebackup-incremental.yaml");
    }
}

#[test]
fn a_lost_host_comes_back_from_a_repository_elsewhere_on_local_processes() {
    passes("local", "scenarios/lost-host.yaml");
}

#[test]
fn missing_roles_come_back_from_the_globals_on_local_processes() {
    passes("local", "scenarios/missing-roles.yaml");
}

#[test]
fn a_dropped_table_is_put_back_into_the_living_database() {
    passes("local", "scenarios/salvage.yaml");
}

#[test]
fn a_dropped_database_is_made_anew_on_the_server_that_goes_on() {
    passes("local", "scenarios/new-database.yaml");
}

#[rstest::rstest]
#[case::a_delete_without_where(false, "scenarios/deleted-rows.yaml")]
#[case::a_bad_migration(true, "scenarios/bad-migration.yaml")]
#[case::a_dropped_role(true, "scenarios/dropped-role.yaml")]
#[case::a_dropped_database(false, "scenarios/dropped-database.yaml")]
fn a_mistake_of_ones_own_is_undone_on_local_processes(
    #[case] always: bool,
    #[case] scenario: &str,
) {
    if always || full() {
        passes("local", scenario);
    }
}

#[test]
fn a_zeroed_page_is_undone_from_the_backup_before_it() {
    passes("local", "scenarios/corrupt-pages.yaml");
}

/// All that are shipped, one after the other.
#[test]
fn every_canary_fails_for_the_reason_it_must() {
    let place = Place::new();
    let mut canaries: Vec<String> = std::fs::read_dir(root().join("scenarios/canary"))
        .expect("the canaries")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .map(|name| format!("scenarios/canary/{name}"))
        .collect();
    canaries.sort();
    assert!(canaries.len() >= 4, "{canaries:?}");
    let words: Vec<&str> =
        ["run", "--rig", "local"].into_iter().chain(canaries.iter().map(String::as_str)).collect();
    exits(&place.pgrehearse(&words), 1);
    let results = place.results();
    let drills = results["drills"].as_array().expect("drills");
    assert_eq!(drills.len(), canaries.len());
    for drill in drills {
        assert_eq!(drill["judgement"]["verdict"], "failed", "{}", drill["name"]);
        assert_eq!(drill["judgement"]["canary"]["as_it_must"], true, "{}", drill["name"]);
    }
}

/// Pagila is not part of this repository: where its dump lies is said by `PGREHEARSE_PAGILA`, else
/// it is looked for beside the checkout.
fn pagila() -> Option<PathBuf> {
    let named = std::env::var_os("PGREHEARSE_PAGILA").map(PathBuf::from);
    let path = named.unwrap_or_else(|| root().join("../shared/data/pagila.sql"));
    if !path.is_file() {
        eprintln!("NOT TESTED: pagila.sql is not here; PGREHEARSE_PAGILA names it");
        return None;
    }
    Some(path.canonicalize().expect("a path"))
}

#[rstest::rstest]
#[case::pgbackrest("pgbackrest: { start_fast: true }")]
#[case::basebackup("pg_basebackup: { checkpoint: fast, format: tar, compress: zstd }")]
fn a_database_nobody_here_wrote_comes_back_whole(#[case] engine: &str) {
    let Some(pagila) = pagila() else { return };
    let place = Place::new();
    let text = format!(
        "name: pagila comes back whole\n\
         fixture: {{ sql: {} }}\n\
         engine: {{ {engine} }}\n\
         postgres: {{ settings: {{ archive_timeout: 60s }} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: full\n\
         - run: {{ for: 2s, jitter: archive }}\n\
         - disaster: {{ drop_table: {{ table: public.film }} }}\n\
         - recover: {{ to: before_disaster }}\n\
         objectives: {{ rto: 4h, rpo: 5m }}\n",
        pagila.display()
    );
    let scenario = place.0.path().join("pagila.yaml");
    fs::write(&scenario, text).expect("a scenario");
    let rigs = if engine_answers() { &["local", "docker"][..] } else { &["local"] };
    for rig in rigs {
        let scenario = scenario.display().to_string();
        exits(&place.pgrehearse(&["run", "--setup", "--rig", rig, &scenario]), 0);
        assert_eq!(place.results()["drills"][0]["judgement"]["verdict"], "passed", "{rig}");
    }
}
