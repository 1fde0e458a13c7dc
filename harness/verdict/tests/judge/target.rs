//! `target`: where recovery ended, by three witnesses.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::{Aim, Event, Scope};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::{RECOVERY, Story};

const NAME: &str = "target";

/// A story whose recovery was aimed at `boundary`, logged a stop at `stop` and left the old
/// timeline at `switch`.
fn ended(boundary: &str, stop: &str, switch: &str) -> Story {
    let mut story = Story::before_disaster();
    let boundary: Lsn = boundary.parse().expect("a position");
    story.change(&RECOVERY, |event| {
        Some(match event {
            Event::Aimed(mut aim) => {
                aim.boundary = Some(boundary);
                Event::Aimed(aim)
            }
            other => other,
        })
    });
    story.log(|lines| {
        for line in lines.iter_mut().filter(|line| line.contains("recovery stopping")) {
            *line = line.replace("0/4000028", stop);
        }
    });
    story.edit(Moment::Recovered, &Question::History, |table| {
        table.rows[0][1] = Some(switch.to_owned());
    });
    story
}

#[test]
fn a_recovery_that_ended_where_it_was_meant_to_holds() {
    Story::before_disaster().expect(NAME, Held, &[]);
    Story::latest().expect(NAME, Held, &[]);
}

/// Each line was measured with PostgreSQL 15, but for the first, which is the plain case.
#[test]
fn a_page_header_between_two_records_is_no_difference() {
    for (boundary, stop, switch) in [
        ("0/30002D0", "0/30002D0", "0/30002D0"),
        ("0/4000028", "0/4000028", "0/4000000"),
        ("0/3002000", "0/3002018", "0/3002000"),
        ("0/3002018", "0/3002018", "0/3002000"),
        ("0/3002018", "0/03002018", "0/03002000"),
    ] {
        ended(boundary, stop, switch).expect(NAME, Held, &[]);
    }
}

#[test]
fn a_stop_anywhere_else_is_broken() {
    for (boundary, stop, switch) in [
        ("0/30002D0", "0/30002D8", "0/30002D0"),
        ("0/30002D0", "0/30002A8", "0/30002D0"),
        ("0/3002018", "0/3002000", "0/3002000"),
        ("0/3002000", "0/3002028", "0/3002000"),
        ("0/4000000", "0/4000018", "0/4000000"),
    ] {
        ended(boundary, stop, switch).expect(NAME, Broken, &["stopped_elsewhere"]);
    }
}

/// The same, with the position given by the user, and the server asked for `asked`.
fn given(boundary: &str, asked: &str, stop: &str, switch: &str) -> Story {
    let mut story = ended(boundary, stop, switch);
    story.brief.recoveries[0].undoes = false;
    story.change(&RECOVERY, |event| {
        Some(match event {
            Event::Aimed(mut aim) => {
                aim.target = format!("lsn {boundary}");
                Event::Aimed(aim)
            }
            other => other,
        })
    });
    story.log(|lines| {
        for line in lines.iter_mut().filter(|line| line.contains("starting point-in-time")) {
            *line = line.replace("0/4000028", asked);
        }
    });
    story
}

#[test]
fn a_position_inside_of_a_record_is_reached_where_that_record_ends() {
    given("0/30002B0", "0/30002B0", "0/30002D0", "0/30002D0").expect(NAME, Held, &[]);
    given("0/3001FF0", "0/3001FF0", "0/3002018", "0/3002000").expect(NAME, Held, &[]);
    // Inside of a page's header, where no record is.
    given("0/3002008", "0/3002008", "0/3002018", "0/3002000").expect(NAME, Held, &[]);
    let both = ["stopped_elsewhere", "switched_elsewhere"];
    for (boundary, asked, stop, switch) in [
        ("0/30002B0", "0/30002B8", "0/30002D0", "0/30002D0"),
        ("0/30002B0", "0/30002B0", "0/30002A8", "0/30002A8"),
        ("0/30002B0", "0/30002B0", "0/30002D0", "0/3000300"),
    ] {
        given(boundary, asked, stop, switch).expect(NAME, Broken, &both);
    }
    // What we found ourselves lies between two records.
    let mut story = given("0/30002B0", "0/30002B0", "0/30002D0", "0/30002D0");
    story.change(&RECOVERY, |event| {
        Some(match event {
            Event::Aimed(mut aim) => {
                aim.target = "mark healthy".to_owned();
                Event::Aimed(aim)
            }
            other => other,
        })
    });
    story.expect(NAME, Broken, &both);
}

#[test]
fn a_timeline_left_anywhere_else_is_broken() {
    for (boundary, stop, switch) in [
        ("0/30002D0", "0/30002D0", "0/30002A8"),
        ("0/30002D0", "0/30002D0", "0/30002D8"),
        ("0/4000028", "0/4000028", "0/4000010"),
        ("0/3002028", "0/3002028", "0/3002000"),
    ] {
        ended(boundary, stop, switch).expect(NAME, Broken, &["switched_elsewhere"]);
    }
}

