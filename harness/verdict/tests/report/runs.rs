//! Recorded runs for the tests of the reports: one with every status, and what they share.

use pgrehearse_verdict::brief::{
    Brief, ControlBrief, DisasterBrief, Objectives, Protection, RecoveryBrief,
};
use pgrehearse_verdict::check::{Spec, SqlCheck};
use pgrehearse_verdict::finding::{Finding, Status};
use pgrehearse_verdict::journal::End;
use pgrehearse_verdict::objective::{Exposure, Measured, Objective};
use pgrehearse_verdict::report::{Drill, NotDrilled, Run};
use pgrehearse_verdict::verdict::{Canary, ControlOutcome, ControlResult, Judgement, Verdict};

/// A run of these drills.
pub fn run(drills: Vec<Drill>, exit: u8) -> Run {
    Run {
        format: 1,
        id: "2026-11-03T09-00-00Z-4f1c".to_owned(),
        tool: "0.1.0".to_owned(),
        began: "2026-11-03T09:00:00.25Z".to_owned(),
        took_s: 131.4,
        rig: "docker".to_owned(),
        seed: 20_261_103,
        drills,
        not_drilled: vec![],
        exit,
    }
}

/// A run in which every verdict, status and outcome of a control occurs.
pub fn every() -> Run {
    let drills = vec![passed(), failed(), unknown(), canary()];
    let met = |file: &str, why: &str| NotDrilled { file: file.to_owned(), why: why.to_owned() };
    let not_drilled = vec![
        met("scenarios/region_lost.yaml", "not for this rig: `lost_region` needs two regions"),
        met("scenarios/canary", "3 canaries are left out of a run of a folder"),
    ];
    Run { not_drilled, ..run(drills, 1) }
}

/// A run of one drill that passed.
pub fn green() -> Run {
    run(vec![passed()], 0)
}

/// A run in which nothing was performed.
pub fn nothing() -> Run {
    let not_drilled = every().not_drilled;
    Run { not_drilled, took_s: 0.2, ..run(vec![], 4) }
}

pub fn brief(id: &str, name: &str) -> Brief {
    let mut checks = Spec::standard();
    checks.push(Spec::Sql(SqlCheck {
        query: "select count(*) from shop.customers".to_owned(),
        database: "shop".to_owned(),
        equals: "2000".to_owned(),
    }));
    let step = |text: &str| text.to_owned();
    Brief {
        format: 1,
        id: id.to_owned(),
        name: name.to_owned(),
        why: Some("the commonest human error".to_owned()),
        tags: vec!["quarterly".to_owned(), "pitr".to_owned()],
        file: format!("scenarios/{id}.yaml"),
        scenario_sha256: "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b"
            .to_owned(),
        seed: 7_001,
        rig: "docker".to_owned(),
        postgres: 17,
        engine: "pgbackrest".to_owned(),
        fixture: "shop".to_owned(),
        steps: vec![
            step("workload: 2 writers, 200/s"),
            step("backup: full"),
            step("run: 5s"),
            step("mark: healthy"),
            step("disaster: drop_table shop.orders"),
            step("recover: to before_disaster"),
        ],
        protection: Protection::Archive,
        disasters: vec![DisasterBrief {
            kind: "drop_table".to_owned(),
            text: "drop_table shop.orders".to_owned(),
            leaves_wal: true,
        }],
        recoveries: vec![RecoveryBrief {
            target: "before_disaster".to_owned(),
            chosen: true,
            undoes: true,
            ..RecoveryBrief::default()
        }],
        marks: vec!["healthy".to_owned()],
        objectives: Objectives {
            rto_s: Some(14_400.0),
            rpo_s: Some(300.0),
            assumed_detection_s: Some(900.0),
            assumed_decision_s: Some(1_800.0),
            production_bytes: Some(800_000_000_000),
        },
        checks,
        application: vec![("shop".to_owned(), "shop_app".to_owned())],
        smoke: vec![],
        harmed: vec!["shop.orders".to_owned()],
        controls: vec![control_brief("wal_segment_missing")],
        must_fail: None,
    }
}

