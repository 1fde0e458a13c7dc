//! The scripted rig: what it does by itself, by rule, and when it is made to fail.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use pgrehearse::drill::{Notebook, QUERY_LIMIT, Redactor, Server};
use pgrehearse::plan::Postgres;
use pgrehearse::rig::scripted::{Injected, Reply, Script, ScriptedRig, ServerScript, When};
use pgrehearse::rig::{
    Command, CopySink, Mount, Node, NodeSpec, Place, Rig, SqlTrouble, Stage, Trouble,
};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::{Cause, RigCause, Scope, SubjectCause};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

const LIMIT: Duration = Duration::from_secs(60);

struct Set {
    rig: ScriptedRig,
    stage: Stage,
    _folder: TempDir,
}

fn set(script: Script) -> Set {
    let folder = tempfile::tempdir().unwrap();
    let rig = script.build();
    let stage = Stage {
        rig: Arc::new(rig.clone()),
        notebook: Arc::new(Notebook::create(folder.path(), None).unwrap()),
        redactor: Arc::new(Redactor::default()),
        scope: Scope::Source,
    };
    Set { rig, stage, _folder: folder }
}

fn spec(name: &str) -> NodeSpec {
    NodeSpec { name: name.to_owned(), postgres: 17, image: None, volumes: vec![] }
}

async fn server(set: &Set, name: &str) -> Result<Server, Trouble> {
    let postgres = Postgres {
        version: 17,
        checksums: true,
        locale: "C".to_owned(),
        settings: Default::default(),
        image: None,
    };
    let node = set.rig.node(spec(name)).await?;
    let server = Server::new(node, postgres, Secret::new("of the test"), "nonce".to_owned());
    server.initdb(&set.stage, &[]).await?;
    Ok(server)
}

fn command(argv: &[&str]) -> Command {
    Command::new("test", LIMIT, argv.iter().copied())
}

