//! Every shipped scenario, and the starter, and the plans they become.
//!
//! With `PGREHEARSE_BLESS=1` the plans are written anew: read them then.

use std::fs;
use std::path::{Path, PathBuf};

use pgrehearse::explain;
use pgrehearse::plan::{self, Ground, Plan, Step, lower, not_for_this_rig, show};
use pgrehearse::scenario::read;
use pgrehearse_verdict::question::{Moment, Question};

fn ground(rig: &'static str, majors: &[u32]) -> Ground {
    Ground {
        rig,
        majors: majors.to_vec(),
        default_major: majors[0],
        seed: 7,
        fixtures_dir: "../fixtures".into(),
    }
}

fn shipped() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["../scenarios", "../scenarios/canary"] {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    found.sort();
    assert!(found.len() >= 3, "only {} scenarios were found", found.len());
    found
}

fn planned(path: &Path, ground: &Ground) -> Vec<Plan> {
    let scenario = read(path).unwrap_or_else(|complaint| panic!("{complaint}"));
    lower(&scenario, ground).unwrap_or_else(|complaints| {
        let text: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        panic!("{}", text.join("\n\n"))
    })
}

fn golden(path: &str, found: &str) {
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, found).unwrap();
    }
    let wanted = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(wanted, found, "{path} is not current");
}

#[test]
fn every_shipped_scenario_becomes_the_plan_we_expect() {
    for path in shipped() {
        let plans = planned(&path, &ground("docker", &[17, 15]));
        let text = plans.iter().map(show).collect::<Vec<_>>().join("\n");
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        golden(&format!("tests/plans/{stem}.txt"), &text);
    }
}

#[test]
fn every_shipped_scenario_runs_on_every_rig_that_has_its_version() {
    for path in shipped() {
        let scenario = read(&path).unwrap();
        match scenario.file.postgres.version {
            None => assert_eq!(planned(&path, &ground("local", &[15]))[0].postgres.version, 15),
            Some(_) => {
                let complaints = lower(&scenario, &ground("local", &[15])).unwrap_err();
                assert!(not_for_this_rig(&complaints), "{}", path.display());
            }
        }
        assert_eq!(planned(&path, &ground("docker", &[17]))[0].postgres.version, 17);
    }
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_seed_is_in_it() {
    for path in shipped() {
        let one = planned(&path, &ground("docker", &[17]));
        assert_eq!(one, planned(&path, &ground("docker", &[17])));
        assert_eq!(show(&one[0]), show(&planned(&path, &ground("docker", &[17]))[0]));
        let other = Ground { seed: 8, ..ground("docker", &[17]) };
        assert_ne!(show(&one[0]), show(&planned(&path, &other)[0]));
    }
}

#[test]
fn a_canary_must_fail_and_nothing_else_must() {
    for path in shipped() {
        let canary = path.components().any(|part| part.as_os_str() == "canary");
        let plans = planned(&path, &ground("docker", &[17]));
        assert!(plans.iter().all(|plan| plan.brief.must_fail.is_some() == canary));
    }
}

#[test]
fn the_brief_says_what_a_verdict_needs() {
    let plan = &planned(Path::new("../scenarios/dropped-table.yaml"), &ground("docker", &[17]))[0];
    let brief = &plan.brief;
    assert_eq!((brief.id.as_str(), brief.seed, brief.postgres), ("dropped-table", 7, 17));
    assert_eq!(brief.scenario_sha256.len(), 64);
    assert_eq!(brief.steps.len(), plan.steps.len());
    assert_eq!(brief.harmed, ["shop.orders"]);
    assert!(brief.recoveries[0].undoes && brief.recoveries[0].chosen);
    assert!(brief.application.contains(&("shop".to_owned(), "shop_app".to_owned())));
    assert_eq!(brief.controls.len(), plan.controls.len());
    let lost = Path::new("../scenarios/lost-data-directory.yaml");
    let lost = &planned(lost, &ground("docker", &[17]))[0].brief;
    assert!(!lost.recoveries[0].undoes && !lost.recoveries[0].chosen);
    assert!(!lost.disasters[0].leaves_wal);
}

#[test]
fn a_matrix_becomes_a_plan_for_each_cell_with_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank $(x).yaml");
    let text = fs::read_to_string("../scenarios/dropped-table.yaml").unwrap();
    let engine = "engine:\n  pgbackrest: { start_fast: true }\n";
    assert!(text.contains(engine));
    let matrix = "matrix:\n  engine: [ pgbackrest: {}, pgbackrest: { compress: zst } ]\n  \
                  postgres.version: [15, 17]\n";
    fs::write(&path, text.replace(engine, matrix)).unwrap();
    let plans = planned(&path, &ground("docker", &[17, 15]));
    let ids: Vec<&str> = plans.iter().map(|plan| plan.brief.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "bank---x--pgbackrest1-pg15",
            "bank---x--pgbackrest1-pg17",
            "bank---x--pgbackrest2-pg15",
            "bank---x--pgbackrest2-pg17",
        ]
    );
    assert_eq!(plans[0].brief.name, "an accidental DROP TABLE is undone [pgbackrest1, pg15]");
    assert_eq!((plans[2].postgres.version, plans[3].postgres.version), (15, 17));
}

