//! Sessions against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[expect(dead_code, reason = "these tests need only a part of it")]
mod local;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use local::{Ground, LIMIT, NONCE, PASSWORD};
use pgrehearse::drill::{SUPERUSER, Server};
use pgrehearse::rig::{CopySink, Login, Place, Session, SqlTrouble, sql};
use pgrehearse::secret::Secret;

const PORT: u16 = 5432;

fn login(settings: &[(&str, &str)]) -> Login {
    Login {
        user: SUPERUSER.to_owned(),
        password: Secret::new(PASSWORD),
        database: "postgres".to_owned(),
        settings: settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
    }
}

async fn open(server: &Server, login: &Login) -> Result<Box<dyn Session>, SqlTrouble> {
    sql::connect_unix(&server.node.place(Place::Socket), PORT, login).await
}

async fn value(session: &mut Box<dyn Session>, sql: &str) -> Option<String> {
    let tables = session.query(sql, LIMIT).await.unwrap();
    tables.first()?.rows.first()?.first()?.clone()
}

fn refused(opened: Result<Box<dyn Session>, SqlTrouble>) -> SqlTrouble {
    opened.err().expect("this must not connect")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_statement_has_a_table_and_null_is_not_the_empty_text() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let sql = "select 1 as a, null as b, '' as c; create table t (n int); \
               insert into t values (1), (2); select n from t where false; select 'ü' as u";
    let tables = session.query(sql, LIMIT).await.unwrap();
    assert_eq!(tables.len(), 5);
    assert_eq!(tables[0].columns, ["a", "b", "c"]);
    assert_eq!(tables[0].rows, [[Some("1".to_owned()), None, Some(String::new())]]);
    assert_eq!((tables[1].columns.len(), tables[2].rows.len()), (0, 0));
    assert_eq!((tables[3].columns.as_slice(), tables[3].rows.len()), (&["n".to_owned()][..], 0));
    assert_eq!(tables[4].get(0, "u"), Some("ü"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_code_and_the_session_goes_on() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let trouble = session.query("select 1; select 1/0; select 2", LIMIT).await.unwrap_err();
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("22012"), false));
    assert_eq!(trouble.to_string(), "22012: division by zero");
    assert_eq!(value(&mut session, "select 3").await.as_deref(), Some("3"));

    let sql = "create table u (n int unique); insert into u values (1); insert into u values (1)";
    let trouble = session.query(sql, LIMIT).await.unwrap_err();
    assert!(trouble.said.ends_with("(Key (n)=(1) already exists.)"), "{trouble}");

    let sink = Box::new(Rows::default());
    let trouble = session.copy_out("copy nothing to stdout", sink, LIMIT).await.err().unwrap();
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("42P01"), false));
    let sql = "copy (select 1 / (3 - n) from generate_series(1, 3) n) to stdout";
    let trouble = session.copy_out(sql, Box::new(Rows::default()), LIMIT).await.err().unwrap();
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("22012"), false));
    assert_eq!(value(&mut session, "select 4").await.as_deref(), Some("4"));
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_and_warnings_are_kept_with_their_codes_until_asked_for() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let sql = "do $$ begin raise notice 'one'; raise warning using message = 'two', \
               detail = 'why', errcode = '57014'; end $$";
    session.query(sql, LIMIT).await.unwrap();
    let expected = [("00000", "one"), ("57014", "two (why)")];
    let expected = expected.map(|(code, text)| (code.to_owned(), text.to_owned()));
    assert_eq!(session.notices(), expected);
    assert_eq!(session.notices(), []);

    let many = "do $$ begin for n in 1..10100 loop raise notice 'n'; end loop; end $$";
    session.query(many, LIMIT).await.unwrap();
    let kept = session.notices();
    assert_eq!(kept.len(), 10_001);
    assert_eq!(kept.last().unwrap().1, "100 further notices were not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_in_force_from_the_start_whatever_is_in_them() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let odd = "a b\\c'd\"e\t\nü -c work_mem=1MB";
    let settings = [("pgrehearse.odd", odd), ("timezone", "Asia/Kathmandu"), ("work_mem", "7MB")];
    let mut session = open(&server, &login(&settings)).await.unwrap();
    assert_eq!(value(&mut session, "show pgrehearse.odd").await.as_deref(), Some(odd));
    assert_eq!(value(&mut session, "show timezone").await.as_deref(), Some("Asia/Kathmandu"));
    assert_eq!(value(&mut session, "reset all; show work_mem").await, None);
    assert_eq!(value(&mut session, "show work_mem").await.as_deref(), Some("7MB"));
    let trouble = refused(open(&server, &login(&[("no_such_setting", "1")])).await);
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("42704"), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_answer_and_silence_is_not() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let wrong = Login { password: Secret::new("wrong"), ..login(&[]) };
    let trouble = refused(open(&server, &wrong).await);
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("28P01"), false));
    assert!(!format!("{wrong:?} {trouble}").contains("wrong"), "{wrong:?} {trouble}");
    let nowhere = Login { database: "nowhere".to_owned(), ..login(&[]) };
    assert_eq!(refused(open(&server, &nowhere).await).code.as_deref(), Some("3D000"));

    let trouble = refused(sql::connect_unix("/nonexistent", PORT, &login(&[])).await);
    assert_eq!((trouble.code.as_deref(), trouble.lost), (None, true));
    let (stream, mut other) = tokio::io::duplex(1 << 10);
    let hang_up = async {
        let mut first = [0; 1];
        tokio::io::AsyncReadExt::read(&mut other, &mut first).await.unwrap();
        drop(other);
    };
    let login = login(&[]);
    let (opened, ()) = tokio::join!(sql::connect_over(stream, &login), hang_up);
    let trouble = refused(opened);
    assert_eq!((trouble.code.as_deref(), trouble.lost), (None, true));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let (stream, _held) = tokio::io::duplex(1 << 10);
    let began = tokio::time::Instant::now();
    let trouble = refused(sql::connect_over(stream, &login(&[])).await);
    assert_eq!((trouble.code.as_deref(), trouble.lost), (None, true));
    assert_eq!(began.elapsed(), sql::CONNECT_LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_over_its_limit_is_closed_and_never_answers_again() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let limit = Duration::from_millis(100);
    let trouble = session.query("select 'late' from pg_sleep(1)", limit).await.unwrap_err();
    assert_eq!((trouble.code.as_deref(), trouble.lost), (None, true));
    let after = session.query("select 'mine'", LIMIT).await.unwrap_err();
    assert!(after.lost && after.said.contains("closed"), "{after}");

    let mut session = open(&server, &login(&[])).await.unwrap();
    let given_up = session.query("select 'late' from pg_sleep(1)", LIMIT);
    assert!(tokio::time::timeout(limit, given_up).await.is_err());
    let sink = Box::new(Rows::default());
    let after = session.copy_out("copy (select 'mine') to stdout", sink, LIMIT).await.err();
    assert!(after.as_ref().is_some_and(|after| after.lost), "{after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_is_lost_and_says_why() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let mut idle = open(&server, &login(&[])).await.unwrap();
    let mut witness = open(&server, &login(&[])).await.unwrap();
    let pid = value(&mut idle, "select pg_backend_pid()").await.unwrap();
    let own = "select pg_terminate_backend(pg_backend_pid())";
    let trouble = session.query(own, LIMIT).await.unwrap_err();
    assert_eq!((trouble.code.as_deref(), trouble.lost), (Some("57P01"), true), "{trouble}");
    let others = format!("select pg_terminate_backend({pid}, 60000)");
    assert_eq!(value(&mut witness, &others).await.as_deref(), Some("t"));
    let trouble = idle.query("select 1", LIMIT).await.unwrap_err();
    assert!(trouble.lost, "{trouble}");
    assert_eq!(trouble.code.as_deref(), Some("57P01"), "{trouble}");

    let waiting = tokio::spawn(async move { witness.query("select pg_sleep(600)", LIMIT).await });
    tokio::task::yield_now().await;
    server.kill(&ground.stage).await.unwrap();
    let trouble = waiting.await.unwrap().unwrap_err();
    assert!(trouble.lost, "{trouble}");
}

#[derive(Default)]
struct Rows {
    seen: Vec<Vec<u8>>,
}

impl CopySink for Rows {
    fn row(&mut self, row: &[u8]) {
        self.seen.push(row.to_owned());
    }
}

/// Gives what it saw to the test when it comes back.
struct Told(Rows, std::sync::mpsc::Sender<Rows>);

impl CopySink for Told {
    fn row(&mut self, row: &[u8]) {
        self.0.row(row);
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.1.send(std::mem::take(&mut self.0));
    }
}

#[tokio::test]
async fn a_copy_gives_each_row_in_order_long_and_short() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    // Every hundredth row is longer than a batch, one holds a line feed, and the last is short.
    let sql = "copy (select case when n % 100 = 0 then repeat('x', 200000) \
               when n = 7 then E'a\\nb' else n::text end from generate_series(1, 20001) n) \
               to stdout";
    let (send, receive) = std::sync::mpsc::channel();
    let sink = Box::new(Told(Rows::default(), send));
    let (rows, sink) = session.copy_out(sql, sink, LIMIT).await.unwrap();
    drop(sink);
    let told = receive.recv().unwrap();
    assert_eq!((rows, told.seen.len()), (20_001, 20_001));
    for (n, row) in (1..).zip(&told.seen) {
        let expected = match n {
            7 => "a\\nb\n".to_owned(),
            n if n % 100 == 0 => format!("{}\n", "x".repeat(200_000)),
            n => format!("{n}\n"),
        };
        assert!(row == expected.as_bytes(), "row {n}");
    }

    let empty = session.copy_out("copy (select where false) to stdout", sink_of_nothing(), LIMIT);
    assert_eq!(empty.await.unwrap().0, 0);
    assert_eq!(value(&mut session, "select 5").await.as_deref(), Some("5"));
}

