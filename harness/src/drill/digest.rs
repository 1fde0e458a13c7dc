//! Fingerprints: what every table holds, as a count and a digest that does not depend on the
//! order of the rows, on the places they lie at, or on the numbers the server gave its types.
//!
//! The digest of a table is SHA-256 over its columns, its row count, and the sum modulo 2^256 of
//! the SHA-256 of each row's COPY text. A sum sees a row that is there twice, which an
//! exclusive-or would not. It withstands accidents; it is not meant to withstand forgery.

mod slices;
mod sum;

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::quote::quote_ident;
use crate::rig::{Session, SqlTrouble};

use slices::{Task, work_off};
use sum::read;

/// How a session that reads contents must be set up, in its startup packet: everything that
/// changes how a value is written, and everything that lets a query answer without reading the
/// table.
pub const PINNED: &[(&str, &str)] = &[
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("xmloption", "content"),
    ("lc_monetary", "C"),
    ("client_encoding", "UTF8"),
    ("search_path", ""),
    ("row_security", "off"),
    ("quote_all_identifiers", "off"),
    ("enable_indexscan", "off"),
    ("enable_indexonlyscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_tidscan", "on"),
    ("synchronize_seqscans", "off"),
    ("jit", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("application_name", "pgrehearse"),
];

/// The encoding in which text is sent as it is kept.
const UNCONVERTED: &str = "UTF8";
/// What a COPY ends with that converts nothing: in another encoding there can be text that UTF-8
/// does not have, and bytes that are none.
const AS_KEPT: &str = " (ENCODING 'SQL_ASCII')";
/// How long the list of tables may take.
const LIST_LIMIT: Duration = Duration::from_secs(60);

/// Every relation with rows of its own, one line for each column, columns in name order; and how
/// many blocks it has that can be read by their number, which a heap can since PostgreSQL 14. That
/// is asked of the file: to ask the relation would wait for its locks. It need not be exact, since
/// the last slice is open at its end.
const RELATIONS: &str = "
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
  c.relpersistence, c.relispopulated, a.attname, quote_ident(a.attname),
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 140000
    AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap')
  THEN greatest(c.relpages,
    (pg_catalog.pg_stat_file(pg_catalog.pg_relation_filepath(c.oid), true)).size
    / pg_catalog.current_setting('block_size')::int) END
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute AS a
  ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\", a.attname COLLATE \"C\"";

/// The bytes of large objects, a line a page, and a line with each one's length. A page of zeros
/// and a page that is not there read the same, so neither is given.
const LARGE_OBJECTS: &str = r"COPY (
SELECT oid, 'length', coalesce(max(
    pageno::bigint * (pg_catalog.current_setting('block_size')::int / 4) + octet_length(data)),
  0)::text
FROM pg_catalog.pg_largeobject_metadata LEFT JOIN pg_catalog.pg_largeobject ON loid = oid
GROUP BY oid
UNION ALL
SELECT loid, pageno::text, rtrim(data, '\x00'::bytea)::text FROM pg_catalog.pg_largeobject
WHERE rtrim(data, '\x00'::bytea) <> '\x'
) TO STDOUT";

/// The columns of the large objects' line, as its shape.
const LARGE_OBJECT_SHAPE: &str = "(loid oid, content bytea)";

/// The relations with rows of their own of one database.
pub struct Contents {
    relations: Vec<Relation>,
    /// What every COPY ends with.
    ending: &'static str,
}

impl Contents {
    /// The relations of the database that `session` is connected to with the settings of
    /// [`PINNED`].
    ///
    /// # Errors
    /// The list does not come, or not as it was asked for.
    pub async fn list(session: &mut dyn Session) -> Result<Contents, SqlTrouble> {
        let encoding = session.query("SHOW server_encoding", LIST_LIMIT).await?;
        let encoding = encoding.first().and_then(|table| table.rows.first()?.first()?.as_deref());
        let ending = if encoding == Some(UNCONVERTED) { "" } else { AS_KEPT };
        Ok(Contents { relations: relations(session).await?, ending })
    }

    /// How many sessions can read at once with profit, at least one.
    pub fn readers(&self) -> usize {
        slices::readers(self.relations.iter().map(|relation| relation.blocks).sum())
    }
}

