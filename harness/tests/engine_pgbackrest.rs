//! pgBackRest against a real PostgreSQL on local ground: protect, back up, strike, find, restore.

mod local;

use std::sync::Arc;
use std::time::Duration;

use local::{Ground, LIMIT, NONCE, PASSWORD, command, major, processes};
use pgrehearse::disaster::{self, Note};
use pgrehearse::drill::locate::{Found, Window, before};
use pgrehearse::drill::{QUERY_LIMIT, Server};
use pgrehearse::engine::{Engine, PgBackRest, Target};
use pgrehearse::plan::Postgres;
use pgrehearse::rig::{Mount, Node, NodeSpec, Place, Rig, Trouble, Volume};
use pgrehearse::sabotage::{self, Bench};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::{self, Cause, Event, RigCause, SubjectCause};
use pgrehearse_verdict::lsn::{Lsn, Segment};

const SEGMENT_BYTES: u64 = 16 << 20;
/// Between two looks at a server: without it, looking would keep the server from its work.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A protected server, and the volume its backups lie in.
struct House {
    ground: Ground,
    repository: Volume,
    engine: PgBackRest,
    source: Server,
}

impl House {
    async fn new() -> House {
        let ground = Ground::new();
        let repository = ground.rig.volume("repository").await.unwrap();
        let text = r#"{"compress": "lz4", "start_fast": true, "process_max": 2}"#;
        let engine: PgBackRest = serde_json::from_str(text).unwrap();
        let mounts = vec![mount(&repository, Place::Repository, false)];
        let source = server(node(&ground, "source", mounts).await);
        let mut settings = engine.settings(&*source.node);
        settings.push(("fsync".to_owned(), "off".to_owned()));
        let stage = &ground.stage;
        source.initdb(stage, &settings).await.unwrap();
        source.start(stage, &[]).await.unwrap();
        source.await_ready(LIMIT).await.unwrap();
        engine.protect(stage, &source).await.unwrap();
        House { ground, repository, engine, source }
    }

    async fn backup(&self, kind: &str) -> journal::Backup {
        self.engine.backup(&self.ground.stage, &self.source, kind).await.unwrap()
    }

    /// Empty ground with the repository.
    async fn fresh(&self, name: &str) -> Arc<dyn Node> {
        let mounts = vec![mount(&self.repository, Place::Repository, true)];
        node(&self.ground, name, mounts).await
    }