fn sink_of_nothing() -> Box<dyn CopySink> {
    Box::new(Rows::default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_cut_off_by_the_server_is_no_copy() {
    let ground = Ground::new();
    let server = ground.running("n").await;
    let mut session = open(&server, &login(&[])).await.unwrap();
    let sql = "copy (select repeat('x', 1000), case when n = 5000 then \
               pg_terminate_backend(pg_backend_pid()) end from generate_series(1, 100000) n) \
               to stdout";
    let trouble = session.copy_out(sql, sink_of_nothing(), LIMIT).await.err().unwrap();
    assert!(trouble.lost, "{trouble}");
    assert_eq!(trouble.code.as_deref(), Some("57P01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_go_where_the_login_says() {
    let ground = Ground::new();
    let server = ground.server("n").await;
    // A free port: the kernel gives it, and it is let go of just before the server takes it.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = free.to_string();
    let listen = [("listen_addresses", "127.0.0.1"), ("port", port.as_str())];
    server.start(&ground.stage, &listen).await.unwrap();
    let socket = server.node.place(Place::Socket);
    let host: IpAddr = "127.0.0.1".parse().unwrap();
    let ready = async {
        while sql::connect_unix(&socket, free, &login(&[])).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, ready).await.unwrap();
    let over = tokio::net::UnixStream::connect(format!("{socket}/.s.PGSQL.{free}")).await.unwrap();
    let sessions = [
        sql::connect_unix(&socket, free, &login(&[])).await,
        sql::connect_tcp(host, free, &login(&[])).await,
        sql::connect_over(over, &login(&[])).await,
    ];
    for session in sessions {
        let mut session = session.unwrap();
        assert_eq!(value(&mut session, "show pgrehearse.nonce").await.as_deref(), Some(NONCE));
        let who = "select current_user || ' ' || current_database()";
        assert_eq!(value(&mut session, who).await.as_deref(), Some("postgres postgres"));
        assert_eq!(value(&mut session, "show ssl").await.as_deref(), Some("off"));
    }
}

/// Runs the test before this one again, in an environment that would lead any client of libpq's
/// kind astray.
#[test]
fn nothing_in_the_environment_leads_a_session_astray() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
        path
    };
    let passwords = file(".pgpass", "*:*:*:*:nonsense\n");
    let service = "[decoy]\nhost=192.0.2.1\nport=1\nuser=decoy\ndbname=decoy\n";
    let services = file(".pg_service.conf", service);
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "sessions_go_where_the_login_says"]);
    again.env("HOME", home.path()).env("PGPASSFILE", path(&passwords));
    again.env("PGSERVICEFILE", path(&services)).env("PGSYSCONFDIR", home.path());
    for (name, value) in [
        ("PGHOST", "192.0.2.1"),
        ("PGHOSTADDR", "192.0.2.1"),
        ("PGPORT", "1"),
        ("PGUSER", "decoy"),
        ("PGPASSWORD", "nonsense"),
        ("PGDATABASE", "decoy"),
        ("PGSERVICE", "decoy"),
        ("PGOPTIONS", "-c no_such_setting=1"),
        ("PGSSLMODE", "verify-full"),
        ("PGCHANNELBINDING", "require"),
        ("PGTARGETSESSIONATTRS", "standby"),
        ("PGDATA", "/nonexistent"),
        ("PGTZ", "nonsense"),
        ("PGCLIENTENCODING", "nonsense"),
        ("PGREQUIREAUTH", "none"),
    ] {
        again.env(name, value);
    }
    let output = again.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
