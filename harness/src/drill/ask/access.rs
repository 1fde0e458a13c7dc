//! Whether the application gets in, and whether its queries work.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::ask::visit::recognise;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Login, Session, SqlTrouble};
use crate::secret::Secret;

/// How long one smoke file may take.
const SMOKE_LIMIT: Duration = Duration::from_secs(300);

/// How the application gets in, with the password it really has.
#[derive(Debug, Clone)]
pub struct Access {
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// Its password.
    pub password: Secret,
    /// The smoke queries: the name of each file, and its text.
    pub smoke: Vec<(String, String)>,
}

impl Access {
    async fn enter(&self, server: &Server) -> Result<Box<dyn Session>, SqlTrouble> {
        let login = Login {
            user: self.role.clone(),
            password: self.password.clone(),
            database: self.database.clone(),
            // None: what the role and the database set is what the application gets.
            settings: vec![],
        };
        let mut session = server.node.connect(&login).await?;
        recognise(server, &mut *session).await?;
        Ok(session)
    }

    fn line(&self, what: &str, said: Option<String>) -> Vec<Option<String>> {
        vec![Some(self.database.clone()), Some(self.role.clone()), Some(what.to_owned()), said]
    }
}

/// Whether each role can log in, on a fresh connection.
pub(super) async fn logins(server: &Server, accesses: &[Access]) -> Table {
    let mut table = Table::new(columns::TRIALS);
    for access in accesses {
        let said = access.enter(server).await.err();
        table.rows.push(access.line("login", said.map(|trouble| trouble.to_string())));
    }
    table
}

/// Whether each smoke file works as its role, in a transaction that is rolled back, on a
/// connection of its own.
pub(super) async fn smoke(server: &Server, accesses: &[Access]) -> Table {
    let mut table = Table::new(columns::TRIALS);
    for access in accesses {
        for (name, sql) in &access.smoke {
            let said = burn(server, access, sql).await.err();
            table.rows.push(access.line(name, said.map(|trouble| trouble.to_string())));
        }
    }
    table
}

async fn burn(server: &Server, access: &Access, sql: &str) -> Result<(), SqlTrouble> {
    let mut session = access.enter(server).await?;
    session.query("BEGIN", QUERY_LIMIT).await?;
    session.query(sql, SMOKE_LIMIT).await?;
    // A deferred constraint speaks only now: what is rolled back unasked was not tried.
    session.query("SET CONSTRAINTS ALL IMMEDIATE", SMOKE_LIMIT).await?;
    session.notices();
    session.query("ROLLBACK", QUERY_LIMIT).await?;
    if session.notices().iter().any(|(code, _)| code == "25P01") {
        let said = "the file ended the transaction it was run in".to_owned();
        return Err(SqlTrouble { code: None, said, lost: false });
    }
    Ok(())
}
