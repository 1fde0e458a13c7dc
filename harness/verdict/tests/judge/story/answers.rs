//! What an intact server answers, and one that came back whole.

use pgrehearse_verdict::question::{Table, columns};

use super::table;

pub fn wal() -> Table {
    let system = "7312345678901234567";
    table(
        columns::WAL,
        &[
            &["000000010000000000000003", "16777216", system, "~"],
            &["000000010000000000000004", "16777216", system, "~"],
            &["read from 0/3000028 to 0/5000000", "~", "~", "~"],
        ],
    )
}

pub fn probe() -> Table {
    table(columns::PROBE, &[&["probe-1"]])
}

pub fn server(nonce: &str, started: &str) -> Table {
    table(
        columns::SERVER,
        &[
            &["nonce", nonce],
            &["system_identifier", "7312345678901234567"],
            &["version", "170012"],
            &["in_recovery", "f"],
            &["started", started],
            &["data_directory", "/data"],
            &["not_its_own", ""],
            &["timeline", "1"],
            &["archive_mode", "off"],
            &["segment_bytes", "16777216"],
            &["data_checksums", "on"],
            &["database_bytes", "30000000"],
        ],
    )
}

pub fn fingerprint() -> Table {
    let digest = |of: &str| super::digest(of.as_bytes());
    table(
        columns::FINGERPRINT,
        &[
            &["shop", "shop.customers", "2000", &digest("c"), "id bigint, name text"],
            &["shop", "shop.orders", "500", &digest("o"), "id bigint"],
            &["shop", "shop.visits", "0", &digest("v"), "unlogged id bigint"],
        ],
    )
}

pub fn inventory() -> Table {
    table(
        columns::INVENTORY,
        &[
            &["shop", "table", "shop.customers", "access method heap; owner shop_owner"],
            &["shop", "index", "shop.customers_pkey", &pkey("btree")],
            &["shop", "catalogue", "pg_depend", "4245 ab"],
        ],
    )
}

/// What the inventory says of a primary key of this access method.
pub fn pkey(method: &str) -> String {
    format!("CREATE UNIQUE INDEX customers_pkey ON shop.customers USING {method} (id); valid")
}

pub fn indexes() -> Table {
    table(
        columns::INDEXES,
        &[
            &["shop", "pg_catalog.pg_class_oid_index", "structure", "~"],
            &["shop", "shop.customers_pkey", "structure", "~"],
            &["shop", "shop.customers_pkey", "count", "~"],
            &["shop", "shop.customers", "heap", "~"],
            &["shop", "shop.customers", "visibility", "~"],
        ],
    )
}

pub fn constraints() -> Table {
    table(
        columns::CONSTRAINTS,
        &[
            &["shop", "foreign key", "orders_fkey on shop.orders", "0", "~"],
            &["shop", "unique", "shop.customers_pkey", "0", "~"],
            &["shop", "check", "late on shop.orders", "3", "~"],
        ],
    )
}

pub fn large_objects() -> Table {
    table(
        columns::LARGE_OBJECTS,
        &[
            &["shop", "pg_largeobject", "20", "0"],
            &["shop", "shop.documents.attachment", "20", "1"],
            &["shop", "shop.carts.picture (unlogged)", "5", "0"],
        ],
    )
}

pub fn text() -> Table {
    table(
        columns::TEXT,
        &[
            &["shop", "database", "encoding", "UTF8", "~"],
            &["shop", "database", "locale", "~", "~"],
            &["shop", "agreeing collations", "provider i", "800", "~"],
            &["shop", "collation", "public.old", "1", "2"],
            &["shop", "column", "shop.customers.name", "~", "~"],
            &["bytes", "database", "encoding", "SQL_ASCII", "~"],
            &["bytes", "unverifiable", "SQL_ASCII", "~", "~"],
        ],
    )
}

pub fn statistics() -> Table {
    table(
        columns::STATISTICS,
        &[
            &["shop", "table shop.customers", "9", "2000", "400000"],
            &["shop", "statistics object shop.together", "1", "~", "400000"],
            &["shop", "table shop.carts", "0", "-1", "8192"],
            &["shop", "table shop.elsewhere", "3", "10", "~"],
        ],
    )
}

