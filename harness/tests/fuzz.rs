//! Scenarios that nobody wrote: the shipped ones and the broken ones, mangled again and again. Each
//! is a plan or a complaint, in bounded time: never a panic, never a hang. A few thousand are tried
//! always; `PGREHEARSE_FUZZ` is the number of those that are wanted, and `PGREHEARSE_TEST_SEED`
//! brings the same again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use pgrehearse::plan::{Ground, lower};
use pgrehearse::scenario::read;
use pgrehearse_testkit::{Dice, full};

/// What one text may take, however it is made: far more than any takes, on a busy machine.
const LIMIT: Duration = Duration::from_secs(10);
/// Tried without being asked for, and by the full matrix.
const TRIED: (usize, usize) = (4_000, 100_000);
/// Where a text is cut off.
const LENGTH_MAX: usize = 200_000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// What is mangled.
fn corpus() -> Vec<Vec<u8>> {
    let folders = ["scenarios", "scenarios/canary", "harness/tests/diagnostics"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root().join(folder)).expect("it"));
    let mut files: Vec<_> = files.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    files.sort();
    assert!(files.len() > 100, "{} texts", files.len());
    files.iter().map(|path| fs::read(path).expect("a text")).collect()
}

/// What a parser of YAML, and what reads its words, have to fear.
const PIECES: [&str; 34] = [
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!binary ",
    "!ruby/object:X ",
    "<<: *a\n",
    "|\n",
    ">-\n",
    "'",
    "\"",
    "#",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{2028}",
    "\0",
    "~",
    "null",
    "-1",
    "1e999",
    "99999999999999999999",
    ".nan",
    "0x7f",
    "yes",
    "1h",
    "🐘",
];

/// A place in a text.
fn place(dice: &mut Dice, text: &[u8]) -> usize {
    dice.below(text.len() + 1)
}

/// One line of a text, with its end.
fn line<'a>(dice: &mut Dice, text: &'a [u8]) -> &'a [u8] {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.is_empty() { b"" } else { lines[dice.below(lines.len())] }
}

/// Changes a text in one way.
fn mangle(dice: &mut Dice, text: &mut Vec<u8>, all: &[Vec<u8>]) {
    match dice.below(9) {
        0 => {
            let at = place(dice, text);
            text.truncate(at);
        }
        1 if !text.is_empty() => {
            let at = dice.below(text.len());
            text[at] ^= 1 << dice.below(8);
        }
        2 => {
            let (from, to) = (place(dice, text), place(dice, text));
            text.drain(from.min(to)..from.max(to).min(from.min(to) + 40));
        }
        3 => {
            let other = &all[dice.below(all.len())];
            let (line, at) = (line(dice, other).to_vec(), place(dice, text));
            text.splice(at..at, line);
        }
        4 => {
            let copy = line(dice, text).to_vec().repeat(1 + dice.below(50));
            let at = place(dice, text);
            text.splice(at..at, copy);
        }
        5 => {
            // Deeper than anything that is meant.
            let piece = ["[", "{a: ", "- ", "? "][dice.below(4)];
            let at = place(dice, text);
            text.splice(at..at, piece.repeat(1 + dice.below(3_000)).into_bytes());
        }
        6 => {
            // Aliases of aliases: few bytes that mean many.
            let level =
                |n: usize| format!("a{}: &a{} [{}]\n", n + 1, n + 1, format!("*a{n}, ").repeat(9));
            let bomb: String = (0..dice.below(12)).map(level).collect();
            text.splice(0..0, format!("a0: &a0 [x]\n{bomb}").into_bytes());
        }
        _ => {
            let (piece, at) = (PIECES[dice.below(PIECES.len())], place(dice, text));
            text.splice(at..at, piece.bytes());
        }
    }
    text.truncate(LENGTH_MAX);
}

/// Reads it as `pgrehearse validate` does; what is wrong with the answer, if anything is.
fn answer(path: &Path, ground: &Ground) -> Result<bool, String> {
    let complaints = match read(path) {
        Ok(scenario) => match lower(&scenario, ground) {
            Ok(plans) if plans.is_empty() => return Err("no plan, and no complaint".to_owned()),
            Ok(_) => return Ok(true),
            Err(complaints) => complaints,
        },
        Err(complaint) => vec![complaint],
    };
    if complaints.is_empty() {
        return Err("neither a plan nor a complaint".to_owned());
    }
    let told: Vec<String> = complaints.iter().map(ToString::to_string).collect();
    // A complaint may quote what was found, not repeat the file.
    match told.iter().find(|text| text.len() > 20_000) {
        Some(long) => Err(format!("a complaint of {} bytes", long.len())),
        None => Ok(false),
    }
}

#[test]
fn a_mangled_scenario_is_a_plan_or_a_complaint_and_never_a_panic_or_a_hang() {
    let wanted = std::env::var("PGREHEARSE_FUZZ").ok();
    let wanted = wanted.map(|number| number.parse().expect("PGREHEARSE_FUZZ is a number"));
    let wanted = wanted.unwrap_or(if full() { TRIED.1 } else { TRIED.0 });
    let (mut dice, all) = (Dice::thrown(), corpus());
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("mangled.yaml");
    let (give, texts) = mpsc::channel::<Vec<u8>>();
    let (told, answers) = mpsc::channel();
    let reads = path.clone();
    std::thread::spawn(move || {
        let fixtures_dir = root().join("fixtures");
        let ground = Ground {
            rig: "docker",
            majors: vec![15, 17, 18],
            default_major: 17,
            seed: 1,
            fixtures_dir,
        };
        for text in texts {
            fs::write(&reads, text).expect("a text is written");
            if told.send(answer(&reads, &ground)).is_err() {
                break;
            }
        }
    });
    let mut plans = 0;
    for round in 0..wanted {
        let mut text = all[dice.below(all.len())].clone();
        for _ in 0..dice.below(5) {
            mangle(&mut dice, &mut text, &all);
        }
        give.send(text.clone()).expect("the reader lives");
        let answer = answers.recv_timeout(LIMIT);
        let shown = || format!("text {round}:\n{}", String::from_utf8_lossy(&text));
        let answer =
            answer.unwrap_or_else(|error| panic!("a panic or a hang ({error}), {}", shown()));
        plans += usize::from(answer.unwrap_or_else(|wrong| panic!("{wrong}, {}", shown())));
    }
    // Else only the doorstep was tried.
    assert!(plans * 100 > wanted, "only {plans} of {wanted} were plans");
    assert!((wanted - plans) * 10 > wanted, "{plans} of {wanted} were plans");
}
