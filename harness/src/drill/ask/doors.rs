//! With which passwords the roles of a server get in, and with which they do not.

use std::collections::BTreeMap;
use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns, door};
use tokio::time::Instant;

use crate::drill::ask::visit::{connect, recognise};
use crate::drill::digest::PINNED;
use crate::drill::secrets::nonce;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Login, SqlTrouble};
use crate::secret::Secret;

/// Each role knocks at each database, and at so many doors at the most; where there are more
/// roles, at fewer databases each.
const KNOCKS_MAX: usize = 1000;
/// How long a connection of ours that was closed may still count against a limit.
const LEAVING_LIMIT: Duration = Duration::from_secs(2);
/// The time between two knocks at a door that is too full.
const KNOCK_EVERY: Duration = Duration::from_millis(20);
/// The SQLSTATE of too many connections.
const TOO_MANY: &str = "53300";

/// (role, state). The roles that PostgreSQL keeps for itself never log in.
const ROLES: &str = "
SELECT rolname, CASE WHEN NOT rolcanlogin THEN 'no login'
  WHEN rolvaliduntil < pg_catalog.now() THEN 'expired' ELSE 'login' END
FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname COLLATE \"C\"";
const DATABASES: &str = "SELECT datname FROM pg_catalog.pg_database
WHERE datallowconn AND datconnlimit <> -2 ORDER BY datname COLLATE \"C\"";

/// Lets every role knock at every database over the path that the application takes: with a
/// password that nobody has, and with its own where `passwords` knows it.
pub(super) async fn doors(
    server: &Server,
    passwords: &BTreeMap<String, Secret>,
) -> Result<Table, String> {
    let said = |trouble: SqlTrouble| trouble.to_string();
    let mut session = connect(server, "postgres", PINNED).await.map_err(said)?;
    let mut listed = session.query(ROLES, QUERY_LIMIT).await.map_err(said)?;
    let roles = listed.pop().unwrap_or_default().rows;
    let mut listed = session.query(DATABASES, QUERY_LIMIT).await.map_err(said)?;
    let mut databases: Vec<String> =
        listed.pop().unwrap_or_default().rows.into_iter().flatten().flatten().collect();
    drop(session);
    databases.truncate((KNOCKS_MAX / roles.len().max(1)).max(1));
    let wrong = Secret::new(nonce().map_err(|trouble| trouble.to_string())?);
    let mut table = Table::new(columns::ACCESS);
    for row in roles {
        let [Some(role), Some(state)] = &*row else {
            return Err("the list of the roles did not come as it was asked for".to_owned());
        };
        let own = passwords.get(role);
        for database in &databases {
            let mut add = |what: &str, said: Option<SqlTrouble>| {
                let key = [database, role, state, what].map(|word| Some(word.to_owned()));
                let said = said.map(|trouble| trouble.to_string());
                table.rows.push(key.into_iter().chain([said]).collect());
            };
            add(door::WRONG, knock(server, database, role, &wrong).await.err());
            match own {
                Some(own) => add(door::RIGHT, knock(server, database, role, own).await.err()),
                None => add(door::UNTRIED, None),
            }
        }
    }
    Ok(table)
}

/// Whether a role is let in, by the server that is meant.
async fn knock(
    server: &Server,
    database: &str,
    role: &str,
    password: &Secret,
) -> Result<(), SqlTrouble> {
    let login = Login {
        user: role.to_owned(),
        password: password.clone(),
        database: database.to_owned(),
        settings: vec![],
    };
    let deadline = Instant::now() + LEAVING_LIMIT;
    loop {
        match server.node.connect(&login).await {
            Ok(mut session) => return recognise(server, &mut *session).await,
            Err(trouble) if trouble.code.as_deref() == Some(TOO_MANY) => {
                if Instant::now() >= deadline {
                    return Err(trouble);
                }
                tokio::time::sleep(KNOCK_EVERY).await;
            }
            Err(trouble) => return Err(trouble),
        }
    }
}
