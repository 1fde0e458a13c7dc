//! What is seen of damaged indexes on a real server, and how it is judged.

#[expect(dead_code, reason = "these tests need only a part of it")]
mod shop;

use std::collections::BTreeMap;

use pgrehearse::plan::{Ground, lower};
use pgrehearse::rig::Place;
use pgrehearse::scenario::read;
use pgrehearse_verdict::case::{Case, Record};
use pgrehearse_verdict::check::Spec;
use pgrehearse_verdict::finding::{Finding, Status};
use pgrehearse_verdict::journal::Scope;
use pgrehearse_verdict::ledger::LedgerError;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table};
use shop::Shop;

/// Bytes of a page.
const PAGE: usize = 8192;

/// The inventory of a source, kept for later.
async fn baseline(shop: &Shop) {
    shop.table(Moment::Baseline, Question::Inventory).await;
}

/// Asks the server as a recovered one, and judges its indexes against the baseline.
async fn judged(shop: &Shop) -> (Table, Vec<Finding>) {
    let asked = [Question::Server, Question::Indexes];
    let answers = shop.ask(Moment::Recovered, &asked).await;
    let table = match &answers[1] {
        Answer::Refused(said) => panic!("refused: {said}"),
        answer => shop.rows(answer),
    };
    let ground = Ground {
        rig: "local",
        majors: vec![shop.major()],
        default_major: shop.major(),
        seed: 7,
        fixtures_dir: "../fixtures".into(),
    };
    let scenario = read("../scenarios/dropped-table.yaml".as_ref()).unwrap();
    let plan = lower(&scenario, &ground).unwrap().remove(0);
    let lines = shop.journal();
    let mut answers = BTreeMap::new();
    for line in &lines {
        if let pgrehearse_verdict::journal::Event::Answered { answer, .. } = &line.event
            && let Answer::Stored { sha256, .. } = answer
        {
            answers.insert(sha256.clone(), shop.rows(answer));
        }
    }
    let (brief, brief_sha256) = (plan.brief, String::new());
    let ledger = Err(LedgerError::Missing);
    let record = Record { brief, brief_sha256, lines, ledger, answers };
    let spec = Spec::standard().into_iter().find(|spec| spec.name() == "indexes").unwrap();
    // Here the same server stands for the source and for what came back.
    (table, spec.judge(&Case { record: &record, scope: &Scope::Source }))
}

/// The things found broken, each with its code.
fn broken(found: &[Finding]) -> Vec<(&str, &str)> {
    let broken = found.iter().filter(|finding| finding.status == Status::Broken);
    broken.map(|finding| (&*finding.subject, &*finding.code)).collect()
}

/// The file of a relation.
async fn file(shop: &Shop, database: &str, relation: &str) -> String {
    let sql = format!("SELECT pg_relation_filepath('{relation}')");
    let path = shop.value(database, &sql).await;
    format!("{}/{path}", shop.server.node.place(Place::Data))
}

