//! The goals of this project that are about speed, each as a ratio to a named floor that is
//! measured in the same run. `cargo bench --bench goals` measures all of them; see ../README.md.

mod by_hand;
mod controls;
mod digest;
mod drill;
mod figures;
mod ground;
mod ledger;
mod probe;
mod raw;
mod ready;

use std::process::ExitCode;

use figures::{Outcome, table};
use ground::Circumstances;

/// A group of goals that are measured together, and what they are called.
const GROUPS: &[(&str, &[&str])] = &[
    ("ready", &["G3"]),
    ("digest", &["G5", "G6", "G7"]),
    ("probe", &["G9"]),
    ("ledger", &["G10"]),
    ("drill", &["G1", "G1b", "G4"]),
    ("controls", &["C10"]),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` starts every benchmark too, without this word.
    if !words.iter().any(|word| word == "--bench") {
        println!("nothing is measured: run `cargo bench --bench goals`");
        return ExitCode::SUCCESS;
    }
    let asked = match Asked::read(words.iter().filter(|word| *word != "--bench")) {
        Ok(asked) => asked,
        Err(said) => {
            eprintln!("{said}");
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcomes = runtime.expect("a runtime").block_on(measure(&asked));
    println!("\n{}", table(&outcomes));
    ExitCode::SUCCESS
}

struct Asked {
    groups: Vec<&'static str>,
    circumstances: Circumstances,
}

impl Asked {
    fn read<'a>(words: impl Iterator<Item = &'a String>) -> Result<Asked, String> {
        let mut asked = Asked { groups: vec![], circumstances: Circumstances::default() };
        for word in words {
            if let Some((name, value)) = word.split_once('=') {
                asked.circumstances.set(name, value)?;
                continue;
            }
            let found = GROUPS.iter().find(|(group, goals)| {
                group == word || goals.iter().any(|goal| goal.eq_ignore_ascii_case(word))
            });
            let Some((group, _)) = found else {
                let known = GROUPS.iter().map(|(group, goals)| format!("{group} ({goals:?})"));
                let known = known.collect::<Vec<_>>().join(", ");
                return Err(format!("there is no goal `{word}`; there are {known}"));
            };
            if !asked.groups.contains(group) {
                asked.groups.push(group);
            }
        }
        if asked.groups.is_empty() {
            asked.groups = GROUPS.iter().map(|(group, _)| *group).collect();
        }
        Ok(asked)
    }
}

async fn measure(asked: &Asked) -> Vec<Outcome> {
    let mut outcomes = vec![];
    println!("{}", ground::machine());
    for group in &asked.groups {
        println!("\n{group}");
        let circumstances = &asked.circumstances;
        let found = match *group {
            "ready" => ready::measure(circumstances).await,
            "digest" => digest::measure(circumstances).await,
            "probe" => probe::measure(circumstances).await,
            "drill" => drill::measure(circumstances).await,
            "controls" => controls::measure(circumstances).await,
            _ => ledger::measure(circumstances).await,
        };
        found.iter().for_each(Outcome::print);
        outcomes.extend(found);
    }
    outcomes
}
