//! Where every sequence stands, and what the columns it feeds have come to.
//!
//! A sequence that counts down is told with all its numbers negated, and with its name marked:
//! then "not less than it was" and "above the greatest value" mean for it what they mean for
//! every other. The name of an unlogged one is marked as well: it begins again after a crash.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns, counting};

use crate::drill::QUERY_LIMIT;
use crate::drill::ask::visit::{Visit, connect};
use crate::drill::digest::PINNED;
use crate::drill::{Server, quote_ident, quote_literal};
use crate::rig::{Session, SqlTrouble};

/// How long the greatest value of one column may take: the whole table is read.
const GREATEST_LIMIT: Duration = Duration::from_secs(3600);

/// Every sequence, with the columns that belong to it or take their default from it.
const SEQUENCES: &str = "
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), s.seqincrement,
  s.seqincrement < 0, c.relpersistence = 'u', s.seqcycle, t.nspname, r.relname, a.attname
FROM pg_catalog.pg_sequence AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.seqrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
  SELECT d.refobjid AS relation, d.refobjsubid AS number FROM pg_catalog.pg_depend AS d
  WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = s.seqrelid
    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
    AND d.deptype IN ('a', 'i')
  UNION
  SELECT f.adrelid, f.adnum FROM pg_catalog.pg_depend AS d
  JOIN pg_catalog.pg_attrdef AS f ON f.oid = d.objid
  WHERE d.classid = 'pg_catalog.pg_attrdef'::regclass
    AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = s.seqrelid
) AS fed ON true
LEFT JOIN pg_catalog.pg_class AS r ON r.oid = fed.relation AND r.relkind IN ('r', 'p')
LEFT JOIN pg_catalog.pg_namespace AS t ON t.oid = r.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = r.oid AND a.attnum = fed.number
  AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
WHERE c.relpersistence <> 't'
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/// One line of [`SEQUENCES`].
struct Line {
    schema: String,
    name: String,
    identity: String,
    increment: String,
    down: bool,
    unlogged: bool,
    cycles: bool,
    column: Option<(String, String, String)>,
}

/// What stands in the column `usable` where no trial was made.
const NOT_TRIED: &str = "not tried";

/// Where every sequence of every database stands. None is tried: see [`try_each`].
pub(super) async fn sequences(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::SEQUENCES);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = stands(visited.before().await?).await;
        let rows = visited.after(found).await?;
        table.rows.extend(rows.into_iter().map(|[sequence, next, greatest]| {
            vec![Some(database.clone()), sequence, next, greatest, Some(NOT_TRIED.to_owned())]
        }));
    }
    Ok(table)
}

async fn stands(session: &mut dyn Session) -> Result<Vec<[Option<String>; 3]>, SqlTrouble> {
    let mut rows: Vec<[Option<String>; 3]> = vec![];
    for line in list(session).await? {
        let greatest = match &line.column {
            // A sequence that begins again may rightly stand below what it gave before.
            Some(_) if line.cycles => None,
            Some(column) => greatest(session, &line, column).await?,
            None => None,
        };
        let marks = [(line.down, counting::DOWN), (line.unlogged, counting::UNLOGGED)];
        let marks = marks.into_iter().filter(|(marked, _)| *marked).map(|(_, mark)| mark);
        let shown = std::iter::once(&*line.identity).chain(marks).collect::<String>();
        match rows.last_mut() {
            // The next column of the same sequence.
            Some([name, _, so_far]) if name.as_deref() == Some(&shown) => {
                *so_far = greater(so_far.take(), greatest);
            }
            _ => rows.push([Some(shown), Some(next(session, &line).await?), greatest]),
        }
    }
    Ok(rows)
}

fn greater(one: Option<String>, other: Option<String>) -> Option<String> {
    let number = |text: &String| text.parse::<i128>().ok();
    match (&one, &other) {
        (Some(a), Some(b)) if number(a) >= number(b) => one,
        (_, Some(_)) => other,
        (_, None) => one,
    }
}

