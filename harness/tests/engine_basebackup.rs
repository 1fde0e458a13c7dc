//! `pg_basebackup` with an archive of WAL against real servers, as local processes and in
//! containers; and the known ways in which such a protection is none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod engine;

use engine::{
    House, Kind, LIMIT, PASSWORD, SEGMENT_BYTES, Site, course, lsn, mount, one, promoted, strike,
};
use pgrehearse::drill::Server;
use pgrehearse::engine::{Archive, Course, Engine, PgBaseBackup, RestoresFiles, Target};
use pgrehearse::rig::{Command, Node, Place, Trouble};
use pgrehearse::sabotage::{self, Bench};
use pgrehearse_verdict::lsn::Segment;

const PLAIN: &str = r#"{"checkpoint": "fast"}"#;
const UNVERIFIED: &str = r#"{"checkpoint": "fast", "verify": false}"#;
const KEPT: &str = "select string_agg(id::text, ' ' order by id) from kept";

async fn house(kind: Kind, text: &str) -> House<PgBaseBackup> {
    House::protected(kind, text).await
}

async fn must(house: &House<PgBaseBackup>, node: &dyn Node, argv: &[&str]) -> String {
    let command = Command::new("test", LIMIT, argv.iter().copied());
    house.site.stage.must(node, command).await.unwrap().text()
}

/// A table in a tablespace, and two others.
async fn furnish(house: &House<PgBaseBackup>) {
    let node = &*house.source.node;
    let folder = format!("{}/a", node.place(Place::Tablespaces));
    must(house, node, &["mkdir", "-m", "700", "--", &folder]).await;
    one(&house.source, &format!("create tablespace a location '{folder}'")).await;
    let sql = "create table aside (id int primary key) tablespace a; \
               insert into aside select generate_series(1, 1000); \
               create table kept (id int); create schema shop; \
               create table shop.orders as select generate_series(1, 100) as id";
    one(&house.source, sql).await;
}

async fn keep(house: &House<PgBaseBackup>, id: u32) {
    one(&house.source, &format!("insert into kept values ({id})")).await;
}

/// Where the only backup lies in the repository of `node`.
fn backup(node: &dyn Node) -> String {
    format!("{}/backups/basebackup-1-full", node.place(Place::Repository))
}

async fn refused(house: &House<PgBaseBackup>, name: &str) -> Trouble {
    let node = house.fresh(name).await;
    let to = course(Target::Latest);
    house.engine.restore(&house.site.stage, &*node, &to).await.unwrap_err()
}

/// The server must not come up, and must say why.
async fn does_not_come_up(house: &House<PgBaseBackup>, server: &Server, wanted: &str) {
    server.start(&house.site.stage, &[]).await.unwrap();
    let trouble = server.await_ready(LIMIT).await.unwrap_err();
    assert!(trouble.said.contains("ended by itself"), "{}", trouble.said);
    let log = must(house, &*server.node, &["cat", "--", &server.log()]).await;
    assert!(log.contains(wanted), "{log}");
}

