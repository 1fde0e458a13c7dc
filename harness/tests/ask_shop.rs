//! What is asked of the shop fixture on a real server, and how it answers.

#[expect(dead_code, reason = "these tests need only a part of it")]
mod shop;

use std::collections::BTreeSet;

use pgrehearse::rig::Place;
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, columns};
use shop::{PASSWORD_CANARY, Shop};

/// Every class of the inventory that the fixture has at least one object of.
const CLASSES: &[&str] = &[
    "access method",
    "aggregate",
    "cast",
    "collation",
    "column",
    "comment",
    "composite type",
    "constraint",
    "conversion",
    "default privilege",
    "domain",
    "enum",
    "event trigger",
    "extension",
    "foreign data wrapper",
    "foreign key trigger",
    "foreign option",
    "foreign table",
    "function",
    "function of a family",
    "index",
    "large object",
    "materialized view",
    "multirange",
    "operator",
    "operator class",
    "operator family",
    "operator of a family",
    "owner",
    "partitioned index",
    "partitioned table",
    "policy",
    "privilege",
    "procedure",
    "publication",
    "publication of a schema",
    "publication of a table",
    "range",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "table",
    "text search configuration",
    "text search dictionary",
    "trigger",
    "user mapping",
    "view",
];

const GLOBAL_CLASSES: &[&str] =
    &["comment", "database", "membership", "privilege", "role", "setting", "tablespace"];

const STANDING: [Question; 4] =
    [Question::Fingerprint, Question::Inventory, Question::Globals, Question::Sequences];