async fn list(session: &mut dyn Session) -> Result<Vec<Line>, SqlTrouble> {
    let tables = session.query(SEQUENCES, QUERY_LIMIT).await?;
    let mut lines = vec![];
    for row in tables.into_iter().flat_map(|table| table.rows) {
        let Ok(
            [
                Some(schema),
                Some(name),
                Some(identity),
                Some(increment),
                down,
                unlogged,
                cycles,
                t,
                r,
                a,
            ],
        ) = <[Option<String>; 10]>::try_from(row)
        else {
            let said = "the list of sequences did not come as it was asked for".to_owned();
            return Err(SqlTrouble { code: None, said, lost: false });
        };
        let yes = |value: Option<String>| value.as_deref() == Some("t");
        let column = t.zip(r).zip(a).map(|((schema, table), column)| (schema, table, column));
        let (down, unlogged, cycles) = (yes(down), yes(unlogged), yes(cycles));
        lines.push(Line { schema, name, identity, increment, down, unlogged, cycles, column });
    }
    Ok(lines)
}

/// The number that `nextval` would give, without asking for it.
async fn next(session: &mut dyn Session, line: &Line) -> Result<String, SqlTrouble> {
    let sql = format!(
        "SELECT {} * (last_value::numeric + CASE WHEN is_called THEN {} ELSE 0 END) FROM {}.{}",
        if line.down { -1 } else { 1 },
        line.increment,
        quote_ident(&line.schema),
        quote_ident(&line.name),
    );
    let value = value(session, &sql, QUERY_LIMIT, &line.identity).await?;
    value.ok_or_else(|| SqlTrouble {
        code: None,
        said: format!("sequence `{}` is empty", line.identity),
        lost: false,
    })
}

async fn greatest(
    session: &mut dyn Session,
    line: &Line,
    (schema, table, column): &(String, String, String),
) -> Result<Option<String>, SqlTrouble> {
    let column = quote_ident(column);
    let extreme = if line.down { format!("-min({column})") } else { format!("max({column})") };
    let sql =
        format!("SELECT ({extreme})::numeric FROM {}.{}", quote_ident(schema), quote_ident(table));
    value(session, &sql, GREATEST_LIMIT, &line.identity).await
}

async fn value(
    session: &mut dyn Session,
    sql: &str,
    limit: Duration,
    sequence: &str,
) -> Result<Option<String>, SqlTrouble> {
    let tables = session.query(sql, limit).await.map_err(|trouble| SqlTrouble {
        said: format!("sequence `{sequence}`: {}", trouble.said),
        ..trouble
    })?;
    Ok(tables.into_iter().next().and_then(|table| table.rows.into_iter().next()?.pop()?))
}

/// Fills the column `usable` of `table` by a trial `nextval` of each sequence. The transaction
/// is rolled back, the sequences stay one step further on: nothing may be asked after this.
pub(super) async fn try_each(server: &Server, table: &mut Table) -> Result<(), SqlTrouble> {
    let mut open: Option<(String, Box<dyn Session>)> = None;
    for row in &mut table.rows {
        let [Some(database), Some(shown), .., usable] = row.as_mut_slice() else {
            continue;
        };
        if open.as_ref().is_none_or(|(name, _)| name != database) {
            let mut session = connect(server, database, PINNED).await?;
            session.query("BEGIN", QUERY_LIMIT).await?;
            open = Some((database.clone(), session));
        }
        let (_, session) = open.as_mut().expect("it was opened just above");
        session.query("SAVEPOINT trial", QUERY_LIMIT).await?;
        let sequence = shown.strip_suffix(counting::UNLOGGED).unwrap_or(shown);
        let sequence = sequence.strip_suffix(counting::DOWN).unwrap_or(sequence);
        let sql = format!("SELECT nextval({}::regclass)", quote_literal(sequence));
        *usable = Some(match session.query(&sql, QUERY_LIMIT).await {
            Ok(_) => "t".to_owned(),
            Err(trouble) if trouble.lost => return Err(trouble),
            Err(trouble) => trouble.to_string(),
        });
        session.query("ROLLBACK TO SAVEPOINT trial; RELEASE SAVEPOINT trial", QUERY_LIMIT).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_of_two_columns_is_told_by_number_and_not_by_text() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(greater(some("9"), some("10")), some("10"));
        assert_eq!(greater(some("-9"), some("-10")), some("-9"));
        assert_eq!(greater(None, some("1")), some("1"));
        assert_eq!(greater(some("1"), None), some("1"));
    }
}
