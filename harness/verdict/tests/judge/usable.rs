//! `usable`: one journal that holds, and each way to be broken or unknown.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::Event;
use pgrehearse_verdict::question::{Moment, Question};

use crate::story::{RECOVERY, Story};

const NAME: &str = "usable";

#[test]
fn a_server_that_takes_and_keeps_the_applications_writes_is_usable() {
    Story::before_disaster().expect(NAME, Held, &[]);
    Story::latest().expect(NAME, Held, &[]);
}

#[test]
fn a_server_still_in_recovery_is_not_usable() {
    let mut story = Story::latest();
    story.set(Moment::Recovered, "in_recovery", Some("t"));
    story.expect(NAME, Broken, &["still_in_recovery"]);
}

#[test]
fn whether_recovery_is_over_is_unknown_when_the_answer_is_odd_or_absent() {
    for value in [None, Some(""), Some("maybe")] {
        let mut story = Story::latest();
        story.set(Moment::Recovered, "in_recovery", value);
        story.expect(NAME, Unknown, &["malformed_answer"]);
    }
}

#[test]
fn a_recovery_without_an_acknowledged_write_is_unknown() {
    let mut story = Story::latest();
    story.change(&RECOVERY, |event| (!matches!(event, Event::Writable { .. })).then_some(event));
    story.expect(NAME, Unknown, &["not_writable"]);
}

#[test]
fn a_role_that_is_refused_breaks_it_and_is_named() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Logins, |table| {
        table.rows[0][3] = Some("28P01: password authentication failed".to_owned());
    });
    story.expect(NAME, Broken, &["login_refused"]);
    let found = story.findings(NAME);
    assert!(found.iter().any(|finding| finding.said.contains("`shop_web`")), "{found:#?}");
}

#[test]
fn a_role_that_was_not_tried_is_unknown_even_when_others_were() {
    let mut story = Story::latest();
    story.brief.application.push(("shop".to_owned(), "shop_night".to_owned()));
    story.expect(NAME, Unknown, &["untried"]);
    story.edit(Moment::Recovered, &Question::Logins, |table| table.rows.clear());
    story.expect(NAME, Unknown, &["untried"]);
}

#[test]
fn an_application_without_a_role_is_unknown() {
    let mut story = Story::latest();
    story.brief.application.clear();
    story.expect(NAME, Unknown, &["untried"]);
}

#[test]
fn a_smoke_query_that_fails_breaks_it_and_one_that_was_not_tried_is_unknown() {
    let mut story = Story::latest();
    story.edit(Moment::Recovered, &Question::Smoke, |table| {
        table.rows[0][3] = Some("42P01: relation \"shop.orders\" does not exist".to_owned());
    });
    story.expect(NAME, Broken, &["smoke_failed"]);
    story.edit(Moment::Recovered, &Question::Smoke, |table| table.rows.clear());
    story.expect(NAME, Unknown, &["untried"]);
}

#[test]
fn a_fixture_without_smoke_queries_can_be_usable() {
    let mut story = Story::latest();
    story.brief.smoke.clear();
    story.edit(Moment::Recovered, &Question::Smoke, |table| table.rows.clear());
    story.expect(NAME, Held, &["smoke"]);
}

#[test]
fn a_write_that_is_gone_is_lost_before_and_after_the_restart() {
    for moment in [Moment::Recovered, Moment::Restarted] {
        let mut story = Story::latest();
        story.edit(moment, &Question::Probe, |table| {
            table.rows[0][0] = Some("another note".to_owned());
        });
        story.expect(NAME, Broken, &["write_lost"]);
    }
}

#[test]
fn a_write_is_unknown_when_no_one_looked_for_it_after_the_restart() {
    let mut story = Story::latest();
    story.forget(Moment::Restarted, &Question::Probe);
    story.expect(NAME, Unknown, &["never_asked"]);
}

#[test]
fn a_write_is_unknown_when_none_was_noted() {
    let mut story = Story::latest();
    story.change(&RECOVERY, |event| (!matches!(event, Event::Probed { .. })).then_some(event));
    story.expect(NAME, Unknown, &["untried"]);
}
