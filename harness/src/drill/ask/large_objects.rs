//! The columns that refer to large objects, and how many of their values lead to one.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns, referring};

use crate::drill::QUERY_LIMIT;
use crate::drill::ask::constraints::{BY_INDEX, IN_ORDER, listed};
use crate::drill::ask::visit::Visit;
use crate::rig::{Session, SqlTrouble};

/// How long the values of one column may take: its whole table is read.
const LOOK_LIMIT: Duration = Duration::from_secs(3600 + 60);

/// The columns of type oid, and of the domains over it: (name, query).
const COLUMNS: &str = "
WITH RECURSIVE alike AS (
  SELECT 'pg_catalog.oid'::regtype::oid AS type
  UNION
  SELECT t.oid FROM alike JOIN pg_catalog.pg_type AS t ON t.typbasetype = alike.type
    AND t.typtype = 'd'
)
SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname)
    || CASE c.relpersistence WHEN 'u' THEN ' (unlogged)' ELSE '' END,
  format('SELECT count(m.oid), count(*) - count(m.oid)
    FROM (SELECT %I::pg_catalog.oid AS refers FROM ONLY %I.%I) AS r
    LEFT JOIN pg_catalog.pg_largeobject_metadata AS m ON m.oid = r.refers
    WHERE r.refers <> 0', a.attname, n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN alike ON alike.type = a.atttypid
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't'
  AND c.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", a.attnum";
/// The large objects themselves, and those of which only pages are there.
const ALL: &str = "SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
  (SELECT count(DISTINCT l.loid) FROM pg_catalog.pg_largeobject AS l
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata AS m WHERE m.oid = l.loid))";

/// What refers to the large objects of every database.
pub(super) async fn large_objects(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::LARGE_OBJECTS);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = references(visited.before().await?).await;
        table.rows.extend(visited.after(found).await?.into_iter().map(|(column, counts)| {
            [Some(database.clone()), Some(column)].into_iter().chain(counts).collect::<Vec<_>>()
        }));
    }
    Ok(table)
}

type Line = (String, Vec<Option<String>>);

async fn references(session: &mut dyn Session) -> Result<Vec<Line>, SqlTrouble> {
    session.query(BY_INDEX, QUERY_LIMIT).await?;
    let listed = listed::<2>(session, COLUMNS).await?;
    session.query(IN_ORDER, QUERY_LIMIT).await?;
    let mut lines = vec![(referring::ALL.to_owned(), counts(session, referring::ALL, ALL).await?)];
    for [column, query] in listed {
        let counts = counts(session, &column, &query).await?;
        lines.push((column, counts));
    }
    Ok(lines)
}

async fn counts(
    session: &mut dyn Session,
    column: &str,
    query: &str,
) -> Result<Vec<Option<String>>, SqlTrouble> {
    let naming = |said: String, trouble: SqlTrouble| SqlTrouble { said, ..trouble };
    let found = session.query(query, LOOK_LIMIT).await.map_err(|trouble| {
        naming(format!("`{column}` cannot be read: {}", trouble.said), trouble)
    })?;
    let row = found.into_iter().flat_map(|table| table.rows).next().unwrap_or_default();
    if row.len() == 2 && row.iter().all(Option::is_some) {
        return Ok(row);
    }
    let said = format!("the references of `{column}` did not come as they were asked for");
    Err(SqlTrouble { code: None, said, lost: false })
}
