//! The file that is damaged, and what a look at it through SQL says.

use std::time::Duration;

use pgrehearse_verdict::question::Table;

use crate::disaster::corrupt_pages::{CorruptPages, Of};
use crate::disaster::table::Named;
use crate::drill::{QUERY_LIMIT, Server, quote_literal};
use crate::rig::{Session, SqlTrouble, Trouble};

/// How long reading the whole table may take.
const READ_LIMIT: Duration = Duration::from_secs(3600);
/// Only the path that is damaged may be taken, and no damage may be passed over in silence.
const ROWS_ONLY: &str = "SET enable_indexscan = off; SET enable_indexonlyscan = off; \
     SET enable_bitmapscan = off; SET zero_damaged_pages = off; \
     SET ignore_checksum_failure = off; SET max_parallel_workers_per_gather = 0";
/// By the index, but the keys that are asked for are the rows' own, not the index's.
const BY_INDEX: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; \
     SET enable_indexonlyscan = off; \
     SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; \
     SET zero_damaged_pages = off; SET ignore_checksum_failure = off; \
     SET max_parallel_workers_per_gather = 0";

impl CorruptPages {
    /// A connection to the one database that has the table.
    pub(super) async fn session(&self, source: &Server) -> Result<Box<dyn Session>, Trouble> {
        let named = Named { table: &self.table, database: self.database.as_ref() };
        Ok(named.place(source).await?.1)
    }

    /// The path of the file in the data directory, if there is one.
    pub(super) async fn file(
        &self,
        session: &mut dyn Session,
    ) -> Result<Option<String>, SqlTrouble> {
        let of = match self.of {
            Of::Heap => "t.oid",
            Of::Index => {
                "(SELECT indexrelid FROM pg_catalog.pg_index WHERE indrelid = t.oid \
                 AND indisprimary AND indisvalid)"
            }
            Of::Toast => "NULLIF(t.reltoastrelid, 0)",
        };
        let asked = format!(
            "SELECT pg_catalog.pg_relation_filepath({of}) FROM pg_catalog.pg_class AS t \
             WHERE t.oid = {}::pg_catalog.regclass AND t.relpersistence = 'p'",
            quote_literal(&self.table.quoted())
        );
        Ok(cell(&session.query(&asked, QUERY_LIMIT).await?))
    }

    /// What the table says when it is read by the damaged path and no other: its rows with all
    /// their values, or how many of them their key leads to. This is no question of a check's.
    pub(super) async fn look(&self, session: &mut dyn Session) -> Result<String, SqlTrouble> {
        let table = self.table.quoted();
        let (setting, asked) = match self.of {
            Of::Heap | Of::Toast => (
                ROWS_ONLY,
                format!(
                    "SELECT pg_catalog.count(*) || ' rows, ' || pg_catalog.md5(\
                     COALESCE(pg_catalog.string_agg(one, '' ORDER BY one COLLATE \"C\"), '')) \
                     FROM (SELECT pg_catalog.md5(t::pg_catalog.text) AS one \
                     FROM ONLY {table} AS t) AS all_of_it"
                ),
            ),
            Of::Index => (BY_INDEX, self.by_key(session, &table).await?),
        };
        session.query(setting, QUERY_LIMIT).await?;
        let none = || SqlTrouble { code: None, said: "no answer".to_owned(), lost: false };
        cell(&session.query(&asked, READ_LIMIT).await?).ok_or_else(none)
    }

    /// Asks for each row by its own key, `OFFSET 0` so that no plan does it in another way.
    async fn by_key(&self, session: &mut dyn Session, table: &str) -> Result<String, SqlTrouble> {
        let asked = format!(
            "SELECT pg_catalog.string_agg(pg_catalog.format('b.%1$I = a.%1$I', attname), ' AND ') \
             FROM pg_catalog.pg_index JOIN pg_catalog.pg_attribute ON attrelid = indrelid \
             AND attnum = ANY (indkey) WHERE indisprimary AND indrelid = {}::pg_catalog.regclass",
            quote_literal(table)
        );
        let none = || SqlTrouble { code: None, said: "no primary key".to_owned(), lost: false };
        let same = cell(&session.query(&asked, QUERY_LIMIT).await?).ok_or_else(none)?;
        Ok(format!(
            "SELECT pg_catalog.count(found) || ' rows by key' FROM ONLY {table} AS a \
             LEFT JOIN LATERAL (SELECT true AS found FROM ONLY {table} AS b WHERE {same} \
             OFFSET 0) AS by_key ON true"
        ))
    }
}

/// The first value of the last statement's answer.
fn cell(tables: &[Table]) -> Option<String> {
    tables.last()?.rows.first()?.first()?.clone()
}
