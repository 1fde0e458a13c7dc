//! A database made anew on the server that goes on serving: what that asks of the server, and of its
//! log, in which the disaster is, too.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::Event;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table};

use crate::story::{RECOVERY, Story, startup};

/// Said when the disaster threw somebody out.
const THROWN_OUT: &str = "57P01 FATAL:  terminating connection due to administrator command";
const DAMAGED: &str = "XX001 ERROR:  invalid page in block 7 of relation base/5/16390";

/// A story whose recovery makes the database anew on the server that was struck, and in whose log
/// stands that somebody was thrown out, before that.
fn anew() -> Story {
    let mut story = Story::latest();
    story.brief.recoveries[0].new_database = Some("shop".to_owned());
    for question in [Question::Server, Question::Activity] {
        let mut before = None;
        story.edit(Moment::Baseline, &question, |table| before = Some(table.clone()));
        let before = before.expect("it was answered");
        story.edit(Moment::Recovered, &question, |table| *table = before);
    }
    let mut standing = Table::default();
    story.log(|lines| lines.push(startup(THROWN_OUT)));
    story.edit(Moment::Recovered, &Question::ServerLog, |table| standing = table.clone());
    let answer = Answer::Rows(standing);
    let (moment, question) = (Moment::Standing, Question::ServerLog);
    let writable = |event: &Event| matches!(event, Event::Writable { .. });
    story.put_before(RECOVERY, Event::Answered { moment, question, answer }, writable);
    story
}

#[test]
fn what_the_log_said_before_the_recovery_is_not_of_it() {
    anew().expect("server_log", Held, &["clean"]);
    // The same without a server that goes on is red.
    let mut story = anew();
    story.brief.recoveries[0].new_database = None;
    story.expect("server_log", Broken, &["fatal"]);
}

#[test]
fn what_the_log_says_during_the_recovery_is_judged() {
    let mut story = anew();
    story.log(|lines| lines.push(startup(THROWN_OUT)));
    story.expect("server_log", Broken, &["fatal"]);
    let mut story = anew();
    story.log(|lines| lines.push(startup(DAMAGED)));
    story.expect("server_log", Broken, &["page_damaged"]);
}

#[test]
fn a_log_that_does_not_go_on_proves_nothing() {
    let mut story = anew();
    story.log(|lines| drop(lines.remove(1)));
    story.expect("server_log", Unknown, &["log_broken_off"]);
    let mut story = anew();
    story.edit(Moment::Standing, &Question::ServerLog, |table| {
        table.rows.push(vec![Some("a line that is gone".to_owned())]);
    });
    story.expect("server_log", Unknown, &["log_broken_off"]);
    let mut story = anew();
    story.forget(Moment::Standing, &Question::ServerLog);
    story.expect("server_log", Unknown, &["never_asked"]);
}

#[test]
fn the_server_must_be_the_one_that_was_struck_and_have_gone_on() {
    anew().expect("identity", Held, &[]);
    for (name, value, code) in [
        ("nonce", "nonce-of-the-restored", "wrong_server"),
        ("system_identifier", "1", "other_cluster"),
        ("started", "23:00:00", "restarted"),
        ("data_directory", "/elsewhere", "moved"),
        ("timeline", "2", "other_timeline"),
    ] {
        let mut story = anew();
        story.set(Moment::Recovered, name, Some(value));
        story.expect("identity", Broken, &[code]);
    }
}
