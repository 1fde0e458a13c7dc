//! `target` where backups are snapshots: the one that was recovered is the newest that could be.

use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::{Aim, Backup, Event, Scope, Snapshot};
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::Story;

const CHECK: &str = "target";
const SNAPSHOT: Snapshot = Snapshot { asked_ns: 5, answered_ns: 6 };

/// A dump was restored: the only one, in the snapshot that was aimed at.
fn restored() -> Story {
    let mut story = Story::latest();
    story.brief.protection = Protection::Snapshots;
    let label = backups(&mut story)[0].label.clone();
    backups(&mut story)[0].snapshot = Some(SNAPSHOT);
    let aim = aim(&mut story);
    (aim.backup, aim.snapshot) = (Some(label), Some(SNAPSHOT));
    story
}

fn backups(story: &mut Story) -> Vec<&mut Backup> {
    let events = story.lines.iter_mut().map(|(_, event)| event);
    events
        .filter_map(|it| if let Event::BackedUp(backup) = it { Some(backup) } else { None })
        .collect()
}

fn aim(story: &mut Story) -> &mut Aim {
    let mut events = story.lines.iter_mut().map(|(_, event)| event);
    events.find_map(|it| if let Event::Aimed(aim) = it { Some(aim) } else { None }).expect("an aim")
}

/// One more backup of this name, right behind the first event that `behind` names.
fn another(story: &mut Story, label: &str, behind: impl Fn(&Event) -> bool) {
    let backup = Backup { label: label.to_owned(), ..Backup::default() };
    let at = story.lines.iter().position(|(_, event)| behind(event)).expect("it is there");
    story.lines.insert(at + 1, (Scope::Source, Event::BackedUp(backup)));
}

#[test]
fn the_backup_that_was_aimed_at_holds() {
    restored().expect(CHECK, Held, &[]);
    let found = restored().findings(CHECK);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["snapshot", "complete"]);
}

#[test]
fn another_snapshot_or_another_backup_is_broken() {
    let mut story = restored();
    backups(&mut story)[0].snapshot = Some(Snapshot { asked_ns: 4, ..SNAPSHOT });
    story.expect(CHECK, Broken, &["other_snapshot"]);
    let mut story = restored();
    aim(&mut story).backup = Some("another".to_owned());
    story.expect(CHECK, Broken, &["other_snapshot"]);
}

#[test]
fn an_older_backup_is_broken_and_one_from_after_the_strike_is_no_newer_one() {
    let is_backup = |event: &Event| matches!(event, Event::BackedUp(_));
    let is_strike = |event: &Event| matches!(event, Event::Struck { .. });
    let mut story = restored();
    another(&mut story, "newer", is_backup);
    story.expect(CHECK, Broken, &["older_backup"]);
    // Where all there is was wanted it counts, and it does not where an end was chosen.
    let mut story = restored();
    another(&mut story, "after", is_strike);
    story.expect(CHECK, Broken, &["older_backup"]);
    story.brief.recoveries[0].chosen = true;
    story.expect(CHECK, Held, &[]);
}

#[test]
fn a_server_in_recovery_is_broken_and_one_that_was_not_asked_is_unknown() {
    let mut story = restored();
    story.set(Moment::Recovered, "in_recovery", Some("true"));
    story.expect(CHECK, Broken, &["still_in_recovery"]);
    story.set(Moment::Recovered, "in_recovery", None);
    story.expect(CHECK, Unknown, &["malformed_answer"]);
    let mut story = restored();
    story.forget(Moment::Recovered, &Question::Server);
    story.expect(CHECK, Unknown, &["never_asked"]);
}

#[test]
fn an_aim_without_a_snapshot_is_unknown() {
    let mut story = restored();
    aim(&mut story).snapshot = None;
    story.expect(CHECK, Unknown, &["no_boundary"]);
}