    /// Where the server writes now, in a finished segment that the archive has.
    async fn archived_up_to(&self) -> Lsn {
        let at = lsn(&self.source, "select pg_current_wal_insert_lsn()").await;
        let name = one(&self.source, "select pg_walfile_name(pg_switch_wal())").await;
        let asked = "select coalesce(last_archived_wal, '') from pg_stat_archiver";
        tokio::time::timeout(LIMIT, async {
            while one(&self.source, asked).await < name {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await
        .expect("the segment is archived");
        at
    }

    /// Restores onto fresh ground and waits until the server has left recovery.
    async fn recover(&self, name: &str, target: Target) -> Server {
        let server = server(self.fresh(name).await);
        self.engine.restore(&self.ground.stage, &*server.node, target, 1).await.unwrap();
        server.start(&self.ground.stage, &[]).await.unwrap();
        tokio::time::timeout(LIMIT, promoted(&server)).await.expect("recovery ends");
        server
    }

    async fn locate(&self, strike: &Strike, to: Lsn) -> Result<Found, Trouble> {
        let window = Window { from: strike.from, to, timeline: 1, segment_bytes: SEGMENT_BYTES };
        let node = self.fresh("searcher").await;
        before(&self.ground.stage, &self.engine, &*node, &strike.harm, window).await
    }

    async fn end(self) {
        end(&self.ground).await;
    }
}

/// Gives the ground back; nothing may be left of it.
async fn end(ground: &Ground) {
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
    assert_eq!(processes(ground.folder(), &ground.run), Vec::<String>::new());
    assert!(!ground.folder().exists());
}

async fn promoted(server: &Server) {
    server.await_ready(LIMIT).await.unwrap();
    while one(server, "select pg_is_in_recovery()").await == "t" {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn mount(volume: &Volume, at: Place, read_only: bool) -> Mount {
    Mount { volume: volume.clone(), at, read_only }
}

async fn node(ground: &Ground, name: &str, volumes: Vec<Mount>) -> Arc<dyn Node> {
    let want = NodeSpec { name: name.to_owned(), postgres: major(), image: None, volumes };
    ground.rig.node(want).await.unwrap()
}

fn server(node: Arc<dyn Node>) -> Server {
    let postgres = Postgres {
        version: major(),
        checksums: true,
        locale: "C.UTF-8".to_owned(),
        settings: Default::default(),
        image: None,
    };
    Server::new(node, postgres, Secret::new(PASSWORD), NONCE.to_owned())
}

/// The last value of the last statement.
async fn one(server: &Server, sql: &str) -> String {
    let mut session = server.connect("postgres").await.unwrap();
    let tables = session.query(sql, QUERY_LIMIT).await.unwrap();
    let value = tables.last().unwrap().rows.first().and_then(|row| row[0].clone());
    value.unwrap_or_default()
}

async fn lsn(server: &Server, sql: &str) -> Lsn {
    one(server, sql).await.parse().unwrap()
}

/// A disaster, and what was known just before it.
struct Strike {
    harm: pgrehearse::drill::locate::Harm,
    from: Lsn,
    note: Note,
}

/// Strikes while another transaction commits.
async fn strike(house: &House, text: &str, meanwhile: &str) -> Strike {
    let disaster: disaster::Spec = serde_json::from_str(text).unwrap();
    let (stage, source) = (&house.ground.stage, &house.source);
    let harm = disaster.disaster().harm(stage, source).await.unwrap().expect("a harm");
    let from = lsn(source, "select pg_current_wal_insert_lsn()").await;
    let others = async {
        // The strike holds its lock: only then does the other one commit.
        let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted \
                    and locktype = 'relation' and relation >= 16384";
        tokio::time::timeout(LIMIT, async {
            while one(source, held).await == "0" {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await
        .expect("the strike holds its lock");
        one(source, meanwhile).await
    };
    let (note, _) = tokio::join!(disaster.disaster().strike(stage, source), others);
    let (said, so) = disaster.disaster().witness(stage, source).await.unwrap();
    assert!(so, "{said}");
    Strike { harm, from, note: note.unwrap() }
}

const SHOP: &str = "create schema shop; create table shop.customers (id int primary key); \
                    create table shop.orders (id int primary key, t text); \
                    insert into shop.orders select n, 'x' from generate_series(1, 100) n";

#[tokio::test(flavor = "multi_thread")]
async fn what_committed_while_a_table_was_dropped_is_kept_and_the_drop_is_undone() {
    let house = House::new().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_partitioned_table_in_a_tablespace_of_another_database_is_found() {
    let house = House::new().await;
    let spaces = house.source.node.place(Place::Tablespaces);
    let make = command(&["mkdir", &format!("{spaces}/a")]);
    house.ground.stage.must(&*house.source.node, make).await.unwrap();
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
    let (stage, engine) = (&house.ground.stage, &house.engine);
    let harm =
        pgrehearse::drill::locate::Harm::Relation { tablespace: 1663, database: 5, filenode: 1 };
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

#[tokio::test(flavor = "multi_thread")]
async fn after_a_lost_data_directory_all_that_was_archived_comes_back_and_no_more() {
    let house = House::new().await;
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
    let (stage, disaster) = (&house.ground.stage, disaster.disaster());
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
    let again = house.engine.restore(stage, &*recovered.node, Target::Latest, 1).await;
    assert!(again.unwrap_err().said.contains("is not empty"));
    let journal = std::fs::read_to_string(house.ground.state.path().join("journal.jsonl")).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_still_answers_is_not_lost_although_its_files_are() {
    let ground = Ground::new();
    let source = ground.running("source").await;
    let argv = ["rm", "-rf", "--", &source.node.place(Place::Data)];
    ground.stage.must(&*source.node, command(&argv)).await.unwrap();
    let spec: disaster::Spec = serde_json::from_str(r#"{"lost_data_directory": {}}"#).unwrap();
    let (said, so) = spec.disaster().witness(&ground.stage, &source).await.unwrap();
    assert!(!so && said.contains("still answers"), "{said}");
    end(&ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_segment_is_missing_in_the_copy_alone() {
    let house = House::new().await;
    let backup = house.backup("full").await;
    one(&house.source, SHOP).await;
    let end = house.archived_up_to().await;
    let first = Segment::holding(1, backup.stop.unwrap(), SEGMENT_BYTES).next();
    let needed = [first];
    assert_eq!(Segment::holding(1, end, SEGMENT_BYTES), first);

    let copy = house.ground.rig.volume("copy").await.unwrap();
    let copying =
        [mount(&house.repository, Place::Original, true), mount(&copy, Place::Repository, false)];
    let node = node(&house.ground, "twin", copying.into()).await;
    let (stage, engine) = (&house.ground.stage, &house.engine);
    let (from, to) = (node.place(Place::Original), node.place(Place::Repository));
    let argv = ["cp", "-a", "--", &format!("{from}/."), &to];
    stage.must(&*node, command(&argv)).await.unwrap();
    let sabotage = sabotage::named("wal_segment_missing").unwrap();
    let bench = Bench { node: &*node, engine, needed: &needed, place: 7 };
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
    let twin = server(node);
    engine.restore(stage, &*twin.node, Target::Latest, 1).await.unwrap();
    twin.start(stage, &[("archive_mode", "off")]).await.unwrap();
    tokio::time::timeout(LIMIT, promoted(&twin)).await.expect("recovery ends");
    assert_eq!(one(&twin, "select to_regclass('shop.orders')").await, "");
    house.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_cannot_be_dropped_is_no_disaster() {
    let ground = Ground::new();
    let source = ground.running("source").await;
    one(&source, SHOP).await;
    one(&source, "create table shop.lines (o int references shop.orders)").await;
    let spec = |text: &str| serde_json::from_str::<disaster::Spec>(text).unwrap();
    let stage = &ground.stage;
    let nowhere = spec(r#"{"drop_table": {"table": "shop.nothing"}}"#);
    let trouble = nowhere.disaster().harm(stage, &source).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Rig(RigCause::NotADrill));
    let depended_on = spec(r#"{"drop_table": {"table": "shop.orders", "hold": "0s"}}"#);
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
    end(&ground).await;
}
