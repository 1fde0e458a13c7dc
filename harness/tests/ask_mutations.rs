//! Single changes to the shop, and which answers must tell them: those, and no other.

#[expect(dead_code, reason = "these tests need only a part of it")]
mod shop;

use std::collections::BTreeSet;
use std::fmt::Write;

use pgrehearse_testkit::full;
use pgrehearse_verdict::question::{Moment, Question, Table};
use shop::{LIMIT, Shop};

/// Changes that are made before it is asked what came of them.
const TOGETHER: usize = 4;
const ASKED: [(char, Question); 4] = [
    ('F', Question::Fingerprint),
    ('I', Question::Inventory),
    ('G', Question::Globals),
    ('S', Question::Sequences),
];

/// What changes nothing that a restore must bring back.
const NOTHING: &[(&str, &str)] = &[
    ("", "SELECT 1"),
    ("", "ANALYZE"),
    ("", "VACUUM FULL shop.products"),
    ("", "CLUSTER shop.products USING products_sku"),
    ("", "REINDEX TABLE shop.customers"),
    ("", "VACUUM shop.customers"),
    ("", "CREATE TEMPORARY TABLE fleeting (n serial)"),
    ("", "BEGIN; DROP TABLE shop.edges; ROLLBACK"),
];

/// Contents.
const CONTENTS: &[(&str, &str)] = &[
    ("F", "UPDATE shop.edges SET exact = 1.500 WHERE id = 5"),
    ("F", "UPDATE shop.edges SET words = '' WHERE id = 6"),
    ("F", "DELETE FROM shop.readings WHERE ctid = '(0,1)'"),
    ("F", "INSERT INTO shop.readings SELECT * FROM shop.readings LIMIT 1"),
    ("F", "UPDATE shop.orders SET total = total + 1 WHERE id = 5"),
    ("F", "REFRESH MATERIALIZED VIEW shop.sales_by_month"),
    ("F", "UPDATE shop.documents SET body = body || 'x' WHERE id = 7"),
    ("F", "SELECT lo_put(70005, 100, 'x')"),
    ("FI", "SELECT lo_unlink(70003)"),
    ("FI", "SELECT lo_create(70099)"),
    ("S", "SELECT setval('shop.orders_id_seq', 20000)"),
    ("S", "SELECT setval('shop.products_id_seq', 1, false)"),
    ("FS", "UPDATE shop.order_lines SET id = 90000, amount = 1 WHERE id = 20000"),
    ("FI", "CREATE TABLE shop.more (n int)"),
    ("FI", "ALTER TABLE shop.settings RENAME COLUMN value TO worth"),
    ("FI", "ALTER TABLE shop.order_lines ALTER COLUMN amount TYPE bigint"),
    ("FI", "ALTER TABLE shop.more SET UNLOGGED"),
    ("FI", "ALTER TYPE shop.state RENAME VALUE 'sent' TO 'gone'"),
    ("FI", "REFRESH MATERIALIZED VIEW shop.sales_never_filled"),
];

