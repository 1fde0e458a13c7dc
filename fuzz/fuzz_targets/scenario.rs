//! Any text is read as a scenario, or refused with a complaint that can be shown.
//!
//! `cargo +nightly fuzz run scenario fuzz/corpus/scenario scenarios harness/tests/diagnostics`

#![no_main]

use std::path::PathBuf;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pgrehearse::plan::{Ground, lower, show};
use pgrehearse::scenario::{File, ScenarioFile, Source, parse};

fuzz_target!(|text: &str| {
    let source = Arc::new(Source { name: "fuzz.yaml".to_owned(), text: text.to_owned() });
    let file = match parse::<File>(&source) {
        Ok(file) => file,
        Err(complaint) => return fits(&complaint.to_string()),
    };
    let path = PathBuf::from("fuzz.yaml");
    let scenario = ScenarioFile { path, source, sha256: "0".repeat(64), file };
    let ground = Ground {
        rig: "docker",
        majors: vec![17],
        default_major: 17,
        seed: 1,
        fixtures_dir: "no-such-folder".into(),
    };
    match lower(&scenario, &ground) {
        Ok(plans) => plans.iter().for_each(|plan| fits(&show(plan))),
        Err(complaints) => complaints.iter().for_each(|complaint| fits(&complaint.to_string())),
    }
});

/// What is shown is bounded, and has no characters that would move a terminal's cursor.
fn fits(text: &str) {
    assert!(text.len() < 100_000, "too much is said");
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "a control character is shown");
}
