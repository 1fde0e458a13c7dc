//! `identity`: one journal that holds, and each way to be broken or unknown.

use pgrehearse_verdict::finding::Blame;
use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::Event;
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::{RECOVERY, Story};

const NAME: &str = "identity";

#[test]
fn the_server_that_was_restored_is_known_by_what_it_was_given() {
    Story::before_disaster().expect(NAME, Held, &[]);
}

#[test]
fn what_a_wrong_server_says_of_itself_gives_it_away() {
    for (name, value, code) in [
        ("nonce", "nonce-of-the-source", "is_the_source"),
        ("nonce", "nonce-of-a-stranger", "wrong_server"),
        ("system_identifier", "1", "other_cluster"),
        ("started", "17:00:00", "same_start"),
        ("archive_mode", "on", "archives"),
        ("archive_mode", "always", "archives"),
        ("data_checksums", "off", "checksums_changed"),
        ("not_its_own", "/data/base/5", "foreign_files"),
    ] {
        let mut story = Story::latest();
        story.set(Moment::Recovered, name, Some(value));
        story.expect(NAME, Broken, &[code]);
    }
}

#[test]
fn what_a_server_does_not_say_of_itself_is_unknown() {
    for name in [
        "nonce",
        "system_identifier",
        "started",
        "archive_mode",
        "data_checksums",
        "data_directory",
        "not_its_own",
    ] {
        let mut story = Story::latest();
        story.set(Moment::Recovered, name, None);
        story.expect(NAME, Unknown, &["unsaid"]);
    }
}

#[test]
fn the_cluster_is_unknown_when_the_source_was_never_asked() {
    let mut story = Story::latest();
    story.forget(Moment::Baseline, &Question::Server);
    story.expect(NAME, Unknown, &["never_asked"]);
}

#[test]
fn the_nonce_is_unknown_when_none_was_planted() {
    let mut story = Story::latest();
    story.change(&RECOVERY, |event| (!matches!(event, Event::Planted { .. })).then_some(event));
    story.expect(NAME, Unknown, &["untried"]);
}

#[test]
fn a_nonce_that_is_the_sources_too_tells_nothing() {
    for fresh in ["nonce-of-the-source", ""] {
        let mut story = Story::latest();
        story.set(Moment::Recovered, "nonce", Some(fresh));
        story.change(&RECOVERY, |event| {
            Some(match event {
                Event::Planted { .. } => Event::Planted { nonce: fresh.to_owned() },
                other => other,
            })
        });
        story.expect(NAME, Unknown, &["nonce_not_fresh"]);
    }
}

#[test]
fn a_source_that_is_still_there_is_our_fault_and_unknown() {
    let mut story = Story::latest();
    story.change(&RECOVERY, |event| {
        Some(match event {
            Event::SourceDown { .. } => {
                Event::SourceDown { so: false, said: "it answered".to_owned() }
            }
            other => other,
        })
    });
    story.expect(NAME, Unknown, &["source_up"]);
    let found = story.findings(NAME);
    let up = found.iter().find(|finding| finding.code == "source_up");
    assert_eq!(up.map(|finding| finding.blame), Some(Blame::Rig));
    story.change(&RECOVERY, |event| (!matches!(event, Event::SourceDown { .. })).then_some(event));
    story.expect(NAME, Unknown, &["untried"]);
}