/// Objects: gone, new, or not as they were.
const OBJECTS: &[(&str, &str)] = &[
    ("I", "DROP INDEX shop.customers_joined"),
    (
        "I",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop.products_span'::regclass",
    ),
    ("I", "ALTER INDEX shop.readings_taken SET (pages_per_range = 32)"),
    ("I", "ALTER INDEX audit.cold_year SET TABLESPACE pg_default"),
    ("I", "ALTER TABLE shop.products SET WITHOUT CLUSTER"),
    ("I", "ALTER TABLE shop.order_lines DROP CONSTRAINT order_lines_order_fkey"),
    ("I", "ALTER TABLE shop.order_lines ADD CONSTRAINT cheap CHECK (price < 1000)"),
    ("I", "ALTER TABLE shop.documents ALTER CONSTRAINT documents_customer_fkey DEFERRABLE"),
    ("I", "ALTER TABLE shop.bookings DROP CONSTRAINT bookings_apart"),
    ("I", "ALTER TABLE shop.customers DISABLE TRIGGER customers_always"),
    ("I", "ALTER TABLE shop.order_lines DISABLE TRIGGER ALL"),
    ("I", "DROP TRIGGER products_priced ON shop.products"),
    ("I", "CREATE OR REPLACE RULE remarks_kept AS ON DELETE TO shop.remarks DO NOTHING"),
    ("I", "DROP POLICY customers_for_reports ON shop.customers"),
    ("I", "ALTER POLICY customers_by_owner ON shop.customers TO shop_app"),
    ("I", "ALTER TABLE audit.trail DISABLE ROW LEVEL SECURITY"),
    ("I", "ALTER TABLE shop.customers NO FORCE ROW LEVEL SECURITY"),
    ("I", "ALTER TABLE shop.customers ALTER COLUMN tags DROP DEFAULT"),
    ("I", "ALTER TABLE shop.customers ALTER COLUMN name DROP NOT NULL"),
    ("I", "ALTER TABLE shop.products ALTER COLUMN attributes SET STATISTICS 7"),
    ("I", "ALTER TABLE shop.products ALTER COLUMN picture SET STORAGE EXTENDED"),
    ("I", "ALTER TABLE shop.settings ALTER COLUMN worth SET COMPRESSION default"),
    ("I", "ALTER TABLE shop.products ALTER COLUMN id SET GENERATED ALWAYS"),
    ("I", "ALTER TABLE shop.products ALTER COLUMN net DROP EXPRESSION"),
    ("I", "ALTER TABLE shop.order_lines RESET (fillfactor)"),
    ("I", "ALTER TABLE shop.documents SET (toast.autovacuum_enabled = off)"),
    ("I", "ALTER TABLE shop.documents REPLICA IDENTITY DEFAULT"),
    ("I", "ALTER TABLE shop.orders DETACH PARTITION shop.orders_2022"),
    ("I", "ALTER SEQUENCE shop.order_lines_id_seq CACHE 20"),
    ("I", "ALTER SEQUENCE shop.order_lines_id_seq OWNED BY NONE"),
    ("I", "ALTER VIEW shop.order_totals RESET (security_barrier)"),
    (
        "I",
        "CREATE OR REPLACE VIEW shop.remarks AS SELECT id, notes FROM shop.customers WHERE id > 0",
    ),
    ("I", "ALTER VIEW shop.cheap_products ALTER COLUMN price DROP DEFAULT"),
    (
        "I",
        "CREATE OR REPLACE FUNCTION shop.say_nothing() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN RETURN OLD; END$$",
    ),
    ("I", "ALTER FUNCTION shop.tenant_count SECURITY INVOKER"),
    ("I", "ALTER FUNCTION shop.tenant_count RESET search_path"),
    ("I", "DROP AGGREGATE shop.longest_of(text)"),
    ("I", "ALTER TYPE shop.state ADD VALUE 'lost'"),
    ("I", "ALTER DOMAIN shop.percentage DROP CONSTRAINT percentage_check"),
    ("I", "ALTER DOMAIN shop.percentage SET DEFAULT 1"),
    ("I", "DROP CAST (shop.address AS text)"),
    ("I", "ALTER OPERATOR shop.=~= (numeric, numeric) SET (RESTRICT = eqsel)"),
    ("I", "ALTER OPERATOR FAMILY shop.by_length USING btree ADD OPERATOR 2 <= (text, text)"),
    ("I", "ALTER STATISTICS shop.products_rounded SET STATISTICS 12"),
    ("I", "DROP STATISTICS shop.orders_customer_state"),
    ("I", "ALTER TEXT SEARCH CONFIGURATION shop.plain DROP MAPPING FOR word"),
    ("I", "ALTER TEXT SEARCH DICTIONARY shop.short_words (Accept = false)"),
    ("I", "DROP CONVERSION shop.latin1_twice"),
    ("I", "ALTER EVENT TRIGGER hear_drop ENABLE"),
    ("I", "ALTER EXTENSION pg_trgm SET SCHEMA public"),
    ("I", "ALTER FUNCTION shop.net DEPENDS ON EXTENSION citext"),
    ("I", "ALTER USER MAPPING FOR shop_app SERVER supplier OPTIONS (SET password 'another')"),
    ("I", "ALTER SERVER supplier OPTIONS (SET port '2')"),
    ("I", "DROP USER MAPPING FOR PUBLIC SERVER supplier"),
    ("I", "ALTER PUBLICATION shop_changes SET (publish = 'insert, delete')"),
    ("I", "ALTER PUBLICATION shop_changes DROP TABLE shop.documents"),
    ("I", "ALTER PUBLICATION audit_changes DROP TABLES IN SCHEMA audit"),
    (
        "I",
        "CREATE SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=1 password=canary' PUBLICATION p
        WITH (connect = false, slot_name = NONE, enabled = false)",
    ),
    ("I", "ALTER SUBSCRIPTION feed CONNECTION 'host=127.0.0.1 port=2'"),
    ("I", "DROP SUBSCRIPTION feed"),
    ("I", "CREATE TRUSTED LANGUAGE shop_language HANDLER plpgsql_call_handler"),
    (
        "I",
        "CREATE FUNCTION shop.from_hstore(internal) RETURNS internal LANGUAGE internal
        IMMUTABLE STRICT AS 'textin'; CREATE TRANSFORM FOR ext.hstore LANGUAGE shop_language
        (FROM SQL WITH FUNCTION shop.from_hstore(internal))",
    ),
    ("I", "DROP TRANSFORM FOR ext.hstore LANGUAGE shop_language"),
];