#[tokio::test(start_paused = true)]
async fn a_server_lives_on_it_as_on_real_ground() {
    let slow = ServerScript { ready_after: Duration::from_millis(12_345), in_recovery: 2 };
    let set = set(Script::new().server("s*", slow));
    let server = server(&set, "source").await.unwrap();
    let node = Arc::clone(&server.node);
    let conf = format!("{}/postgresql.conf", node.place(Place::Data));
    let conf = node.run(&command(&["cat", "--", &conf])).await.unwrap().text();
    assert!(conf.ends_with("include 'pgrehearse.conf'\n"), "{conf}");
    assert!(server.connect("postgres").await.err().unwrap().lost);

    let began = Instant::now();
    server.start(&set.stage, &[]).await.unwrap();
    let early = server.connect("postgres").await.err().unwrap();
    assert_eq!((early.code.as_deref(), early.lost), (Some("57P03"), false));
    server.await_ready(LIMIT).await.unwrap();
    assert_eq!(began.elapsed(), slow.ready_after);
    let mut old = server.connect("postgres").await.unwrap();
    let mut session = server.connect("postgres").await.unwrap();
    let mut seen = vec![];
    for _ in 0..3 {
        let tables = session.query("SELECT  pg_is_in_recovery();", QUERY_LIMIT).await.unwrap();
        seen.push(tables[0].rows[0][0].clone().unwrap());
    }
    assert_eq!(seen, ["t", "t", "f"]);

    server.kill(&set.stage).await.unwrap();
    assert!(session.query("select 1", QUERY_LIMIT).await.unwrap_err().lost);
    server.start(&set.stage, &[]).await.unwrap();
    server.await_ready(LIMIT).await.unwrap();
    let trouble = old.query("show pgrehearse.nonce", QUERY_LIMIT).await.unwrap_err();
    assert!(trouble.lost, "an old connection does not lead to the new server");
    server.stop(&set.stage).await.unwrap();
    assert!(server.connect("postgres").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_the_script_does_not_know_fails_loudly() {
    let set = set(Script::new());
    let server = server(&set, "n").await.unwrap();
    let output = server.node.run(&command(&["pgbackrest", "info"])).await.unwrap();
    assert_eq!(output.exit, Some(127));
    server.start(&set.stage, &[]).await.unwrap();
    let mut session = server.connect("postgres").await.unwrap();
    let trouble = session.query("select  1", QUERY_LIMIT).await.unwrap_err();
    assert_eq!(trouble.to_string(), "XX000: the script has no answer to `select 1`");
    assert!(session.copy_out("copy t to stdout", Box::new(Rows(vec![])), LIMIT).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_first_rule_that_fits_replies() {
    let script = Script::new()
        .on(When::argv(&["pgbackrest", "--stanza=*"]).on("a"), Reply::says("of a"))
        .on(When::argv(&["pgbackrest"]).times(1), Reply::exits(5, "once"))
        .on_each(
            When::purpose("ask *"),
            vec![Reply::says("1"), Reply::says("2").after(Duration::from_secs(3))],
        )
        .rule(|call, world| {
            let path = call.command()?.argv.get(1)?.clone();
            world.put(call.node()?, &path, "made by a rule");
            Some(Reply::usual().after(Duration::from_secs(1)))
        });
    let set = set(script);
    let (a, b) = (set.rig.node(spec("a")).await.unwrap(), set.rig.node(spec("b")).await.unwrap());
    let run = async |node: &Arc<dyn Node>, argv: &[&str]| node.run(&command(argv)).await.unwrap();
    assert_eq!(run(&a, &["/usr/bin/pgbackrest", "--stanza=main", "info"]).await.text(), "of a");
    assert_eq!(run(&b, &["pgbackrest", "--stanza=main", "info"]).await.exit, Some(5));
    let ask = Command::new("ask it", LIMIT, ["anything"]);
    let mut said = vec![];
    for _ in 0..3 {
        let output = a.run(&ask).await.unwrap();
        said.push((output.text(), output.took.as_secs()));
    }
    assert_eq!(said, [("1".into(), 0), ("2".into(), 3), ("2".into(), 3)]);
    let began = Instant::now();
    assert_eq!(run(&b, &["touch", "/b/x"]).await.exit, Some(127));
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert!(set.rig.world(|world| world.file("b", "/b/x").is_some()));
}

struct Rows(Vec<String>);

impl CopySink for Rows {
    fn row(&mut self, row: &[u8]) {
        self.0.push(String::from_utf8(row.to_vec()).unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn queries_are_answered_by_rules_and_their_limits_hold() {
    let script = Script::new()
        .on(When::connect(), Reply::ok())
        .on(When::sql("select count(*) from * where").by("app"), Reply::value("7"))
        .on(When::sql("begin"), Reply::ok().notice("01000", "beware"))
        .on(When::sql("slow"), Reply::value("late").after(Duration::from_secs(90)))
        .on(When::sql("copy shop.orders"), Reply::rows(&["1\ta", "2\tb"]))
        .on(When::sql("gone"), Reply::lost("cut"));
    let set = set(script);
    let node = set.rig.node(spec("n")).await.unwrap();
    let login = pgrehearse::rig::Login {
        user: "app".to_owned(),
        password: Secret::new("x"),
        database: "shop".to_owned(),
        settings: vec![],
    };
    let mut session = node.connect(&login).await.unwrap();
    let count = session.query("SELECT count(*)\n FROM t WHERE true", LIMIT).await.unwrap();
    assert_eq!(count[0].get(0, "value"), Some("7"));
    assert_eq!(session.query("begin; begin;", LIMIT).await.unwrap().len(), 2);
    assert_eq!(session.notices(), [("01000".to_owned(), "beware".to_owned())]);
    assert_eq!(session.notices(), []);
    let sink = Box::new(Rows(vec![]));
    let (rows, _sink) = session.copy_out("copy shop.orders to stdout", sink, LIMIT).await.unwrap();
    assert_eq!(rows, 2);
    let began = Instant::now();
    let trouble = session.query("slow", LIMIT).await.unwrap_err();
    assert_eq!((began.elapsed(), trouble.lost), (LIMIT, true));
    assert!(session.query("begin", LIMIT).await.unwrap_err().lost, "it is closed");
    let mut session = node.connect(&login).await.unwrap();
    assert!(session.query("gone", LIMIT).await.unwrap_err().lost);
    assert!(session.query("begin", LIMIT).await.unwrap_err().lost, "it is closed");
    let mut session = node.connect(&login).await.unwrap();
    let short = timeout(Duration::from_secs(1), session.query("slow", LIMIT)).await;
    assert!(short.is_err());
    assert!(session.query("begin", LIMIT).await.unwrap_err().lost, "nobody waited");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_takes_the_answers_on_their_way_with_it() {
    let script = Script::new().on(When::sql("count"), Reply::value("7").after(QUERY_LIMIT / 2));
    let set = set(script);
    let server = server(&set, "n").await.unwrap();
    server.start(&set.stage, &[]).await.unwrap();
    let mut session = server.connect("postgres").await.unwrap();
    let (answer, killed) =
        tokio::join!(session.query("select count(*)", QUERY_LIMIT), server.kill(&set.stage));
    killed.unwrap();
    assert!(answer.unwrap_err().lost);
}

#[tokio::test(start_paused = true)]
async fn a_command_over_its_limit_ends_at_its_limit() {
    let slow = Reply::says("late").after(Duration::from_secs(61));
    let set = set(Script::new().on(When::argv(&["slow"]), slow));
    let node = set.rig.node(spec("n")).await.unwrap();
    let began = Instant::now();
    let trouble = node.run(&command(&["slow"])).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Subject(SubjectCause::TimeLimit));
    assert_eq!(began.elapsed(), LIMIT);
}

#[tokio::test(start_paused = true)]
async fn the_transcript_holds_every_call_in_order_and_what_went_wrong() {
    let script = Script::new().on(When::connect(), Reply::refused("28P01", "no"));
    let set = set(script);
    let volume = set.rig.volume("repo").await.unwrap();
    let mount = Mount { volume, at: Place::Repository, read_only: true };
    let want = NodeSpec { volumes: vec![mount], ..spec("n") };
    let node = set.rig.node(want).await.unwrap();
    node.write("/n/a", b"one\ntwo\n", 0o600).await.unwrap();
    node.run(&command(&["cat", "--", "/n/a b"]).env("A", "1").reading("in")).await.unwrap();
    node.start(&command(&["sleep", "1"]), "/n/log/x").await.unwrap();
    let login = pgrehearse::rig::Login {
        user: "app".to_owned(),
        password: Secret::new("never shown"),
        database: "shop".to_owned(),
        settings: vec![],
    };
    assert!(node.connect(&login).await.is_err());
    node.destroy().await.unwrap();
    assert!(node.run(&command(&["true"])).await.is_err());
    set.rig.release().await;
    let expected = "\
volume repo
node n: postgres 17, read-only volume repo at Repository
n writes /n/a 0600
    | one
    | two
n$ A=1 cat -- \"/n/a b\"
    | in
    ! exit Some(1), signal None: cat: /n/a b: No such file or directory
n& sleep 1 >> /n/log/x
n@ app to shop
    ! 28P01: no
n is lost
n$ true
    ! node `n` is lost
release
";
    assert_eq!(set.rig.transcript(), expected);
    assert_eq!(set.rig.count(), 7, "the last two reached nothing");
}

/// A little drill, with every kind of call but that of [`Injected`]'s own.
async fn little(set: &Set) -> Result<(), String> {
    let said = |trouble: Trouble| trouble.to_string();
    let unsaid = |trouble: SqlTrouble| trouble.to_string();
    set.rig.volume("repo").await.map_err(said)?;
    let server = server(set, "n").await.map_err(said)?;
    server.start(&set.stage, &[]).await.map_err(said)?;
    let mut session = server.connect("postgres").await.map_err(unsaid)?;
    session.query("show pgrehearse.nonce", QUERY_LIMIT).await.map_err(unsaid)?;
    server.node.destroy().await.map_err(said)
}

#[tokio::test(start_paused = true)]
async fn a_failure_at_each_call_is_felt_and_everything_can_be_given_back() {
    let whole = set(Script::new());
    little(&whole).await.unwrap();
    let calls = whole.rig.count();
    assert!(calls > 10, "{calls}");
    for number in 1..=calls {
        for injected in [Injected::Rig, Injected::Subject, Injected::Hang, Injected::Panic] {
            let set = set(Script::new().inject(number, injected));
            let ran = AssertUnwindSafe(timeout(LIMIT, little(&set))).catch_unwind().await;
            let felt = match (injected, &ran) {
                (Injected::Panic, Err(_)) | (Injected::Hang, Ok(Err(_))) => true,
                (Injected::Rig | Injected::Subject, Ok(Ok(Err(said)))) => {
                    said.ends_with(&format!("injected at call {number}"))
                }
                _ => false,
            };
            assert!(felt, "{injected:?} at call {number}: {ran:?}");
            assert_eq!(set.rig.count(), number);
            assert!(!set.rig.left().is_empty(), "{injected:?} at call {number}");
            assert_eq!(set.rig.release().await, Vec::<String>::new());
            assert_eq!(set.rig.left(), Vec::<String>::new(), "{injected:?} at call {number}");
            let late = set.rig.node(spec("late")).await.err().unwrap();
            assert_eq!(late.cause, Cause::Rig(RigCause::EngineApi));
            assert_eq!(set.rig.left(), Vec::<String>::new(), "nothing comes after release");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_kept_shows_as_left() {
    let set = set(Script::new().on(When::connect(), Reply::ok()));
    let server = server(&set, "n").await.unwrap();
    let session = server.connect("postgres").await.unwrap();
    set.rig.release().await;
    assert_eq!(set.rig.left(), ["session of postgres on n"]);
    drop(session);
    assert_eq!(set.rig.left(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_a_volume_outlives_its_node() {
    let set = set(Script::new());
    let volume = set.rig.volume("repo").await.unwrap();
    let want = |name: &str| NodeSpec {
        volumes: vec![Mount { volume: volume.clone(), at: Place::Repository, read_only: false }],
        ..spec(name)
    };
    let a = set.rig.node(want("a")).await.unwrap();
    let kept = format!("{}/backup", a.place(Place::Repository));
    let own = format!("{}/note", a.place(Place::Scratch));
    a.write(&kept, b"safe", 0o600).await.unwrap();
    a.write(&own, b"lost", 0o600).await.unwrap();
    a.destroy().await.unwrap();
    let b = set.rig.node(want("b")).await.unwrap();
    assert_eq!(b.place(Place::Repository), a.place(Place::Repository));
    assert_eq!(b.run(&command(&["cat", "--", &kept])).await.unwrap().text(), "safe");
    assert!(!b.run(&command(&["cat", "--", &own])).await.unwrap().ok());
}
