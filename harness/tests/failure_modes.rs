//! The table of failures is complete, and what it names is there.

use std::fs;
use std::path::{Path, PathBuf};

use pgrehearse::sabotage;

/// Entries of the collection, from 1.
const ENTRIES: usize = 86;
/// Bytes of a reason: less is none.
const REASON_MIN: usize = 40;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn table() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("tests/failure_modes/table.md")).expect("the table");
    let lines = text.lines().filter(|line| line.starts_with("| V"));
    let cells = lines.map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned());
        (cells.next().expect("an entry"), cells.next().expect("what shows it"))
    });
    cells.collect()
}

/// All Rust below these folders, as one text.
fn sources(folders: &[&str]) -> String {
    let mut left: Vec<_> = folders.iter().map(|it| root().join(it)).collect();
    let mut all = String::new();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                all.push_str(&fs::read_to_string(path).expect("a file"));
            }
        }
    }
    all
}

#[test]
fn each_entry_has_one_line_in_order() {
    let numbers: Vec<String> =
        table().into_iter().map(|(entry, _)| entry[..3].to_owned()).collect();
    let wanted: Vec<String> = (1..=ENTRIES).map(|number| format!("V{number:02}")).collect();
    assert_eq!(numbers, wanted);
}

#[test]
fn what_shows_an_entry_is_there() {
    let attacks = sources(&["tests/attacks/list"]);
    let sources = sources(&["tests", "src", "verdict/tests", "verdict/src"]);
    let canaries = root().join("../scenarios/canary");
    for (entry, shown) in table() {
        if let Some(reason) = shown.strip_prefix("not here: ") {
            assert!(reason.len() > REASON_MIN, "{entry}: {reason}");
            continue;
        }
        for one in shown.split(", ") {
            let (kind, name) = one.split_once(' ').expect("a kind and a name");
            let is_there = match kind {
                "control" => sabotage::named(name).is_some(),
                "attack" => attacks.contains(&format!("\"{name}\"")),
                "canary" => canaries.join(format!("{name}.yaml")).is_file(),
                "test" => sources.contains(&format!("fn {name}(")),
                _ => false,
            };
            assert!(is_there, "{entry}: {one}");
        }
    }
}
