//! Rows counted twice: through one index, and by a reading of the whole table.
//!
//! An index that can be read from end to end is; of the others, some values are looked up.

use pgrehearse_verdict::question::looked;
use serde_json::Value;

use crate::drill::ask::attempt::{KEEP, LOOK_LIMIT, UNDO, attempt, first};
use crate::drill::ask::indexes::Index;
use crate::drill::{QUERY_LIMIT, quote_literal};
use crate::rig::{Session, SqlTrouble};

/// Values that are looked up through an index that cannot be read from end to end.
const VALUES_MAX: usize = 8;
/// Longer values are not looked up, in bytes.
const VALUE_BYTES_MAX: usize = 1000;
/// Nothing but the whole table is read.
const IN_ORDER: &str = "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off;
SET LOCAL enable_bitmapscan = off; SET LOCAL enable_tidscan = off; SET LOCAL enable_seqscan = on;";
/// The table is read only where there is no other way.
const THROUGH: &str = "SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on;
SET LOCAL enable_bitmapscan = on; SET LOCAL enable_tidscan = off; SET LOCAL enable_seqscan = off;";

/// What the rows are asked for, so that an index of this kind can answer it.
pub(super) async fn conditions(
    session: &mut dyn Session,
    index: &Index,
) -> Result<Result<Vec<String>, String>, SqlTrouble> {
    if matches!(&*index.method, "btree" | "gist" | "spgist") {
        return Ok(Ok(vec!["true".to_owned()]));
    }
    let mut conditions = vec![];
    if index.method == "brin" {
        conditions.push(format!("({}) IS NOT NULL", index.key));
    }
    let Some(operator) = &index.operator else {
        let said =
            format!("no operator of the index is known that `{}` can be asked by", index.table);
        return Ok(if conditions.is_empty() { Err(said) } else { Ok(conditions) });
    };
    if let Some(value) = &index.value {
        conditions.push(format!("({}) {operator} ({value})", index.key));
        return Ok(Ok(conditions));
    }
    let (Index { key, table, .. }, kind) = (index, index.kind.as_deref().unwrap_or_default());
    // The text that the type itself writes, and not what a cast to text makes of it.
    let text = format!("(pg_catalog.format('%s', {key}) COLLATE \"C\")");
    let sql = format!(
        "{IN_ORDER} SELECT {text} FROM ONLY {table} WHERE {} AND ({key}) IS NOT NULL
         AND octet_length({text}) <= {VALUE_BYTES_MAX}
         ORDER BY pg_catalog.hashtextextended({text}, 0) LIMIT {VALUES_MAX}",
        index.predicate()
    );
    let rows = match attempt(session, &sql, true).await? {
        Ok(tables) => tables.into_iter().flat_map(|table| table.rows),
        Err(said) => return Ok(Err(format!("no value of `{table}` can be taken: {said}"))),
    };
    let collation = index.collation.as_deref().unwrap_or_default();
    conditions.extend(rows.flatten().flatten().map(|value| {
        let value = quote_literal(&value);
        format!("({key}) {operator} ({value}::{kind}{collation})")
    }));
    if conditions.is_empty() {
        // Nothing that could be looked up: let the scans show that there is nothing at all.
        conditions.push(format!("({key}) IS NOT NULL"));
    }
    Ok(Ok(conditions))
}

/// How many rows fulfil each condition, by a reading of the whole table.
pub(super) async fn in_order(
    session: &mut dyn Session,
    index: &Index,
    conditions: &[String],
) -> Result<Result<Vec<String>, String>, SqlTrouble> {
    let counts: Vec<String> =
        conditions.iter().map(|asked| format!("count(*) FILTER (WHERE {asked})")).collect();
    let (counts, table, predicate) = (counts.join(", "), &index.table, index.predicate());
    let sql = format!("{IN_ORDER} SELECT {counts} FROM ONLY {table} WHERE {predicate}");
    let tables = attempt(session, &sql, true).await?;
    Ok(tables.map(|tables| {
        tables.into_iter().flat_map(|table| table.rows).flatten().flatten().collect()
    }))
}

/// What is amiss with the counts through the index, if anything.
pub(super) async fn through(
    session: &mut dyn Session,
    index: &Index,
    conditions: &[String],
    counts: &[String],
) -> Result<Option<String>, SqlTrouble> {
    // The planner is left no other index. This is undone before anybody can see it.
    let steer = format!(
        "{THROUGH} UPDATE pg_catalog.pg_index SET indisvalid = false
         WHERE indrelid = {} AND indexrelid <> {} AND indisvalid",
        index.table_oid, index.oid
    );
    session.query(KEEP, QUERY_LIMIT).await?;
    let said = match session.query(&steer, QUERY_LIMIT).await {
        Ok(_) => forced(session, index, conditions, counts).await,
        Err(trouble) => Err(trouble),
    };
    match said {
        Err(trouble) if trouble.lost => Err(trouble),
        said => {
            session.query(UNDO, QUERY_LIMIT).await?;
            Ok(said.unwrap_or_else(|trouble| Some(trouble.to_string())))
        }
    }
}

async fn forced(
    session: &mut dyn Session,
    index: &Index,
    conditions: &[String],
    counts: &[String],
) -> Result<Option<String>, SqlTrouble> {
    let (table, predicate) = (&index.table, index.predicate());
    let mut tried = 0;
    for (asked, wanted) in conditions.iter().zip(counts) {
        let sql = format!("SELECT count(*) FROM ONLY {table} WHERE {predicate} AND {asked}");
        let plan = session.query(&format!("EXPLAIN (FORMAT JSON) {sql}"), QUERY_LIMIT).await?;
        if !reads(&first(plan).unwrap_or_default(), &index.name) {
            continue;
        }
        tried += 1;
        let found = first(session.query(&sql, LOOK_LIMIT).await?).unwrap_or_default();
        if found != *wanted {
            let disagrees = looked::DISAGREES;
            return Ok(Some(format!(
                "{disagrees}: {found} rows through the index, {wanted} in the table"
            )));
        }
    }
    // An index without a row to find has nothing to lose.
    let empty = conditions.len() == counts.len() && counts.iter().all(|count| count == "0");
    let said = "the server does not read the table through it";
    Ok((tried == 0 && !empty).then(|| said.to_owned()))
}

/// Whether a plan reads through the index of this name.
fn reads(plan: &str, name: &str) -> bool {
    fn within(value: &Value, name: &str) -> bool {
        match value {
            Value::Object(map) => {
                map.get("Index Name").and_then(Value::as_str) == Some(name)
                    || map.values().any(|value| within(value, name))
            }
            Value::Array(list) => list.iter().any(|value| within(value, name)),
            _ => false,
        }
    }
    serde_json::from_str(plan).is_ok_and(|plan: Value| within(&plan, name))
}

impl Index {
    /// What its rows have in common, as SQL.
    fn predicate(&self) -> String {
        self.predicate.as_ref().map_or_else(|| "true".to_owned(), |said| format!("({said})"))
    }
}