#[rstest::rstest]
#[case::plain(Kind::Local, PLAIN)]
#[case::containers(
    Kind::Docker,
    r#"{"checkpoint": "fast", "format": "tar", "compress": "zstd",
    "compress_level": 5, "compress_on": "server", "manifest_checksums": "sha256"}"#
)]
#[ignore = "one of the full matrix"]
#[case::tar(Kind::Local, r#"{"checkpoint": "fast", "format": "tar", "compress": "lz4"}"#)]
#[ignore = "one of the full matrix"]
#[case::bare_tar(Kind::Local, r#"{"checkpoint": "fast", "format": "tar"}"#)]
#[tokio::test(flavor = "multi_thread")]
async fn what_committed_before_a_drop_comes_back_with_its_tablespace(
    #[case] kind: Kind,
    #[case] text: &str,
) {
    let house = house(kind, text).await;
    furnish(&house).await;
    let full = house.backup("full").await;
    assert!(full.start < full.stop && full.bytes > Some(1 << 20), "{full:?}");
    keep(&house, 1).await;
    let sql = "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')";
    let utc = one(&house.source, sql).await;
    let text = r#"{"drop_table": {"table": "shop.orders", "hold": "1s"}}"#;
    let mut strike = strike(&house, text, "insert into kept values (2)").await;
    strike.from = full.stop.unwrap();
    keep(&house, 3).await;
    let to = house.archived_up_to().await;
    let found = house.locate(&strike, to).await.unwrap();
    assert_eq!(found.xid.map(u64::from), strike.note.xid);

    let recovered = house.recover("recovered", Target::Before(found.boundary)).await;
    assert_eq!(one(&recovered, "select count(*) from shop.orders").await, "100");
    assert_eq!(one(&recovered, "select count(*) from aside").await, "1000");
    assert_eq!(one(&recovered, KEPT).await, "1 2");
    assert_eq!(one(&recovered, "show archive_mode").await, "off");
    let sql = "select pg_tablespace_location(oid) from pg_tablespace where spcname = 'a'";
    let place = one(&recovered, sql).await;
    assert!(place.starts_with(&recovered.node.place(Place::Tablespaces)), "{place}");

    let by_time = house.recover("by-time", Target::Time { utc, inclusive: true }).await;
    assert_eq!(one(&by_time, KEPT).await, "1");
    let all = house.recover("all", Target::Latest).await;
    assert_eq!(one(&all, KEPT).await, "1 2 3");
    assert_eq!(one(&all, "select to_regclass('shop.orders')").await, "");

    let again = house.engine.restore(&house.site.stage, &*all.node, &course(Target::Latest)).await;
    assert!(again.unwrap_err().said.contains("is not empty"));
    let journal = std::fs::read_to_string(house.site.state.path().join("journal.jsonl")).unwrap();
    assert!(!journal.contains(PASSWORD) && !journal.contains("superuser's"));
    assert!(journal.contains("the manifest of backup `basebackup-1-full` has SHA-256"));
    house.end().await;
}

