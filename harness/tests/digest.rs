//! Fingerprints on a real server: what must alter them, and what must not.

#[expect(dead_code, reason = "these tests need only a part of it")]
mod shop;

use std::collections::{BTreeMap, BTreeSet};

use pgrehearse::drill::digest::{Contents, PINNED, fingerprint};
use pgrehearse::drill::{SUPERUSER, Server};
use pgrehearse::rig::{Login, Place, Session, SqlTrouble};
use pgrehearse_verdict::question::{Moment, Question, Table};
use shop::{LIMIT, Shop};

async fn pinned(server: &Server, database: &str) -> Box<dyn Session> {
    let login = Login {
        user: SUPERUSER.to_owned(),
        password: server.password.clone(),
        database: database.to_owned(),
        settings: PINNED.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    };
    server.node.connect(&login).await.unwrap()
}

async fn whole(session: &mut dyn Session, database: &str) -> Result<Table, SqlTrouble> {
    let contents = Contents::list(session).await?;
    fingerprint(&mut [session], &contents, database).await
}

async fn take(shop: &Shop, database: &str) -> BTreeMap<String, Vec<String>> {
    let mut session = pinned(&shop.server, database).await;
    let table = whole(&mut *session, database).await.unwrap();
    let row = |row: Vec<Option<String>>| {
        let mut row: Vec<String> = row.into_iter().map(Option::unwrap).collect();
        assert_eq!(row.remove(0), database);
        (row.remove(0), row)
    };
    table.rows.into_iter().map(row).collect()
}

/// The rows are written (name, a statement that alters, a statement that undoes it).
const ALTERATIONS: &[(&str, &str)] = &[
    ("UPDATE one SET n = n + 1 WHERE n = 2", "UPDATE one SET n = n - 1 WHERE n = 3"),
    ("INSERT INTO one (n) VALUES (9)", "DELETE FROM one WHERE n = 9"),
    ("UPDATE one SET words = '' WHERE n = 2", "UPDATE one SET words = NULL WHERE n = 2"),
    ("UPDATE one SET words = '\\N' WHERE n = 2", "UPDATE one SET words = NULL WHERE n = 2"),
    ("UPDATE one SET words = 'a ' WHERE n = 1", "UPDATE one SET words = 'a' WHERE n = 1"),
    ("UPDATE one SET words = 'A' WHERE n = 1", "UPDATE one SET words = 'a' WHERE n = 1"),
    ("UPDATE one SET exact = 1.50 WHERE n = 1", "UPDATE one SET exact = 1.5 WHERE n = 1"),
    ("UPDATE one SET exact = 'NaN' WHERE n = 1", "UPDATE one SET exact = 1.5 WHERE n = 1"),
    ("UPDATE one SET near = '-0' WHERE n = 1", "UPDATE one SET near = 0 WHERE n = 1"),
    ("UPDATE one SET near = 5e-324 WHERE n = 1", "UPDATE one SET near = 0 WHERE n = 1"),
    (
        "UPDATE one SET near = 0.30000000000000004 WHERE n = 2",
        "UPDATE one SET near = 0.3 WHERE n = 2",
    ),
    ("UPDATE one SET raw = '{ }' WHERE n = 1", "UPDATE one SET raw = '{}' WHERE n = 1"),
    ("UPDATE one SET tree = '1.0' WHERE n = 1", "UPDATE one SET tree = '1' WHERE n = 1"),
    (
        "UPDATE one SET moods = '{sad,ok}' WHERE n = 1",
        "UPDATE one SET moods = '{ok,sad}' WHERE n = 1",
    ),
    ("UPDATE one SET moods = '{}' WHERE n = 2", "UPDATE one SET moods = NULL WHERE n = 2"),
    ("UPDATE one SET place = '(,)' WHERE n = 2", "UPDATE one SET place = NULL WHERE n = 2"),
    ("UPDATE one SET place = '(1,\"\")' WHERE n = 1", "UPDATE one SET place = '(1,)' WHERE n = 1"),
    ("UPDATE one SET bytes = '\\x0000' WHERE n = 1", "UPDATE one SET bytes = '\\x00' WHERE n = 1"),
    (
        "UPDATE one SET moment = moment + interval '1 us' WHERE n = 1",
        "UPDATE one SET moment = moment - interval '1 us' WHERE n = 1",
    ),
    ("UPDATE one SET span = '24:00:00' WHERE n = 1", "UPDATE one SET span = '1 day' WHERE n = 1"),
    (
        "UPDATE one SET days = '[2024-01-01,]' WHERE n = 1",
        "UPDATE one SET days = '(,)' WHERE n = 1",
    ),
    (
        "UPDATE one SET numbers = '[0:0]={1}' WHERE n = 1",
        "UPDATE one SET numbers = '{1}' WHERE n = 1",
    ),
    (
        "UPDATE one SET wide = wide || 'x' WHERE n = 1",
        "UPDATE one SET wide = left(wide, -1) WHERE n = 1",
    ),
    // Twice the same row, and a pair of them: an exclusive-or would be blind to the pair.
    (
        "INSERT INTO twice VALUES (1)",
        "DELETE FROM twice WHERE ctid = (SELECT max(ctid) FROM twice)",
    ),
    ("UPDATE twice SET n = 6 WHERE n = 5", "UPDATE twice SET n = 5 WHERE n = 6"),
    ("INSERT INTO twice VALUES (2), (2)", "DELETE FROM twice WHERE n = 2"),
    // A value that moves from one column to the other leaves the texts the same.
    ("UPDATE pair SET a = 'ab', b = 'c'", "UPDATE pair SET a = 'a', b = 'bc'"),
    ("UPDATE pair SET a = NULL, b = 'a'", "UPDATE pair SET a = 'a', b = 'bc'"),
    ("ALTER TABLE pair RENAME a TO aa", "ALTER TABLE pair RENAME aa TO a"),
    // The table has a column of its own name: only that column would be hashed under an alias.
    ("UPDATE t SET other = 3 WHERE t = 1", "UPDATE t SET other = 2 WHERE t = 1"),
    ("INSERT INTO empty DEFAULT VALUES", "DELETE FROM empty"),
    ("SELECT lo_put(4242, 5000, 'x')", "SELECT lo_put(4242, 5000, '\\x00')"),
    (
        "SELECT lo_truncate(lo_open(4242, 131072), 9001)",
        "SELECT lo_truncate(lo_open(4242, 131072), 9000)",
    ),
    ("SELECT lo_create(4243)", "SELECT lo_unlink(4243)"),
];

