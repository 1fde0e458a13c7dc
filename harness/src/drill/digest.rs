//! Fingerprints: what every table holds, as a count and a digest that does not depend on the
//! order of the rows, on the places they lie at, or on the numbers the server gave its types.
//!
//! The digest of a table is SHA-256 over its columns, its row count, and the sum modulo 2^256 of
//! the SHA-256 of each row's COPY text. A sum sees a row that is there twice, which an
//! exclusive-or would not. It withstands accidents; it is not meant to withstand forgery.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};
use sha2::{Digest, Sha256};

use crate::drill::hex;
use crate::drill::quote::quote_ident;
use crate::rig::{CopySink, Session, SqlTrouble};

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
    ("synchronize_seqscans", "off"),
    ("jit", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "60s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("application_name", "pgrehearse"),
];

/// The way digests are made; part of every digest, so that two ways never compare.
pub const ALGORITHM: &str = "sha256-sum-1";
/// How long the list of tables may take.
const LIST_LIMIT: Duration = Duration::from_secs(60);
/// How long one table may take.
const TABLE_LIMIT: Duration = Duration::from_secs(3600);

/// Every relation with rows of its own, one line for each column, columns in name order.
const RELATIONS: &str = "
SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname),
  c.relpersistence, c.relispopulated, a.attname, quote_ident(a.attname),
  pg_catalog.format_type(a.atttypid, a.atttypmod)
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

/// The count and digest of every table, partition and materialized view of the database that
/// `session` is connected to with the settings of [`PINNED`], and of its large objects as
/// `pg_largeobject`. The answer has the columns of [`columns::FINGERPRINT`].
///
/// # Errors
/// A relation that cannot be read to its end: the whole answer is refused, and the relation named.
pub async fn fingerprint(session: &mut dyn Session, database: &str) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::FINGERPRINT);
    for relation in relations(session).await? {
        let (rows, digest) = if relation.populated {
            let read = read(session, &relation.copy(), &relation.shape()).await;
            read.map_err(|trouble| naming(&relation.identity, trouble))?
        } else {
            (0, Sum::default().seal(&relation.shape()))
        };
        let name = relation.identity.clone();
        table.rows.push(line(database, name, rows, digest, relation.described()));
    }
    if let Some(count) = large_objects(session).await? {
        let read = read(session, LARGE_OBJECTS, LARGE_OBJECT_SHAPE).await;
        let (_, digest) = read.map_err(|trouble| naming("pg_largeobject", trouble))?;
        let name = "pg_largeobject".to_owned();
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
    /// The name, the name as SQL would print it, and the type.
    columns: Vec<(String, String, String)>,
}

impl Relation {
    /// Nothing here has an alias: a column of that name would take its place.
    fn copy(&self) -> String {
        let list: Vec<String> = self.columns.iter().map(|(name, ..)| quote_ident(name)).collect();
        let (schema, name) = (quote_ident(&self.schema), quote_ident(&self.name));
        format!("COPY (SELECT {} FROM ONLY {schema}.{name}) TO STDOUT", list.join(", "))
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
        let Ok([schema, name, identity, persistence, populated, column, shown, kind]) =
            <[Option<String>; 8]>::try_from(row)
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

/// The number of rows of a COPY, and their digest.
async fn read(
    session: &mut dyn Session,
    copy: &str,
    shape: &str,
) -> Result<(u64, String), SqlTrouble> {
    let sum = Arc::new(Mutex::new(Sum::default()));
    let (rows, sink) =
        session.copy_out(copy, Box::new(Summing(Arc::clone(&sum))), TABLE_LIMIT).await?;
    drop(sink);
    let sum = sum.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if sum.rows != rows {
        return Err(misshapen("the number of rows"));
    }
    Ok((rows, sum.seal(shape)))
}

struct Summing(Arc<Mutex<Sum>>);

impl CopySink for Summing {
    fn row(&mut self, row: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).add(row);
    }
}

/// The sum modulo 2^256 of the SHA-256 of each row, least significant word first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sum {
    rows: u64,
    words: [u64; 4],
}

impl Sum {
    fn add(&mut self, row: &[u8]) {
        let digest = Sha256::digest(row);
        let mut carry = false;
        for (word, bytes) in self.words.iter_mut().zip(digest.rchunks_exact(8)) {
            let added = bytes.iter().fold(0, |word: u64, byte| word << 8 | u64::from(*byte));
            let (sum, over) = word.overflowing_add(added);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            *word = sum;
            carry = over || over_again;
        }
        self.rows += 1;
    }

    fn seal(&self, shape: &str) -> String {
        let mut whole = Sha256::new();
        whole.update(format!("{ALGORITHM}\n{shape}\n{}\n", self.rows));
        for word in self.words {
            whole.update(word.to_le_bytes());
        }
        hex(&whole.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&str]) -> Sum {
        let mut sum = Sum::default();
        rows.iter().for_each(|row| sum.add(row.as_bytes()));
        sum
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_their_number_does() {
        assert_eq!(sum(&["a", "b", "c"]), sum(&["c", "a", "b"]));
        assert_ne!(sum(&["a", "a"]).words, sum(&[]).words);
        assert_ne!(sum(&["a", "b", "b"]).words, sum(&["a"]).words);
    }

    #[test]
    fn the_sum_is_that_of_the_digests_as_numbers_of_256_bits() {
        // Against a sum in decimal digits, carried by hand through every byte.
        let rows = ["x", "y", "z", "", "\\N"];
        let mut bytes = [0u8; 32];
        for row in rows {
            let mut carry = 0u16;
            for (sum, byte) in bytes.iter_mut().zip(Sha256::digest(row)).rev() {
                let whole = u16::from(*sum) + u16::from(byte) + carry;
                *sum = whole.to_le_bytes()[0];
                carry = whole >> 8;
            }
        }
        let words = sum(&rows).words;
        let found: Vec<u8> = words.iter().rev().flat_map(|word| word.to_be_bytes()).collect();
        assert_eq!(found, bytes);
    }

    #[test]
    fn a_digest_binds_the_names_of_the_columns() {
        assert_ne!(sum(&["1"]).seal("(a integer)"), sum(&["1"]).seal("(b integer)"));
    }
}
