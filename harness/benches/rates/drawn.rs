//! A scenario drawn at random: engine, database, disaster, checksums, time zone.

use pgrehearse_testkit::Dice;

/// An engine, and whether it keeps WAL.
const ENGINES: &[(&str, bool)] = &[
    ("pgbackrest: { start_fast: true }", true),
    ("pgbackrest: { start_fast: true, compress: none }", true),
    ("pgbackrest: { start_fast: true, cipher: aes-256-cbc }", true),
    ("pg_basebackup: { checkpoint: fast }", true),
    ("pg_basebackup: { checkpoint: fast, format: tar, compress: gzip }", true),
    ("pg_dump: {}", false),
    ("pg_dump: { format: directory, jobs: 2, sections: true }", false),
    ("pg_dump: { format: plain }", false),
    ("pg_dump: { format: tar }", false),
    ("pg_dumpall: {}", false),
];
const ZONES: &[&str] = &["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Auckland"];

fn one<'a, T>(dice: &mut Dice, all: &'a [T]) -> &'a T {
    &all[dice.below(all.len())]
}

/// The text of a scenario.
pub fn draw(dice: &mut Dice) -> String {
    let (engine, archives) = *one(dice, ENGINES);
    let (fixture, table) = if dice.below(2) == 0 {
        ("shop".to_owned(), "{ table: shop.orders }")
    } else {
        let (features, by) = (1 + dice.below(200), if archives { "files" } else { "dump" });
        let drawn =
            format!("{{ generated: {{ features: {features}, rows: 100, kept_by: {by} }} }}");
        (drawn, "{ table: plain.dropped, database: generated }")
    };
    let rows_only = if fixture == "shop" { "{ table: shop.order_lines }" } else { table };
    let (disaster, to) = match dice.below(3) {
        0 => (format!("drop_table: {table}"), "before_disaster"),
        1 => (format!("delete_rows: {rows_only}"), "before_disaster"),
        _ => ("lost_data_directory: {}".to_owned(), "latest"),
    };
    let (zone, checksums) = (one(dice, ZONES), one(dice, &["on", "off"]));
    let archive_timeout = if archives { ", archive_timeout: 60s" } else { "" };
    let rpo = if archives { "5m" } else { "25h" };
    let (before, after) = (200 + dice.below(1500), dice.below(800));
    format!(
        "name: a drawn drill\n\
         postgres: {{ checksums: {checksums}, settings: {{ timezone: {zone}{archive_timeout} }} }}\n\
         fixture: {fixture}\n\
         engine: {{ {engine} }}\n\
         steps:\n\
         - workload: {{ writers: 2, rate: 100/s }}\n\
         - backup: {{ full: {{ every: 24h }} }}\n\
         - run: {before}ms\n\
         - disaster: {{ {disaster} }}\n\
         - run: {after}ms\n\
         - recover: {{ to: {to} }}\n\
         objectives: {{ rto: 4h, rpo: {rpo} }}\n\
         checks: [standard]\n\
         controls: standard\n"
    )
}
