//! Whether the indexes of a recovered server say what its tables say.
//!
//! Each is looked at from two sides: `amcheck` walks a B-tree and looks for every row in it, and
//! what a forced scan through the index counts is held against a reading of the whole table. The
//! visibility map, which a scan of an index alone believes, is looked at beside it. All of it
//! happens in one transaction a database, which is rolled back: neither the extensions nor the
//! catalogue rows that steer the planner are ever there for anybody else.

use pgrehearse_verdict::question::{Table, columns, looked};

use crate::drill::ask::attempt::{LOOK_LIMIT_SERVER, attempt, misshapen};
use crate::drill::ask::counts::{conditions, in_order, through};
use crate::drill::ask::extension::functions;
use crate::drill::ask::heaps::heaps;
use crate::drill::ask::visibility::maps;
use crate::drill::ask::visit::connect;
use crate::drill::digest::PINNED;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Session, SqlTrouble};

const INDEXES: &str = include_str!("indexes.sql");
/// Every table with pages and a map of its own; of a partitioned one its partitions have them.
const TABLES: &str = "
SELECT c.oid::text, format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
WHERE c.relkind IN ('r', 'm', 't') AND c.relpersistence <> 't' AND am.amname = 'heap'
ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

/// One line of [`INDEXES`].
pub(super) struct Index {
    pub oid: String,
    pub identity: String,
    pub name: String,
    pub table_oid: String,
    pub table: String,
    pub method: String,
    pub state: String,
    pub predicate: Option<String>,
    pub key: String,
    pub operator: Option<String>,
    pub value: Option<String>,
    pub kind: Option<String>,
    pub collation: Option<String>,
}

/// One line of [`TABLES`].
pub(super) struct Heap {
    pub oid: String,
    pub identity: String,
}

/// The calls of `amcheck` as they are begun, up to the number of the relation.
struct Amcheck {
    /// Its call and the arguments after the first; or why there is none.
    index: Result<(String, String), String>,
    heap: Result<String, String>,
}

/// A look at one thing: its name, what was looked at, and what was amiss.
pub(super) type Line = (String, &'static str, Option<String>);

/// What can be said of every index of `databases`, and of every table and its visibility map.
///
/// # Errors
/// A server that is lost, or a database that does not let itself be listed.
pub(super) async fn indexes(server: &Server, databases: &[String]) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::INDEXES);
    for database in databases {
        let lines = database_lines(server, database).await.map_err(|trouble| SqlTrouble {
            said: format!("in database `{database}`: {}", trouble.said),
            ..trouble
        })?;
        table.rows.extend(lines.into_iter().map(|(name, what, said)| {
            vec![Some(database.clone()), Some(name), Some(what.to_owned()), said]
        }));
    }
    Ok(table)
}

async fn database_lines(server: &Server, database: &str) -> Result<Vec<Line>, SqlTrouble> {
    let ours = [
        ("default_transaction_read_only", "off"),
        // The triggers of others, those on events too, are none of this business.
        ("session_replication_role", "replica"),
        ("statement_timeout", LOOK_LIMIT_SERVER),
        ("max_parallel_workers_per_gather", "0"),
    ];
    let pinned = PINNED.iter().filter(|(name, _)| {
        !name.starts_with("enable_") && ours.iter().all(|(other, _)| other != name)
    });
    let settings: Vec<_> = pinned.copied().chain(ours).collect();
    let mut session = connect(server, database, &settings).await?;
    session.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", QUERY_LIMIT).await?;
    let listed = list(&mut *session).await?;
    let amcheck = amcheck(&mut *session).await?;
    let mut lines = vec![];
    for index in &listed {
        one(&mut *session, index, &amcheck, &mut lines).await?;
    }
    let tables = tables(&mut *session).await?;
    heaps(&mut *session, &tables, &amcheck.heap, &mut lines).await?;
    maps(&mut *session, &tables, &mut lines).await?;
    session.query("ROLLBACK", QUERY_LIMIT).await?;
    Ok(lines)
}

