//! PostgreSQL's own client programs on a node, told where to connect by variables and a password
//! file, never by arguments.

use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;

use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, refused};
use crate::rig::{Command, Place, Stage, Trouble};
use crate::secret::Secret;

/// Those that a new cluster has come first: they are put back while nothing else is there yet.
const DATABASES: &str = "SELECT datname FROM pg_catalog.pg_database \
     WHERE datallowconn AND datname <> 'template0' \
     ORDER BY datname NOT IN ('template1', 'postgres'), datname = 'postgres', datname";

/// ANALYZE of everything but the parents of foreign tables: that would ask the foreign servers,
/// which a restored server must not, and fails where a wrapper has no handler.
pub(crate) const ANALYZE: &str = "DO $$ DECLARE relation text; BEGIN FOR relation IN \
     WITH RECURSIVE parents AS (SELECT i.inhparent AS oid FROM pg_catalog.pg_inherits AS i \
     JOIN pg_catalog.pg_foreign_table AS f ON f.ftrelid = i.inhrelid \
     UNION SELECT i.inhparent FROM pg_catalog.pg_inherits AS i \
     JOIN parents AS p ON p.oid = i.inhrelid) \
     SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c \
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' \
     AND c.oid NOT IN (SELECT oid FROM parents) ORDER BY c.oid \
     LOOP EXECUTE 'ANALYZE ' || relation; END LOOP; END $$";

/// A client of a server's, on the server's own node.
pub(crate) struct Client<'a> {
    server: &'a Server,
    user: String,
    host: String,
    passfile: String,
}

impl<'a> Client<'a> {
    /// The superuser, over the server's socket.
    pub(crate) async fn superuser(server: &'a Server) -> Result<Client<'a>, Trouble> {
        let host = server.node.place(Place::Socket);
        Client::new(server, SUPERUSER, &server.password, host).await
    }

    /// Another role. It comes over the network where the rig has one, as an application would.
    pub(crate) async fn role(
        server: &'a Server,
        role: &str,
        password: &Secret,
        network: bool,
    ) -> Result<Client<'a>, Trouble> {
        let socket = server.node.place(Place::Socket);
        let host = if network { "127.0.0.1".to_owned() } else { socket };
        Client::new(server, role, password, host).await
    }

    async fn new(
        server: &'a Server,
        user: &str,
        password: &Secret,
        host: String,
    ) -> Result<Client<'a>, Trouble> {
        let passfile = format!("{}/client.pass", server.node.place(Place::Scratch));
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let line = format!("*:*:*:{}:{}\n", escaped(user), escaped(password.reveal()));
        server.node.write(&passfile, line.as_bytes(), 0o600).await?;
        Ok(Client { server, user: user.to_owned(), host, passfile })
    }

    /// A command of the program `tool`. Its messages are in English: they are looked at.
    pub(crate) fn command(
        &self,
        purpose: &str,
        limit: Duration,
        tool: &str,
        argv: impl IntoIterator<Item = String>,
    ) -> Command {
        let words = [self.server.node.tool(tool)].into_iter().chain(argv);
        Command::new(purpose, limit, words)
            .env("PGPASSFILE", self.passfile.clone())
            .env("PGHOST", self.host.clone())
            .env("PGPORT", "5432")
            .env("PGUSER", self.user.clone())
            .env("LC_ALL", "C")
    }
}

/// Gathers the statistics of `databases`: a dump holds none before PostgreSQL 18. By ANALYZE,
/// since `vacuumdb` passes over partitioned tables, and leaves them without any.
pub(crate) async fn analyze(
    stage: &Stage,
    server: &Server,
    databases: &[String],
    limit: Duration,
) -> Result<(), Trouble> {
    let client = Client::superuser(server).await?;
    for database in databases {
        let purpose = format!("gather the statistics of `{database}`");
        let argv = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"];
        let argv = argv.map(str::to_owned).into_iter();
        let argv = argv.chain([format!("--command={ANALYZE}"), by_name(database)]);
        stage.must(&*server.node, client.command(&purpose, limit, "psql", argv)).await?;
    }
    Ok(())
}

/// Every database that can be connected to, those that a new cluster has already first.
pub(crate) async fn databases(server: &Server) -> Result<Vec<String>, Trouble> {
    let during = "list the databases";
    let mut session = server.connect("postgres").await.map_err(refused(during))?;
    let tables = session.query(DATABASES, QUERY_LIMIT).await.map_err(refused(during))?;
    let rows = tables.into_iter().next().unwrap_or_default().rows;
    let names: Vec<String> = rows.into_iter().filter_map(|row| row.into_iter().next()?).collect();
    if names.is_empty() {
        return Err(Trouble::subject(SubjectCause::Server, "there is no database to be seen"));
    }
    Ok(names)
}

/// The argument that names a database, and nothing but a database: a bare name with a `=` in it,
/// or one that begins as a URI does, could name a host.
pub(crate) fn by_name(database: &str) -> String {
    let quoted = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("--dbname=dbname='{quoted}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_database_can_name_nothing_else() {
        assert_eq!(by_name("shop"), "--dbname=dbname='shop'");
        assert_eq!(by_name("host=elsewhere"), "--dbname=dbname='host=elsewhere'");
        assert_eq!(by_name("it's \\"), "--dbname=dbname='it\\'s \\\\'");
    }
}
