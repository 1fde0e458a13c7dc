//! A visit to a server: one session in every database, each in a snapshot taken before the first
//! answer, on connections that were shown to lead to the server we mean.

use std::time::Duration;

use pgrehearse_verdict::question::Table;

use crate::drill::digest::PINNED;
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, quote_literal};
use crate::rig::{Login, Session, SqlTrouble};

/// Every database that somebody can connect to, the ones that are there to be copied as well: what
/// is in them is in the next database that is made. One whose removal was broken off (a connection
/// limit of -2) lets nobody in; it is told with the globals.
const DATABASES: &str = "SELECT datname FROM pg_catalog.pg_database
WHERE datallowconn AND datconnlimit <> -2 ORDER BY datname COLLATE \"C\"";
/// Opens the snapshot: it is taken by the first query, not by BEGIN.
const OPEN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1";
/// Lets other sessions see the snapshot.
const EXPORT: &str = "SELECT pg_catalog.pg_export_snapshot()";
/// Opens the snapshot of another session, whose name follows.
const IMPORT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT";
/// Undoes what a question did to its session, and whatever a failure of its left behind.
const UNDO: &str = "ROLLBACK TO SAVEPOINT question; RELEASE SAVEPOINT question";
/// Databases we look at; more are a mistake, or somebody's attempt to keep us busy.
const DATABASES_MAX: usize = 256;

/// A database that is being visited.
pub(super) struct Visited {
    /// Its name.
    pub name: String,
    session: Box<dyn Session>,
}

/// The databases of a server, each in its snapshot.
pub(super) struct Visit {
    /// In name order, at least one.
    pub databases: Vec<Visited>,
}

impl Visit {
    /// Opens a session in every database, and only then lets anyone ask.
    pub async fn open(server: &Server) -> Result<Visit, SqlTrouble> {
        let mut first = connect(server, "postgres", PINNED).await?;
        let listed = first.query(DATABASES, QUERY_LIMIT).await?;
        drop(first);
        let rows = listed.into_iter().flat_map(|table| table.rows);
        let names: Vec<String> = rows.flatten().flatten().collect();
        if names.is_empty() || names.len() > DATABASES_MAX {
            let said = format!("found {} databases, want 1 to {DATABASES_MAX}", names.len());
            return Err(SqlTrouble { code: None, said, lost: false });
        }
        let mut databases = vec![];
        for name in names {
            let opened = async {
                let mut session = connect(server, &name, PINNED).await?;
                session.query(OPEN, QUERY_LIMIT).await?;
                Ok(session)
            };
            let session = opened.await.map_err(|trouble| within(&name, trouble))?;
            databases.push(Visited { name, session });
        }
        Ok(Visit { databases })
    }

    /// Ends the visit; the names of the databases.
    pub fn names(self) -> Vec<String> {
        self.databases.into_iter().map(|visited| visited.name).collect()
    }

    /// The database to ask of what all share: `postgres`, or the first there is. What is shared is
    /// kept in whatever encoding it came in, and not every database can read that.
    pub fn shared(&mut self) -> &mut Visited {
        let at = self.databases.iter().position(|visited| visited.name == "postgres");
        &mut self.databases[at.unwrap_or(0)]
    }

    /// The rows of `sql` asked in that database.
    pub async fn query(&mut self, sql: &str) -> Result<Table, SqlTrouble> {
        self.shared().one(sql, QUERY_LIMIT).await
    }
}

impl Visited {
    /// The session, for one question; what came of it goes to [`Visited::after`].
    pub async fn before(&mut self) -> Result<&mut dyn Session, SqlTrouble> {
        let saved = self.session.query("SAVEPOINT question", QUERY_LIMIT).await;
        saved.map_err(|trouble| within(&self.name, trouble))?;
        Ok(&mut *self.session)
    }

    /// What was found, once whatever the question did to the session is undone: one that fails
    /// leaves the snapshot to the ones that follow.
    pub async fn after<T>(&mut self, found: Result<T, SqlTrouble>) -> Result<T, SqlTrouble> {
        let gone = matches!(&found, Err(trouble) if trouble.lost);
        let undone = if gone { Ok(vec![]) } else { self.session.query(UNDO, QUERY_LIMIT).await };
        found.and_then(|found| undone.map(|_| found)).map_err(|trouble| within(&self.name, trouble))
    }

    /// At most `wanted` further sessions that see the very snapshot this one sees. A server that
    /// has no room for them gives fewer.
    pub async fn helpers(
        &mut self,
        server: &Server,
        wanted: usize,
    ) -> Result<Vec<Box<dyn Session>>, SqlTrouble> {
        let mut helpers = vec![];
        if wanted == 0 {
            return Ok(helpers);
        }
        // A snapshot cannot be exported from within a savepoint.
        let exported = self.session.query(EXPORT, QUERY_LIMIT).await;
        let tables = exported.map_err(|trouble| within(&self.name, trouble))?;
        let row = tables.first().and_then(|table| table.rows.first());
        let Some(Some(snapshot)) = row.and_then(|row| row.first()) else { return Ok(helpers) };
        let open = format!("{IMPORT} {}", quote_literal(snapshot));
        while helpers.len() < wanted {
            let Ok(mut helper) = connect(server, &self.name, PINNED).await else { break };
            if helper.query(&open, QUERY_LIMIT).await.is_err() {
                break;
            }
            helpers.push(helper);
        }
        Ok(helpers)
    }

    /// The tables of `sql`, one for each of its statements.
    pub async fn query(&mut self, sql: &str, limit: Duration) -> Result<Vec<Table>, SqlTrouble> {
        let found = self.before().await?.query(sql, limit).await;
        self.after(found).await
    }

    /// The rows of the only statement of `sql`.
    pub async fn one(&mut self, sql: &str, limit: Duration) -> Result<Table, SqlTrouble> {
        Ok(self.query(sql, limit).await?.pop().unwrap_or_default())
    }
}

/// A session of the superuser's in `database`, on a connection that leads to `server`: the nonce
/// it was started with was asked on that very connection.
pub(super) async fn connect(
    server: &Server,
    database: &str,
    settings: &[(&str, &str)],
) -> Result<Box<dyn Session>, SqlTrouble> {
    let login = Login {
        user: SUPERUSER.to_owned(),
        password: server.password.clone(),
        database: database.to_owned(),
        settings: settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    };
    let mut session = server.node.connect(&login).await?;
    recognise(server, &mut *session).await?;
    Ok(session)
}

/// Refuses to take another server for the one that is meant.
pub(super) async fn recognise(
    server: &Server,
    session: &mut dyn Session,
) -> Result<(), SqlTrouble> {
    let tables = session.query("SHOW pgrehearse.nonce", QUERY_LIMIT).await?;
    let nonce = tables.first().and_then(|table| table.rows.first()?.first()?.as_deref());
    if nonce == Some(&*server.nonce) {
        return Ok(());
    }
    let said = "another server answered in place of the one that is meant".to_owned();
    Err(SqlTrouble { code: None, said, lost: false })
}

fn within(database: &str, trouble: SqlTrouble) -> SqlTrouble {
    SqlTrouble { said: format!("in database `{database}`: {}", trouble.said), ..trouble }
}
