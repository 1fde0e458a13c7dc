//! How often a healthy drill is not green, and a spoiled one is: drills drawn at random, each with
//! some must-fail twins. `cargo bench --bench rates`; see ../README.md.

mod bounds;
mod drawn;
mod tally;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

use pgrehearse_testkit::{Dice, Needs, set_up};

use drawn::draw;
use tally::Tally;

/// Drills and twins where nothing is said.
const USUAL: usize = 200;
/// Twins of one drill.
const TWINS: usize = 2;
/// Drills under way at a time.
const AT_ONCE: usize = 3;

struct Asked {
    healthy: usize,
    spoiled: usize,
}

impl Asked {
    fn read<'a>(words: impl Iterator<Item = &'a String>) -> Result<Asked, String> {
        let mut asked = Asked { healthy: USUAL, spoiled: USUAL };
        for word in words {
            let wanted = || format!("found `{word}`, wanted `healthy=N` or `spoiled=N`");
            let (name, number) = word.split_once('=').ok_or_else(wanted)?;
            let number = number.parse().map_err(|_| wanted())?;
            match name {
                "healthy" => asked.healthy = number,
                "spoiled" => asked.spoiled = number,
                _ => return Err(wanted()),
            }
        }
        Ok(asked)
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Performs one drawn drill; its results, or what was said instead.
fn perform(text: &str, seed: usize) -> Result<serde_json::Value, String> {
    let place = tempfile::tempdir().expect("a folder");
    let scenario = place.path().join("drawn.yaml");
    std::fs::write(&scenario, text).expect("a scenario");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local", "--controls", &format!("sample:{TWINS}")])
        .args(["--seed", &seed.to_string()])
        .arg(&scenario)
        .current_dir(root())
        .env("PGREHEARSE_STATE_DIR", place.path().join("state"))
        .env("PGREHEARSE_REPORT_DIR", place.path().join("reports"))
        .output()
        .expect("the binary runs");
    let results = std::fs::read_to_string(place.path().join("reports/latest/results.json"));
    let parsed = results.ok().and_then(|text| serde_json::from_str(&text).ok());
    parsed.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if !words.iter().any(|word| word == "--bench") {
        println!("nothing is drawn: run `cargo bench --bench rates`");
        return ExitCode::SUCCESS;
    }
    let asked = match Asked::read(words.iter().filter(|word| *word != "--bench")) {
        Ok(asked) => asked,
        Err(said) => {
            eprintln!("{said}");
            return ExitCode::from(2);
        }
    };
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let dice = Mutex::new(Dice::thrown());
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while !tally.lock().expect("the tally").has(asked.healthy, asked.spoiled) {
                    let (text, seed) = {
                        let mut dice = dice.lock().expect("the dice");
                        (draw(&mut dice), dice.below(1 << 30))
                    };
                    let done = perform(&text, seed);
                    let mut tally = tally.lock().expect("the tally");
                    tally.count(&text, seed, done);
                    eprintln!("{}", tally.so_far());
                }
            });
        }
    });
    let tally = tally.into_inner().expect("the tally");
    println!("{tally}");
    if tally.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