fn control_brief(id: &str) -> ControlBrief {
    ControlBrief {
        id: id.to_owned(),
        harm: "a segment that the recovery needs is not in the archive".to_owned(),
        class: "missing_wal".to_owned(),
        caught_by: vec!["target".to_owned(), "ledger".to_owned()],
    }
}

pub fn control(id: &str, result: ControlOutcome, red: &[&str]) -> ControlResult {
    let said = match result {
        ControlOutcome::Caught => "the recovery ended before its target",
        ControlOutcome::CaughtOtherwise => "red, but not by a check that must catch it",
        ControlOutcome::Missed => "all checks were green on the spoiled copy",
        ControlOutcome::Ineffective => "five places were tried and none mattered",
        ControlOutcome::Inapplicable => "the database has nothing of the kind",
        ControlOutcome::Unknown => "the twin was stopped before its checks",
    };
    ControlResult {
        id: id.to_owned(),
        harm: control_brief(id).harm,
        change: "000000010000000000000007 removed from archive/shop/17-1".to_owned(),
        result,
        caught_by: vec!["target".to_owned(), "ledger".to_owned()],
        red: red.iter().map(|check| (*check).to_owned()).collect(),
        said: said.to_owned(),
    }
}

/// What held: at least one finding for every check there is.
fn held() -> Vec<Finding> {
    let mut found = told();
    let silent = |name: &str, found: &[Finding]| found.iter().all(|it| it.check != name);
    for check in Spec::standard() {
        if silent(check.name(), &found) {
            found.push(Finding::held(check.name(), "held", "it is as it was"));
        }
    }
    found
}

fn told() -> Vec<Finding> {
    vec![
        Finding::held("usable", "login", "shop_app logs in with its own password over the network")
            .about("shop_app"),
        Finding::held("usable", "smoke", "4 smoke queries answered as the application's role"),
        Finding::held("usable", "survives_kill", "the write is there after a kill and a restart"),
        Finding::held("identity", "nonce", "the server that answered is the one we restored"),
        Finding::held("target", "reached", "recovery ended at 0/7A3B2C8, where it was aimed"),
        Finding::held("target", "undone", "shop.orders is there again").about("shop.orders"),
        Finding::held("ledger", "kept", "1,204 of 1,204 acknowledged transactions are there"),
        Finding::held("fingerprint", "equal", "14 tables, 31,402 rows, all digests equal"),
        Finding::held("fingerprint", "expected_unlogged", "an unlogged table is empty after it")
            .about("shop.sessions"),
        Finding::held("inventory", "equal", "312 objects, none missing, none extra"),
        Finding::held("globals", "equal", "7 roles, 4 memberships, 3 settings, 2 databases"),
        Finding::held("configuration", "equal", "341 settings and rules, all as they were"),
        Finding::held("sequences", "at_or_after", "5 sequences stand at or after their values"),
        Finding::held("indexes", "whole", "57 indexes and tables are whole and agree"),
        Finding::held("constraints", "kept", "214 constraints were evaluated, and are kept"),
        Finding::held("large_objects", "resolved", "there is no large object, before or after"),
        Finding::held("text", "valid", "41 columns of text are valid, sorted as they were"),
        Finding::held("server_log", "quiet", "48 lines read, none is an error"),
        Finding::held("commands", "clean", "9 commands ended well, and none spoke of an error"),
        Finding::held("sql", "answer", "`select count(*) from shop.customers` answered 2000"),
    ]
}

