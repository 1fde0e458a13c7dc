//! A table put back into the living database: what that asks of the database, and of the server
//! aside. One story that passes, and each way in which it does not.

use pgrehearse_verdict::finding::Status::{Broken, Held, Unknown};
use pgrehearse_verdict::journal::Event;
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table};
use pgrehearse_verdict::verdict::Verdict;

use crate::story::{RECOVERY, Story};

/// Committed after the strike.
const LATE: &str = "cccccccc-0000-4000-8000-000000000003";

/// The story of the dropped table, but that only the table is put back.
fn salvage() -> Story {
    let mut story = Story::before_disaster();
    story.brief.recoveries[0].salvage = Some("shop.orders".to_owned());
    let ask_aside = [Question::Server, Question::ServerLog, Question::History];
    let aside: Vec<_> =
        ask_aside.map(|it| (it.clone(), answer(&story, &Moment::Recovered, &it))).into();
    let going_on = [Question::Server, Question::Activity, Question::Configuration];
    for question in going_on {
        let before = answer(&story, &Moment::Baseline, &question);
        story.edit(Moment::Recovered, &question, |table| *table = before);
    }
    story.change(&RECOVERY, |event| {
        let of_a_new_server = matches!(event, Event::Planted { .. } | Event::SourceDown { .. });
        (!of_a_new_server).then_some(event)
    });
    let writable = |event: &Event| matches!(event, Event::Writable { .. });
    for (question, table) in aside {
        let answer = Answer::Rows(table);
        let event = Event::Answered { moment: Moment::Aside, question, answer };
        story.put_before(RECOVERY, event, writable);
    }
    let probed = |event: &Event| matches!(event, Event::Probed { .. });
    let salvaged = Event::Salvaged { table: "shop.orders".to_owned(), until: Lsn(0x4800000) };
    story.put_before(RECOVERY, salvaged, probed);
    let row = |values: &[&str]| values.iter().map(|it| Some((*it).to_owned())).collect::<Vec<_>>();
    story.edit(Moment::Recovered, &Question::LedgerTransactions, |table| {
        table.rows.push(row(&[LATE, "0", "2", "note of 0/2"]));
    });
    story.edit(Moment::Recovered, &Question::LedgerEntries, |table| {
        table.rows.push(row(&[LATE, "1", "0", "1", "5", "five"]));
    });
    story.edit(Moment::Recovered, &Question::LedgerAccounts, |table| {
        table.rows[0] = row(&["0", "0", "990", "2"]);
        table.rows[1] = row(&["0", "1", "1010", "2"]);
    });
    story
}

fn answer(story: &Story, moment: &Moment, question: &Question) -> Table {
    let mut found = None;
    story.clone().edit(moment.clone(), question, |table| found = Some(table.clone()));
    found.expect("it was answered")
}

#[test]
fn a_table_that_is_put_back_with_nothing_given_up_passes() {
    let judged = salvage().judge();
    assert_eq!(judged.verdict, Verdict::Passed, "{:#?}", judged.findings);
}

#[test]
fn good_work_of_after_the_strike_must_be_there() {
    let mut story = salvage();
    story.edit(Moment::Recovered, &Question::LedgerTransactions, |table| {
        table.rows.retain(|row| row[0].as_deref() != Some(LATE));
    });
    story.edit(Moment::Recovered, &Question::LedgerEntries, |table| {
        table.rows.retain(|row| row[0].as_deref() != Some(LATE));
    });
    story.expect("ledger", Broken, &["torn"]);
    story.edit(Moment::Recovered, &Question::LedgerAccounts, |table| {
        for (row, balance) in table.rows.iter_mut().zip(["995", "1005"]) {
            (row[2], row[3]) = (Some(balance.to_owned()), Some("1".to_owned()));
        }
    });
    story.expect("ledger", Broken, &["lost_acked"]);
}

#[test]
fn the_living_database_must_be_the_server_that_was_struck_and_have_gone_on() {
    for (name, value, code) in [
        ("nonce", "nonce-of-a-stranger", "wrong_server"),
        ("nonce", "nonce-of-the-restored", "wrong_server"),
        ("system_identifier", "1", "other_cluster"),
        ("started", "23:00:00", "restarted"),
        ("data_directory", "/elsewhere", "moved"),
        ("timeline", "2", "other_timeline"),
        ("archive_mode", "always", "archives_otherwise"),
        ("data_checksums", "off", "checksums_changed"),
    ] {
        let mut story = salvage();
        story.set(Moment::Recovered, name, Some(value));
        story.expect("identity", Broken, &[code]);
        story.set(Moment::Recovered, name, None);
        story.expect("identity", Unknown, &["unsaid"]);
    }
}

#[test]
fn a_living_database_may_archive_but_begin_nothing_new() {
    salvage().expect("side_effects", Held, &[]);
    for (class, name, value, code) in [
        ("process", "walreceiver", "1", "reaches_out"),
        ("process", "pg_squeeze worker", "1", "extra_worker"),
        ("client", "somebody in shop", "1", "stranger"),
    ] {
        let mut story = salvage();
        story.edit(Moment::Recovered, &Question::Activity, |table| {
            table.rows.push([class, name, value].map(|it| Some(it.to_owned())).to_vec());
        });
        story.expect("side_effects", Broken, &[code]);
    }
}

#[test]
fn the_server_aside_must_have_stopped_where_the_harm_began() {
    salvage().expect("target", Held, &[]);
    let mut story = salvage();
    story.edit(Moment::Aside, &Question::History, |table| {
        table.rows[0][1] = Some("0/4000900".to_owned());
    });
    story.expect("target", Broken, &["switched_elsewhere"]);
    let mut story = salvage();
    story.forget(Moment::Aside, &Question::ServerLog);
    story.expect("target", Unknown, &["never_asked"]);
    story.expect("server_log", Unknown, &["never_asked"]);
}

#[test]
fn a_server_aside_that_spoke_of_damage_is_heard() {
    let mut story = salvage();
    story.edit(Moment::Aside, &Question::ServerLog, |table| {
        let line = crate::story::startup("XX001 WARNING:  page verification failed, calculated 1");
        table.rows.push(vec![Some(line)]);
    });
    story.expect("server_log", Broken, &["page_damaged"]);
}

#[test]
fn without_the_end_of_the_living_wal_nothing_is_known_of_what_must_be_there() {
    let mut story = salvage();
    story.change(&RECOVERY, |event| (!matches!(event, Event::Salvaged { .. })).then_some(event));
    story.expect("ledger", Unknown, &["unanswered"]);
}
