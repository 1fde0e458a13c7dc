//! What a server of the scripted world answers to the questions of a drill.

use std::collections::BTreeMap;

use pgrehearse::rig::scripted::{Reply, What};
use pgrehearse_verdict::question::Table;

use crate::cluster::{Cluster, SEGMENT_BYTES, Tables};

/// The columns of `shop.customers` and `shop.orders`, as the list of relations has them.
const RELATIONS: &[[&str; 9]] = &[
    ["shop", "customers", "shop.customers", "p", "t", "id", "id", "integer", "1"],
    ["shop", "customers", "shop.customers", "p", "t", "name", "name", "text", "1"],
    ["shop", "orders", "shop.orders", "p", "t", "customer", "customer", "integer", "1"],
    ["shop", "orders", "shop.orders", "p", "t", "id", "id", "integer", "1"],
];
const CUSTOMERS: &[&str] = &["1\tAda", "2\tGrace", "3\tEdsger"];
const ORDERS: &[&str] = &["1\t1", "3\t2"];

fn rows(columns: &[&str], rows: &[Vec<String>]) -> Reply {
    let mut table = Table::new(columns);
    table.rows = rows.iter().map(|row| row.iter().cloned().map(Some).collect()).collect();
    Reply::tables(vec![table])
}

fn truth(so: bool) -> Reply {
    Reply::value(if so { "t" } else { "f" })
}

/// The answer to a question that changes nothing. `None`: what the rig does by itself.
pub fn answer(
    cluster: &Cluster,
    node: &str,
    database: &str,
    sql: &str,
    settings: &BTreeMap<String, String>,
    started: u32,
) -> Option<Reply> {
    let sql = sql.trim_start();
    let starts = |starts: &[&str]| starts.iter().any(|start| sql.starts_with(start));
    let shop = database == "shop";
    if starts(&["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"]) {
        return Some(Reply::tables(vec![Table::default(), Table::default()]));
    }
    let nothing = ["SAVEPOINT", "ROLLBACK", "BEGIN", "SET CONSTRAINTS", "SET log_statement"];
    let made =
        ["CREATE ROLE", "CREATE DATABASE", "CREATE SCHEMA", "GRANT", "DO $$ DECLARE relation"];
    if starts(&nothing) || starts(&made) {
        return Some(Reply::ok());
    }
    if let Some(reply) = indexes(sql, shop) {
        return Some(reply);
    }
    if starts(&["SET LOCAL enable_indexscan"]) {
        return Some(catalogue(cluster, sql, shop));
    }
    if starts(&["SHOW server_encoding"]) {
        return Some(Reply::value("UTF8"));
    }
    if starts(&["SELECT datname FROM pg_catalog.pg_database"]) {
        return Some(Reply::table(&["datname"], &[&["postgres"], &["shop"]]));
    }
    if starts(&["SELECT 'nonce'"]) {
        return Some(server(cluster, node, settings, started));
    }
    if sql.contains("c.relispopulated") {
        let there = cluster.tables().orders;
        let shown = RELATIONS.iter().filter(|row| shop && (there || row[1] != "orders"));
        let shown: Vec<_> = shown.map(|row| row.map(str::to_owned).to_vec()).collect();
        return Some(rows(&["a", "b", "c", "d", "e", "f", "g", "h", "i"], &shown));
    }
    if sql.contains("pg_largeobject_metadata") {
        return Some(Reply::table(&["count", "exists"], &[&["0", "f"]]));
    }
    if sql.contains("FROM pg_catalog.pg_sequence") {
        let (name, flags) = (["shop", "orders_id_seq", "shop.orders_id_seq"], ["1", "f", "f", "f"]);
        let line = [&name[..], &flags[..], &["shop", "orders", "id"]].concat();
        let shown = if shop { vec![line.into_iter().map(str::to_owned).collect()] } else { vec![] };
        return Some(rows(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], &shown));
    }
    if starts(&["SELECT 1 * (last_value"]) {
        return Some(Reply::value("4"));
    }
    if starts(&["SELECT (max(\"id\"))"]) {
        return Some(Reply::value("3"));
    }
    if starts(&["SELECT nextval('shop.orders_id_seq'::regclass)"]) {
        return Some(Reply::value("4"));
    }
    if sql.contains("pg_relation_filenode") {
        return Some(Reply::table(&["a", "b", "c", "d"], &[&["16400", "1663", "16384", "16400"]]));
    }
    tables(cluster.tables(), shop, sql)
}

