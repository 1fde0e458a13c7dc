//! `judge` takes a verdict again from what a drill left: the same without the verdict lines, and
//! never a passed one from a record that was altered.

use std::fs;
use std::path::{Path, PathBuf};

use pgrehearse_testkit::{Bench, Dice, Needs, TINY, set_up};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");
/// Places that are tried in each file that is altered byte by byte.
const PLACES: usize = 8;

/// A drill that has passed, and the bench it was performed on.
struct Passed {
    bench: Bench,
    drill: PathBuf,
}

impl Passed {
    fn new() -> Passed {
        set_up(&[Needs::Postgres, Needs::PgBackRest]);
        let bench = Bench::new(PROGRAM);
        let (code, out, err) = bench.run(&["run", "--rig", "local", "tiny.yaml"]);
        assert_eq!(code, Some(0), "{out}{err}");
        let drill = bench.drills(&bench.runs()[0]).remove(0);
        Passed { bench, drill }
    }

    /// A copy of the drill's folder.
    fn copy(&self, name: &str) -> PathBuf {
        let into = self.bench.path().join("copies").join(name);
        fs::create_dir_all(into.join("answers")).expect("a folder");
        for folder in ["", "answers"] {
            for entry in fs::read_dir(self.drill.join(folder)).expect("a folder").flatten() {
                if entry.path().is_file() {
                    let to = into.join(folder).join(entry.file_name());
                    fs::copy(entry.path(), to).expect("a copy");
                }
            }
        }
        into
    }

    fn judged(&self, folder: &Path) -> (Option<i32>, String, String) {
        self.bench.run(&["judge", &folder.display().to_string()])
    }

    fn never_passed(&self, folder: &Path, what: &str) {
        let (code, out, err) = self.judged(folder);
        // An unreadable record is 2: there is nothing to judge.
        assert!(code.is_some_and(|code| [1, 2, 3].contains(&code)), "{what}: {code:?} {out}{err}");
        assert!(!out.contains("PASSED") && !err.contains("panicked"), "{what}: {out}{err}");
    }
}

/// One drill, which takes seconds, for all that is done to copies of what it left.
#[test]
fn a_record_is_judged_again_and_never_passes_where_it_was_altered() {
    let passed = Passed::new();
    a_verdict_is_the_same_with_every_verdict_line_deleted(&passed);
    a_record_with_a_line_removed_never_passes(&passed);
    a_sealed_file_with_a_byte_altered_never_passes(&passed);
}

fn a_verdict_is_the_same_with_every_verdict_line_deleted(passed: &Passed) {
    let whole = passed.copy("whole");
    let (code, before, _) = passed.judged(&whole);
    assert_eq!(code, Some(0), "{before}");
    let journal = fs::read_to_string(whole.join("journal.jsonl")).expect("a journal");
    let kept: Vec<&str> =
        journal.lines().filter(|line| !line.contains("\"event\":{\"judged\"")).collect();
    assert!(kept.len() < journal.lines().count(), "there was one");
    fs::write(whole.join("journal.jsonl"), kept.join("\n") + "\n").expect("a journal");
    assert_eq!(passed.judged(&whole), (Some(0), before, String::new()));
}

fn a_record_with_a_line_removed_never_passes(passed: &Passed) {
    let mut dice = Dice::thrown();
    for name in ["journal.jsonl", "ledger.jsonl"] {
        let text = fs::read_to_string(passed.drill.join(name)).expect("a file");
        let lines: Vec<&str> =
            text.lines().filter(|line| !line.contains("\"event\":{\"judged\"")).collect();
        let places = [0, lines.len() - 1].into_iter();
        let places: Vec<_> = places.chain((0..PLACES).map(|_| dice.below(lines.len()))).collect();
        for place in places {
            let folder = passed.copy(&format!("{name}-without-{place}"));
            let mut less = lines.clone();
            less.remove(place);
            fs::write(folder.join(name), less.join("\n") + "\n").expect("a file");
            passed.never_passed(&folder, &format!("{name} without line {}", place + 1));
        }
        let folder = passed.copy(&format!("{name}-empty"));
        fs::write(folder.join(name), "").expect("a file");
        passed.never_passed(&folder, &format!("{name} empty"));
        fs::remove_file(folder.join(name)).expect("it was there");
        passed.never_passed(&folder, &format!("{name} gone"));
    }
}

fn a_sealed_file_with_a_byte_altered_never_passes(passed: &Passed) {
    let mut dice = Dice::thrown();
    let answers: Vec<_> = fs::read_dir(passed.drill.join("answers")).expect("a folder").collect();
    let answers = answers.into_iter().flatten().map(|entry| entry.file_name());
    let mut names: Vec<PathBuf> = answers.map(|name| Path::new("answers").join(name)).collect();
    assert!(!names.is_empty(), "some answers were long");
    // The journal itself has no seal: what is altered in it is seen only where it breaks a line.
    names.push(PathBuf::from("ledger.jsonl"));
    for name in names {
        let bytes = fs::read(passed.drill.join(&name)).expect("a file");
        for _ in 0..PLACES {
            let place = dice.below(bytes.len());
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            let folder = passed.copy(&format!(
                "altered-{}-{place}",
                name.file_name().unwrap_or_default().display()
            ));
            fs::write(folder.join(&name), &altered).expect("a file");
            passed.never_passed(&folder, &format!("{} altered at byte {place}", name.display()));
        }
    }
}

#[test]
fn a_canary_that_fails_as_it_must_is_1_and_a_green_one_is_70() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    let red = TINY.replace("rto: 4h", "rto: 1ms") + "must_fail: { by: [rto] }\n";
    bench.write("canary/red.yaml", &red.replace("tiny.sql", "../tiny.sql"));
    let (code, out, err) = bench.run(&["run", "--rig", "local", "canary/red.yaml"]);
    assert_eq!(code, Some(1), "{out}{err}");
    let green = TINY.to_owned() + "must_fail: { by: [rto] }\n";
    bench.write("canary/green.yaml", &green.replace("tiny.sql", "../tiny.sql"));
    let (code, out, err) = bench.run(&["run", "--rig", "local", "canary/green.yaml"]);
    assert_eq!(code, Some(70), "{out}{err}");
}

#[test]
fn a_folder_is_run_without_its_canaries_and_says_so() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    bench.write("all/tiny.yaml", &TINY.replace("tiny.sql", "../tiny.sql"));
    bench.write("all/canary/red.yaml", &TINY.replace("tiny.sql", "../../tiny.sql"));
    let mut run = bench.command(&["run", "--rig", "local", "all"]);
    let (code, out, err) = pgrehearse_testkit::told(run.env("NO_COLOR", "1"));
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("left out: 1 that must fail"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
    assert_eq!(bench.drills(&bench.runs()[0]).len(), 1);
    let mut run = bench.command(&["--color", "always", "judge", "reports/latest"]);
    let (code, out, _) = pgrehearse_testkit::told(&mut run);
    assert!(code == Some(0) && out.contains('\u{1b}'), "colours where they are asked for: {out}");
}