/// Who may do what, and what is said about it.
const PRIVILEGES: &[(&str, &str)] = &[
    ("I", "COMMENT ON TABLE shop.customers IS NULL"),
    ("I", "COMMENT ON COLUMN shop.customers.tenant IS 'whose else'"),
    ("I", "COMMENT ON LARGE OBJECT 70001 IS 'another contract'"),
    ("I", "ALTER TABLE shop.documents OWNER TO shop_app"),
    ("I", "ALTER SCHEMA audit OWNER TO postgres"),
    ("I", "ALTER SCHEMA public OWNER TO shop_owner"),
    ("I", "ALTER FUNCTION pg_catalog.pg_sleep(double precision) OWNER TO shop_owner"),
    ("I", "ALTER LARGE OBJECT 70002 OWNER TO shop_app"),
    ("I", "GRANT SELECT ON LARGE OBJECT 70004 TO shop_report"),
    ("I", "REVOKE SELECT ON shop.products FROM shop_readers"),
    ("I", "GRANT SELECT ON shop.products TO shop_report WITH GRANT OPTION"),
    ("I", "REVOKE UPDATE (attachment) ON shop.documents FROM shop_app"),
    ("I", "REVOKE USAGE ON SEQUENCE shop.order_lines_id_seq FROM shop_writers"),
    ("I", "GRANT USAGE ON SCHEMA public TO PUBLIC"),
    ("I", "GRANT EXECUTE ON FUNCTION shop.say_nothing TO shop_app"),
    ("I", "GRANT USAGE ON TYPE shop.address TO PUBLIC"),
    ("I", "REVOKE USAGE ON FOREIGN SERVER supplier FROM shop_app"),
    ("I", "GRANT EXECUTE ON FUNCTION pg_catalog.pg_relation_size(regclass, text) TO PUBLIC"),
    ("I", "REVOKE SELECT ON pg_catalog.pg_class FROM PUBLIC"),
    ("I", "REVOKE EXECUTE ON FUNCTION ext.hstore_to_json(ext.hstore) FROM PUBLIC"),
    (
        "I",
        "ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner IN SCHEMA shop
        REVOKE SELECT ON TABLES FROM shop_readers",
    ),
];

/// What belongs to the cluster.
const GLOBALS: &[(&str, &str)] = &[
    ("G", "ALTER ROLE shop_app SET statement_timeout = '31s'"),
    ("G", "ALTER ROLE shop_app IN DATABASE shop RESET search_path"),
    ("G", "ALTER DATABASE shop SET shop.tenant = '1'"),
    ("G", "ALTER ROLE ALL RESET lock_timeout"),
    ("G", "ALTER ROLE shop_app PASSWORD 'another'"),
    ("G", "ALTER ROLE shop_report PASSWORD NULL"),
    ("G", "ALTER ROLE shop_intern VALID UNTIL 'infinity'"),
    ("G", "ALTER ROLE shop_app CONNECTION LIMIT 51"),
    ("G", "ALTER ROLE shop_auditor NOBYPASSRLS"),
    ("G", "CREATE ROLE phantom"),
    ("G", "REVOKE shop_readers FROM shop_report"),
    ("G", "REVOKE ADMIN OPTION FOR shop_readers FROM shop_app"),
    ("G", "GRANT pg_monitor TO shop_intern"),
    ("G", "GRANT CONNECT ON DATABASE shop TO PUBLIC"),
    ("G", "ALTER DATABASE shop CONNECTION LIMIT 1"),
    ("G", "ALTER DATABASE shop OWNER TO postgres"),
    ("G", "COMMENT ON DATABASE shop IS NULL"),
    ("G", "COMMENT ON ROLE shop_owner IS 'another'"),
    ("G", "ALTER TABLESPACE shop_cold OWNER TO postgres"),
    ("G", "ALTER TABLESPACE shop_cold RESET (random_page_cost)"),
    ("G", "REVOKE CREATE ON TABLESPACE shop_cold FROM shop_writers"),
    ("G", "REVOKE SET ON PARAMETER log_min_duration_statement FROM shop_report"),
    ("G", "SELECT pg_create_physical_replication_slot('slot')"),
    ("G", "SELECT pg_replication_origin_create('origin')"),
    // A new database brings its own inventory, the schema `public` if nothing else.
    ("GI", "CREATE DATABASE more"),
];

