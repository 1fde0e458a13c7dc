//! What a kind is and what a finding means: the texts of `pgrehearse explain` and `new`.

use std::fmt::Write;

use pgrehearse_verdict::check;

use crate::{disaster, engine, sabotage};

/// A text about findings.
struct Text {
    /// The word it stands under.
    name: &'static str,
    /// Other words that mean the same reading: codes of findings.
    also: &'static [&'static str],
    /// The text.
    text: &'static str,
}

macro_rules! texts {
    ($($name:literal [$($also:literal)*];)*) => {
        /// The texts about findings. One file a text, one line here.
        const TEXTS: &[Text] = &[$(Text {
            name: $name,
            also: &[$($also),*],
            text: include_str!(concat!("explain/", $name, ".md")),
        },)*];
    };
}

texts! {
    "lost_acked" [];
    "resurrected" [];
    "phantom" [];
    "torn" [];
    "altered" [];
    "duplicate" [];
    "gap" [];
    "invariant" [];
    "vacuous" ["nothing_acknowledged"];
    "ledger_damaged" ["no_ledger"];
    "unanswered" [
        "never_asked" "refused" "answer_lost" "malformed_answer" "unreadable" "unsaid"
    ];
    "untried" [];
    "in_the_clear" ["sealed"];
    "restarted" ["moved" "archives_otherwise" "goes_on"];
    "nothing_compared" ["no_checks" "silent"];
    "panicked" ["rig_fault"];
    "missing" [];
    "extra" [];
    "not_undone" [];
    "content" ["rows" "shape"];
    "behind" [];
    "collides" [];
    "unusable" [];
    "reaches_out" ["not_isolated" "slot_in_use" "extra_worker" "worker_as_before" "stranger"];
    "prepared_lost" ["pending"];
    "no_statistics" ["none_before"];
    "index_corrupt" [];
    "index_disagrees" [];
    "heap_corrupt" [];
    "map_disagrees" [];
    "page_unreadable" ["unread"];
    "uncommitted" [];
    "bad_checksums" ["unscanned" "no_checksums"];
    "breached" ["breached_before"];
    "unevaluated" [];
    "unseen_database" [];
    "dangling" ["dangled_before"];
    "invalid_text" ["invalid_before"];
    "collation_stale" ["stale_before"];
    "direction_unknown" [];
    "wrong_server" ["is_the_source" "source_up" "same_start" "nonce_not_fresh"];
    "other_cluster" [];
    "artifact_altered" ["artifact_missing"];
    "segment_missing" ["segment_foreign"];
    "wal_unreadable" [];
    "not_a_new_cluster" [];
    "older_backup" ["other_snapshot"];
    "foreign_files" [];
    "archives" [];
    "checksums_changed" [];
    "target_unreached" ["stopped_early"];
    "incomplete" [
        "no_stop" "no_history" "no_promise" "no_aim" "no_boundary" "other_aim"
    ];
    "stopped_elsewhere" ["switched_elsewhere" "other_timeline"];
    "boundary_disagrees" ["boundary_unchecked" "boundary_early"];
    "not_writable" [];
    "still_in_recovery" [];
    "login_refused" [];
    "let_in" ["open_before"];
    "shut_out" ["expired"];
    "smoke_failed" [];
    "write_lost" [];
    "log_speaks" [
        "panic" "fatal" "internal_error" "wal_damaged" "page_damaged" "file_damaged"
        "crash_recovery" "process_died" "startup_failed" "collation_mismatch" "wal_ended"
    ];
    "command_failed" ["command_unended"];
    "command_errors" ["command_warns"];
    "command_speaks" ["output_cut" "no_command"];
    "log_incomplete" ["empty_log" "log_begins_late" "log_broken_off"];
    "query_failed" [];
    "wrong_answer" ["differs" "not_one_row" "not_one_column"];
    "fault" ["recovery_failed" "faulted"];
    "brief_altered" ["brief_unsealed"];
    "steps_missing" [
        "not_begun" "mark_missing" "no_backup" "no_disaster" "not_struck" "not_a_drill"
        "unwitnessed" "out_of_order" "no_recovery" "not_recovered"
    ];
    "clock_set" ["suspended"];
    "false_green" [];
    "caught_otherwise" [];
    "inapplicable" [];
    "ineffective" ["not_shown"];
    "rpo" [];
    "rto" [];
    "rpo_loss" [];
    "given_up" [];
}

