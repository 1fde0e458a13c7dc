//! What a table is: its definition and its rows, in a few words that change with either.

use std::time::Duration;

use crate::disaster::TableName;
use crate::disaster::table::cell;
use crate::drill::{QUERY_LIMIT, quote_literal};
use crate::rig::{Session, SqlTrouble};

/// How long reading a whole table may take.
const READ_LIMIT: Duration = Duration::from_secs(3600);

/// What a table is. This is no question of a check's.
pub(super) async fn look(
    session: &mut dyn Session,
    table: &TableName,
) -> Result<String, SqlTrouble> {
    let name = quote_literal(&table.quoted());
    let there = format!("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
    if cell(&session.query(&there, QUERY_LIMIT).await?) != Some("t") {
        return Ok("gone".to_owned());
    }
    let definition = format!(
        "SELECT pg_catalog.md5(pg_catalog.concat_ws(E'\\n', \
         (SELECT pg_catalog.string_agg(pg_catalog.concat_ws(' ', attnum, attname, \
         pg_catalog.format_type(atttypid, atttypmod), attnotnull, attgenerated, \
         pg_catalog.pg_get_expr(adbin, adrelid)), E'\\n' ORDER BY attnum) \
         FROM pg_catalog.pg_attribute LEFT JOIN pg_catalog.pg_attrdef \
         ON adrelid = attrelid AND adnum = attnum \
         WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped), \
         (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(c.oid), E'\\n' \
         ORDER BY conname) FROM pg_catalog.pg_constraint AS c WHERE conrelid = t.oid), \
         (SELECT pg_catalog.string_agg(pg_catalog.pg_get_triggerdef(g.oid), E'\\n' \
         ORDER BY tgname) FROM pg_catalog.pg_trigger AS g WHERE tgrelid = t.oid), \
         (SELECT pg_catalog.string_agg(pg_catalog.pg_get_indexdef(indexrelid), E'\\n' \
         ORDER BY indexrelid) FROM pg_catalog.pg_index WHERE indrelid = t.oid), \
         relowner, relacl, relrowsecurity)) \
         FROM pg_catalog.pg_class AS t WHERE t.oid = {name}::pg_catalog.regclass"
    );
    let definition = first(&session.query(&definition, QUERY_LIMIT).await?)?;
    let rows = format!(
        "SELECT pg_catalog.count(*) || ' rows, ' || pg_catalog.md5(\
         COALESCE(pg_catalog.string_agg(one, '' ORDER BY one COLLATE \"C\"), '')) \
         FROM (SELECT pg_catalog.md5(t::pg_catalog.text) AS one FROM {} AS t) AS all_of_it",
        table.quoted()
    );
    let rows = first(&session.query(&rows, READ_LIMIT).await?)?;
    Ok(format!("{rows}, defined as {definition}"))
}

fn first(tables: &[pgrehearse_verdict::question::Table]) -> Result<String, SqlTrouble> {
    let none = || SqlTrouble { code: None, said: "no answer".to_owned(), lost: false };
    cell(tables).map(str::to_owned).ok_or_else(none)
}