/// What the server denies itself, though the objects are there.
const FLAGS: &[(&str, &str)] = &[
    ("I", "UPDATE pg_class SET relhastriggers = false WHERE relname = 'customers'"),
    ("I", "UPDATE pg_class SET relhasindex = false WHERE relname = 'customers'"),
    ("I", "UPDATE pg_class SET relhasrules = false WHERE relname = 'remarks'"),
    ("IS", "UPDATE pg_class SET relhassubclass = false WHERE relname = 'orders'"),
    ("I", "UPDATE pg_class SET relchecks = relchecks + 1 WHERE relname = 'customers'"),
    (
        "I",
        "UPDATE pg_attribute SET atthasdef = false
        WHERE attrelid = 'audit.trail'::regclass AND attname = 'at'",
    ),
    (
        "I",
        "CREATE OR REPLACE FUNCTION ext.hstore_to_json(ext.hstore) RETURNS json
        LANGUAGE sql IMMUTABLE AS 'SELECT NULL::json'",
    ),
];

/// What only a copy of the files is held to.
const NUMBERS: &[(&str, &str)] = &[
    ("N", "DELETE FROM pg_depend WHERE refobjid = 'shop.customers'::regclass AND deptype = 'n'"),
    ("N", "DELETE FROM pg_shdepend WHERE objid = 'shop.customers'::regclass"),
    ("N", "UPDATE pg_trigger SET tginitdeferred = true WHERE tgname = 'products_noted'"),
];

/// The answers, that to the inventory in two: its objects, and the lines that hold numbers.
async fn answers(shop: &Shop) -> Vec<Table> {
    let questions: Vec<Question> = ASKED.iter().map(|(_, question)| question.clone()).collect();
    let answers = shop.ask(Moment::Baseline, &questions).await;
    let mut tables: Vec<Table> = answers.iter().map(|answer| shop.rows(answer)).collect();
    let at = ASKED.iter().position(|(letter, _)| *letter == 'I').expect("it is asked");
    let of_numbers = |row: &Vec<Option<String>>| row[1].as_deref() == Some("catalogue");
    let (numbers, objects) = tables[at].rows.drain(..).partition(of_numbers);
    tables[at].rows = objects;
    tables.push(Table { rows: numbers, ..Table::default() });
    tables
}

/// Makes each change in turn; what is told otherwise than wanted by the answers that bear one of
/// `letters`, a line each. Without the full matrix a few are made before it is asked what they
/// changed together.
async fn told(shop: &Shop, changes: &[(&str, &str)], letters: &str) -> String {
    let mut wrong = String::new();
    let mut before = answers(shop).await;
    for few in changes.chunks(if full() { 1 } else { TOGETHER }) {
        for (_, sql) in few {
            if let Err(trouble) = shop.session("shop").await.query(sql, LIMIT).await {
                writeln!(wrong, "{sql}: {trouble}").unwrap();
            }
        }
        let wanted: String = few.iter().map(|(wanted, _)| *wanted).collect();
        let sql = few.iter().map(|(_, sql)| *sql).collect::<Vec<_>>().join("; ");
        let after = answers(shop).await;
        let all = ASKED.iter().map(|(letter, _)| *letter).chain(['N']);
        let changed = all.zip(before.iter().zip(&after));
        let changed = changed.filter(|(_, (before, after))| before != after);
        let found: String =
            changed.map(|(letter, _)| letter).filter(|it| letters.contains(*it)).collect();
        if sorted(&found) != sorted(&wanted) {
            writeln!(wrong, "{sql}: told by `{found}`, want `{wanted}`").unwrap();
            for (before, after) in before.iter().zip(&after) {
                let lines = |table: &Table| -> BTreeSet<String> {
                    table.rows.iter().map(|row| format!("    {row:?}\n")).collect()
                };
                let (before, after) = (lines(before), lines(after));
                wrong.extend(before.symmetric_difference(&after).take(6).cloned());
            }
        }
        before = after;
    }
    wrong
}

fn sorted(text: &str) -> BTreeSet<char> {
    text.chars().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_no_content_and_no_object_is_not_told() {
    let shop = Shop::open().await;
    assert_eq!(told(&shop, NOTHING, "FIGSN").await, "");
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_told_by_the_answers_it_concerns_and_by_no_other() {
    let shop = Shop::open().await;
    let mut wrong = String::new();
    for changes in [CONTENTS, OBJECTS, PRIVILEGES, GLOBALS, FLAGS] {
        wrong.push_str(&told(&shop, changes, "FIGS").await);
    }
    // All of them change the same answer: together one would stand for another.
    for change in NUMBERS.chunks(1) {
        wrong.push_str(&told(&shop, change, "FIGSN").await);
    }
    assert_eq!(wrong, "");
    assert!(!shop.all_that_was_written().contains("password=canary"));
    shop.close().await;
}
