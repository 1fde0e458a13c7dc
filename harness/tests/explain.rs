//! Every kind has an example that is read, and every finding a text.

use std::fs;
use std::path::PathBuf;

use pgrehearse::scenario::{File, Source, parse};
use pgrehearse::{disaster, engine, explain, sabotage};
use pgrehearse_verdict::check;

#[test]
fn every_example_is_read_as_what_it_is_an_example_of() {
    let sound = fs::read_to_string("../scenarios/dropped-table.yaml").unwrap();
    let read = |text: String| {
        let source = Source { name: "example".to_owned(), text };
        parse::<File>(&source.into()).unwrap_or_else(|complaint| panic!("{complaint}"))
    };
    for (name, summary, example) in disaster::KINDS {
        let line = "drop_table: { table: shop.orders }";
        let file = read(sound.replace(line, example));
        assert!(format!("{:?}", file.steps).contains("Disaster"), "{name}");
        assert!(example.starts_with(name) && !summary.is_empty(), "{name}");
    }
    for (name, summary, example) in engine::KINDS {
        let file = read(sound.replace("pgbackrest: { start_fast: true }", example));
        assert_eq!(file.engine.unwrap().value.0.name(), *name);
        assert!(!summary.is_empty());
    }
    for kind in check::KINDS {
        let example = kind.example.trim_start_matches("- ");
        let file = read(sound.replace("  - standard", &format!("  - {example}")));
        assert_eq!(file.checks.unwrap().value.len(), 2, "{}", kind.name);
        assert!(!kind.summary.is_empty(), "{}", kind.name);
    }
    for control in sabotage::KINDS {
        let list = format!("controls: [{}]", control.facts().name);
        read(sound.replace("controls: standard", &list));
    }
}

/// The codes that the checks and the verdict give to what is broken or unknown, as they are
/// written in the source: a new one without a text shows up here.
#[test]
fn every_finding_has_a_text() {
    let mut files = vec![PathBuf::from("verdict/src")];
    let mut codes = vec![];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for call in ["Finding::broken(", "Finding::unknown("] {
            for after in text.split(call).skip(1) {
                let code = after.split(',').nth(1).unwrap_or_default().trim().trim_matches('"');
                let literal = after.split(',').nth(1).unwrap_or_default().contains('"');
                codes.extend(literal.then(|| code.to_owned()));
            }
        }
    }
    assert!(codes.len() > 40, "only {} codes were found", codes.len());
    let unknown: Vec<_> = codes.iter().filter(|code| explain::explain(code).is_err()).collect();
    assert!(unknown.is_empty(), "no text explains {unknown:?}");
}

#[test]
fn every_text_says_something_and_fits_a_terminal() {
    for name in explain::names() {
        let text = explain::explain(name).unwrap();
        assert!(text.lines().count() >= 5, "{name} says too little");
        assert!(text.lines().count() <= 60, "{name} says too much");
        let long = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{name}");
    }
    let all = explain::everything();
    for name in explain::names() {
        assert!(all.contains(name), "`{name}` is not in the list");
    }
    let said = explain::explain("lost_aked").unwrap_err();
    assert_eq!(said, "nothing is known about `lost_aked`\nhint: did you mean `lost_acked`?");
}