async fn list(session: &mut dyn Session) -> Result<Vec<Index>, SqlTrouble> {
    let tables = session.query(INDEXES, QUERY_LIMIT).await?;
    let rows = tables.into_iter().flat_map(|table| table.rows);
    let read = |row| match <[Option<String>; 13]>::try_from(row) {
        Ok(
            [
                Some(oid),
                Some(identity),
                Some(name),
                Some(table_oid),
                Some(table),
                Some(method),
                Some(state),
                predicate,
                Some(key),
                operator,
                value,
                kind,
                collation,
            ],
        ) => Ok(Index {
            oid,
            identity,
            name,
            table_oid,
            table,
            method,
            state,
            predicate,
            key,
            operator,
            value,
            kind,
            collation,
        }),
        _ => Err(misshapen("the list of indexes did not come as it was asked for")),
    };
    rows.map(read).collect()
}

/// The functions of `amcheck` as they are called.
async fn amcheck(session: &mut dyn Session) -> Result<Amcheck, SqlTrouble> {
    let found = functions(session, "amcheck").await?;
    let named = |name: &str| match &found {
        Ok(found) => found
            .iter()
            .find(|it| it.name == name)
            .ok_or_else(|| "`amcheck` has no such function".to_owned()),
        Err(said) => Err(said.clone()),
    };
    let index = named("bt_index_check").and_then(|it| {
        let extra = ["heapallindexed", "checkunique"].iter();
        let extra: String = extra
            .filter(|name| it.arguments.contains(**name))
            .map(|name| format!(", {name} => true"))
            .collect();
        let old = "this `amcheck` does not look for the rows of the table in the index";
        let whole = extra.contains("heapallindexed");
        whole.then(|| (it.call.clone(), extra)).ok_or_else(|| old.to_owned())
    });
    Ok(Amcheck { index, heap: named("verify_heapam").map(|it| it.call.clone()) })
}

async fn one(
    session: &mut dyn Session,
    index: &Index,
    amcheck: &Amcheck,
    lines: &mut Vec<Line>,
) -> Result<(), SqlTrouble> {
    let mut add = |what, said| lines.push((index.identity.clone(), what, said));
    match &*index.state {
        "unused" => {
            add(looked::UNUSED, None);
            return Ok(());
        }
        "unfilled" => {
            add(looked::UNFILLED, None);
            return Ok(());
        }
        _ => {}
    }
    if index.method == "btree" {
        let said = match &amcheck.index {
            Ok((call, extra)) => {
                let sql = format!("SELECT {call}({}::regclass{extra})", index.oid);
                attempt(session, &sql, true).await?.err()
            }
            Err(said) => Some(said.clone()),
        };
        add(looked::STRUCTURE, said);
    }
    if index.state == "system" {
        return Ok(());
    }
    let conditions = match conditions(session, index).await? {
        Ok(conditions) => conditions,
        Err(said) => {
            add(looked::COUNT, Some(said));
            return Ok(());
        }
    };
    match in_order(session, index, &conditions).await? {
        Ok(counts) => {
            let said = through(session, index, &conditions, &counts).await?;
            lines.push((index.identity.clone(), looked::COUNT, said));
        }
        // The table is at fault; whether the index is cannot be told.
        Err(said) => {
            add(looked::COUNT, Some(format!("`{}` cannot be read", index.table)));
            lines.push((index.table.clone(), looked::HEAP, Some(said)));
        }
    }
    Ok(())
}

async fn tables(session: &mut dyn Session) -> Result<Vec<Heap>, SqlTrouble> {
    let rows = session.query(TABLES, QUERY_LIMIT).await?.into_iter().flat_map(|t| t.rows);
    let read = |row| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(oid), Some(identity)]) => Ok(Heap { oid, identity }),
        _ => Err(misshapen("the list of tables did not come as it was asked for")),
    };
    rows.map(read).collect()
}