fn distinct<'a>(table: &'a Table, column: &str) -> BTreeSet<&'a str> {
    (0..table.rows.len()).filter_map(|row| table.get(row, column)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shop_has_one_of_everything_and_its_application_gets_in() {
    let shop = Shop::open().await;
    let asked = [
        Question::Server,
        Question::Fingerprint,
        Question::Inventory,
        Question::Globals,
        Question::Sequences,
        Question::Logins,
        Question::Smoke,
        Question::ServerLog,
        Question::History,
        Question::Sql {
            database: "shop".to_owned(),
            query: "select count(*) from shop.customers".to_owned(),
        },
    ];
    let answers = shop.ask(Moment::Baseline, &asked).await;
    let answers: Vec<Table> = answers.iter().map(|answer| shop.rows(answer)).collect();
    let [server, fingerprint, inventory, globals, sequences, logins, smoke, log, history, sql] =
        answers.as_slice()
    else {
        panic!("an answer is missing");
    };

    let found = distinct(inventory, "class");
    let missing: Vec<_> = CLASSES.iter().filter(|class| !found.contains(**class)).collect();
    assert_eq!(missing, Vec::<&&str>::new());
    assert_eq!(distinct(globals, "class"), GLOBAL_CLASSES.iter().copied().collect());
    for table in [inventory, globals] {
        let lines: BTreeSet<_> = table.rows.iter().collect();
        assert_eq!(lines.len(), table.rows.len(), "every line says something of its own");
        for row in &table.rows {
            assert!(row.iter().flatten().all(|value| !value.is_empty()), "{row:?}");
        }
    }

    let customers = fingerprint.rows.iter().find(|row| row[1].as_deref() == Some("shop.customers"));
    assert_eq!(customers.unwrap()[2].as_deref(), Some("2000"));
    assert_eq!(sql.rows, [[Some("2000".to_owned())]]);
    assert!(distinct(fingerprint, "relation").contains("shop.orders_2023_odd"));
    assert!(distinct(fingerprint, "relation").contains("pg_largeobject"));
    let carts = fingerprint.rows.iter().find(|row| row[1].as_deref() == Some("shop.carts"));
    assert!(carts.unwrap()[4].as_deref().unwrap().starts_with("unlogged ("));

    assert_eq!(logins.rows.len(), 3);
    assert_eq!(smoke.rows.len(), 4);
    for row in logins.rows.iter().chain(&smoke.rows) {
        assert_eq!(row[3], None, "{row:?}");
    }
    assert!(distinct(sequences, "sequence").contains("shop.products_id_seq"));
    assert_eq!(distinct(sequences, "usable"), BTreeSet::from(["not tried"]));
    assert!(!log.rows.is_empty());
    assert_eq!(history.rows.len(), 0);
    assert_eq!(history.columns, columns::HISTORY);
    server_answers(&shop, server);

    let written = shop.all_that_was_written();
    for secret in ["canary-of-the-user-mapping", PASSWORD_CANARY, "SCRAM-SHA-256$"] {
        assert!(!written.contains(secret), "`{secret}` was written");
    }

    let again = shop.ask(Moment::Baseline, &STANDING).await;
    for (question, answer) in STANDING.iter().zip(again) {
        let at = asked.iter().position(|asked| asked == question).unwrap();
        let differ = difference(&answers[at], &shop.rows(&answer));
        // The smoke queries drew numbers from the sequences, which no rollback gives back.
        assert!(differ.is_empty() || *question == Question::Sequences, "{question}: {differ:#?}");
    }
    shop.close().await;
}

fn server_answers(shop: &Shop, server: &Table) {
    let wanted = [
        ("nonce", &*shop.server.nonce),
        ("in_recovery", "false"),
        ("timeline", "1"),
        ("archive_mode", "off"),
        ("segment_bytes", "16777216"),
        ("data_checksums", "on"),
        ("wal_level", "replica"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
    ];
    for (name, value) in wanted {
        assert_eq!(server.pair(name), Some(value), "{name}");
    }
    for name in ["system_identifier", "version", "started", "data_directory", "database_bytes"] {
        assert!(server.pair(name).is_some_and(|value| !value.is_empty()), "{name}");
    }
}

fn difference(one: &Table, other: &Table) -> Vec<String> {
    let set = |table: &Table| -> BTreeSet<String> {
        table.rows.iter().map(|row| format!("{row:?}")).collect()
    };
    set(one).symmetric_difference(&set(other)).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovered_servers_sequences_are_tried_and_a_sources_are_left_alone() {
    let shop = Shop::empty().await;
    let sql = "CREATE TABLE fed (n serial); INSERT INTO fed VALUES (default), (default), (7);
        CREATE SEQUENCE down INCREMENT -2; SELECT nextval('down'), nextval('down');
        CREATE SEQUENCE spent MAXVALUE 2; SELECT setval('spent', 2);
        CREATE SEQUENCE round MAXVALUE 3 CYCLE; SELECT setval('round', 2);
        CREATE TABLE turns (n int DEFAULT nextval('round')); INSERT INTO turns VALUES (3);";
    shop.sql("postgres", sql).await;
    let line = |table: &Table, name: &str| {
        let row = table.rows.iter().find(|row| row[1].as_deref() == Some(name)).unwrap();
        row[2..].iter().map(|value| value.clone().unwrap_or("null".to_owned())).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        let table = shop.table(Moment::Mark("m".to_owned()), Question::Sequences).await;
        assert_eq!(line(&table, "public.fed_n_seq"), ["3", "7", "not tried"]);
        assert_eq!(line(&table, "public.down (down)"), ["5", "null", "not tried"]);
        assert_eq!(line(&table, "public.spent"), ["3", "null", "not tried"]);
        assert_eq!(line(&table, "public.round"), ["3", "null", "not tried"]);
    }
    let table = shop.table(Moment::Recovered, Question::Sequences).await;
    assert_eq!(line(&table, "public.fed_n_seq"), ["3", "7", "t"]);
    assert_eq!(line(&table, "public.down (down)"), ["5", "null", "t"]);
    assert!(line(&table, "public.spent")[2].starts_with("2200H: "), "{table:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_is_found_in_whichever_database_has_it_and_nowhere_is_an_answer() {
    let shop = Shop::empty().await;
    let table = shop.table(Moment::Recovered, Question::LedgerTransactions).await;
    assert_eq!((table.columns, table.rows.len()), (strings(columns::LEDGER_TX), 0));
    shop.sql("postgres", "CREATE DATABASE books").await;
    let sql = "CREATE SCHEMA ledger; CREATE SCHEMA pgrehearse;
        CREATE TABLE ledger.tx (note text, seq bigint, writer int, id uuid);
        INSERT INTO ledger.tx VALUES (null, 2, 1, '00000000-0000-0000-0000-00000000000a');
        CREATE TABLE ledger.entry (tx uuid);
        CREATE TABLE pgrehearse.probe (note text); INSERT INTO pgrehearse.probe VALUES ('here');";
    shop.sql("books", sql).await;
    let table = shop.table(Moment::Recovered, Question::LedgerTransactions).await;
    assert_eq!(table.columns, strings(columns::LEDGER_TX));
    assert_eq!(table.get(0, "id"), Some("00000000-0000-0000-0000-00000000000a"));
    assert_eq!(table.get(0, "seq"), Some("2"));
    assert_eq!(table.rows[0][3], None);
    let table = shop.table(Moment::Recovered, Question::Probe).await;
    assert_eq!(table.rows, [[Some("here".to_owned())]]);
    let answers = shop.ask(Moment::Recovered, &[Question::LedgerEntries]).await;
    assert!(matches!(&answers[0], Answer::Refused(said) if said.starts_with("42703: ")));
    shop.close().await;
}

fn strings(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_fails_leaves_the_others_their_answers() {
    let shop = Shop::empty().await;
    shop.sql("postgres", "CREATE TABLE torn (n int); INSERT INTO torn VALUES (1); CHECKPOINT")
        .await;
    let path = shop.value("postgres", "SELECT pg_relation_filepath('torn')").await;
    let path = format!("{}/{path}", shop.server.node.place(Place::Data));
    shop.server.stop(shop.stage()).await.unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8000..].fill(b'x');
    std::fs::write(&path, bytes).unwrap();
    shop.start().await;

    let wrong = Question::Sql { database: "postgres".to_owned(), query: "select 1/0".to_owned() };
    let writes =
        Question::Sql { database: "postgres".to_owned(), query: "create table t ()".to_owned() };
    let asked = [Question::Fingerprint, wrong, writes, Question::Globals, Question::Inventory];
    let answers = shop.ask(Moment::Recovered, &asked).await;
    let said = |at: usize| match &answers[at] {
        Answer::Refused(said) => said.clone(),
        answer => panic!("answered: {answer:?}"),
    };
    assert!(said(0).starts_with("XX001: "), "{}", said(0));
    assert!(said(0).contains("`public.torn` cannot be read"), "{}", said(0));
    assert!(said(1).starts_with("22012: "), "{}", said(1));
    assert!(said(2).starts_with("25006: "), "{}", said(2));
    assert!(!shop.rows(&answers[3]).rows.is_empty());
    assert!(!shop.rows(&answers[4]).rows.is_empty());
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_refuses_everything_and_its_log_is_read_all_the_same() {
    let mut shop = Shop::empty().await;
    shop.asker.accesses.truncate(1);
    shop.server.kill(shop.stage()).await.unwrap();
    let asked = [Question::Server, Question::Sequences, Question::History, Question::ServerLog];
    let answers = shop.ask(Moment::Recovered, &asked).await;
    for answer in &answers[..3] {
        assert!(matches!(answer, Answer::Refused(said) if !said.is_empty()), "{answer:?}");
    }
    assert!(!shop.rows(&answers[3]).rows.is_empty());
    let trials = shop.table(Moment::Recovered, Question::Logins).await;
    assert!(trials.rows[0][3].is_some(), "{trials:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_in_its_place_is_not_believed() {
    let mut shop = Shop::empty().await;
    shop.server.nonce = "another".to_owned();
    let asked = [Question::Server, Question::Fingerprint, Question::Globals];
    let answers = shop.ask(Moment::Recovered, &asked).await;
    // Who it is is told, and nothing else.
    let told = [[Some("nonce".to_owned()), Some("nonce-of-this-test".to_owned())]];
    assert_eq!(shop.rows(&answers[0]).rows, told);
    for answer in &answers[1..] {
        assert!(
            matches!(&answer, Answer::Refused(said) if said.contains("another server")),
            "{answer:?}"
        );
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_all_databases_share_is_asked_where_it_can_be_read() {
    let shop = Shop::empty().await;
    let western = "CREATE DATABASE \"A\" TEMPLATE template0 ENCODING 'WIN1252' \
                   LC_COLLATE 'C' LC_CTYPE 'C'; ";
    shop.sql("postgres", western).await;
    // Its second byte, 0x81, stands for nothing there.
    shop.sql("postgres", "CREATE ROLE \"\u{141}\"").await;
    let globals = shop.table(Moment::Recovered, Question::Globals).await;
    let named = |row: &Vec<Option<String>>| row[1].as_deref() == Some("\"\u{141}\"");
    assert!(globals.rows.iter().any(named), "{globals:?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smoke_file_that_would_commit_is_named_and_a_wrong_password_is_no_login() {
    let mut shop = Shop::empty().await;
    let sql = "CREATE DATABASE shop; ";
    shop.sql("postgres", sql).await;
    shop.sql("shop", "CREATE ROLE shop_app LOGIN PASSWORD 'right'; CREATE TABLE kept (n int)")
        .await;
    shop.sql("shop", "GRANT ALL ON kept TO shop_app").await;
    shop.asker.accesses.truncate(1);
    shop.asker.accesses[0].smoke = vec![
        ("commits.sql".to_owned(), "INSERT INTO kept VALUES (1); COMMIT".to_owned()),
        ("works.sql".to_owned(), "INSERT INTO kept VALUES (2)".to_owned()),
        ("fails.sql".to_owned(), "SELECT 1/0".to_owned()),
    ];
    let refused = shop.table(Moment::Recovered, Question::Logins).await;
    assert!(refused.rows[0][3].as_deref().unwrap().starts_with("28P01: "), "{refused:?}");
    shop.asker.accesses[0].password = pgrehearse::secret::Secret::new("right");
    let asked = [Question::Logins, Question::Smoke];
    let answers = shop.ask(Moment::Recovered, &asked).await;
    assert_eq!(shop.rows(&answers[0]).rows[0][3], None);
    let smoke = shop.rows(&answers[1]);
    assert!(smoke.rows[0][3].as_deref().unwrap().contains("ended the transaction"), "{smoke:?}");
    assert_eq!(smoke.rows[1][3], None);
    assert!(smoke.rows[2][3].as_deref().unwrap().starts_with("22012: "), "{smoke:?}");
    assert_eq!(shop.value("shop", "SELECT count(*) FROM kept WHERE n = 2").await, "0");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_server_tells_its_new_timeline_and_where_it_left_the_old() {
    let shop = Shop::empty().await;
    shop.server.stop(shop.stage()).await.unwrap();
    let signal = format!("{}/standby.signal", shop.server.node.place(Place::Data));
    shop.server.node.write(&signal, b"", 0o600).await.unwrap();
    shop.start().await;
    let waiting = shop.table(Moment::Recovered, Question::Server).await;
    assert_eq!(waiting.pair("in_recovery"), Some("true"));
    assert_eq!(waiting.pair("timeline"), Some("1"));
    shop.sql("postgres", "SELECT pg_promote()").await;
    let answers = shop.ask(Moment::Recovered, &[Question::Server, Question::History]).await;
    let server = shop.rows(&answers[0]);
    assert_eq!(server.pair("in_recovery"), Some("false"));
    assert_eq!(server.pair("timeline"), Some("2"));
    let history = shop.rows(&answers[1]);
    assert_eq!(history.rows.len(), 1);
    assert_eq!(history.get(0, "parent"), Some("1"));
    assert!(history.get(0, "switch").unwrap().parse::<Lsn>().is_ok());
    shop.close().await;
}

#[test]
fn the_asking_may_wander_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    async fn asking(shop: &Shop) {
        let asked = pgrehearse::drill::ask(
            shop.stage(),
            &shop.server,
            &shop.asker,
            &Moment::Recovered,
            &STANDING,
        );
        sendable(&asked);
        asked.await.unwrap();
    }
    let _ = asking;
}
