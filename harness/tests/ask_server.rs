//! What a real server says of its doors, its planner, its workers and its files, and how it is
//! judged: harms that every row count survives, and healthy copies that must not be red.

#[expect(dead_code, reason = "these tests need only a part of it")]
mod shop;

use pgrehearse::drill::ask_files;
use pgrehearse::rig::Place;
use pgrehearse_verdict::question::{Moment, Question};
use shop::Shop;
use shop::judging::{amiss, held};

const ACCESS: &[&str] = &["access"];

/// Asks the server as it is at this moment; it must answer.
async fn asked(shop: &Shop, moment: Moment, question: Question) {
    let answers = shop.ask(moment, &[question]).await;
    shop.rows(&answers[0]);
}

/// What is amiss, in the order of the names.
async fn amiss_at(shop: &Shop, question: Question, check: &[&str]) -> Vec<String> {
    asked(shop, Moment::Recovered, question).await;
    let mut found = amiss(&shop.judged(check));
    found.sort();
    found
}

/// Puts a line before all others of pg_hba.conf.
async fn rule(shop: &Shop, line: &str) {
    let path = format!("{}/pg_hba.conf", shop.server.node.place(Place::Data));
    let whole = shop.run(&["cat", "--", &path], vec![]).await;
    let whole = format!("{line}\n{}", String::from_utf8(whole).unwrap());
    shop.server.node.write(&path, whole.as_bytes(), 0o600).await.unwrap();
    shop.sql("postgres", "SELECT pg_reload_conf()").await;
    // The postmaster hears of it by a signal.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doors_answer_twice_alike_and_one_that_opens_to_anybody_is_seen() {
    let shop = Shop::open().await;
    asked(&shop, Moment::Baseline, Question::Access).await;
    assert_eq!(amiss_at(&shop, Question::Access, ACCESS).await, Vec::<String>::new());
    assert_eq!(held(&shop.judged(ACCESS), "kept"), 1);
    let written = shop.all_that_was_written();
    assert!(!written.contains(shop::PASSWORD_CANARY), "a password was written down");
    rule(&shop, "local shop shop_intern trust").await;
    let wanted = ["Broken access let_in shop_intern in shop"];
    assert_eq!(amiss_at(&shop, Question::Access, ACCESS).await, wanted);
    rule(&shop, "local all shop_report reject").await;
    let wanted = [
        "Broken access let_in shop_intern in shop",
        "Broken access shut_out shop_report in postgres",
        "Broken access shut_out shop_report in shop",
        "Broken access shut_out shop_report in template1",
    ];
    let found = amiss_at(&shop, Question::Access, ACCESS).await;
    assert!(found.iter().all(|line| wanted.contains(&&**line)), "{found:#?}");
    assert!(found.contains(&wanted[2].to_owned()), "{found:#?}");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_may_log_in_again_or_for_ever_is_seen() {
    let shop = Shop::open().await;
    shop.sql("postgres", "CREATE DATABASE apart").await;
    let sql = "ALTER ROLE shop_app NOLOGIN; ALTER ROLE shop_report VALID UNTIL '2001-01-01';
        REVOKE CONNECT ON DATABASE apart FROM PUBLIC";
    shop.sql("postgres", sql).await;
    asked(&shop, Moment::Baseline, Question::Access).await;
    assert_eq!(amiss_at(&shop, Question::Access, ACCESS).await, Vec::<String>::new());
    shop.sql("postgres", "ALTER ROLE shop_app LOGIN").await;
    let found = amiss_at(&shop, Question::Access, ACCESS).await;
    assert!(found.contains(&"Broken access let_in shop_app in postgres".to_owned()), "{found:#?}");
    let sql = "ALTER ROLE shop_app NOLOGIN; ALTER ROLE shop_report VALID UNTIL 'infinity'";
    shop.sql("postgres", sql).await;
    let found = amiss_at(&shop, Question::Access, ACCESS).await;
    let wanted = "Broken access let_in shop_report in postgres".to_owned();
    assert!(found.contains(&wanted), "{found:#?}");
    // Whom a database lets in is what was granted on it.
    let sql = "ALTER ROLE shop_report VALID UNTIL '2001-01-01';
        GRANT CONNECT ON DATABASE apart TO PUBLIC";
    shop.sql("postgres", sql).await;
    let found = amiss_at(&shop, Question::Access, ACCESS).await;
    let wanted = "Broken access let_in Ünïcode rôle in apart".to_owned();
    assert!(found.contains(&wanted), "{found:#?}");
    shop.close().await;
}

const STATISTICS: &[&str] = &["statistics"];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_planner_knew_it_knows_but_not_after_a_dump() {
    let shop = Shop::open().await;
    let sql = "CREATE TABLE two (a int, b int); INSERT INTO two SELECT n, n % 9
        FROM generate_series(1, 900) AS n; CREATE STATISTICS together ON a, b FROM two;
        CREATE INDEX of_sum ON two ((a + b)); ANALYZE two";
    shop.sql("postgres", sql).await;
    asked(&shop, Moment::Baseline, Question::Statistics).await;
    assert_eq!(amiss_at(&shop, Question::Statistics, STATISTICS).await, Vec::<String>::new());
    assert_eq!(held(&shop.judged(STATISTICS), "kept"), 1);
    shop.sql("postgres", "DELETE FROM pg_statistic_ext_data").await;
    let wanted = "Broken statistics no_statistics postgres statistics object public.together";
    assert_eq!(amiss_at(&shop, Question::Statistics, STATISTICS).await, [wanted]);
    let sql = "ANALYZE two; DELETE FROM pg_statistic WHERE starelid = 'of_sum'::regclass";
    shop.sql("postgres", sql).await;
    let wanted = "Broken statistics no_statistics postgres index public.of_sum";
    assert_eq!(amiss_at(&shop, Question::Statistics, STATISTICS).await, [wanted]);
    shop.sql("postgres", "ANALYZE two").await;
    shop.sql("postgres", "ALTER SYSTEM SET autovacuum = off").await;
    shop.sql("postgres", "SELECT pg_reload_conf()").await;
    let file = format!("{}/dump", shop.server.node.place(Place::Tablespaces));
    shop.client("pg_dump", &["-Fc", "-f", &file, "shop"], vec![]).await;
    shop.sql("postgres", "DROP DATABASE shop").await;
    shop.client("pg_restore", &["-C", "-e", "-d", "postgres", &file], vec![]).await;
    let found = amiss_at(&shop, Question::Statistics, STATISTICS).await;
    let wanted = "Broken statistics no_statistics shop table shop.orders".to_owned();
    assert!(shop.major() >= 18 || found.contains(&wanted), "{found:#?}");
    shop.sql("shop", "ANALYZE").await;
    assert_eq!(amiss_at(&shop, Question::Statistics, STATISTICS).await, Vec::<String>::new());
    shop.close().await;
}

const SIDE_EFFECTS: &[&str] = &["side_effects"];

/// Starts the server as a recovered one is started, with another setting beside it.
async fn isolated(shop: &Shop, setting: (&str, &str)) {
    shop.server.stop(shop.stage()).await.unwrap();
    let settings = [("archive_mode", "off"), ("max_logical_replication_workers", "0"), setting];
    shop.server.start(shop.stage(), &settings).await.unwrap();
    shop.server.await_ready(shop::LIMIT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_on_a_server_that_should_keep_to_itself_is_seen() {
    let shop = Shop::open().await;
    isolated(&shop, ("max_prepared_transactions", "2")).await;
    // The subscription would dial a publisher; the slot is made without one.
    let sql = "CREATE SUBSCRIPTION orders CONNECTION 'host=192.0.2.1 dbname=x' PUBLICATION p
        WITH (connect = false)";
    shop.sql("shop", sql).await;
    shop.sql("shop", "ALTER SUBSCRIPTION orders ENABLE").await;
    let sql = "BEGIN; CREATE TABLE paid (n int); PREPARE TRANSACTION 'paid'";
    shop.sql("shop", sql).await;
    asked(&shop, Moment::Baseline, Question::Activity).await;
    assert_eq!(amiss_at(&shop, Question::Activity, SIDE_EFFECTS).await, Vec::<String>::new());
    let quiet = shop.judged(SIDE_EFFECTS);
    let named = "expected: the subscription `orders in shop` is enabled, and has no worker";
    assert!(quiet.iter().any(|it| it.details.contains(&named.to_owned())), "{quiet:#?}");
    let login = pgrehearse::rig::Login {
        user: "postgres".to_owned(),
        password: shop.server.password.clone(),
        database: "shop".to_owned(),
        settings: vec![("application_name".to_owned(), "billing".to_owned())],
    };
    let stranger = shop.server.node.connect(&login).await.unwrap();
    shop.sql("shop", "ROLLBACK PREPARED 'paid'").await;
    let wanted = [
        "Broken side_effects prepared_lost 'paid' in shop",
        "Broken side_effects stranger postgres in shop as billing",
    ];
    assert_eq!(amiss_at(&shop, Question::Activity, SIDE_EFFECTS).await, wanted);
    drop(stranger);
    let file = "BEGIN; CREATE TABLE paid (n int); PREPARE TRANSACTION 'paid'";
    shop.sql("shop", file).await;
    assert_eq!(amiss_at(&shop, Question::Activity, SIDE_EFFECTS).await, Vec::<String>::new());
    shop.server.stop(shop.stage()).await.unwrap();
    let settings = [("archive_mode", "off"), ("max_prepared_transactions", "2")];
    shop.server.start(shop.stage(), &settings).await.unwrap();
    shop.server.await_ready(shop::LIMIT).await.unwrap();
    let wanted = "Broken side_effects not_isolated max_logical_replication_workers";
    assert_eq!(amiss_at(&shop, Question::Activity, SIDE_EFFECTS).await, [wanted]);
    // Somebody who takes the WAL of this server.
    rule(&shop, "local replication postgres trust").await;
    let (tool, node) = (shop.server.node.tool("pg_receivewal"), &shop.server.node);
    let (socket, into) = (node.place(Place::Socket), node.place(Place::Tablespaces));
    let argv = [&*tool, "-h", &socket, "-p", "5432", "-U", "postgres", "-D", &into];
    let log = format!("{into}/receiver.log");
    let command = pgrehearse::rig::Command::housekeeping("receive WAL", argv);
    let receiver = node.start(&command, &log).await.unwrap().to_string();
    let wanted = "Broken side_effects reaches_out walsender".to_owned();
    let mut found = vec![];
    for _ in 0..100 {
        found = amiss_at(&shop, Question::Activity, SIDE_EFFECTS).await;
        if found.contains(&wanted) {
            break;
        }
    }
    assert!(found.contains(&wanted), "{found:#?}");
    shop.run(&["kill", "--", &receiver], vec![]).await;
    shop.close().await;
}

const PAGES: &[&str] = &["pages"];

/// Everything that the check of the pages asks; the server is started again after it.
async fn pages_amiss(shop: &Shop) -> Vec<String> {
    shop.ask(Moment::Recovered, &[Question::Server, Question::Pages]).await;
    shop.server.stop(shop.stage()).await.unwrap();
    ask_files(shop.stage(), &shop.server, &shop.asker, &[Question::Checksums]).await.unwrap();
    shop.start().await;
    amiss(&shop.judged(PAGES))
}

/// The file of a relation, and the node's path to it.
async fn file_of(shop: &Shop, relation: &str) -> String {
    let sql = format!("SELECT pg_relation_filepath({relation})");
    format!("{}/{}", shop.server.node.place(Place::Data), shop.value("shop", &sql).await)
}

/// Writes a few bytes into a file of the stopped server, and starts it again.
async fn spoil(shop: &Shop, path: &str, seek: u64) {
    shop.server.stop(shop.stage()).await.unwrap();
    let (to, seek) = (format!("of={path}"), format!("seek={seek}"));
    let argv = ["dd", &to, "bs=1", &seek, "conv=notrunc", "status=none"];
    shop.run(&argv, b"spoiled!".to_vec()).await;
    shop.start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_healthy_shop_is_read_and_a_page_that_no_query_reads_is_seen() {
    let shop = Shop::open().await;
    assert_eq!(pages_amiss(&shop).await, Vec::<String>::new());
    let found = shop.judged(PAGES);
    assert_eq!((held(&found, "readable"), held(&found, "checksums")), (1, 1), "{found:#?}");
    // The free space map is read by no query.
    let map = file_of(&shop, "'pg_catalog.pg_proc'").await + "_fsm";
    spoil(&shop, &map, 5000).await;
    assert_eq!(pages_amiss(&shop).await, ["Broken pages bad_checksums "]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_value_and_a_catalogue_that_cannot_be_read_are_seen() {
    let shop = Shop::open().await;
    let sql = "CREATE TABLE long (n int, t text);
        ALTER TABLE long ALTER t SET STORAGE EXTERNAL;
        INSERT INTO long SELECT n, repeat('x', 9000) FROM generate_series(1, 9) AS n; CHECKPOINT";
    for statement in sql.split(';') {
        shop.sql("shop", statement).await;
    }
    let toast =
        "(SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'public.long'::regclass)";
    let long = file_of(&shop, toast).await;
    spoil(&shop, &long, 5000).await;
    let found = pages_amiss(&shop).await;
    for wanted in [
        "Broken pages page_unreadable shop public.long",
        "Broken pages page_unreadable shop long values of public.long",
        "Broken pages bad_checksums ",
    ] {
        assert!(found.contains(&wanted.to_owned()), "{found:#?}");
    }
    // A server that makes damaged pages empty must not get round it.
    shop.sql("postgres", "ALTER SYSTEM SET zero_damaged_pages = on").await;
    shop.sql("postgres", "SELECT pg_reload_conf()").await;
    let found = pages_amiss(&shop).await;
    assert!(found.iter().any(|line| line.contains("page_unreadable")), "{found:#?}");
    shop.sql("postgres", "ALTER SYSTEM RESET zero_damaged_pages").await;
    shop.sql("shop", "DROP TABLE long").await;
    let comments = file_of(&shop, "'pg_catalog.pg_description'").await;
    spoil(&shop, &comments, 5000).await;
    let found = pages_amiss(&shop).await;
    let wanted = "Broken pages page_unreadable shop pg_catalog.pg_description".to_owned();
    assert!(found.contains(&wanted), "{found:#?}");
    shop.close().await;
}
