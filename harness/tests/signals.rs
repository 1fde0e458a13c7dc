//! Ctrl-C and SIGTERM at any moment: the reports are written, and nothing is left, without anyone
//! having to clean up.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::Duration;

use pgrehearse_testkit::{Bench, Dice, Needs, engine_answers, set_up, until_none};
use rustix::process::Signal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");
/// How long the reaper may take where it has to do the work.
const REAPER_LIMIT: Duration = Duration::from_secs(90);
/// How long the reaper may take to notice that there is nothing to do.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);
/// The last of a drill's lines of progress at which it can still be interrupted.
const PHASES: usize = 10;

fn reported(run: &Path, exit: i32) {
    let read = |name: &str| {
        std::fs::read_to_string(run.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let results: serde_json::Value = serde_json::from_str(&read("results.json")).expect("JSON");
    assert_eq!(results["exit"], exit, "{results:#}");
    let verdicts: Vec<_> = results["drills"].as_array().into_iter().flatten().collect();
    for drill in &verdicts {
        let said = drill.to_string();
        assert!(said.contains("\"verdict\":\"unknown\""), "{said}");
        assert!(said.contains("\"ended\":\"interrupted\""), "{said}");
    }
    assert_eq!(verdicts.len(), 1);
    let junit = read("junit.xml");
    assert!(junit.contains("<error") && junit.contains("interrupted"), "{junit}");
    assert!(read("summary.md").contains("unknown") && !read("summary.md").contains("passed"));
    let manifest: serde_json::Value = serde_json::from_str(&read("manifest.json")).expect("JSON");
    for name in ["results.json", "junit.xml", "report.html", "summary.md"] {
        assert!(manifest["files"][name]["sha256"].is_string(), "{name} in {manifest:#}");
    }
}

fn interrupt_at_moments(rig: &str, rounds: usize) {
    let mut dice = Dice::thrown();
    for round in 0..rounds {
        let bench = Bench::new(PROGRAM);
        let (signal, exit) = [(Signal::INT, 130), (Signal::TERM, 143)][round % 2];
        let phase = 1 + round * (PHASES - 1) / rounds + dice.below(2);
        let mut drill = bench.start(&["run", "--rig", rig, "tiny.yaml"]);
        let pid = drill.pid();
        drill.wait_for("a phase", |drill| drill.said().len() >= phase);
        std::thread::sleep(Duration::from_millis(dice.below(400) as u64));
        drill.signal(signal);
        let (status, out, said) = drill.ended();
        eprintln!("{rig} {signal:?} after line {phase}: {status}");
        assert_eq!(status.code(), Some(exit), "{out}\n{said}");
        let left = until_none(NOTICE_LIMIT, || bench.left(&[pid]));
        assert!(left.is_empty(), "after line {phase} there is left {left:#?}\n{said}");
        assert!(said.contains("interrupted: giving everything back"), "{said}");
        let runs = bench.runs();
        assert_eq!(runs.len(), 1);
        reported(&runs[0], exit);
        assert!(out.contains("UNKNOWN") && !out.contains("PASSED"), "{out}");
    }
}

#[test]
fn a_signal_ends_a_drill_of_processes_in_order() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    interrupt_at_moments("local", 4);
}

#[test]
fn a_signal_ends_a_drill_of_containers_in_order() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        interrupt_at_moments("docker", 2);
    }
}

/// The words by which the first and the second signal are answered.
const ANSWERS: [&str; 2] = ["interrupted:", "not waiting:"];

fn insist(rig: &str, times: usize) {
    let bench = Bench::new(PROGRAM);
    let mut drill = bench.start(&["run", "--rig", rig, "tiny.yaml"]);
    let pid = drill.pid();
    // The backup: the server runs, and so do its writers.
    drill.wait_for("the backup", |drill| drill.said().len() >= 3);
    for answer in ANSWERS.iter().cycle().take(times) {
        drill.signal(Signal::INT);
        let answered = |said: Vec<String>| said.iter().any(|line| line.starts_with(answer));
        drill.wait_for("an answer", |drill| answered(drill.said()));
    }
    let (status, out, said) = drill.ended();
    assert_eq!(status.code(), Some(130), "{status}: {out}\n{said}");
    assert_eq!(status.signal(), None);
    let left = until_none(REAPER_LIMIT, || bench.left(&[pid]));
    assert!(left.is_empty(), "there is left {left:#?}\n{said}");
    assert!(!out.contains("PASSED"), "{out}");
    let runs = bench.runs();
    if times == 2 {
        reported(&runs[0], 130);
    } else {
        let (code, out, _) = bench.run(&["judge", &runs[0].display().to_string()]);
        let fair = [1, 3, 130];
        assert!(code.is_some_and(|code| fair.contains(&code)), "judged {code:?}: {out}");
    }
}

#[test]
fn a_second_signal_still_writes_reports_and_the_reaper_gives_everything_back() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        insist("docker", 2);
    }
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    insist("local", 2);
}

#[test]
fn a_third_signal_ends_at_once_and_the_reaper_gives_everything_back() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        insist("docker", 3);
    }
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    insist("local", 3);
}