#[test]
fn images_of_the_major_recovered_to_are_made_before_anything_starts_too() {
    let (own, to) = ("postgres: { version: 15 }", ", postgres: 17");
    let plan = nightly_dump(own, to);
    assert_eq!(plan.majors().into_iter().collect::<Vec<_>>(), [15, 17]);
    assert!(plan.images().is_empty());
}

#[test]
fn an_image_of_ones_own_brings_a_major_that_the_rig_has_not() {
    let own = "postgres: { version: 16, image: my/postgres }";
    let plan = nightly_dump(own, ", postgres: 17");
    assert_eq!(plan.images().into_iter().collect::<Vec<_>>(), ["my/postgres"]);
    assert_eq!(plan.majors().into_iter().collect::<Vec<_>>(), [17]);
    let recovered = plan.steps.iter().find_map(|step| match step {
        Step::Recover(recover) => Some(plan.postgres_of(recover)),
        _ => None,
    });
    let recovered = recovered.unwrap();
    assert_eq!((recovered.version, recovered.image), (17, None));
}

/// The plan of the nightly dump with another server, recovered to another.
fn nightly_dump(own: &str, to: &str) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.yaml");
    let text = fs::read_to_string("../scenarios/nightly-dump.yaml").unwrap();
    let text = text.replace("\nfixture:", &format!("\n{own}\nfixture:"));
    fs::write(&path, text.replace("to: before_disaster", &format!("to: before_disaster{to}")))
        .unwrap();
    planned(&path, &ground("docker", &[15, 17])).swap_remove(0)
}

#[test]
fn ones_own_database_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("2 My Shop.sql"), "create table t (a int);").unwrap();
    let path = folder.path().join("own.yaml");
    let text = fs::read_to_string("../scenarios/lost-data-directory.yaml").unwrap();
    let own = text.replace("fixture: shop\n", "fixture: { sql: 2 My Shop.sql }\n");
    fs::write(&path, own).unwrap();
    let plan = &planned(&path, &ground("local", &[15]))[0];
    assert_eq!(plan.fixture.name, "db_2_my_shop");
    assert_eq!(plan.fixture.databases[0].name, "db_2_my_shop");
    assert_eq!(plan.brief.application, [("db_2_my_shop".into(), "pgrehearse_app".into())]);
}

#[test]
fn what_must_be_asked_is_asked_once_and_always_who_the_server_is() {
    let path = Path::new("../scenarios/dropped-table.yaml");
    let brief = planned(path, &ground("docker", &[17]))[0].brief.clone();
    let asks = plan::asks(&brief);
    let mut sorted = asks.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(asks, sorted);
    for check in &brief.checks {
        for pair in check.asks(&brief) {
            assert!(asks.contains(&pair), "`{}` asks {}", check.name(), pair.1);
        }
    }
    let mut nothing = pgrehearse_verdict::brief::Brief { checks: vec![], ..brief };
    nothing.objectives.rpo_s = None;
    let always = [(Moment::Baseline, Question::Server), (Moment::Recovered, Question::Server)];
    assert_eq!(plan::asks(&nothing), always);
}

#[test]
fn the_starter_is_a_sound_scenario() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mine", "a: \"b\" # c", "", "x\ny", "- \u{202E}"] {
        let path = folder.path().join("starter.yaml");
        fs::write(&path, explain::starter(name)).unwrap();
        let plans = planned(&path, &ground("local", &[15]));
        assert_eq!(plans.len(), 1, "{name:?}");
    }
}

#[test]
fn all_that_can_be_said_can_be_said_together() {
    let plan = &planned(Path::new("tests/plans/whole.yaml"), &ground("docker", &[17]))[0];
    let brief = &plan.brief;
    assert_eq!(brief.recoveries.len(), 3);
    assert!(brief.recoveries.iter().all(|recovery| recovery.undoes && recovery.chosen));
    assert_eq!(brief.marks, ["early", "healthy"]);
    assert_eq!(brief.objectives.assumed_decision_s, Some(1800.0));
    assert_eq!(brief.objectives.production_bytes, Some(3 << 39));
    assert_eq!(plan.postgres.settings["archive_timeout"], "60");
    assert_eq!(plan.postgres.settings["auto_explain.log_timing"], "on");
    assert!(!plan.postgres.checksums);
    assert_eq!((plan.fixture.scale, plan.limit.as_secs()), (3, 3600));
    assert_eq!(brief.disasters.iter().map(|it| it.leaves_wal).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn an_objective_of_loss_is_measured_whatever_is_checked() {
    let asks = |objectives: &str| {
        let text = fs::read_to_string("../scenarios/dropped-table.yaml").unwrap();
        let (head, _) = text.split_once("objectives:").expect("objectives");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.yaml");
        let tail = format!("objectives: {objectives}\nchecks: [fingerprint]\ncontrols: none\n");
        fs::write(&path, head.to_owned() + &tail).unwrap();
        let plan = planned(&path, &ground("docker", &[17])).remove(0);
        let ledger = (Moment::Recovered, Question::LedgerTransactions);
        plan::asks(&plan.brief).contains(&ledger)
    };
    assert!(asks("{ rto: 4h, rpo: 5m }"));
    assert!(!asks("{ rto: 4h }"));
}