#[test]
fn a_stop_for_another_reason_is_broken() {
    for said in [
        "recovery stopping after reaching consistency",
        "recovery stopping after WAL location (LSN) \"0/4000028\"",
        "recovery stopping before commit of transaction 733, time 2026-11-23 18:00:00+00",
    ] {
        let mut story = Story::before_disaster();
        story.log(|lines| {
            for line in lines.iter_mut().filter(|line| line.contains("recovery stopping")) {
                *line = crate::story::startup(&format!("00000 LOG:  {said}"));
            }
        });
        story.expect(NAME, Broken, &["stopped_elsewhere"]);
    }
}

#[test]
fn a_target_that_was_not_reached_is_broken_even_though_nothing_else_was_answered() {
    let mut story = Story::before_disaster();
    story.forget(Moment::Recovered, &Question::History);
    story.log(|lines| {
        lines.truncate(8);
        lines.push(crate::story::startup(
            "F0000 FATAL:  recovery ended before configured recovery target was reached",
        ));
    });
    story.expect(NAME, Broken, &["target_unreached"]);
}

#[test]
fn a_stop_is_unknown_when_the_log_does_not_tell_of_it() {
    let mut story = Story::before_disaster();
    story.log(|lines| lines.retain(|line| !line.contains("recovery stopping")));
    story.expect(NAME, Unknown, &["no_stop"]);
    let mut story = Story::before_disaster();
    story.log(|lines| lines.retain(|line| !line.contains("archive recovery complete")));
    story.expect(NAME, Unknown, &["incomplete"]);
    let mut story = Story::before_disaster();
    story.forget(Moment::Recovered, &Question::ServerLog);
    story.expect(NAME, Unknown, &["never_asked"]);
}

#[test]
fn all_there_is_is_broken_by_any_stop() {
    let mut story = Story::latest();
    story.log(|lines| {
        lines.push(crate::story::startup(
            "00000 LOG:  recovery stopping after reaching consistency",
        ));
    });
    story.expect(NAME, Broken, &["stopped_early"]);
}

#[test]
fn another_timeline_than_the_sources_is_broken() {
    for mut story in [Story::latest(), Story::before_disaster()] {
        story.edit(Moment::Recovered, &Question::History, |table| {
            table.rows[0][0] = Some("2".to_owned());
        });
        story.expect(NAME, Broken, &["other_timeline"]);
    }
}

#[test]
fn an_empty_history_is_unknown() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::History, |table| table.rows.clear());
    story.expect(NAME, Unknown, &["no_history"]);
}

#[test]
fn the_timeline_is_unknown_when_nothing_was_promised() {
    let mut story = Story::latest();
    story.change(&Scope::Source, |event| (!matches!(event, Event::Promised(_))).then_some(event));
    story.expect(NAME, Unknown, &["no_promise"]);
}

#[test]
fn an_aim_that_is_not_the_promised_one_is_unknown() {
    let mut story = Story::before_disaster();
    story.brief.recoveries[0].chosen = false;
    story.expect(NAME, Unknown, &["other_aim"]);
    let mut story = Story::latest();
    story.brief.recoveries[0].chosen = true;
    story.expect(NAME, Unknown, &["no_boundary"]);
    story.change(&RECOVERY, |event| (!matches!(event, Event::Aimed(_))).then_some(event));
    story.expect(NAME, Unknown, &["no_aim"]);
}

/// The story with what the disaster noted set to `lsn`.
fn noted(lsn: Option<Lsn>) -> Story {
    let mut story = Story::before_disaster();
    story.change(&Scope::Source, |event| {
        Some(match event {
            Event::Noted { xid, began, .. } => Event::Noted { xid, began, lsn },
            other => other,
        })
    });
    story
}

#[test]
fn the_strikes_own_note_is_held_against_the_boundary() {
    noted(Some(Lsn(0x4000029))).expect(NAME, Held, &[]);
    noted(Some(Lsn(0x4000028))).expect(NAME, Broken, &["boundary_disagrees"]);
    noted(Some(Lsn(0x3FFFFFF))).expect(NAME, Broken, &["boundary_disagrees"]);
    noted(None).expect(NAME, Unknown, &["boundary_unchecked"]);
}

/// The position that the disaster noted before it wrote anything.
fn began(began: Option<Lsn>, target: &str) -> Story {
    let mut story = noted(Some(Lsn(0x4000029)));
    story.change(&Scope::Source, |event| {
        Some(match event {
            Event::Noted { xid, lsn, .. } => Event::Noted { xid, began, lsn },
            other => other,
        })
    });
    story.change(&RECOVERY, |event| {
        Some(match event {
            Event::Aimed(aim) => Event::Aimed(Aim { target: target.to_owned(), ..aim }),
            other => other,
        })
    });
    story
}

#[test]
fn a_boundary_before_the_harm_began_gives_up_good_work() {
    began(Some(Lsn(0x4000028)), "before_disaster").expect(NAME, Held, &[]);
    began(Some(Lsn(0x4000029)), "before_disaster").expect(NAME, Broken, &["boundary_early"]);
    // An older binary noted none.
    began(None, "before_disaster").expect(NAME, Held, &[]);
    // A mark may lie long before.
    began(Some(Lsn(0x4000029)), "mark healthy").expect(NAME, Held, &[]);
}

#[test]
fn a_mark_after_the_harm_is_not_held_against_the_note() {
    let mut story = noted(Some(Lsn(0x3000000)));
    story.brief.recoveries[0].undoes = false;
    story.expect(NAME, Held, &[]);
}
