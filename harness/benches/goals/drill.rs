//! G1, G1b and G4: whole drills by the real program, against the same commands in a script, against
//! the recovered server's own log, and against each other.

use std::path::Path;
use std::process::Command;

use pgrehearse::rig::docker::answers;
use pgrehearse_verdict::journal::{Event, Line, Tick};
use pgrehearse_verdict::question::{Answer, Question};

use crate::by_hand::{Times, perform};
use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::Circumstances;

/// Rows of the table for each megabyte of it.
const ROWS_PER_MB: u64 = 7000;
/// Phases that both have: where each begins and ends in the script.
const PHASES: &[(&str, &str, &str)] = &[
    ("seed", "load", "loaded"),
    ("backup", "backup", "backed_up"),
    ("strike", "strike", "struck"),
    ("restore", "restore", "restored"),
    ("writable", "restored", "writable"),
];
const SCENARIO: &str = "name: a benchmark
fixture: { sql: seed.sql }
engine: { pgbackrest: { start_fast: true, compress: lz4, process_max: 2 } }
postgres: { version: @MAJOR@, settings: { archive_timeout: 60s } }
steps:
- workload: { writers: 2, rate: 200/s }
- backup: full
- run: 3s
- disaster: { lost_data_directory: {} }
- recover: { to: latest }
objectives: { rto: 4h, rpo: 5m }
checks: [fingerprint, server_log]
controls: none
";

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    if answers().await.is_err() {
        let missing = |goal| Outcome::missing(goal, "no container engine answers");
        return ["G1", "G1b", "G4"].map(missing).into();
    }
    let seed = format!(
        "CREATE TABLE accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
INSERT INTO accounts SELECT i, 1, 0, '' FROM generate_series(1, {}) i;",
        circumstances.megabytes * ROWS_PER_MB
    );
    let (mut ours, mut theirs) = (vec![], vec![]);
    for round in 0..circumstances.rounds {
        circumstances.quiet().await;
        ours.push(one(&seed));
        circumstances.quiet().await;
        theirs.push(perform(round, &seed));
    }
    outcomes(&ours, &theirs, circumstances.megabytes)
}

fn outcomes(ours: &[Drill], theirs: &[Times], megabytes: u64) -> Vec<Outcome> {
    let column = |phase: usize| {
        let (name, from, to) = PHASES[phase];
        let harness = Figures(ours.iter().map(|drill| drill.phases[phase]).collect());
        let script = Figures(theirs.iter().map(|times| times[to] - times[from]).collect());
        (name, harness, script)
    };
    let (mut sums, mut floors) = (vec![0.0; ours.len()], vec![0.0; ours.len()]);
    let mut note = String::new();
    for phase in 0..PHASES.len() {
        let (name, harness, script) = column(phase);
        note += &format!("{name} {:.2}/{:.2} s; ", harness.median(), script.median());
        sums.iter_mut().zip(&harness.0).for_each(|(sum, part)| *sum += part);
        floors.iter_mut().zip(&script.0).for_each(|(sum, part)| *sum += part);
    }
    let (sums, floors) = (Figures(sums), Figures(floors));
    let reported = Figures(ours.iter().map(|drill| drill.reported_rto).collect());
    let logged = Figures(ours.iter().map(|drill| drill.logged_rto).collect());
    let set_up = Figures(ours.iter().map(|drill| drill.set_up).collect());
    let first = Figures(vec![set_up.0[0]; set_up.0.len().saturating_sub(1)]);
    let later = Figures(set_up.0[1..].to_vec());
    let node = Figures(ours.iter().map(|drill| drill.node).collect());
    let copy = |(times, node): (&Times, &f64)| times["copied"] - times["copy"] + node;
    let template = Figures(theirs.iter().zip(&node.0).map(copy).collect());
    let outcome = |goal, measured: String, floor: String, figures, wanted, note: &str| Outcome {
        goal,
        measured,
        floor,
        figures: Some(figures),
        unit: "×",
        wanted,
        note: note.to_owned(),
    };
    vec![
        outcome(
            "G1",
            format!("seed, backup, strike, restore, writable of {megabytes} MB: {sums} s"),
            format!("the same commands, one script in each container: {floors} s"),
            sums.over(&floors),
            Wanted::AtMost(if megabytes < 500 { 1.05 } else { 1.03 }),
            note.trim_end_matches("; "),
        ),
        outcome(
            "G1b",
            format!("reported RTO: {reported} s"),
            format!("the recovered server's log says it takes connections: {logged} s"),
            reported.over(&logged),
            Wanted::AtMost(1.03),
            "both from the strike, on the machine's one clock",
        ),
        outcome(
            "G4",
            format!("node, cluster and seed, later runs of {megabytes} MB"),
            format!("the first run: {:.3} s", first.median()),
            later.over(&first),
            Wanted::AtMost(0.25),
            "nothing is kept from one run for the next: each makes its own cluster and its data",
        ),
        outcome(
            "G4",
            "a node, and a copy of a seeded cluster: what a template would cost".to_owned(),
            format!("node, cluster and seed, as it is: {set_up} s"),
            template.over(&set_up),
            Wanted::Told,
            "",
        ),
    ]
}

