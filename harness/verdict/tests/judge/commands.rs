//! What the programs of a backup and of a restore said, and how they ended.

use pgrehearse_verdict::finding::Finding;
use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::{Event, Ran, Scope};

use crate::story::{RECOVERY, Story};

const CHECK: &str = "commands";

/// A story with the commands of a scope changed.
fn with(scope: &Scope, edit: impl Fn(&mut Ran)) -> Story {
    let mut story = Story::latest();
    story.change(scope, |event| match event {
        Event::Ran(mut ran) => {
            edit(&mut ran);
            Some(Event::Ran(ran))
        }
        event => Some(event),
    });
    story
}

/// The scopes whose commands count, and what their command was for.
const SCOPES: [Scope; 2] = [Scope::Source, RECOVERY];

fn argv(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn commands_that_end_well_and_say_nothing_hold() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
        assert_eq!(story.findings(CHECK)[0].code, "clean");
    }
}

#[test]
fn an_exit_status_and_a_signal_are_broken_and_an_end_nobody_saw_is_unknown() {
    for scope in SCOPES {
        let story = with(&scope, |ran| ran.exit = Some(1));
        story.expect(CHECK, Broken, &["command_failed"]);
        let story = with(&scope, |ran| (ran.exit, ran.signal) = (None, Some(9)));
        story.expect(CHECK, Broken, &["command_failed"]);
        let story = with(&scope, |ran| ran.exit = None);
        story.expect(CHECK, Unknown, &["command_unended"]);
    }
}

#[test]
fn words_break_it_although_the_exit_status_was_0() {
    let errors = "pg_restore: warning: errors ignored on restore: 3\n";
    let warning = "P00   WARN: invalid page checksum found in file base/1/2\n";
    for scope in SCOPES {
        let story = with(&scope, |ran| ran.stderr = errors.to_owned());
        story.expect(CHECK, Broken, &["command_errors"]);
        let story = with(&scope, |ran| ran.stdout = warning.to_owned());
        story.expect(CHECK, Broken, &["command_warns"]);
        let story = with(&scope, |ran| ran.stderr = "something new\n".to_owned());
        story.expect(CHECK, Unknown, &["command_speaks"]);
    }
    let not_valid = "The backup we have restored IS NOT VALID\n";
    with(&RECOVERY, |ran| ran.stderr = not_valid.to_owned()).expect(
        CHECK,
        Broken,
        &["command_errors"],
    );
}

#[test]
fn a_warning_that_is_known_to_be_harmless_is_named_and_holds() {
    let known = "P00   WARN: no prior backup exists, incr backup has been changed to full\n";
    let story = with(&Scope::Source, |ran| ran.stdout = known.to_owned());
    story.expect(CHECK, Held, &[]);
    let details = &story.findings(CHECK)[0].details;
    assert!(details[0].starts_with("harmless (more was backed up"), "{details:?}");
}

#[test]
fn an_output_that_was_cut_is_no_silent_one() {
    for scope in SCOPES {
        with(&scope, |ran| ran.cut = true).expect(CHECK, Unknown, &["output_cut"]);
    }
}

#[test]
fn an_archive_may_say_that_it_lacks_a_segment_and_nothing_else() {
    let found = |said: &str| {
        with(&RECOVERY, |ran| {
            ran.argv = argv(&["pgbackrest", "archive-get", "0001", "/scratch/0001"]);
            (ran.exit, ran.stdout) = (Some(1), said.to_owned());
        })
    };
    found("P00   INFO: unable to find 0001 in the archive\n").expect(CHECK, Held, &[]);
    found("").expect(CHECK, Broken, &["command_failed"]);
    // A restore that ends so is no question that was answered.
    let restore = with(&RECOVERY, |ran| {
        ran.argv = argv(&["pgbackrest", "restore"]);
        (ran.exit, ran.stdout) = (Some(1), "unable to find 0001 in the archive\n".to_owned());
    });
    restore.expect(CHECK, Broken, &["command_failed"]);
}

#[test]
fn programs_of_ours_are_not_listened_to_but_do_not_stand_for_a_restore_either() {
    let story = with(&Scope::Source, |ran| {
        ran.argv = argv(&["/usr/bin/test", "-e", "/data"]);
        ran.exit = Some(1);
    });
    story.expect(CHECK, Held, &[]);
    for ours in ["cp", "/usr/lib/postgresql/17/bin/pg_ctl", "pg_waldump"] {
        let story = with(&RECOVERY, |ran| ran.argv = argv(&[ours]));
        story.expect(CHECK, Unknown, &["no_command"]);
    }
    let story = with(&RECOVERY, |ran| {
        ran.argv = argv(&["pg_ctl", "stop"]);
        ran.exit = Some(1);
    });
    story.expect(CHECK, Broken, &["command_failed"]);
}

#[test]
fn what_fills_the_source_is_ground_and_what_fills_the_restored_server_is_not() {
    let failing = |ran: &mut Ran| {
        ran.argv = argv(&["psql", "--file", "schema.sql"]);
        ran.stderr = "psql:schema.sql:3: ERROR:  role \"app\" does not exist\n".to_owned();
    };
    with(&Scope::Source, failing).expect(CHECK, Held, &[]);
    with(&RECOVERY, failing).expect(CHECK, Broken, &["command_errors"]);
}

#[test]
fn no_command_of_a_restore_is_unknown() {
    let mut story = Story::latest();
    story.change(&RECOVERY, |event| (!matches!(event, Event::Ran(_))).then_some(event));
    story.expect(CHECK, Unknown, &["no_command"]);
}

#[test]
fn many_lines_of_one_command_are_one_finding_that_names_them() {
    let story = with(&RECOVERY, |ran| {
        ran.stderr = (0..30).map(|n| format!("ERROR: number {n}\n")).collect();
    });
    let found: Vec<Finding> = story.findings(CHECK);
    assert_eq!((found.len(), found[0].details.len()), (1, 21), "{found:#?}");
    assert_eq!(found[0].details[20], "and 10 more");
}

#[test]
fn a_name_over_several_lines_is_one_name_and_hides_nothing() {
    let notice = "psql:a.sql:7: NOTICE:  schema \"line\nbreak 6\" does not exist, skipping\n";
    for scope in SCOPES {
        let says = |text: String| with(&scope, |ran| ran.stderr = text.clone());
        says(notice.to_owned()).expect(CHECK, Held, &[]);
        says(format!("{notice}something new\n")).expect(CHECK, Unknown, &["command_speaks"]);
        says(notice.replace("break 6\"", "break 6")).expect(CHECK, Unknown, &["command_speaks"]);
        let error = notice.replace("break 6", "psql: error: break 6");
        says(error).expect(CHECK, Broken, &["command_errors"]);
        let long = notice.replace("\nbreak", "\n1\n2\n3\n4\n5\nbreak");
        says(long).expect(CHECK, Unknown, &["command_speaks"]);
    }
}
