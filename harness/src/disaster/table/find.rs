//! Finds the one database that has a table, and the files that it is made of.

use pgrehearse_verdict::journal::RigCause;
use pgrehearse_verdict::question::Table;

use crate::disaster::TableName;
use crate::drill::locate::File;
use crate::drill::{QUERY_LIMIT, Server, quote_literal};
use crate::rig::{Session, SqlTrouble, Trouble};

/// Databases that are looked through for the table.
const DATABASES_MAX: usize = 1000;
/// Partitions of one table.
const RELATIONS_MAX: usize = 10_000;
/// The databases that the table could be in.
const DATABASES: &str = "SELECT datname FROM pg_catalog.pg_database \
     WHERE datallowconn AND NOT datistemplate ORDER BY datname";

/// A table, as a scenario names it.
#[derive(Clone, Copy)]
pub(in crate::disaster) struct Named<'a> {
    pub(in crate::disaster) table: &'a TableName,
    /// Left out, it is looked for in all of them and must be in just one.
    pub(in crate::disaster) database: Option<&'a String>,
}

impl Named<'_> {
    /// A connection to each database that has the table, and the database's name.
    pub(in crate::disaster) async fn places(
        &self,
        source: &Server,
    ) -> Result<Vec<(String, Box<dyn Session>)>, SqlTrouble> {
        let databases = match self.database {
            Some(database) => vec![database.clone()],
            None => {
                let mut session = source.connect("postgres").await?;
                let tables = session.query(DATABASES, QUERY_LIMIT).await?;
                let rows = tables.into_iter().next().unwrap_or_default().rows;
                rows.into_iter().filter_map(|row| row.into_iter().next()?).collect()
            }
        };
        // To have looked nowhere must not pass for having found nothing.
        if databases.is_empty() || databases.len() > DATABASES_MAX {
            let count = databases.len();
            let said = format!("{count} databases to look through, wanted 1 to {DATABASES_MAX}");
            return Err(SqlTrouble { code: None, said, lost: false });
        }
        let name = quote_literal(&self.table.quoted());
        let asked = format!("SELECT pg_catalog.to_regclass({name}) IS NOT NULL");
        let mut places = vec![];
        for database in databases {
            let mut session = source.connect(&database).await?;
            match cell(&session.query(&asked, QUERY_LIMIT).await?) {
                Some("t") => places.push((database, session)),
                Some("f") => {}
                other => {
                    let said = format!("`{database}` was asked for the table and said {other:?}");
                    return Err(SqlTrouble { code: None, said, lost: false });
                }
            }
        }
        Ok(places)
    }

    /// The one database that has the table.
    pub(in crate::disaster) async fn place(
        &self,
        source: &Server,
    ) -> Result<(String, Box<dyn Session>), Trouble> {
        let mut places = self.places(source).await.map_err(|error| self.undone(&error))?;
        match (places.pop(), places.pop()) {
            (Some(place), None) => Ok(place),
            (None, _) => Err(self.undone(&"no database has it")),
            (Some((one, _)), Some((other, _))) => {
                let said = format!("it is in `{other}` and in `{one}`, and no database was named");
                Err(self.undone(&said))
            }
        }
    }

    /// The disaster did not happen: no drill.
    pub(in crate::disaster) fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("the disaster did nothing to table `{}`: {why}", self.table);
        Trouble::rig(RigCause::NotADrill, said)
    }
}

/// The table and its partitions, as (OID, files): the table first, then by OID. Parents have none.
pub(in crate::disaster) async fn relations(
    session: &mut dyn Session,
    table: &TableName,
) -> Result<Vec<(u32, Option<File>)>, SqlTrouble> {
    let asked = format!(
        "SELECT c.oid, \
         CASE c.reltablespace WHEN 0 THEN d.dattablespace ELSE c.reltablespace END, \
         d.oid, pg_catalog.pg_relation_filenode(c.oid) \
         FROM (SELECT {0}::pg_catalog.regclass AS oid \
         UNION SELECT relid FROM pg_catalog.pg_partition_tree({0}::pg_catalog.regclass)) AS t \
         JOIN pg_catalog.pg_class AS c ON c.oid = t.oid \
         JOIN pg_catalog.pg_database AS d ON d.datname = pg_catalog.current_database() \
         ORDER BY c.oid <> {0}::pg_catalog.regclass, c.oid LIMIT {1}",
        quote_literal(&table.quoted()),
        RELATIONS_MAX + 1
    );
    let tables = session.query(&asked, QUERY_LIMIT).await?;
    let rows = tables.last().map(|table| table.rows.as_slice()).unwrap_or_default();
    let trouble = |said: String| SqlTrouble { code: None, said, lost: false };
    if rows.len() > RELATIONS_MAX {
        return Err(trouble(format!("it has more than {RELATIONS_MAX} partitions")));
    }
    let relation = |row: &Vec<Option<String>>| {
        let number = |at: usize| row.get(at)?.as_deref()?.parse::<u32>().ok();
        let file = number(3).map(|file| Some(File::new(number(1)?, number(2)?, file)));
        Some((number(0)?, if row.get(3)?.is_some() { file? } else { None }))
    };
    let found: Option<Vec<_>> = rows.iter().map(relation).collect();
    found.ok_or_else(|| trouble("its files have no numbers".to_owned()))
}

/// The first value of the last statement's answer.
pub(in crate::disaster) fn cell(tables: &[Table]) -> Option<&str> {
    tables.last()?.rows.first()?.first()?.as_deref()
}
