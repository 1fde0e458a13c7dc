//! How text is kept and sorted, and whether every text is one.

use pgrehearse_verdict::question::{Table, columns, worded};

use crate::drill::QUERY_LIMIT;
use crate::drill::ask::attempt::{attempt, first};
use crate::drill::ask::constraints::{BY_INDEX, IN_ORDER, listed};
use crate::drill::ask::visit::Visit;
use crate::rig::{Session, SqlTrouble};

const LINES: &str = include_str!("text.sql");
/// The version that the database itself is sorted by. A server before 15 records none.
const OWN_VERSION: &str = "
SELECT 'collation', 'of the database', d.datcollversion,
  pg_catalog.pg_database_collation_actual_version(d.oid)
FROM pg_catalog.pg_database AS d
WHERE d.datname = pg_catalog.current_database() AND d.datcollversion IS NOT NULL";
/// The first version that has it.
const OWN_VERSION_SINCE: u32 = 150_000;
/// What any bytes are valid in.
const ANY_BYTES: &str = "SQL_ASCII";

/// Columns that hold text, or types of which text may be a part: (table, column, the text of it).
const COLUMNS: &str = "
WITH RECURSIVE based AS (
  SELECT t.oid AS root, t.oid AS base, t.typbasetype AS below FROM pg_catalog.pg_type AS t
  UNION
  SELECT based.root, t.oid, t.typbasetype FROM based
  JOIN pg_catalog.pg_type AS t ON t.oid = based.below
)
SELECT format('%I.%I', n.nspname, c.relname) AS relation, format('%I', a.attname),
  format(CASE t.typcategory WHEN 'S' THEN '(%I)::pg_catalog.text'
    ELSE 'pg_catalog.format(''%%s'', %I)' END, a.attname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN based ON based.root = a.atttypid AND based.below = 0
JOIN pg_catalog.pg_type AS t ON t.oid = based.base
LEFT JOIN pg_catalog.pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't'
  AND c.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND (t.typcategory IN ('S', 'C') OR e.typcategory IN ('S', 'C')
    -- Types without a length that are no numbers, times or bytes: json, xml, hstore, tsvector.
    OR coalesce(e.typcategory, t.typcategory) = 'U' AND coalesce(e.typlen, t.typlen) = -1
      AND coalesce(e.oid, t.oid) <> 'pg_catalog.bytea'::regtype)
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", a.attnum";

/// (what, identity, recorded, found).
type Line = [Option<String>; 4];

/// How every database keeps text, and what is wrong with it.
pub(super) async fn text(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::TEXT);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = lines(visited.before().await?).await;
        table.rows.extend(
            visited.after(found).await?.into_iter().map(|line| {
                std::iter::once(Some(database.clone())).chain(line).collect::<Vec<_>>()
            }),
        );
    }
    Ok(table)
}

async fn lines(session: &mut dyn Session) -> Result<Vec<Line>, SqlTrouble> {
    session.query(BY_INDEX, QUERY_LIMIT).await?;
    let version = first(session.query("SHOW server_version_num", QUERY_LIMIT).await?);
    let has_own = version.and_then(|text| text.parse().ok()) >= Some(OWN_VERSION_SINCE);
    let mut tables = session.query(LINES, QUERY_LIMIT).await?;
    if has_own {
        tables.extend(session.query(OWN_VERSION, QUERY_LIMIT).await?);
    }
    let shaped = |row: Vec<Option<String>>| {
        row.try_into().map_err(|_| SqlTrouble {
            code: None,
            said: "how text is kept did not come as it was asked for".to_owned(),
            lost: false,
        })
    };
    let rows = tables.into_iter().flat_map(|table| table.rows);
    let mut lines: Vec<Line> = rows.map(shaped).collect::<Result<_, _>>()?;
    let encoding = first(session.query("SHOW server_encoding", QUERY_LIMIT).await?);
    let encoding = encoding.unwrap_or_default();
    let some = |text: &str| Some(text.to_owned());
    if encoding == ANY_BYTES {
        lines.push([some(worded::UNVERIFIABLE), Some(encoding), None, None]);
        return Ok(lines);
    }
    let columns = listed::<3>(session, COLUMNS).await?;
    session.query(IN_ORDER, QUERY_LIMIT).await?;
    for of_table in columns.chunk_by(|one, next| one[0] == next[0]) {
        let well = read(session, &encoding, of_table).await?.is_ok();
        for column in of_table {
            let found = match well {
                true => None,
                false => read(session, &encoding, std::slice::from_ref(column)).await?.err(),
            };
            let identity = format!("{}.{}", column[0], column[1]);
            lines.push([some(worded::COLUMN), Some(identity), None, found]);
        }
    }
    Ok(lines)
}

/// Reads all values of some columns of a table. A conversion from the encoding of the server to
/// itself converts nothing, and says where a value is none.
async fn read(
    session: &mut dyn Session,
    encoding: &str,
    columns: &[[String; 3]],
) -> Result<Result<(), String>, SqlTrouble> {
    let Some([table, ..]) = columns.first() else { return Ok(Ok(())) };
    let count =
        |[_, _, text]: &[String; 3]| format!("count(pg_catalog.convert_to({text}, '{encoding}'))");
    let counts: Vec<String> = columns.iter().map(count).collect();
    let sql = format!("SELECT {} FROM ONLY {table}", counts.join(", "));
    Ok(attempt(session, &sql, true).await?.map(|_| ()))
}
