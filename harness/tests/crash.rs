//! The harness is killed at any moment, with real processes and real containers: nothing stays
//! behind, and nothing that it wrote says that a drill passed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use pgrehearse::rig::docker::image;
use pgrehearse_testkit::{Bench, Dice, Needs, Started, engine_answers, full, set_up, until_none};
use rustix::process::{Pid, Signal, kill_process};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");
/// Lines of progress that a drill says.
const PHASES: usize = 11;
/// How long the reaper may take.
const REAPER_LIMIT: Duration = Duration::from_secs(90);
/// The longest wait after what a moment is counted from, in milliseconds.
const DELAY_MS: usize = 900;

/// A moment of a drill.
#[derive(Debug)]
enum Moment {
    /// So long after this many lines of progress.
    Phase(usize, u64),
    /// As soon as the lease names this many things, before or while the last of them is made.
    Leased(usize),
}

impl Moment {
    /// Moments are spread over the drill; every third is one at which something is being made.
    fn drawn(dice: &mut Dice, round: usize, rounds: usize, things: usize) -> Moment {
        if round % 3 == 2 {
            return Moment::Leased(1 + dice.below(things));
        }
        let phase = round * PHASES / rounds + dice.below(PHASES / rounds + 1);
        Moment::Phase(phase, dice.below(DELAY_MS) as u64)
    }

    /// Waits for it; whether the drill is still going on.
    fn comes(&self, bench: &Bench, drill: &mut Started) -> bool {
        match *self {
            Moment::Phase(lines, delay_ms) => {
                let is_on = drill.wait_for("a phase", |drill| drill.said().len() >= lines);
                std::thread::sleep(Duration::from_millis(delay_ms));
                is_on
            }
            Moment::Leased(things) => drill.wait_for("a lease", |_| {
                let took = |path: &Path| {
                    fs::read_to_string(path).unwrap_or_default().matches("\"took\"").count()
                };
                bench.leases().iter().any(|path| took(path) >= things)
            }),
        }
    }
}

/// The reaper of a run that lives.
fn reaper_of(harness: u32) -> Option<Pid> {
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent: u32 = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        let reaps = words.split(|byte| *byte == 0).any(|word| word == b"__reap");
        (parent == harness && reaps).then(|| Pid::from_raw(pid)).flatten()
    })
}

/// No report says that a drill passed, and nor does a judge. A drill that had come to its own end
/// before the kill may be judged as it deserves; but it has no report.
fn nothing_claims_success(bench: &Bench, run: &Path) {
    let drills = bench.drills(run);
    let ended = |drill: &Path| {
        let journal = fs::read_to_string(drill.join("journal.jsonl")).unwrap_or_default();
        journal.contains("\"ended\":{\"how\":\"completed\"}")
    };
    if run.join("manifest.json").exists() {
        let last = |drill: &Path| {
            let journal = fs::read_to_string(drill.join("journal.jsonl")).unwrap_or_default();
            journal.lines().rev().take(5).map(str::to_owned).collect::<Vec<_>>()
        };
        let without = drills.iter().find(|drill| !ended(drill)).map(|drill| last(drill));
        assert_eq!(without, None, "a manifest for a drill without an end");
        return;
    }
    for drill in drills.iter().filter(|drill| !ended(drill)) {
        for report in ["results.json", "junit.xml", "summary.md", "report.html"] {
            assert!(!run.join(report).exists(), "{report} of a drill that was killed");
        }
        if drill.join("brief.json").exists() {
            let (code, out, _) = bench.run(&["judge", &drill.display().to_string()]);
            let is_there = drill.join("journal.jsonl").exists();
            let fair = if is_there { [1, 3] } else { [2, 3] };
            assert!(code.is_some_and(|code| fair.contains(&code)), "judged {code:?}: {out}");
            assert!(!out.contains("PASSED"), "{out}");
        }
    }
}

fn kill_at_moments(rig: &str, rounds: usize, things: usize) {
    let mut dice = Dice::thrown();
    let mut killed = 0;
    for round in 0..rounds {
        let bench = Bench::new(PROGRAM);
        let moment = Moment::drawn(&mut dice, round, rounds, things);
        let mut drill = bench.start(&["run", "--rig", rig, "tiny.yaml"]);
        let pid = drill.pid();
        let is_on = moment.comes(&bench, &mut drill);
        let reaper = reaper_of(pid);
        // As by a power cut: the reaper dies with its owner, and `clean` is alone.
        let cut = round % 2 == 1;
        if let Some(reaper) = reaper.filter(|_| cut) {
            let _ = kill_process(reaper, Signal::KILL);
        }
        drill.signal(Signal::KILL);
        let (status, _, said) = drill.ended();
        killed += usize::from(status.code().is_none());
        let left = || bench.left(&[pid]);
        if reaper.is_some() && !cut {
            let left = until_none(REAPER_LIMIT, left);
            assert!(left.is_empty(), "{moment:?}: the reaper left {left:#?}\n{said}");
        }
        let (code, out, err) = bench.run(&["clean"]);
        // Others on this engine may have died without a lease here: they are named, not touched.
        let others =
            err.lines().all(|line| line.contains("no lease here") || line.starts_with("hint:"));
        let fine = code == Some(0) || code == Some(1) && others;
        assert!(fine, "{moment:?}: clean ended with {code:?} and said {out}{err}\n{said}");
        // What was just killed may take a moment to be wholly gone.
        let left = until_none(Duration::from_secs(3), left);
        assert!(left.is_empty(), "{moment:?}: clean left {left:#?}, said {out}{err}\n{said}");
        bench.runs().iter().for_each(|run| nothing_claims_success(&bench, run));
        eprintln!("{rig} {moment:?} (going on: {is_on}, reaper killed: {cut}): {}", out.trim());
    }
    assert!(killed * 2 > rounds, "only {killed} of {rounds} drills were still there to be killed");
}

#[test]
fn nothing_is_left_of_processes_whose_harness_was_killed() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let rounds = if full() { 70 } else { 4 };
    kill_at_moments("local", rounds, 1);
}

#[test]
fn nothing_is_left_of_containers_whose_harness_was_killed() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        // A drill is what is killed here, not the making of its image.
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(image::ensure(17, true, &|_| {})).expect("an image");
        let rounds = if full() { 35 } else { 2 };
        // The repository, the network, the source, the target.
        kill_at_moments("docker", rounds, 4);
    }
}
