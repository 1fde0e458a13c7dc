//! pgBackRest against real servers, as local processes and in containers: protect, back up,
//! strike, find, restore. Without PostgreSQL, pgBackRest and a container engine these tests fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod engine;

use engine::{
    House, Kind, LIMIT, PASSWORD, SEGMENT_BYTES, Site, course, mount, one, promoted, strike,
};
use pgrehearse::disaster;
use pgrehearse::drill::QUERY_LIMIT;
use pgrehearse::drill::locate::{File, Harm, Window, before};
use pgrehearse::engine::{Archive, RestoresFiles, Target};
use pgrehearse::rig::{Command, Place};
use pgrehearse::sabotage::{self, Bench};
use pgrehearse_verdict::journal::{self, Cause, Event, RigCause, SubjectCause};
use pgrehearse_verdict::lsn::{Lsn, Segment};

/// A server that is protected by pgBackRest.
async fn house(kind: Kind) -> House {
    let text = r#"{"compress": "lz4", "start_fast": true, "process_max": 2}"#;
    House::protected(kind, text).await
}

fn command(argv: &[&str]) -> Command {
    Command::new("test", LIMIT, argv.iter().copied())
}

const SHOP: &str = "create schema shop; create table shop.customers (id int primary key); \
                    create table shop.orders (id int primary key, t text); \
                    insert into shop.orders select n, 'x' from generate_series(1, 100) n";

#[rstest::rstest]
#[case::local(Kind::Local)]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn what_committed_while_a_table_was_dropped_is_kept_and_the_drop_is_undone(
    #[case] kind: Kind,
) {
    let house = house(kind).await;
    one(&house.source, SHOP).await;
    let full = house.backup("full").await;
    one(&house.source, "insert into shop.customers values (1)").await;
    // More commits than are read at a time.
    one(&house.source, "create table shop.ticks (n int)").await;
    let many = "do $$ begin for n in 1..9000 loop insert into shop.ticks values (n); commit; \
                end loop; end $$";
    one(&house.source, many).await;
    let text = r#"{"drop_table": {"table": "shop.orders", "hold": "1s"}}"#;
    let mut strike = strike(&house, text, "insert into shop.customers values (2)").await;
    strike.from = full.stop.unwrap();
    one(&house.source, "insert into shop.customers values (3)").await;
    let to = house.archived_up_to().await;

    let found = house.locate(&strike, to).await.unwrap();
    // The strike's own note is the control: it was not used to find the place.
    assert_eq!(found.xid.map(u64::from), strike.note.xid);
    assert!(strike.from < found.boundary && found.boundary < strike.note.lsn.unwrap());

    let recovered = house.recover("recovered", Target::Before(found.boundary)).await;
    assert_eq!(one(&recovered, "select count(*) from shop.orders").await, "100");
    let kept = "select string_agg(id::text, ' ' order by id) from shop.customers";
    assert_eq!(one(&recovered, kept).await, "1 2");
    assert_eq!(one(&recovered, "show archive_mode").await, "off");

    // One record further, and the table is gone: the boundary is the commit of the DROP.
    let after = Target::Before(Lsn(found.boundary.0 + 1));
    let too_far = house.recover("too-far", after).await;
    assert_eq!(one(&too_far, "select to_regclass('shop.orders')").await, "");
    assert_eq!(one(&too_far, kept).await, "1 2");
    house.end().await;
}