pub fn activity(archive_mode: &str, workers: &str) -> Table {
    table(
        columns::ACTIVITY,
        &[
            &["setting", "archive_mode", archive_mode],
            &["setting", "max_logical_replication_workers", workers],
            &["process", "pg_cron launcher", "1"],
            &["enabled subscription", "orders in shop", "enabled"],
            &["prepared transaction", "'paid' in shop", "owner shop_web, 3 locks"],
        ],
    )
}

pub fn checksums() -> Table {
    table(
        columns::CHECKSUMS,
        &[
            &["exit", "0"],
            &["Files scanned", "948"],
            &["Blocks scanned", "2799"],
            &["Bad checksums", "0"],
        ],
    )
}

pub fn access() -> Table {
    let refused = "28P01: password authentication failed for user";
    let barred = "28000: role is not permitted to log in";
    let (wrong, right) = ("a wrong password", "its own password");
    table(
        columns::ACCESS,
        &[
            &["shop", "shop_web", "login", wrong, refused],
            &["shop", "shop_web", "login", right, "~"],
            &["postgres", "shop_web", "login", wrong, refused],
            &["postgres", "shop_web", "login", right, "42501: permission denied for database"],
            &["shop", "shop_readers", "no login", wrong, refused],
            &["shop", "shop_readers", "no login", right, barred],
            &["shop", "shop_intern", "login", wrong, refused],
            &["shop", "shop_intern", "login", "a password unknown here", "~"],
        ],
    )
}

pub fn globals() -> Table {
    table(
        columns::GLOBALS,
        &[&["role", "shop_web", "login password 1f2e"], &["database", "shop", "owner shop_owner"]],
    )
}

pub fn configuration(archive_mode: &str) -> Table {
    table(
        columns::CONFIGURATION,
        &[
            &["setting", "fsync", "on"],
            &["setting", "archive_mode", archive_mode],
            &["setting", "work_mem", "4096 kB"],
            &["line of a file", "work_mem", "4MB"],
            &["access rule", "number 0001", "local databases all users all scram-sha-256"],
        ],
    )
}

pub fn sequences(next: &str) -> Table {
    table(columns::SEQUENCES, &[&["shop", "shop.orders_id_seq", next, "500", "t"]])
}

pub fn lines(log: Vec<String>) -> Table {
    let mut table = Table::new(columns::LOG);
    table.rows = log.into_iter().map(|line| vec![Some(line)]).collect();
    table
}

/// A line of the startup process.
pub fn startup(said: &str) -> String {
    format!("2026-11-23 18:00:01.123 UTC [71] startup {said}")
}

/// What PostgreSQL says on its way up from a backup.
pub fn log(undo: bool) -> Vec<String> {
    let start = if undo {
        "00000 LOG:  starting point-in-time recovery to WAL location (LSN) \"0/4000028\""
    } else {
        "00000 LOG:  starting archive recovery"
    };
    let end = if undo {
        "00000 LOG:  recovery stopping before WAL location (LSN) \"0/4000028\""
    } else {
        "00000 LOG:  invalid record length at 0/5000298: expected at least 24, got 0"
    };
    let postmaster = |said: &str| format!("2026-11-23 18:00:01.120 UTC [70] postmaster {said}");
    vec![
        postmaster("00000 LOG:  starting PostgreSQL 17.12 on x86_64-pc-linux-gnu, 64-bit"),
        startup("00000 LOG:  database system was interrupted; last known up at 2026-11-23"),
        "cp: cannot stat '/archive/00000002.history': No such file or directory".to_owned(),
        startup(start),
        startup("00000 LOG:  starting backup recovery with redo LSN 0/2000028"),
        startup("00000 LOG:  restored log file \"000000010000000000000002\" from archive"),
        startup("00000 LOG:  redo starts at 0/2000028"),
        "2026-11-23 18:00:01.150 UTC [75] client backend 57P03 FATAL:  the database system is \
         starting up"
            .to_owned(),
        startup("00000 LOG:  consistent recovery state reached at 0/2000100"),
        startup(end),
        startup("00000 LOG:  redo done at 0/4000028 system usage: CPU: user: 0.00 s"),
        startup("00000 LOG:  selected new timeline ID: 2"),
        startup("00000 LOG:  archive recovery complete"),
        postmaster("00000 LOG:  database system is ready to accept connections"),
    ]
}

pub fn artifacts() -> Table {
    let file = ["backup/main/20261123-180000F/manifest", "0f0f"];
    table(columns::ARTIFACTS, &[&file])
}
