//! Loading a fixture: its roles, its cluster-wide SQL, its databases, and our own tables beside
//! them.

use std::path::Path;
use std::time::Duration;

use pgrehearse_verdict::journal::{RigCause, SubjectCause};

use crate::drill::secrets::{STAND_IN, Secrets};
use crate::drill::workload::WRITER;
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, quote_ident, quote_literal};
use crate::engine::{ANALYZE, by_name};
use crate::plan::{Fixture, Load, Script};
use crate::rig::{Command, Place, SqlTrouble, Stage, Trouble};

/// How long one file of a fixture may take to load.
const LOAD_LIMIT: Duration = Duration::from_secs(3600);
/// The first bytes of an archive of `pg_dump -Fc`.
const ARCHIVE_MAGIC: &[u8] = b"PGDMP";

/// Fills an empty cluster with the fixture.
pub async fn load(
    stage: &Stage,
    server: &Server,
    fixture: &Fixture,
    secrets: &Secrets,
    seed: u64,
) -> Result<(), Trouble> {
    let loader = Loader { stage, server, fixture, seed };
    loader.prepare(secrets).await?;
    loader.roles(secrets).await?;
    for script in &fixture.cluster {
        loader.sql("postgres", script).await?;
    }
    for database in &fixture.databases {
        let (name, options) = (quote_ident(&database.name), &database.options);
        let create = format!("CREATE DATABASE {name} {options}");
        loader.query("postgres", &create).await?;
        for file in &database.load {
            match file {
                Load::Sql(script) => loader.sql(&database.name, script).await?,
                Load::Dump(path) => loader.dump(&database.name, path).await?,
            }
        }
        // In production autovacuum has gathered statistics long ago. Without them none could be
        // lost: a restore that brings none back would be as good.
        loader.query(&database.name, ANALYZE).await?;
    }
    Ok(())
}

/// Lets the application's roles write the probe; called once our own tables are there.
pub async fn admit(server: &Server, fixture: &Fixture, database: &str) -> Result<(), Trouble> {
    let mut session = server.connect(database).await.map_err(refused("connect"))?;
    let database = quote_ident(database);
    for application in &fixture.application {
        let role = quote_ident(&application.role);
        let grant = format!(
            "GRANT CONNECT ON DATABASE {database} TO {role}; \
             GRANT USAGE ON SCHEMA pgrehearse TO {role}; \
             GRANT SELECT, INSERT ON pgrehearse.probe TO {role};"
        );
        session.query(&grant, QUERY_LIMIT).await.map_err(refused("let the application write"))?;
    }
    Ok(())
}

/// What a server's refusal of our own SQL means: the subject's failure.
pub fn refused(during: &str) -> impl Fn(SqlTrouble) -> Trouble + use<> {
    let during = during.to_owned();
    move |trouble| Trouble::subject(SubjectCause::Server, format!("{during}: {trouble}"))
}

struct Loader<'a> {
    stage: &'a Stage,
    server: &'a Server,
    fixture: &'a Fixture,
    seed: u64,
}

impl Loader<'_> {
    fn passfile(&self) -> String {
        format!("{}/passfile", self.server.node.place(Place::Scratch))
    }

    fn tablespaces(&self) -> String {
        self.server.node.place(Place::Tablespaces)
    }

    /// The superuser's password, where psql finds it, and a folder for the fixture's tablespaces.
    async fn prepare(&self, secrets: &Secrets) -> Result<(), Trouble> {
        let line = format!("*:*:*:{SUPERUSER}:{}\n", secrets.password(SUPERUSER).reveal());
        let node = &*self.server.node;
        node.write(&self.passfile(), line.as_bytes(), 0o600).await?;
        let folder = format!("{}/{}", self.tablespaces(), self.fixture.name);
        let argv = ["mkdir", "-p", "--", &folder];
        let make = Command::housekeeping("make a folder for tablespaces", argv);
        self.stage.must(node, make).await.map(|_| ())
    }

    async fn roles(&self, secrets: &Secrets) -> Result<(), Trouble> {
        let mut session =
            self.server.connect("postgres").await.map_err(refused("make the roles"))?;
        // A statement with a password in it must not reach the server's log, come what may.
        let quiet = "SET log_statement = 'none'; SET log_min_error_statement = 'panic'; \
                     SET log_min_duration_statement = -1";
        session.query(quiet, QUERY_LIMIT).await.map_err(refused("make the roles"))?;
        let listed = self.fixture.roles.iter().map(|role| role.name.as_str());
        let stand_in = self.fixture.application.iter().map(|application| application.role.as_str());
        let stand_in = stand_in.filter(|role| *role == STAND_IN).take(1);
        for role in listed.chain([WRITER]).chain(stand_in) {
            let password = secrets.password(role);
            let create = format!(
                "CREATE ROLE {} LOGIN PASSWORD {}",
                quote_ident(role),
                quote_literal(password.reveal())
            );
            let during = format!("make the role `{role}`");
            session.query(&create, QUERY_LIMIT).await.map_err(refused(&during))?;
        }
        Ok(())
    }

    async fn query(&self, database: &str, sql: &str) -> Result<(), Trouble> {
        let mut session =
            self.server.connect(database).await.map_err(refused("load the fixture"))?;
        session.query(sql, LOAD_LIMIT).await.map_err(refused("load the fixture"))?;
        Ok(())
    }

    /// Puts a file of the fixture on the node; where it lies there.
    async fn carry(&self, script: &Script) -> Result<(String, Vec<u8>), Trouble> {
        let unreadable = |error: std::io::Error| {
            let said = format!("cannot read `{}`: {error}", script.place());
            Trouble::rig(RigCause::NotADrill, said)
        };
        let bytes = script.bytes().map_err(unreadable)?;
        let on_node = format!("{}/load", self.server.node.place(Place::Scratch));
        self.server.node.write(&on_node, &bytes, 0o600).await?;
        Ok((on_node, bytes))
    }

    fn client(&self, purpose: &str, argv: Vec<String>) -> Command {
        Command::new(purpose, LOAD_LIMIT, argv)
            .env("PGPASSFILE", self.passfile())
            .env("PGHOST", self.server.node.place(Place::Socket))
            .env("PGPORT", "5432")
            .env("PGUSER", SUPERUSER)
    }

    async fn sql(&self, database: &str, script: &Script) -> Result<(), Trouble> {
        let node = &*self.server.node;
        let (file, _) = self.carry(script).await?;
        let argv = vec![
            node.tool("psql"),
            "-X".to_owned(),
            "-q".to_owned(),
            "--set=ON_ERROR_STOP=1".to_owned(),
            format!("--set=scale={}", self.fixture.scale),
            format!("--set=seed={}", self.seed),
            format!("--set=tablespaces={}", self.tablespaces()),
            "--output=/dev/null".to_owned(),
            by_name(database),
            format!("--file={file}"),
        ];
        let purpose = format!("load `{}`", script.place());
        self.stage.must(node, self.client(&purpose, argv)).await.map(|_| ())
    }

    async fn dump(&self, database: &str, path: &Path) -> Result<(), Trouble> {
        let script = Script::File(path.to_owned());
        let (file, bytes) = self.carry(&script).await?;
        if !bytes.starts_with(ARCHIVE_MAGIC) {
            return self.sql(database, &script).await;
        }
        let node = &*self.server.node;
        let argv =
            vec![node.tool("pg_restore"), "--exit-on-error".to_owned(), by_name(database), file];
        let purpose = format!("load `{}`", path.display());
        self.stage.must(node, self.client(&purpose, argv)).await.map(|_| ())
    }
}