#[rstest::rstest]
#[case::local(Kind::Local)]
#[ignore = "one of the full matrix"]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn a_partitioned_table_in_a_tablespace_of_another_database_is_found(#[case] kind: Kind) {
    let house = house(kind).await;
    let spaces = house.source.node.place(Place::Tablespaces);
    let make = command(&["mkdir", &format!("{spaces}/a")]);
    house.site.stage.must(&*house.source.node, make).await.unwrap();
    one(&house.source, &format!("create tablespace a location '{spaces}/a'")).await;
    one(&house.source, "create database shop").await;
    let mut session = house.source.connect("shop").await.unwrap();
    let sql = "create table public.\"Parts\" (id int) partition by range (id); \
               create table p1 partition of public.\"Parts\" for values from (0) to (10) \
               tablespace a; insert into public.\"Parts\" values (1)";
    session.query(sql, QUERY_LIMIT).await.unwrap();
    house.backup("full").await;
    let text = r#"{"drop_table": {"table": "public.Parts", "hold": "1s"}}"#;
    let strike = strike(&house, text, "select 1").await;
    let to = house.archived_up_to().await;
    let found = house.locate(&strike, to).await.unwrap();
    assert_eq!(found.xid.map(u64::from), strike.note.xid);

    let recovered = house.recover("recovered", Target::Before(found.boundary)).await;
    let mut session = recovered.connect("shop").await.unwrap();
    let sql = "select count(*) from public.\"Parts\"";
    assert_eq!(session.query(sql, QUERY_LIMIT).await.unwrap()[0].rows[0][0].as_deref(), Some("1"));
    let place = one(
        &recovered,
        "select pg_tablespace_location(oid) from pg_tablespace \
                                 where spcname = 'a'",
    )
    .await;
    assert!(place.starts_with(&recovered.node.place(Place::Tablespaces)), "{place}");

    // Where no commit drops it, and where the archive ends too early, that is said.
    let earlier = Window {
        from: strike.from,
        to: Lsn(strike.from.0 + 1),
        timeline: 1,
        segment_bytes: SEGMENT_BYTES,
    };
    let node = house.fresh("again").await;
    let (stage, engine) = (&house.site.stage, &house.engine);
    let harm = Harm::removed(File::new(1663, 5, 1));
    let trouble = before(stage, engine, &*node, &harm, earlier).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Subject(SubjectCause::Target));
    assert!(trouble.said.contains("all of it was read"), "{}", trouble.said);
    let later = Window { to: Lsn(to.0 + 3 * SEGMENT_BYTES), ..earlier };
    let trouble = before(stage, engine, &*node, &harm, later).await.unwrap_err();
    let missing = Segment::holding(1, to, SEGMENT_BYTES).next();
    assert_eq!(trouble.cause, Cause::Subject(SubjectCause::Target));
    assert!(trouble.said.contains(&format!("does not have segment {missing}")), "{}", trouble.said);
    house.end().await;
}

#[rstest::rstest]
#[case::local(Kind::Local)]
#[ignore = "one of the full matrix"]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_data_directory_all_that_was_archived_comes_back_and_no_more(
    #[case] kind: Kind,
) {
    let house = house(kind).await;
    one(&house.source, SHOP).await;
    let first = house.backup("incr").await;
    assert_eq!(first.kind, "full", "there was none to build on");
    one(&house.source, "insert into shop.customers values (1)").await;
    let second = house.backup("incr").await;
    assert_eq!(second.kind, "incr");
    assert!(first.stop < second.start && second.start < second.stop, "{first:?} {second:?}");
    one(&house.source, "insert into shop.customers values (2)").await;
    house.archived_up_to().await;
    one(&house.source, "insert into shop.customers values (3)").await;

    let disaster: disaster::Spec = serde_json::from_str(r#"{"lost_data_directory": {}}"#).unwrap();
    let (stage, disaster) = (&house.site.stage, disaster.disaster());
    let (said, so) = disaster.witness(stage, &house.source).await.unwrap();
    assert!(!so, "before the strike: {said}");
    disaster.strike(stage, &house.source).await.unwrap();
    let (said, so) = disaster.witness(stage, &house.source).await.unwrap();
    assert!(so, "{said}");

    let recovered = house.recover("recovered", Target::Latest).await;
    let kept = "select string_agg(id::text, ' ' order by id) from shop.customers";
    assert_eq!(one(&recovered, kept).await, "1 2");
    assert_eq!(one(&recovered, "show archive_mode").await, "off");

    // The ground of a restore must be empty.
    let again = house.engine.restore(stage, &*recovered.node, &course(Target::Latest)).await;
    assert!(again.unwrap_err().said.contains("is not empty"));
    let journal = std::fs::read_to_string(house.site.state.path().join("journal.jsonl")).unwrap();
    let lines = journal::read(&journal).unwrap();
    let remarked = |text: &str| {
        lines
            .iter()
            .any(|line| matches!(&line.event, Event::Remark { text: t } if t.contains(text)))
    };
    assert!(remarked("no prior backup exists") && remarked("was asked for as incr"));
    assert!(!journal.contains(PASSWORD) && !journal.contains("superuser's"));
    house.end().await;
}

#[rstest::rstest]
#[case::local(Kind::Local)]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_still_answers_is_not_lost_although_its_files_are(#[case] kind: Kind) {
    let site = Site::new(kind).await;
    let source = site.running(site.node("source", vec![]).await, &[]).await;
    let argv = ["rm", "-rf", "--", &source.node.place(Place::Data)];
    site.stage.must(&*source.node, command(&argv)).await.unwrap();
    let spec: disaster::Spec = serde_json::from_str(r#"{"lost_data_directory": {}}"#).unwrap();
    let (said, so) = spec.disaster().witness(&site.stage, &source).await.unwrap();
    assert!(!so && said.contains("still answers"), "{said}");
    site.end().await;
}

#[rstest::rstest]
#[case::local(Kind::Local)]
#[ignore = "one of the full matrix"]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_is_missing_in_the_copy_alone(#[case] kind: Kind) {
    let house = house(kind).await;
    let backup = house.backup("full").await;
    one(&house.source, SHOP).await;
    let end = house.archived_up_to().await;
    let first = Segment::holding(1, backup.stop.unwrap(), SEGMENT_BYTES).next();
    let needed = [first];
    assert_eq!(Segment::holding(1, end, SEGMENT_BYTES), first);

    let copy = house.site.stage.rig.volume("copy").await.unwrap();
    let copying =
        [mount(&house.repository, Place::Original, true), mount(&copy, Place::Repository, false)];
    let node = house.site.node("twin", copying.into()).await;
    let (stage, engine) = (&house.site.stage, &house.engine);
    let (from, to) = (node.place(Place::Original), node.place(Place::Repository));
    let argv = ["cp", "-a", "--", &format!("{from}/."), &to];
    stage.must(&*node, command(&argv)).await.unwrap();
    let sabotage::Spoils::Copy(sabotage) = sabotage::named("wal_segment_missing").unwrap().spoils()
    else {
        panic!("it spoils a copy")
    };
    let bench = Bench { node: &*node, engine, needed: &needed, backup: None, place: 7 };
    let spoiled = sabotage.spoil(stage, &bench).await.unwrap();
    assert!(spoiled.original_untouched && spoiled.proof.is_some(), "{spoiled:?}");
    assert!(spoiled.change.contains(&first.to_string()), "{spoiled:?}");
    assert_eq!(engine.archived_file(stage, &*node, first).await.unwrap(), None);
    assert!(engine.archived_file(stage, &*house.source.node, first).await.unwrap().is_some());

    // What is not there cannot be taken out, and where nothing is needed nothing is done.
    let again = sabotage.spoil(stage, &bench).await.unwrap();
    assert_eq!(again.proof, None);
    let idle = Bench { needed: &[], ..bench };
    assert_eq!(sabotage.spoil(stage, &idle).await.unwrap().proof, None);

    // The spoiled copy restores and starts without a word, and the rows are not there.
    let twin = house.site.server(node);
    engine.restore(stage, &*twin.node, &course(Target::Latest)).await.unwrap();
    twin.start(stage, &[("archive_mode", "off")]).await.unwrap();
    tokio::time::timeout(LIMIT, promoted(&twin)).await.expect("recovery ends");
    assert_eq!(one(&twin, "select to_regclass('shop.orders')").await, "");
    house.end().await;
}