/// Everything that [`explain`] knows, as a list with a line for each kind.
pub fn everything() -> String {
    let mut text = String::new();
    let mut part = |title: &str, lines: Vec<(&str, &str)>| {
        let _ = writeln!(text, "{title}");
        for (name, summary) in lines {
            let _ = writeln!(text, "  {name:<20} {summary}");
        }
        text.push('\n');
    };
    part("disasters", disaster::KINDS.iter().map(|(name, summary, _)| (*name, *summary)).collect());
    part("engines", engine::KINDS.iter().map(|(name, summary, _)| (*name, *summary)).collect());
    part("checks", check::KINDS.iter().map(|kind| (kind.name, kind.summary)).collect());
    let controls =
        sabotage::KINDS.iter().map(|control| (control.facts().name, control.facts().harm));
    part("controls", controls.collect());
    text.push_str("findings\n");
    for one in TEXTS {
        let words: Vec<&str> = [one.name].into_iter().chain(one.also.iter().copied()).collect();
        let _ = writeln!(text, "  {}", words.join(", "));
    }
    text.push_str("\n`pgrehearse explain NAME` says more about each.\n");
    text
}

/// What is known under a name: a kind of the catalogues, or a finding. A name that is both says
/// both. The error names what was nearest.
pub fn explain(name: &str) -> Result<String, String> {
    let mut parts = vec![];
    for (kind, summary, example) in disaster::KINDS.iter().filter(|kind| kind.0 == name) {
        parts.push(kind_text("disaster", kind, summary, &format!("- disaster: {{ {example} }}")));
    }
    for (kind, summary, example) in engine::KINDS.iter().filter(|kind| kind.0 == name) {
        parts.push(kind_text("engine", kind, summary, &format!("engine:\n  {example}")));
    }
    for kind in check::KINDS.iter().filter(|kind| kind.name == name) {
        let example = format!("checks:\n  - {}", kind.example.trim_start_matches("- "));
        let mut text = kind_text("check", kind.name, kind.summary, &example);
        if kind.standard {
            text.push_str("\nIt is part of `standard`.\n");
        }
        parts.push(text);
    }
    parts.extend(sabotage::named(name).map(control_text));
    for one in TEXTS {
        if one.name == name || one.also.contains(&name) {
            parts.push(format!("{name} (finding)\n\n{}", one.text));
        }
    }
    if parts.is_empty() {
        let said = format!("nothing is known about {}", crate::scenario::quoted(name));
        let near = crate::scenario::nearest(name, names());
        let hint = near.map_or_else(
            || "`pgrehearse explain` alone lists everything".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(format!("{said}\nhint: {hint}"));
    }
    Ok(parts.join("\n"))
}

/// Every name that [`explain`] knows.
pub fn names() -> Vec<&'static str> {
    let kinds = disaster::KINDS.iter().chain(engine::KINDS).map(|(name, ..)| *name);
    let checks = check::KINDS.iter().map(|kind| kind.name);
    let controls = sabotage::KINDS.iter().map(|control| control.facts().name);
    let texts = TEXTS.iter().flat_map(|one| [one.name].into_iter().chain(one.also.iter().copied()));
    kinds.chain(checks).chain(controls).chain(texts).collect()
}

fn kind_text(what: &str, name: &str, summary: &str, example: &str) -> String {
    let example: String = example.lines().map(|line| format!("    {line}\n")).collect();
    format!("{name} ({what})\n\n{summary}\n\n{example}")
}

fn control_text(control: &'static dyn sabotage::Sabotage) -> String {
    let name = control.facts().name;
    let mut text = kind_text("control", name, control.facts().harm, &format!("controls: [{name}]"));
    let how = match control.spoils() {
        sabotage::Spoils::Course(_) => {
            "A sound copy of the backup is recovered, but in just this other way."
        }
        sabotage::Spoils::Files(_) => {
            "The files that a sound copy brought back are spoiled before a server starts on them."
        }
        sabotage::Spoils::Copy(_) => {
            "A copy of the backup is spoiled in just this way and recovered like the sound one."
        }
        sabotage::Spoils::Recovered(_) => {
            "A copy of the backup is recovered like the sound one, and what came of it is\n\
             spoiled in just this way."
        }
    };
    let _ = writeln!(
        text,
        "\n{how}\n{} must catch it. It fits {}.",
        control.facts().caught_by.join(" or "),
        control.facts().engines.map_or_else(|| "every engine".to_owned(), |fits| fits.join(", "))
    );
    text
}

/// A commented scenario to begin with, called `name`.
pub fn starter(name: &str) -> String {
    let line: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    let line = if line.trim().is_empty() { "a table is dropped and comes back" } else { &line };
    // A JSON text is a YAML text in quotes, and nothing in it can end it.
    let plain = |c: char| if c.is_ascii() || c.is_alphanumeric() { c } else { ' ' };
    let quoted = serde_json::Value::String(line.chars().map(plain).collect()).to_string();
    include_str!("explain/starter.yaml").replace("\"NAME\"", &quoted)
}