fn measured() -> Measured {
    let stage = |name: &str, at: f64| (name.to_owned(), at);
    Measured {
        rto_s: Some((5.214, 5.241)),
        stages: vec![
            stage("begun", 2.004),
            stage("provisioned", 2.61),
            stage("located", 2.93),
            stage("fetched", 4.02),
            stage("started", 4.11),
            stage("reads", 4.87),
            stage("promoted", 5.12),
            stage("verified", 7.9),
        ],
        verified_s: Some(7.9),
        observed_loss_s: Some((0.0, 0.012)),
        lost_transactions: Some((0, 0)),
        exposure: Some(Exposure::Seconds(60.0)),
        exposure_because: "archive_timeout 60 s, no segment was waiting".to_owned(),
        acknowledged: (1_530, 1_204),
        given_up: (0, 326),
        in_doubt: (0, 1),
        database_bytes: Some(41_234_567),
    }
}

fn objective(name: &str, wanted_s: f64, status: Status, said: &str) -> Objective {
    Objective { name: name.to_owned(), wanted_s, status, said: said.to_owned() }
}

fn timeline() -> Vec<(f64, String)> {
    let entry = |at: f64, text: &str| (at, text.to_owned());
    vec![
        entry(4.1, "step 1: workload: 2 writers, 200/s"),
        entry(4.3, "step 2: backup: full"),
        entry(
            6.4,
            "full backup `20261103-090004F`, 41.2 MB, WAL 0/4000028 to 0/4000138, took 2.1 s",
        ),
        entry(11.5, "mark `healthy` at 0/6F12A40"),
        entry(16.6, "the disaster is issued: drop_table shop.orders"),
        entry(18.6, "recovery 1: recovery begun"),
        entry(21.8, "recovery 1: writable: the application's write is acknowledged"),
        entry(24.5, "recovery 1: every question answered"),
        entry(41.0, "completed"),
    ]
}

fn drill(brief: Brief, judgement: Judgement) -> Drill {
    let fact = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Drill {
        folder: brief.id.clone(),
        brief,
        judgement,
        took_s: 41.03,
        timeline: timeline(),
        faults: vec![],
        remarks: vec!["the backup waited 1.4 s for a spread checkpoint (start_fast is off)".into()],
        facts: vec![
            fact("source: PostgreSQL", "17.12"),
            fact("source: system_identifier", "7431190012345678901"),
            fact("recovery 1: PostgreSQL", "17.12"),
            fact("recovery 1: timeline", "2"),
            fact("pgbackrest", "2.55.1"),
            fact("image", "pgrehearse/postgres:17 sha256:9f86d081884c7d65"),
            fact("backup 20261103-090004F", "full, 41.2 MB, WAL 0/4000028 to 0/4000138"),
        ],
    }
}

pub fn passed() -> Drill {
    let brief = brief("drop_table", "an accidental DROP TABLE is undone");
    let judgement = Judgement {
        verdict: Verdict::Passed,
        because: "10 checks held, 1,204 acknowledged transactions are there, 1 control caught"
            .to_owned(),
        ended: Some(End::Completed),
        findings: held(),
        objectives: vec![
            objective("rto", 14_400.0, Status::Held, "5.25 s at 41.2 MB, wanted at most 4h"),
            objective("rpo", 300.0, Status::Held, "exposed to 60 s, wanted at most 5m"),
        ],
        measured: measured(),
        controls: vec![control("wal_segment_missing", ControlOutcome::Caught, &["target"])],
        shown_able_to_fail: true,
        canary: None,
    };
    drill(brief, judgement)
}