#[rstest::rstest]
#[case::local(Kind::Local)]
#[case::docker(Kind::Docker)]
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_dropped_is_no_disaster(#[case] kind: Kind) {
    let site = Site::new(kind).await;
    let source = site.running(site.node("source", vec![]).await, &[]).await;
    one(&source, SHOP).await;
    one(&source, "create table shop.lines (o int references shop.orders)").await;
    let spec = |text: &str| serde_json::from_str::<disaster::Spec>(text).unwrap();
    let stage = &site.stage;
    let nowhere = spec(r#"{"drop_table": {"table": "shop.nothing"}}"#);
    let trouble = nowhere.disaster().harm(stage, &source).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Rig(RigCause::NotADrill));
    let depended_on =
        spec(r#"{"drop_table": {"table": "shop.orders", "cascade": false, "hold": "0s"}}"#);
    let trouble = depended_on.disaster().strike(stage, &source).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Rig(RigCause::NotADrill));
    assert!(trouble.said.contains("2BP01") && trouble.said.contains("cascade"), "{}", trouble.said);
    let (said, so) = depended_on.disaster().witness(stage, &source).await.unwrap();
    assert!(!so, "{said}");
    one(&source, "create database other").await;
    let mut session = source.connect("other").await.unwrap();
    session.query(SHOP, QUERY_LIMIT).await.unwrap();
    drop(session);
    let trouble = depended_on.disaster().harm(stage, &source).await.unwrap_err();
    assert!(trouble.said.contains("in `other` and in `postgres`"), "{}", trouble.said);
    let text = r#"{"drop_table": {"table": "shop.orders", "database": "postgres",
                   "cascade": true, "hold": "0s"}}"#;
    let cascade = spec(text);
    cascade.disaster().strike(stage, &source).await.unwrap();
    let (said, so) = cascade.disaster().witness(stage, &source).await.unwrap();
    assert!(so, "{said}");
    site.end().await;
}