/// The count and digest of everything in `contents`, and of the database's large objects as
/// `pg_largeobject`. The answer has the columns of [`columns::FINGERPRINT`]. All of `sessions`
/// are connected to that database with the settings of [`PINNED`] and see the same snapshot; they
/// share the work, and what comes of it is the same for one as for many.
///
/// # Errors
/// A relation that cannot be read to its end: the whole answer is refused, and the relation named.
pub async fn fingerprint(
    sessions: &mut [&mut dyn Session],
    contents: &Contents,
    database: &str,
) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::FINGERPRINT);
    let relations = &contents.relations;
    let mut tasks = vec![];
    for (at, relation) in relations.iter().enumerate().filter(|(_, one)| one.populated) {
        let parts = slices::slices(relation.blocks, sessions.len());
        tasks.extend(
            parts.iter().map(|part| Task { at, copy: relation.copy(part, contents.ending) }),
        );
    }
    let sums = work_off(sessions, tasks, relations.len()).await;
    let sums = sums.map_err(|(at, trouble)| naming(&relations[at].identity, trouble))?;
    for (relation, sum) in relations.iter().zip(sums) {
        let digest = sum.seal(&relation.shape());
        let name = relation.identity.clone();
        table.rows.push(line(database, name, sum.rows(), digest, relation.described()));
    }
    let Some(session) = sessions.first_mut() else { return Err(misshapen("the sessions")) };
    if let Some(count) = large_objects(&mut **session).await? {
        let read = read(&mut **session, LARGE_OBJECTS).await;
        let sum = read.map_err(|trouble| naming("pg_largeobject", trouble))?;
        let (name, digest) = ("pg_largeobject".to_owned(), sum.seal(LARGE_OBJECT_SHAPE));
        table.rows.push(line(database, name, count, digest, LARGE_OBJECT_SHAPE.to_owned()));
    }
    Ok(table)
}

fn line(
    database: &str,
    relation: String,
    rows: u64,
    digest: String,
    shape: String,
) -> Vec<Option<String>> {
    vec![
        Some(database.to_owned()),
        Some(relation),
        Some(rows.to_string()),
        Some(digest),
        Some(shape),
    ]
}

fn naming(relation: &str, trouble: SqlTrouble) -> SqlTrouble {
    SqlTrouble { said: format!("`{relation}` cannot be read: {}", trouble.said), ..trouble }
}

struct Relation {
    schema: String,
    name: String,
    identity: String,
    unlogged: bool,
    populated: bool,
    /// How many blocks can be read by their number.
    blocks: u64,
    /// The name, the name as SQL would print it, and the type.
    columns: Vec<(String, String, String)>,
}

impl Relation {
    /// Reads the rows for which `part` holds. Nothing here has an alias: a column of that name
    /// would take its place.
    fn copy(&self, part: &str, ending: &str) -> String {
        let list: Vec<String> = self.columns.iter().map(|(name, ..)| quote_ident(name)).collect();
        let (schema, name) = (quote_ident(&self.schema), quote_ident(&self.name));
        let list = list.join(", ");
        format!("COPY (SELECT {list} FROM ONLY {schema}.{name}{part}) TO STDOUT{ending}")
    }

    fn shape(&self) -> String {
        let list = self.columns.iter().map(|(_, name, kind)| format!("{name} {kind}"));
        format!("({})", list.collect::<Vec<_>>().join(", "))
    }

    fn described(&self) -> String {
        let unlogged = if self.unlogged { "unlogged " } else { "" };
        let populated = if self.populated { "" } else { "not populated " };
        format!("{unlogged}{populated}{}", self.shape())
    }
}

async fn relations(session: &mut dyn Session) -> Result<Vec<Relation>, SqlTrouble> {
    let tables = session.query(RELATIONS, LIST_LIMIT).await?;
    let mut relations: Vec<Relation> = vec![];
    for row in tables.into_iter().flat_map(|table| table.rows) {
        let Ok([schema, name, identity, persistence, populated, column, shown, kind, blocks]) =
            <[Option<String>; 9]>::try_from(row)
        else {
            return Err(misshapen("the list of tables"));
        };
        let (Some(schema), Some(name), Some(identity)) = (schema, name, identity) else {
            return Err(misshapen("the list of tables"));
        };
        let same = |last: &Relation| last.schema == schema && last.name == name;
        if !relations.last().is_some_and(same) {
            relations.push(Relation {
                schema,
                name,
                identity,
                unlogged: persistence.as_deref() == Some("u"),
                populated: populated.as_deref() != Some("f"),
                blocks: blocks.and_then(|blocks| blocks.parse().ok()).unwrap_or(0),
                columns: vec![],
            });
        }
        if let (Some(last), Some(column), Some(shown), Some(kind)) =
            (relations.last_mut(), column, shown, kind)
        {
            last.columns.push((column, shown, kind));
        }
    }
    Ok(relations)
}

/// How many large objects there are; `None` where there is neither one nor a page of one.
async fn large_objects(session: &mut dyn Session) -> Result<Option<u64>, SqlTrouble> {
    let count = "SELECT (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata),
        EXISTS (SELECT FROM pg_catalog.pg_largeobject)";
    let trouble = |trouble| naming("pg_largeobject", trouble);
    let tables = session.query(count, LIST_LIMIT).await.map_err(trouble)?;
    let row = tables.first().and_then(|table| table.rows.first());
    let [Some(count), Some(pages)] = row.map(Vec::as_slice).unwrap_or_default() else {
        return Err(misshapen("the number of large objects"));
    };
    let count = count.parse().map_err(|_| misshapen("the number of large objects"))?;
    Ok((count > 0 || pages == "t").then_some(count))
}

fn misshapen(what: &str) -> SqlTrouble {
    let said = format!("{what} did not come as it was asked for");
    SqlTrouble { code: None, said, lost: false }
}
