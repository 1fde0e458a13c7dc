//! The rules of the house that the compiler does not hold.

use std::fs;
use std::path::{Path, PathBuf};

/// The length of a file of code, tests left out, in lines.
const FILE_LINES_MAX: usize = 400;
/// The length of a function, in lines.
const FUNCTION_LINES_MAX: usize = 70;
/// The length of a line of code, in characters.
const LINE_CHARS_MAX: usize = 100;

/// Outside libraries, and the only places that may name them.
const AT_HOME: &[(&str, &[&str])] = &[
    ("testcontainers", &["harness/src/rig/docker"]),
    ("tokio_postgres", &["harness/src/rig/sql"]),
    ("junit_report", &["harness/verdict/src/report/junit"]),
    ("serde_saphyr", &["harness/src/scenario/parse"]),
    ("annotate_snippets", &["harness/src/scenario/"]),
    ("askama", &["harness/verdict/src/report/html"]),
    ("indicatif", &["harness/src/app/progress"]),
    ("clap", &["harness/src/cli.rs", "harness/src/main.rs", "harness/src/app/"]),
];

/// What must not be found in code that ships.
const NEVER: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[allow(", "#[ignore"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn sources(below: &Path, into: &mut Vec<PathBuf>) {
    files(below, "rs", into);
}

fn files(below: &Path, ending: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(below).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, ending, into);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            into.push(path);
        }
    }
}

/// Every file of code that ships, with its path from the root and its text without its tests.
fn shipped() -> Vec<(String, String)> {
    let mut paths = vec![];
    for folder in ["harness/src", "harness/verdict/src", "harness/testkit/src"] {
        sources(&root().join(folder), &mut paths);
    }
    // A module that is only compiled for tests lies in a file of its own where it is long.
    paths.retain(|path| {
        !path.ends_with("tests.rs") && !path.to_string_lossy().ends_with("_test.rs")
    });
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("text");
        let code = text.split("\n#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        (name, code)
    };
    paths.into_iter().map(read).collect()
}

fn none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let broken = shipped().into_iter().filter(|(_, code)| !code.starts_with("//! "));
    none(broken.map(|(name, _)| format!("{name}:1: does not open with `//!`")).collect());
}

#[test]
fn what_is_asked_of_a_database_can_be_asked_in_any_encoding() {
    // A comment is sent with the rest: one sign that LATIN9 has not, and the question is refused.
    let folder = root().join("harness/src/drill/ask");
    let mut asked = vec![];
    files(&folder, "sql", &mut asked);
    assert!(asked.len() >= 10, "only {} files were found", asked.len());
    let broken = asked.into_iter().filter(|path| !fs::read(path).expect("bytes").is_ascii());
    none(broken.map(|path| format!("{}: is not plain ASCII", path.display())).collect());
}

#[test]
fn files_functions_and_lines_stay_small() {
    let mut broken = vec![];
    for (name, code) in shipped() {
        let lines: Vec<&str> = code.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            broken.push(format!("{name}: {} lines, more than {FILE_LINES_MAX}", lines.len()));
        }
        let mut began: Option<(usize, String)> = None;
        for (at, line) in lines.iter().enumerate() {
            if line.chars().count() > LINE_CHARS_MAX {
                broken.push(format!("{name}:{}: more than {LINE_CHARS_MAX} characters", at + 1));
            }
            let indent = line.len() - line.trim_start().len();
            let head = line.trim_start();
            let is_function = ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(super) fn "]
                .iter()
                .chain(&["pub(super) async fn ", "pub(crate) fn ", "pub(crate) async fn "])
                .any(|start| head.starts_with(start));
            if is_function && began.is_none() {
                began = Some((at, " ".repeat(indent)));
            }
            if let Some((start, margin)) = &began
                && (*line == format!("{margin}}}")
                    || line.ends_with("{ }")
                    || line.ends_with(';') && *start == at)
            {
                if at - start > FUNCTION_LINES_MAX {
                    let long = at - start;
                    broken.push(format!("{name}:{}: a function of {long} lines", start + 1));
                }
                began = None;
            }
        }
    }
    none(broken);
}

#[test]
fn each_outside_library_is_named_in_one_place() {
    let mut broken = vec![];
    for (name, code) in shipped() {
        for (library, homes) in AT_HOME {
            let named = code.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//") && line.contains(&format!("{library}::"))
            });
            if named && !homes.iter().any(|home| name.starts_with(home)) {
                broken.push(format!("{name}: names `{library}`, at home in {homes:?}"));
            }
        }
    }
    none(broken);
}

#[test]
fn the_verdict_knows_no_runtime_no_engine_and_no_database() {
    let manifest = fs::read_to_string(root().join("harness/verdict/Cargo.toml")).expect("it");
    for stranger in ["tokio", "testcontainers", "postgres", "bollard", "reqwest"] {
        let named = manifest.lines().any(|line| line.starts_with(stranger));
        assert!(!named, "the verdict's manifest names `{stranger}`");
    }
}

#[test]
fn nothing_is_left_for_later_and_nothing_is_hushed() {
    let mut broken = vec![];
    for (name, code) in shipped() {
        for (at, line) in code.lines().enumerate() {
            for word in NEVER.iter().filter(|word| line.contains(**word)) {
                broken.push(format!("{name}:{}: `{word}`", at + 1));
            }
            let unwraps = line.contains(".unwrap()") && !line.trim_start().starts_with("//");
            if unwraps {
                broken.push(format!("{name}:{}: `.unwrap()` outside tests", at + 1));
            }
        }
    }
    none(broken);
}

#[test]
fn no_text_is_ever_given_to_a_shell() {
    let mut broken = vec![];
    for (name, code) in shipped() {
        for (at, line) in code.lines().enumerate() {
            let shell =
                ["\"sh\"", "\"bash\"", "\"/bin/sh\"", "\"/bin/bash\"", "\"-c\".to_owned(), \"sh"];
            if shell.iter().any(|word| line.contains(word)) {
                broken.push(format!("{name}:{}: names a shell", at + 1));
            }
        }
    }
    none(broken);
}

#[test]
fn only_the_rig_starts_processes_and_opens_sockets() {
    let mut broken = vec![];
    for (name, code) in shipped() {
        let outside = ["harness/src/rig/", "harness/src/setup.rs", "harness/testkit/"];
        if outside.iter().any(|home| name.starts_with(home)) {
            continue;
        }
        for word in ["process::Command", "TcpStream", "UnixStream", "std::net", "tokio::net"] {
            if code.contains(word) {
                broken.push(format!("{name}: `{word}`: only the rig touches the world"));
            }
        }
    }
    none(broken);
}