/// Changes a file of the server while it is down.
async fn edit(shop: &Shop, path: &str, edit: impl FnOnce(&mut Vec<u8>)) {
    shop.server.stop(shop.stage()).await.unwrap();
    let mut bytes = std::fs::read(path).unwrap();
    edit(&mut bytes);
    std::fs::write(path, bytes).unwrap();
    shop.start().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_shop_holds_and_nothing_of_the_look_is_left() {
    let shop = Shop::open().await;
    let sql = "CREATE INDEX never_used ON shop.orders_other (total);
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'never_used'::regclass;
        CREATE INDEX never_filled ON shop.sales_never_filled (one);
        CREATE TABLE shop.bare (a int, b int[]); CREATE INDEX ON shop.bare USING hash (a);
        CREATE INDEX ON shop.bare USING gin (b); CREATE INDEX ON shop.bare USING brin (a);";
    shop.sql("shop", &format!("SET search_path = shop; {sql}")).await;
    baseline(&shop).await;
    let (table, found) = judged(&shop).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].status, &*found[0].code), (Status::Held, "whole"), "{found:#?}");
    let looks = |name: &str| -> Vec<&str> {
        let named = table.rows.iter().filter(|row| row[1].as_deref() == Some(name));
        named.map(|row| row[2].as_deref().unwrap()).collect()
    };
    assert_eq!(looks("shop.never_used"), ["unused"]);
    assert_eq!(looks("shop.never_filled"), ["unfilled"]);
    assert_eq!(looks("shop.customers_email"), ["structure", "count"]);
    assert_eq!(looks("shop.carts_pkey"), ["structure", "count"]);
    let databases = "SELECT count(*) FROM pg_database WHERE datallowconn";
    let databases = shop.value("postgres", databases).await.parse().unwrap();
    assert_eq!(looks("pg_catalog.pg_class_oid_index"), vec!["structure"; databases]);
    for name in ["customers_name_alike", "products_title", "readings_taken", "customers_notes"] {
        assert_eq!(looks(&format!("shop.{name}")), ["count"]);
    }
    assert_eq!(looks("shop.customers"), ["heap", "visibility"]);
    let sql = "SELECT (SELECT count(*) FROM pg_extension WHERE extname = 'amcheck')
        + (SELECT count(*) FROM pg_namespace WHERE nspname = 'pgrehearse_amcheck')
        + (SELECT count(*) FROM pg_index WHERE NOT indisvalid)";
    assert_eq!(shop.value("shop", sql).await, "1");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_never_looked_at() {
    let shop = Shop::empty().await;
    for moment in [Moment::Baseline, Moment::Mark("m".to_owned()), Moment::Restarted] {
        let answers = shop.ask(moment, &[Question::Indexes]).await;
        assert!(
            matches!(&answers[0], Answer::Refused(said) if said.contains("not looked at")),
            "{answers:?}"
        );
    }
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zeroed_page_of_an_index_is_corrupt_although_every_row_is_there() {
    let shop = Shop::empty().await;
    let sql = "CREATE TABLE rows (n int PRIMARY KEY, t text UNIQUE);
        INSERT INTO rows SELECT n, 'text ' || n FROM generate_series(1, 20000) AS n; CHECKPOINT";
    shop.sql("postgres", sql).await;
    baseline(&shop).await;
    let path = file(&shop, "postgres", "rows_pkey").await;
    edit(&shop, &path, |bytes| bytes[5 * PAGE..6 * PAGE].fill(0)).await;
    let (_, found) = judged(&shop).await;
    let broken = broken(&found);
    assert!(broken.contains(&("postgres public.rows_pkey", "index_corrupt")), "{found:#?}");
    assert!(broken.iter().all(|(name, _)| name.ends_with("rows_pkey")), "{found:#?}");
    shop.close().await;
}

/// Every kind of index, the way it is made, and what is said of it when it does not hear of some
/// of the rows.
const DEAF: &[(&str, &str)] = &[
    ("btree (n)", "index_corrupt"),
    ("btree ((n + 1))", "index_corrupt"),
    ("btree (n) WHERE n > 10", "index_corrupt"),
    ("btree (t COLLATE \"C\" text_pattern_ops)", "index_corrupt"),
    ("hash (n)", "index_disagrees"),
    ("hash (lower(t))", "index_disagrees"),
    ("gin (a)", "index_disagrees"),
    ("gin (j)", "index_disagrees"),
    ("gin (j jsonb_path_ops)", "index_disagrees"),
    ("gin (to_tsvector('simple', t))", "index_disagrees"),
    ("gist (r)", "index_disagrees"),
    ("gist (p) WHERE n > 10", "index_disagrees"),
    ("spgist (t)", "index_disagrees"),
    ("spgist (p)", "index_disagrees"),
    ("brin (n)", "index_disagrees"),
    ("brin (t)", "index_disagrees"),
    ("brin (n int4_bloom_ops)", "index_disagrees"),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_did_not_hear_of_a_change_does_not_agree_with_its_table() {
    let shop = Shop::empty().await;
    // The old rows leave room on pages that a BRIN index has summed up; the new ones fill it.
    let insert = |from: u32, to: u32| {
        format!(
            "INSERT INTO rows SELECT n, CASE WHEN n < 9999 THEN 'text ' ELSE 'zeal ' END || n,
             array[n], jsonb_build_object('n', n),
             int4range(n, n + 5), point(n, n) FROM generate_series({from}, {to}) AS n;"
        )
    };
    let mut sql = "CREATE TABLE rows (n int, t text, a int[], j jsonb, r int4range, p point)
        WITH (autovacuum_enabled = off);"
        .to_owned();
    sql.push_str(&insert(1, 3000));
    for (number, (how, _)) in DEAF.iter().enumerate() {
        sql.push_str(&format!("CREATE INDEX deaf_{number} ON rows USING {how};"));
    }
    shop.sql("postgres", &sql).await;
    shop.sql("postgres", "DELETE FROM rows WHERE n <= 1500").await;
    shop.sql("postgres", "VACUUM rows").await;
    baseline(&shop).await;
    let (_, found) = judged(&shop).await;
    assert!(found.iter().all(|finding| finding.status == Status::Held), "{found:#?}");

    let ready = |ready: bool| {
        format!(
            "UPDATE pg_index SET indisready = {ready}, indisvalid = {ready}
             WHERE indrelid = 'rows'::regclass"
        )
    };
    shop.sql("postgres", &ready(false)).await;
    shop.sql("postgres", &insert(700_001, 701_400)).await;
    shop.sql("postgres", &ready(true)).await;
    let (_, found) = judged(&shop).await;
    let broken = broken(&found);
    for (number, (how, code)) in DEAF.iter().enumerate() {
        let name = format!("postgres public.deaf_{number}");
        assert!(broken.contains(&(&name, code)), "{how}: {found:#?}");
    }
    shop.close().await;
}

/// A map of another moment has the right checksum on each page, and no count shows it: the table
/// has no index that would be scanned alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_visibility_map_of_another_moment_is_seen() {
    let shop = Shop::empty().await;
    let sql = "CREATE TABLE rows (n int) WITH (autovacuum_enabled = off);
        INSERT INTO rows SELECT generate_series(1, 2000)";
    shop.sql("postgres", sql).await;
    shop.sql("postgres", "VACUUM (FREEZE) rows").await;
    baseline(&shop).await;
    let (table, found) = judged(&shop).await;
    assert!(found.iter().all(|finding| finding.status == Status::Held), "{found:#?}");
    let looked = |name: &str| {
        let mut rows = table.rows.iter();
        rows.any(|row| row[1].as_deref() == Some(name) && row[2].as_deref() == Some("visibility"))
    };
    assert!(looked("public.rows") && looked("pg_catalog.pg_class"), "{table:?}");
    shop.sql("postgres", "CHECKPOINT").await;
    let path = format!("{}_vm", file(&shop, "postgres", "rows").await);
    let old = std::fs::read(&path).unwrap();
    shop.sql("postgres", "DELETE FROM rows WHERE n <= 10; UPDATE rows SET n = 0 WHERE n = 2000")
        .await;
    edit(&shop, &path, |bytes| *bytes = old).await;
    let (_, found) = judged(&shop).await;
    assert_eq!(broken(&found), [("postgres public.rows", "map_disagrees")], "{found:#?}");
    let left = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_visibility'";
    assert_eq!(shop.value("postgres", left).await, "0");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_seen_where_pages_have_no_checksums() {
    let shop = Shop::empty().await;
    let sql = "CREATE TABLE torn (n int); INSERT INTO torn SELECT generate_series(1, 100);
        CREATE TABLE sound (n int); CHECKPOINT";
    shop.sql("postgres", sql).await;
    baseline(&shop).await;
    let path = file(&shop, "postgres", "torn").await;
    shop.server.stop(shop.stage()).await.unwrap();
    let tool = shop.server.node.tool("pg_checksums");
    let data = shop.server.node.place(Place::Data);
    shop.run(&[&tool, "--disable", "--no-sync", "-D", &data], vec![]).await;
    shop.start().await;
    let (table, found) = judged(&shop).await;
    assert!(found.iter().all(|finding| finding.status == Status::Held), "{found:#?}");
    assert!(table.rows.iter().any(|row| row[1].as_deref() == Some("public.sound")));
    // The first row: it was deleted by a transaction of the far future.
    edit(&shop, &path, |bytes| {
        let at = PAGE - 32;
        bytes[at + 4..at + 8].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[at + 21] &= !0x08;
    })
    .await;
    let (_, found) = judged(&shop).await;
    assert_eq!(broken(&found), [("postgres public.torn", "heap_corrupt")], "{found:#?}");
    shop.close().await;
}
