//! C10: what ten must-fail twins cost, against the drill that they are twins of, in the same run.

use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse::rig::docker::answers;
use pgrehearse_verdict::journal::{Line, Scope};

use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::Circumstances;

/// The drills whose twins are drawn, one of each kind of engine.
const DRILLS: &[&str] =
    &["dropped-table.yaml", "basebackup-dropped-table.yaml", "nightly-dump.yaml"];
const TWINS: usize = 10;

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    if answers().await.is_err() {
        return vec![Outcome::missing("C10", "no container engine answers")];
    }
    let mut outcomes = vec![];
    for drill in DRILLS {
        let (mut itself, mut twins) = (Figures::default(), Figures::default());
        for round in 0..circumstances.rounds {
            circumstances.quiet().await;
            let (first, rest) = one(drill, round);
            itself.0.push(first);
            twins.0.push(rest);
        }
        outcomes.push(Outcome {
            goal: "C10",
            measured: format!("{TWINS} twins of {drill}, drawn anew each time: {twins} s"),
            floor: format!("the drill itself, before its first twin: {itself} s"),
            figures: Some(twins.over(&itself)),
            unit: "×",
            wanted: Wanted::AtMost(2.0),
            note: String::new(),
        });
    }
    outcomes
}

/// Seconds that the drill took until its first twin began, and from there on.
fn one(drill: &str, round: usize) -> (f64, f64) {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(drill);
    let ran = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--setup", "--rig", "docker"])
        .args([format!("--controls=sample:{TWINS}"), format!("--seed={}", 1 + round)])
        .arg(&scenario)
        .env("PGREHEARSE_STATE_DIR", folder.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", folder.path().join("reports"))
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert_eq!(ran.status.code(), Some(0), "{said}");
    let text = std::fs::read_to_string(journal(&folder.path().join("reports/latest")));
    let text = text.expect("a journal");
    let lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seconds = |line: &Line| line.at_ns as f64 / 1e9;
    let begins = lines.iter().find(|line| matches!(line.scope, Scope::Control(_)));
    let begins = seconds(begins.expect("it has a twin"));
    (begins, seconds(lines.last().expect("it ended")) - begins)
}

fn journal(run: &Path) -> PathBuf {
    let drills = std::fs::read_dir(run).expect("a report").flatten();
    let mut journals = drills.map(|entry| entry.path().join("journal.jsonl"));
    journals.find(|path| path.is_file()).expect("a journal")
}