const TABLES: &str = "
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE place AS (number int, street text);
CREATE TABLE one (n int, words text, exact numeric, near float8, raw json, tree jsonb,
  moods mood[], place place, bytes bytea, moment timestamptz, span interval, days daterange,
  numbers int[], wide text, doubled int GENERATED ALWAYS AS (n * 2) STORED);
INSERT INTO one (n, words, exact, near, raw, tree, moods, place, bytes, moment, span, days,
  numbers, wide)
VALUES (1, 'a', 1.5, 0, '{}', '1', '{ok,sad}', '(1,)', '\\x00', '2024-01-01 00:00:00+00', '1 day',
  '(,)', '{1}', (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 1000) AS i)),
  (2, NULL, NULL, 0.3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE twice (n int); INSERT INTO twice VALUES (1), (3), (5), (5);
CREATE TABLE pair (a text, b text); INSERT INTO pair VALUES ('a', 'bc');
CREATE TABLE t (t int, other int); INSERT INTO t VALUES (1, 2), (2, 2);
CREATE TABLE empty ();
SELECT lo_from_bytea(4242, '\\x0102'), lo_put(4242, 8999, '\\x00');";

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_one_row_alters_the_digest_and_undoing_it_restores_it() {
    let shop = Shop::empty().await;
    shop.sql("postgres", TABLES).await;
    let mut first = take(&shop, "postgres").await;
    for (alter, undo) in ALTERATIONS {
        shop.sql("postgres", alter).await;
        let altered = take(&shop, "postgres").await;
        let changed: Vec<_> =
            first.iter().filter(|(name, was)| altered.get(*name) != Some(was)).collect();
        assert_eq!(changed.len(), 1, "{alter}: {changed:?}");
        shop.sql("postgres", undo).await;
        let undone = take(&shop, "postgres").await;
        assert_eq!(undone, first, "{undo}");
        first = undone;
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contents_and_objects_are_the_same_after_a_dump_and_its_restore() {
    let mut shop = Shop::open().await;
    // What a dump makes anew has other numbers in the catalogues; nothing else may differ.
    shop.asker.numbers = false;
    // Other numbers for every type and table, rows in another order.
    shop.sql("postgres", "CREATE DATABASE other TEMPLATE template0").await;
    shop.sql("other", "CREATE TABLE before (n int); DROP TABLE before").await;
    let archive = format!("{}/shop.dump", shop.server.node.place(Place::Scratch));
    shop.client("pg_dump", &["-Fc", "-Z0", "-f", &archive, "shop"], vec![]).await;
    shop.client("pg_restore", &["--exit-on-error", "-d", "other", &archive], vec![]).await;
    shop.sql("postgres", "ALTER DATABASE shop SET bytea_output = 'escape'").await;
    shop.sql("postgres", "ALTER DATABASE other SET timezone = 'Asia/Kathmandu'").await;
    shop.sql("postgres", "ALTER DATABASE other SET extra_float_digits = -5").await;
    shop.sql("postgres", "ALTER DATABASE other SET intervalstyle = 'iso_8601'").await;
    shop.sql("postgres", "ALTER DATABASE other SET datestyle = 'German'").await;
    shop.sql("postgres", "ALTER ROLE postgres SET client_encoding = 'LATIN1'").await;

    let (one, other) = (take(&shop, "shop").await, take(&shop, "other").await);
    assert!(one.len() > 15, "{one:?}");
    for (relation, was) in &one {
        assert_eq!(other.get(relation), Some(was), "{relation}");
    }
    assert_eq!(one.len(), other.len());

    let inventory = shop.table(Moment::Baseline, Question::Inventory).await;
    let (one, other) = (lines(&inventory, "shop"), lines(&inventory, "other"));
    assert!(one.len() > 500);
    assert_eq!(one.symmetric_difference(&other).collect::<Vec<_>>(), Vec::<&&[_]>::new());
    shop.close().await;
}

fn lines<'a>(table: &'a Table, database: &str) -> BTreeSet<&'a [Option<String>]> {
    let rows = table.rows.iter().filter(|row| row[0].as_deref() == Some(database));
    rows.map(|row| &row[1..]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relation_that_cannot_be_read_refuses_the_whole_and_is_named() {
    let shop = Shop::empty().await;
    shop.sql("postgres", "CREATE TABLE fine (n int); CREATE TABLE \"held, \"\"up\" (n int)").await;
    let mut holder = shop.session("postgres").await;
    holder.query("BEGIN; LOCK TABLE \"held, \"\"up\"", LIMIT).await.unwrap();
    let mut session = pinned(&shop.server, "postgres").await;
    session.query("SET lock_timeout = 100", LIMIT).await.unwrap();
    let refused: SqlTrouble = whole(&mut *session, "postgres").await.unwrap_err();
    assert_eq!(refused.code.as_deref(), Some("55P03"));
    assert!(refused.said.contains(r#"`public."held, ""up"`"#), "{}", refused.said);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_sessions_in_one_snapshot_find_what_one_finds_whatever_commits_meanwhile() {
    let shop = Shop::empty().await;
    let sql = "CREATE TABLE big AS SELECT i, repeat('x', 300) AS filler
        FROM generate_series(1, 60000) AS i;
        DELETE FROM big WHERE i % 3 = 0; CREATE TABLE small AS SELECT 1 AS n";
    shop.sql("postgres", sql).await;
    let before = take(&shop, "postgres").await;
    let mut first = pinned(&shop.server, "postgres").await;
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let export = format!("{begin}; SELECT pg_export_snapshot()");
    let exported = first.query(&export, LIMIT).await.unwrap();
    let snapshot = exported[1].rows[0][0].clone().unwrap();
    let mut others = vec![];
    for _ in 0..2 {
        let mut other = pinned(&shop.server, "postgres").await;
        let import = format!("{begin}; SET TRANSACTION SNAPSHOT '{snapshot}'");
        other.query(&import, LIMIT).await.unwrap();
        others.push(other);
    }
    let contents = Contents::list(&mut *first).await.unwrap();
    shop.sql("postgres", "INSERT INTO big SELECT 0, 'new' FROM generate_series(1, 9000)").await;
    shop.sql("postgres", "UPDATE big SET i = -i WHERE i % 2 = 0").await;
    let mut sessions: Vec<&mut dyn Session> = vec![&mut *first];
    for other in &mut others {
        sessions.push(&mut **other);
    }
    let found = fingerprint(&mut sessions, &contents, "postgres").await.unwrap();
    let big = &before["public.big"];
    assert_eq!(big[0], "40000");
    let digests: Vec<_> = found.rows.iter().map(|row| (&row[1], &row[2], &row[3])).collect();
    for (name, was) in &before {
        let [rows, digest] = [&was[0], &was[1]].map(|text| Some(text.clone()));
        assert!(digests.contains(&(&Some(name.clone()), &rows, &digest)), "{name}: {found:?}");
    }
    assert_ne!(take(&shop, "postgres").await["public.big"], *big);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_not_filled_and_a_table_that_is_not_logged_say_so() {
    let shop = Shop::empty().await;
    let sql = "CREATE MATERIALIZED VIEW later AS SELECT 1 AS n WITH NO DATA;
        CREATE UNLOGGED TABLE light (n int); CREATE TABLE whole (n int)";
    shop.sql("postgres", sql).await;
    let found = take(&shop, "postgres").await;
    let shape = |name: &str| found[name][2].clone();
    assert_eq!(shape("public.later"), "not populated (n integer)");
    assert_eq!(shape("public.light"), "unlogged (n integer)");
    assert_eq!(shape("public.whole"), "(n integer)");
    assert!(!found.contains_key("pg_largeobject"));
    shop.sql("postgres", "REFRESH MATERIALIZED VIEW later").await;
    assert_ne!(take(&shop, "postgres").await["public.later"], found["public.later"]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_gives_the_same_shop_and_another_seed_another() {
    let (one, same, other) =
        (Shop::seeded("7").await, Shop::seeded("7").await, Shop::seeded("8").await);
    let first = take(&one, "shop").await;
    assert_eq!(take(&same, "shop").await, first);
    let another = take(&other, "shop").await;
    for relation in ["shop.customers", "shop.documents", "shop.order_lines", "pg_largeobject"] {
        assert_ne!(another[relation], first[relation], "{relation}");
    }
    assert_eq!(another["shop.customers"][0], "2000");
    for shop in [one, same, other] {
        shop.close().await;
    }
}