/// What is asked of the indexes: there is one, and every row of its table is in it.
fn indexes(sql: &str, shop: bool) -> Option<Reply> {
    if sql.starts_with("-- Every index") {
        let (name, table) = ("shop.customers_pkey", "shop.customers");
        let line =
            ["1", name, "customers_pkey", "2", table, "btree", "used", "", "id", "", "", "", ""];
        let mut all = Table::new(&["column"; 13]);
        if shop {
            let value = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            all.rows.push(line.map(value).to_vec());
        }
        return Some(Reply::tables(vec![all]));
    }
    if sql.contains("e.extname = 'amcheck'") {
        let named = ["bt_index_check", "amcheck.bt_index_check", "{index,heapallindexed}"];
        return Some(Reply::table(&["a", "b", "c"], &[&named]));
    }
    if sql.contains("e.extname = 'pg_visibility'") {
        let call = |name: &'static str| [name, name, "{regclass}"];
        let named = [call("pg_check_frozen"), call("pg_check_visible")];
        return Some(Reply::table(&["a", "b", "c"], &[&named[0], &named[1]]));
    }
    if sql.contains("pg_check_visible(o::regclass)") {
        return Some(Reply::table(&["o", "visible", "frozen"], &[&["2", "0", "0"]]));
    }
    if sql.starts_with("EXPLAIN (FORMAT JSON)") {
        return Some(Reply::value(r#"[{"Plan": {"Index Name": "customers_pkey"}}]"#));
    }
    if sql.contains("FROM ONLY shop.customers") {
        return Some(Reply::value("3"));
    }
    if sql.contains("UPDATE pg_catalog.pg_index") {
        return Some(Reply::ok());
    }
    let walked = sql.starts_with("SELECT amcheck.bt_index_check(1::regclass");
    let guarded = sql.starts_with("SHOW data_checksums");
    (walked || guarded).then(|| Reply::value(if guarded { "on" } else { "" }))
}

/// What is asked of the tables of a drill.
fn tables(tables: Tables, shop: bool, sql: &str) -> Option<Reply> {
    if sql.contains("to_regclass") {
        let orders = sql.contains("orders");
        return Some(truth(shop && (tables.orders || !orders)));
    }
    if sql.to_lowercase().contains("from shop.orders") {
        return Some(match tables.orders {
            true => truth(true),
            false => Reply::refused("42P01", "relation \"shop.orders\" does not exist"),
        });
    }
    let list = sql.strip_prefix("SELECT ")?;
    let (columns, table) = list.split_once(" FROM ")?;
    let columns: Vec<&str> = columns.split(", ").map(|column| column.trim_matches('"')).collect();
    let found = match table {
        "\"ledger\".\"tx\"" => tables.tx,
        "\"ledger\".\"entry\"" => tables.entry,
        "\"ledger\".\"account\"" => tables.account(),
        "\"pgrehearse\".\"probe\"" => tables.probe,
        _ => return None,
    };
    Some(rows(&columns, &found))
}

/// The rows of a COPY.
pub fn copy(sql: &str) -> Reply {
    match sql {
        sql if sql.contains("\"shop\".\"customers\"") => Reply::rows(CUSTOMERS),
        sql if sql.contains("\"shop\".\"orders\"") => Reply::rows(ORDERS),
        _ => Reply::usual(),
    }
}

/// One line of the catalogues for each kind of statement; the rest have none.
fn catalogue(cluster: &Cluster, sql: &str, shop: bool) -> Reply {
    let mut table = Table::new(&["class", "identity", "definition", "secret"]);
    let mut line = |class: &str, identity: &str, secret: Option<&str>| {
        let row = [Some(class), Some(identity), Some("as it was made"), secret];
        table.rows.push(row.map(|value| value.map(str::to_owned)).to_vec());
    };
    if sql.contains("SELECT 'role' AS class") {
        line("role", "shop_app", Some("SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5"));
    } else if sql.contains("SELECT 'catalogue' AS class") {
        line("catalogue", "pg_depend", None);
    } else if sql.contains("pg_catalog.pg_index") && shop {
        line("table", "shop.customers", None);
        line("index", "shop.customers_pkey", None);
        if cluster.tables().orders {
            line("table", "shop.orders", None);
        }
    }
    Reply::tables(vec![table])
}

fn server(
    cluster: &Cluster,
    node: &str,
    settings: &BTreeMap<String, String>,
    started: u32,
) -> Reply {
    let set = |name: &str, usual: &str| settings.get(name).map_or(usual, String::as_str).to_owned();
    let pairs = [
        ("nonce", set("pgrehearse.nonce", "")),
        ("system_identifier", "7711445301391908814".to_owned()),
        ("version", "170000".to_owned()),
        ("in_recovery", "false".to_owned()),
        ("started", format!("by process {started}")),
        ("timeline", cluster.timeline.to_string()),
        ("segment_bytes", SEGMENT_BYTES.to_string()),
        ("database_bytes", "23000000".to_owned()),
        ("data_directory", format!("/{node}/data")),
        ("archive_mode", set("archive_mode", "on")),
        ("data_checksums", "on".to_owned()),
    ];
    let pairs: Vec<_> = pairs.map(|(name, value)| vec![name.to_owned(), value]).into();
    let reply = rows(&["name", "value"], &pairs);
    debug_assert!(matches!(reply.what, What::Tables(_)));
    reply
}
