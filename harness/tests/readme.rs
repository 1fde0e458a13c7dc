//! The README is true: its commands are run, in order, as a new user would.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Needs, set_up};

/// What `cargo drill` says to pgrehearse.
const DRILL: &str = "run --setup --controls sample:4 scenarios/dropped-table.yaml";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The lines of the README's blocks of this language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("README.md")).expect("the README");
    let mut lines = vec![];
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(named) => inside = !inside && named == language,
            None if inside => lines.push(line.to_owned()),
            None => {}
        }
    }
    lines
}

#[test]
fn every_command_of_the_readme_works() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let place = tempfile::tempdir().expect("a folder");
    for name in ["scenarios", "fixtures"] {
        symlink(root().join(name), place.path().join(name)).expect("a link");
    }
    let commands = blocks("sh");
    assert!(commands.iter().any(|line| line == "cargo drill"), "the first command");
    assert!(commands.iter().any(|line| line == "cargo test"), "the second command");
    let program = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgrehearse"));
        command.args(words).current_dir(place.path());
        command.env("PGREHEARSE_STATE_DIR", place.path().join("state")).output().expect("it runs")
    };
    // What others left at this engine is named before and after; of ours there is nothing.
    let others = String::from_utf8_lossy(&program(&["clean"]).stderr).into_owned();
    let mut run = 0;
    for line in commands.iter().filter(|line| *line != "cargo test") {
        let line = line.split(" #").next().unwrap_or_default().trim();
        // The alias of .cargo/config.toml, which the next test holds to this.
        let line = line.replace("cargo drill", &format!("pgrehearse {DRILL}"));
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[0], "pgrehearse", "{line}");
        let output = program(&words[1..]);
        let said = String::from_utf8_lossy(&output.stdout);
        let err = String::from_utf8_lossy(&output.stderr);
        let left = words[1] == "clean" && output.status.code() == Some(1) && !err.is_empty();
        let known = left && err.lines().all(|left| others.contains(left));
        assert!(output.status.success() || known, "{line}\n{said}\n{err}");
        run += 1;
    }
    assert!(run >= 10, "{run} commands were run");
}

#[test]
fn cargo_drill_sets_up_and_runs() {
    let config = fs::read_to_string(root().join(".cargo/config.toml")).expect("the aliases");
    assert!(config.contains(&format!("-- {DRILL}\"")), "{config}");
}

#[test]
fn the_scenario_of_the_readme_is_the_shipped_one() {
    let shown = blocks("yaml");
    let shipped = root().join("scenarios/dropped-table.yaml");
    let shipped = fs::read_to_string(shipped).expect("the scenario");
    // Comments aside, every line shown stands in the file.
    let bare = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    let known: Vec<String> = shipped.lines().map(bare).collect();
    for line in shown.iter().map(|line| bare(line)).filter(|line| !line.is_empty()) {
        assert!(known.contains(&line), "not in the shipped scenario: {line}");
    }
}