#[rstest::rstest]
#[case::tar(r#"{"checkpoint": "fast", "format": "tar", "compress": "gzip"}"#)]
#[ignore = "one of the full matrix"]
#[case::plain(PLAIN)]
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_is_combined_with_its_tablespace_also_from_a_copy(#[case] text: &str) {
    let house = house(Kind::Docker, text).await;
    furnish(&house).await;
    for (number, kind) in [(1, "full"), (2, "incr"), (3, "incr")] {
        house.backup(kind).await;
        keep(&house, number).await;
        one(&house.source, &format!("insert into aside values ({})", 5000 + number)).await;
    }
    house.archived_up_to().await;
    let recovered = house.recover("recovered", Target::Latest).await;
    assert_eq!(one(&recovered, KEPT).await, "1 2 3");
    assert_eq!(one(&recovered, "select count(*) from aside").await, "1003");
    // Any link of the chain can be the end of it.
    let second = Course { backup: Some("basebackup-2-incr".into()), ..course(Target::Immediate) };
    let server = house.site.server(house.fresh("second").await);
    house.engine.restore(&house.site.stage, &*server.node, &second).await.unwrap();
    server.start(&house.site.stage, &[]).await.unwrap();
    tokio::time::timeout(LIMIT, promoted(&server)).await.expect("recovery ends");
    assert_eq!(one(&server, KEPT).await, "1");

    // A damaged link is found although only the last one was asked for.
    let data = format!("{}/data", backup(&*house.source.node));
    let find = ["find", &data, "-name", "base.tar*", "-o", "-name", "PG_VERSION"];
    let found = must(&house, &*house.source.node, &find).await;
    let damaged = found.lines().next().unwrap();
    must(&house, &*house.source.node, &["truncate", "--size=1", "--", damaged]).await;
    let trouble = refused(&house, "damaged").await;
    assert!(trouble.said.contains("the backup"), "{}", trouble.said);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_command_that_lies_is_noticed_before_anything_depends_on_it() {
    let site = Site::new(Kind::Local).await;
    let repository = site.stage.rig.volume("repository").await.unwrap();
    let mounts = vec![mount(&repository, Place::Repository, false)];
    let engine: PgBaseBackup = serde_json::from_str(PLAIN).unwrap();
    let node = site.node("source", mounts).await;
    let lying = engine.settings(&*node).into_iter().map(|(name, value)| match name.as_str() {
        "archive_command" => (name, "/bin/true".to_owned()),
        _ => (name, value),
    });
    let settings: Vec<_> = lying.collect();
    let source = site.running(node, &settings).await;
    let trouble = engine.protect(&site.stage, &source).await.unwrap_err();
    assert!(trouble.said.contains("was archived, and the archive lacks it"), "{trouble:?}");
    site.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_wal_was_not_archived_is_none() {
    let house = house(Kind::Local, PLAIN).await;
    one(&house.source, "alter system set archive_command = '/bin/true'").await;
    one(&house.source, "select pg_reload_conf()").await;
    let ask = pgrehearse::engine::Ask { kind: "full".into(), number: 7, ..Default::default() };
    let (stage, engine) = (&house.site.stage, &house.engine);
    let trouble = engine.backup(stage, &house.source, &ask).await.unwrap_err();
    assert!(trouble.said.contains("and the archive lacks it"), "{}", trouble.said);
    let trouble = refused(&house, "none").await;
    assert!(trouble.said.contains("no backup that was finished"), "{}", trouble.said);
    house.end().await;
}

#[rstest::rstest]
#[case::verified(PLAIN, "verify the backup")]
#[case::unverified(UNVERIFIED, "no `backup_label`")]
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_without_its_label_is_refused(#[case] text: &str, #[case] wanted: &str) {
    let house = house(Kind::Local, text).await;
    house.backup("full").await;
    let label = format!("{}/data/backup_label", backup(&*house.source.node));
    must(&house, &*house.source.node, &["rm", "--", &label]).await;
    let trouble = refused(&house, "refused").await;
    assert!(trouble.said.contains(wanted), "{}", trouble.said);
    house.end().await;
}

#[rstest::rstest]
#[case::unverified(UNVERIFIED, "spaces")]
#[ignore = "one of the full matrix"]
#[case::plain(PLAIN, "spaces")]
#[ignore = "one of the full matrix"]
#[case::tar(r#"{"checkpoint": "fast", "format": "tar", "verify": false}"#, "data")]
#[tokio::test(flavor = "multi_thread")]
async fn a_tablespace_that_was_left_out_is_missed(#[case] text: &str, #[case] folder: &str) {
    let house = house(Kind::Local, text).await;
    furnish(&house).await;
    house.backup("full").await;
    let oid = one(&house.source, "select oid from pg_tablespace where spcname = 'a'").await;
    let node = &*house.source.node;
    let end = if folder == "data" { ".tar" } else { "" };
    let space = format!("{}/{folder}/{oid}{end}", backup(node));
    must(&house, node, &["mv", "--", &space, &format!("{}/away", node.place(Place::Scratch))])
        .await;
    let trouble = refused(&house, "refused").await;
    let wanted = format!("the tablespaces [], and its data directory wants [{oid}]");
    assert!(trouble.said.contains(&wanted), "{}", trouble.said);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_not_what_its_manifest_says_is_refused() {
    let house = house(Kind::Local, PLAIN).await;
    house.backup("full").await;
    let node = &*house.source.node;
    let data = format!("{}/data", backup(node));
    let (control, manifest) =
        (format!("{data}/global/pg_control"), format!("{data}/backup_manifest"));
    let aside = format!("{}/aside", node.place(Place::Scratch));
    must(&house, node, &["cp", "-p", "--", &control, &aside]).await;
    let damage = ["dd", "if=/dev/zero", &format!("of={control}"), "bs=1", "count=1", "seek=300"];
    let damage: Vec<&str> = damage.into_iter().chain(["conv=notrunc"]).collect();
    must(&house, node, &damage).await;
    let flip = ["sed", "-i", "s/^/ /", &control];
    must(&house, node, &flip).await;
    let trouble = refused(&house, "damaged").await;
    assert!(trouble.said.contains("verify the backup"), "{}", trouble.said);
    must(&house, node, &["cp", "-p", "--", &aside, &control]).await;
    house.recover("whole-again", Target::Immediate).await;
    must(&house, node, &["sed", "-i", "s/CRC32C/CRC32c/", &manifest]).await;
    let trouble = refused(&house, "another-manifest").await;
    assert!(trouble.said.contains("is not the one that was kept apart"), "{}", trouble.said);
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_signal_and_an_archive_that_is_gone_are_no_recovery() {
    let house = house(Kind::Local, PLAIN).await;
    house.backup("full").await;
    one(&house.source, "create table later (n int)").await;
    house.archived_up_to().await;
    let restored = async |name: &str| {
        let server = house.site.server(house.fresh(name).await);
        let to = course(Target::Latest);
        house.engine.restore(&house.site.stage, &*server.node, &to).await.unwrap();
        server
    };
    let server = restored("no-signal").await;
    let signal = format!("{}/recovery.signal", server.node.place(Place::Data));
    must(&house, &*server.node, &["rm", "--", &signal]).await;
    does_not_come_up(&house, &server, "could not locate required checkpoint record").await;

    let server = restored("no-archive").await;
    let wal = format!("{}/wal", house.source.node.place(Place::Repository));
    must(&house, &*house.source.node, &["mv", "--", &wal, &format!("{wal}-away")]).await;
    does_not_come_up(&house, &server, "could not restore file").await;
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_is_missing_in_the_copy_alone() {
    let house = house(Kind::Local, PLAIN).await;
    furnish(&house).await;
    let full = house.backup("full").await;
    keep(&house, 1).await;
    let end = house.archived_up_to().await;
    assert!(lsn(&house.source, "select pg_current_wal_insert_lsn()").await >= end);
    let first = Segment::holding(1, full.stop.unwrap(), SEGMENT_BYTES).next();
    let copy = house.site.stage.rig.volume("copy").await.unwrap();
    let copying =
        [mount(&house.repository, Place::Original, true), mount(&copy, Place::Repository, false)];
    let node = house.site.node("twin", copying.into()).await;
    let (from, to) = (node.place(Place::Original), node.place(Place::Repository));
    must(&house, &*node, &["cp", "-a", "--", &format!("{from}/."), &to]).await;
    let (stage, engine) = (&house.site.stage, &house.engine);
    let sabotage::Spoils::Copy(sabotage) = sabotage::named("wal_segment_missing").unwrap().spoils()
    else {
        panic!("it spoils a copy")
    };
    let bench = Bench { node: &*node, engine, needed: &[first], backup: None, place: 7 };
    let spoiled = sabotage.spoil(stage, &bench).await.unwrap();
    assert!(spoiled.original_untouched && spoiled.proof.is_some(), "{spoiled:?}");
    assert_eq!(engine.archived_file(stage, &*node, first).await.unwrap(), None);
    let there = engine.archived_file(stage, &*house.source.node, first).await.unwrap();
    assert_eq!(there, Some(format!("wal/{first}")));
    // What is restored from the copy comes from the copy, its tablespace as well.
    must(&house, &*house.source.node, &["rm", "-r", "--", &backup(&*house.source.node)]).await;
    let twin = house.site.server(node);
    engine.restore(stage, &*twin.node, &course(Target::Latest)).await.unwrap();
    twin.start(stage, &[("archive_mode", "off")]).await.unwrap();
    tokio::time::timeout(LIMIT, promoted(&twin)).await.expect("recovery ends");
    assert_eq!(one(&twin, KEPT).await, "");
    assert_eq!(one(&twin, "select count(*) from aside").await, "1000");
    house.end().await;
}