pub fn failed() -> Drill {
    let mut brief = brief("host_lost", "the host burns down, and its WAL with it");
    brief.controls.push(control_brief("old_backup"));
    brief.controls.push(control_brief("roles_left_out"));
    let mut findings: Vec<Finding> =
        held().into_iter().filter(|f| !["ledger", "globals"].contains(&f.check.as_str())).collect();
    let ids = (1..=7).map(|n| format!("0b6c61ae-0000-4000-8000-00000000000{n}, acked at 0/7B0{n}"));
    findings.push(
        Finding::broken("ledger", "lost_acked", "7 acknowledged transactions are not there")
            .with(ids.collect()),
    );
    findings.push(
        Finding::broken("globals", "missing", "a membership of the source is not there")
            .about("shop_admin")
            .with(vec!["wanted: member of shop_owner, found: nothing".to_owned()]),
    );
    findings.push(Finding::unknown("server_log", "cut", "the log was cut after 1 MiB"));
    let judgement = Judgement {
        verdict: Verdict::Failed,
        because: "ledger: 7 acknowledged transactions are not there".to_owned(),
        ended: Some(End::Completed),
        findings,
        objectives: vec![
            objective("rto", 5.0, Status::Broken, "5.21 s at the least, wanted at most 5s"),
            objective("rpo", 300.0, Status::Broken, "no archive_timeout is set: unbounded"),
        ],
        measured: Measured {
            observed_loss_s: Some((1.21, 1.44)),
            lost_transactions: Some((7, 9)),
            exposure: Some(Exposure::Unbounded),
            exposure_because: "the WAL is lost and archive_timeout is off".to_owned(),
            in_doubt: (1, 2),
            ..measured()
        },
        controls: vec![
            control("wal_segment_missing", ControlOutcome::Caught, &["target", "ledger"]),
            control("old_backup", ControlOutcome::Missed, &[]),
            control("roles_left_out", ControlOutcome::CaughtOtherwise, &["globals"]),
        ],
        shown_able_to_fail: true,
        canary: None,
    };
    drill(brief, judgement)
}

pub fn unknown() -> Drill {
    let mut brief = brief("bad_disk", "the archive cannot be read in time");
    brief.why = None;
    brief.controls.push(control_brief("page_zeroed"));
    brief.controls.push(control_brief("never_performed"));
    let mut findings: Vec<Finding> = held()
        .into_iter()
        .filter(|f| !["sequences", "globals"].contains(&f.check.as_str()))
        .collect();
    findings.push(Finding::unknown("globals", "refused", "57P03: the server is starting up"));
    findings.push(
        Finding::broken("drill", "fault", "no space on the volume that the rig sized").of_the_rig(),
    );
    let judgement = Judgement {
        verdict: Verdict::Unknown,
        because: "the rig: no space on the volume that the rig sized".to_owned(),
        ended: None,
        findings,
        objectives: vec![
            objective("rto", 14_400.0, Status::Unknown, "the server was never writable"),
            objective("rpo", 300.0, Status::Unknown, "nothing was acknowledged in the window"),
        ],
        measured: Measured { stages: measured().stages[..4].to_vec(), ..Measured::default() },
        controls: vec![
            control("wal_segment_missing", ControlOutcome::Ineffective, &[]),
            control("page_zeroed", ControlOutcome::Unknown, &[]),
        ],
        shown_able_to_fail: false,
        canary: None,
    };
    let mut drill = drill(brief, judgement);
    drill.faults = vec![
        "fault (rig: no space on a volume the rig sized) during restore: No space left on device"
            .to_owned(),
    ];
    drill
}

pub fn canary() -> Drill {
    let mut brief = brief("canary_no_archive", "canary: an archive that is never written");
    brief.must_fail = Some(vec!["rpo".to_owned()]);
    brief.controls = vec![];
    brief.checks.truncate(3);
    let checks = ["usable", "identity", "target"];
    let findings = held().into_iter().filter(|f| checks.contains(&f.check.as_str())).collect();
    let judgement = Judgement {
        verdict: Verdict::Failed,
        because: "rpo: unbounded, wanted at most 5m".to_owned(),
        ended: Some(End::Completed),
        findings,
        objectives: vec![objective("rpo", 300.0, Status::Broken, "unbounded, wanted at most 5m")],
        measured: Measured { exposure: Some(Exposure::Unbounded), ..measured() },
        controls: vec![],
        shown_able_to_fail: false,
        canary: Some(Canary { by: vec!["rpo".to_owned()], as_it_must: true }),
    };
    drill(brief, judgement)
}
