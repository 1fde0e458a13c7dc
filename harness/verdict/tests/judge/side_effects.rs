//! What is at work on the recovered server.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::question::{Moment, Question, Table};

use crate::story::Story;

const CHECK: &str = "side_effects";
/// The row of the prepared transaction.
const PREPARED: usize = 4;

fn answered(moment: Moment, edit: impl FnOnce(&mut Table)) -> Story {
    let mut story = Story::latest();
    story.edit(moment, &Question::Activity, edit);
    story
}

fn line(words: [&str; 3]) -> Vec<Option<String>> {
    words.iter().map(|word| Some((*word).to_owned())).collect()
}

fn with(words: [&str; 3]) -> Story {
    answered(Moment::Recovered, |table| table.rows.push(line(words)))
}

#[test]
fn a_server_that_keeps_to_itself_holds_and_differences_on_purpose_are_listed() {
    for story in [Story::before_disaster(), Story::latest()] {
        story.expect(CHECK, Held, &[]);
        let found = story.findings(CHECK);
        let codes: Vec<&str> = found.iter().map(|finding| &*finding.code).collect();
        assert_eq!(codes, ["worker_as_before", "quiet"]);
        let expected = &found[1].details;
        assert_eq!(expected.len(), 3, "{expected:#?}");
        assert!(expected.iter().all(|line| line.starts_with("expected: ")), "{expected:#?}");
    }
}

#[test]
fn whatever_reaches_out_is_broken_even_if_the_source_had_it() {
    for kind in ["walreceiver", "walsender", "logical replication apply worker", "archiver"] {
        let mut story = with(["process", kind, "1"]);
        story.expect(CHECK, Broken, &["reaches_out"]);
        story.edit(Moment::Baseline, &Question::Activity, |table| {
            table.rows.push(line(["process", kind, "1"]));
        });
        story.expect(CHECK, Broken, &["reaches_out"]);
    }
    with(["slot in use", "consumer", "logical pgoutput"]).expect(CHECK, Broken, &["slot_in_use"]);
    with(["client", "app in shop as ?", "1"]).expect(CHECK, Broken, &["stranger"]);
}

#[test]
fn a_worker_that_the_source_did_not_have_is_broken() {
    with(["process", "job runner", "1"]).expect(CHECK, Broken, &["extra_worker"]);
    let story = answered(Moment::Baseline, |table| drop(table.rows.remove(2)));
    story.expect(CHECK, Broken, &["extra_worker"]);
}

#[test]
fn settings_that_do_not_keep_it_to_itself_are_broken_and_absent_ones_unknown() {
    for row in [0, 1] {
        let story = answered(Moment::Recovered, |table| table.rows[row][2] = Some("4".into()));
        story.expect(CHECK, Broken, &["not_isolated"]);
        for moment in [Moment::Baseline, Moment::Recovered] {
            let story = answered(moment, |table| drop(table.rows.remove(row)));
            story.expect(CHECK, Unknown, &["malformed_answer"]);
        }
    }
}

#[test]
fn a_prepared_transaction_must_come_back_and_a_new_one_is_named() {
    let story = answered(Moment::Recovered, |table| drop(table.rows.remove(PREPARED)));
    story.expect(CHECK, Broken, &["prepared_lost"]);
    let story = with(["prepared transaction", "'more' in shop", "owner shop_web, 1 locks"]);
    story.expect(CHECK, Held, &[]);
    assert!(story.findings(CHECK).iter().any(|finding| finding.code == "pending"));
}

#[test]
fn an_answer_that_is_none_is_unknown() {
    for column in 0..3 {
        let story = answered(Moment::Recovered, |table| table.rows[2][column] = None);
        story.expect(CHECK, Unknown, &["malformed_answer"]);
    }
    with(["weather", "sun", "1"]).expect(CHECK, Unknown, &["malformed_answer"]);
    with(["process", "pg_cron launcher", "2"]).expect(CHECK, Unknown, &["malformed_answer"]);
    for moment in [Moment::Baseline, Moment::Recovered] {
        let mut story = Story::latest();
        story.refuse(moment.clone(), &Question::Activity, "57014: canceling statement");
        story.expect(CHECK, Unknown, &["refused"]);
        story.forget(moment, &Question::Activity);
        story.expect(CHECK, Unknown, &["never_asked"]);
    }
}