/// What one drill of the program's took, in seconds.
struct Drill {
    phases: [f64; 5],
    reported_rto: f64,
    logged_rto: f64,
    set_up: f64,
    node: f64,
}

fn one(seed: &str) -> Drill {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("drill.yaml");
    let text = SCENARIO.replace("@MAJOR@", &crate::ground::IMAGE_MAJOR.to_string());
    std::fs::write(&scenario, text).expect("a scenario");
    std::fs::write(folder.path().join("seed.sql"), seed).expect("its data");
    let ran = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--setup", "--rig", "docker"])
        .arg(&scenario)
        .env("PGREHEARSE_STATE_DIR", folder.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", folder.path().join("reports"))
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let drills = folder.path().join("reports/latest");
    let named = std::fs::read_dir(&drills).expect("a report").flatten().map(|entry| entry.path());
    let journal = named.filter(|path| path.join("journal.jsonl").is_file());
    read(&journal.last().expect("a journal"))
}

fn read(folder: &Path) -> Drill {
    let text = std::fs::read_to_string(folder.join("journal.jsonl")).expect("a journal");
    let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let at = |wanted: &dyn Fn(&Event) -> bool| {
        let line = lines.iter().find(|line| wanted(&line.event)).expect("it is in the journal");
        line.at_ns as f64 / 1e9
    };
    let load = lines.iter().find_map(|line| match &line.event {
        Event::Ran(ran) if ran.purpose.starts_with("load ") => Some((line.at_ns, ran.took_ns)),
        _ => None,
    });
    let (loaded, load_took) = load.expect("it was loaded");
    let writable = lines.iter().find_map(|line| match &line.event {
        Event::Writable { first_good_ended_ns, .. } => Some(*first_good_ended_ns as f64 / 1e9),
        _ => None,
    });
    let writable = writable.expect("it became writable");
    let asked = at(&|event| matches!(event, Event::Step { number: 2, .. }));
    let backed_up = at(&|event| matches!(event, Event::BackedUp(_)));
    let struck = at(&|event| matches!(event, Event::Struck { .. }));
    let witnessed = at(&|event| matches!(event, Event::Witnessed { .. }));
    let tick = |wanted: Tick| at(&|event| matches!(event, Event::Ticked(it) if *it == wanted));
    let (located, fetched) = (tick(Tick::Located), tick(Tick::Fetched));
    Drill {
        phases: [
            load_took as f64 / 1e9,
            backed_up - asked,
            witnessed - struck,
            fetched - located,
            writable - fetched,
        ],
        reported_rto: writable - struck,
        logged_rto: logged(folder, &lines) - struck,
        set_up: loaded as f64 / 1e9,
        node: at(&|event| matches!(event, Event::Remark { .. })),
    }
}

/// When the recovered server's log says that it takes connections, in seconds since the origin.
fn logged(folder: &Path, lines: &[Line]) -> f64 {
    let stored = lines.iter().find_map(|line| match &line.event {
        Event::Answered {
            question: Question::ServerLog,
            answer: Answer::Stored { sha256, .. },
            ..
        } => Some(sha256.clone()),
        _ => None,
    });
    let path = folder.join("answers").join(stored.expect("the log was asked for"));
    let text = std::fs::read_to_string(path).expect("a log");
    let end = text.find("database system is ready to accept connections").expect("it is ready");
    let begin = text[..end].rfind("[\"").expect("a line") + 2;
    let said = text[begin..begin + 23].replacen(' ', "T", 1) + "Z";
    let said: jiff::Timestamp = said.parse().expect("a time");
    let origin = lines.iter().find_map(|line| match &line.event {
        Event::Began(began) => began.wall.parse::<jiff::Timestamp>().ok(),
        _ => None,
    });
    said.duration_since(origin.expect("a beginning")).as_secs_f64()
}
