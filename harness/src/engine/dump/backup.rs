//! Takes a dump: one snapshot for each database, all of them taken before the first is read.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::{Backup, Snapshot, SubjectCause};
use tokio::time::Instant;

use crate::drill::{QUERY_LIMIT, Server, refused};
use crate::engine::client::{Client, by_name, databases};
use crate::engine::dump::layout::{Dumped, GLOBALS, Layout, folder};
use crate::engine::dump::spec::{DumpFormat, PgDump};
use crate::engine::{Abilities, Archive, Ask, Engine, Restorer};
use crate::rig::{Command, Node, Place, Session, Stage, Trouble};

/// How long dumping one database may take; the drill's own limit is usually shorter.
pub(super) const COPY_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

#[async_trait]
impl Engine for PgDump {
    fn abilities(&self) -> Abilities {
        Abilities {
            backups: &["full"],
            targets: &["latest", "before_disaster"],
            protection: Protection::Snapshots,
            standstill: false,
            newer_major: true,
            one_database: true,
        }
    }

    fn settings(&self, _node: &dyn Node) -> Vec<(String, String)> {
        vec![]
    }

    async fn protect(&self, stage: &Stage, source: &Server) -> Result<(), Trouble> {
        let repository = source.node.place(Place::Repository);
        let make = ["mkdir", "-p", "-m", "700", "--", &repository];
        let make = Command::housekeeping("make room for backups", make);
        stage.must(&*source.node, make).await.map(|_| ())
    }

    async fn backup(&self, stage: &Stage, source: &Server, ask: &Ask) -> Result<Backup, Trouble> {
        let began = Instant::now();
        let node = &*source.node;
        let label = format!("dump-{}", ask.number);
        let folder = folder(node, &label);
        let make = ["mkdir", "-m", "700", "--", &folder];
        stage.must(node, Command::housekeeping("make room for the backup", make)).await?;
        let names = databases(source).await?;
        let asked_ns = stage.notebook.ns(Instant::now());
        let (mut held, mut snapshots) = (vec![], vec![]);
        for name in &names {
            let (session, snapshot) = hold(source, name).await?;
            held.push(session);
            snapshots.push(snapshot);
        }
        let answered_ns = stage.notebook.ns(Instant::now());
        if self.globals {
            self.globals(stage, source, &folder).await?;
        }
        let client = match &self.role {
            None => Client::superuser(source).await?,
            Some(role) => {
                let none = || {
                    let said = format!("no password of role `{role}` is known to dump with");
                    Trouble::subject(SubjectCause::Command, said)
                };
                let password = ask.passwords.get(role).ok_or_else(none)?;
                let network = stage.rig.kind() == "docker";
                Client::role(source, role, password, network).await?
            }
        };
        let mut dumped = vec![];
        for (number, (name, snapshot)) in (1..).zip(names.iter().zip(&snapshots)) {
            let file = format!("database-{number}{}", self.suffix());
            let into = format!("{folder}/{file}");
            let purpose = format!("dump database `{name}`");
            let argv = self.argv(source.postgres.version, &into, snapshot, name);
            let command = client.command(&purpose, COPY_LIMIT, "pg_dump", argv);
            stage.must(node, command).await?;
            dumped.push(Dumped { name: name.clone(), file });
        }
        drop(held);
        let tablespaces = node.place(Place::Tablespaces);
        Layout { tablespaces, databases: dumped }.write(node, &label).await?;
        let sync = ["sync", "--", &folder];
        stage.must(node, Command::housekeeping("force the backup to disk", sync)).await?;
        Ok(Backup {
            label,
            kind: ask.kind.clone(),
            bytes: Some(size(stage, node, &folder).await?),
            took_ns: u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX),
            snapshot: Some(Snapshot { asked_ns, answered_ns }),
            ..Backup::default()
        })
    }

    fn artifacts(&self) -> &'static str {
        ""
    }

    fn restorer(&self) -> Restorer<'_> {
        Restorer::Contents(self)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        None
    }

    async fn version(&self, stage: &Stage, node: &dyn Node) -> Result<String, Trouble> {
        let argv = [node.tool("pg_dump"), "--version".to_owned()];
        let purpose = "ask pg_dump for its version";
        let output = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        Ok(output.trim().to_owned())
    }

    fn refuses(&self, major: u32) -> Vec<String> {
        self.contradictions(major)
    }

    fn remarks(&self) -> Vec<String> {
        self.costs()
    }
}

impl PgDump {
    /// The arguments for one database. It is always dumped with its own properties: without
    /// `--create` a script has neither its encoding nor its settings nor its privileges.
    fn argv(&self, major: u32, into: &str, snapshot: &str, database: &str) -> Vec<String> {
        let mut argv = vec![
            self.format.option().to_owned(),
            format!("--file={into}"),
            format!("--snapshot={snapshot}"),
            "--no-password".to_owned(),
        ];
        if self.format == DumpFormat::Plain {
            // The two that every cluster has are made anew, as pg_dumpall does it.
            argv.extend(["--create", "--clean", "--if-exists"].map(str::to_owned));
        }
        argv.extend(self.compress.map(|compress| compress.option(major)));
        if let (DumpFormat::Directory, Some(jobs)) = (self.format, self.jobs) {
            argv.push(format!("--jobs={jobs}"));
        }
        argv.push(by_name(database));
        argv
    }

    async fn globals(&self, stage: &Stage, source: &Server, folder: &str) -> Result<(), Trouble> {
        let client = Client::superuser(source).await?;
        let argv = ["--globals-only", "--no-password"].map(str::to_owned).into_iter();
        let argv = argv.chain([format!("--file={folder}/{GLOBALS}")]);
        let command = client.command("dump the globals", COPY_LIMIT, "pg_dumpall", argv);
        stage.must(&*source.node, command).await.map(|_| ())
    }
}

/// A snapshot of a database, which lasts as long as the session that exported it.
async fn hold(source: &Server, database: &str) -> Result<(Box<dyn Session>, String), Trouble> {
    let during = format!("take a snapshot of `{database}`");
    let mut session = source.connect(database).await.map_err(refused(&during))?;
    let export = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot()";
    let tables = session.query(export, QUERY_LIMIT).await.map_err(refused(&during))?;
    let snapshot = tables.last().and_then(|table| table.rows.first()?.first()?.clone());
    let none = || Trouble::subject(SubjectCause::Server, format!("{during}: it has no name"));
    Ok((session, snapshot.ok_or_else(none)?))
}

/// The size of a backup in bytes.
pub(in crate::engine) async fn size(
    stage: &Stage,
    node: &dyn Node,
    folder: &str,
) -> Result<u64, Trouble> {
    let purpose = "measure the backup";
    let argv = ["du", "--summarize", "--bytes", "--", folder];
    let said = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
    let bytes = said.split_whitespace().next().and_then(|word| word.parse().ok());
    bytes.ok_or_else(|| Trouble::subject(SubjectCause::Command, format!("{purpose}: `{said}`")))
}
