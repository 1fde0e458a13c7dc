//! Restores a dump into a new cluster: the globals, then each database, then its statistics.

use async_trait::async_trait;
use pgrehearse_verdict::journal::SubjectCause;

use crate::drill::Server;
use crate::engine::client::{Client, analyze, by_name, databases};
use crate::engine::dump::backup::COPY_LIMIT;
use crate::engine::dump::globals;
use crate::engine::dump::layout::{Dumped, GLOBALS, Layout, folder};
use crate::engine::dump::spec::{DumpFormat, PgDump};
use crate::engine::{Course, RestoresContents};
use crate::rig::{Command, Place, Stage, Trouble};

/// The last words of a script that is whole.
const TRAILER: &str = "-- PostgreSQL database dump complete";
/// Bytes of a script's end that are looked at for them.
const TRAILER_BYTES: &str = "--bytes=200";
/// The parts of an archive, in the order in which they are restored one by one.
const SECTIONS: [&str; 3] = ["pre-data", "data", "post-data"];

#[async_trait]
impl RestoresContents for PgDump {
    async fn restore(
        &self,
        stage: &Stage,
        server: &Server,
        course: &Course,
    ) -> Result<(), Trouble> {
        let node = &*server.node;
        let (layout, folder) = self.chosen(server, course).await?;
        let client = Client::superuser(server).await?;
        if self.globals {
            let script = globals::read(node, &format!("{folder}/{GLOBALS}")).await?;
            let spaces = node.place(Place::Tablespaces);
            let ready = globals::ready(&script, &layout.tablespaces, &spaces);
            let path = globals::lay(stage, server, &ready).await?;
            let command = psql(&client, "restore the globals", "postgres", &path);
            stage.must(node, command).await?;
        }
        for database in &layout.databases {
            self.database(stage, server, &client, &folder, database).await?;
        }
        if self.analyze {
            let databases = databases(server).await?;
            analyze(stage, server, &databases, COPY_LIMIT).await?;
        }
        Ok(())
    }

    async fn restore_database(
        &self,
        stage: &Stage,
        server: &Server,
        course: &Course,
        database: &str,
    ) -> Result<(), Trouble> {
        let (layout, folder) = self.chosen(server, course).await?;
        let none = || {
            let said = format!("the backup holds no database `{database}`");
            Trouble::subject(SubjectCause::Command, said)
        };
        let dumped = layout.databases.iter().find(|it| it.name == database).ok_or_else(none)?;
        let client = Client::superuser(server).await?;
        self.database(stage, server, &client, &folder, dumped).await?;
        if self.analyze {
            analyze(stage, server, &[database.to_owned()], COPY_LIMIT).await?;
        }
        Ok(())
    }
}

/// The database to be connected to while another is made: not the one that is made anew.
fn beside(database: &str) -> &'static str {
    if database == "postgres" { "template1" } else { "postgres" }
}

/// A script by psql, which goes on after an error where it is not told to stop.
fn psql(client: &Client<'_>, purpose: &str, database: &str, path: &str) -> Command {
    let argv = [
        "--no-psqlrc".to_owned(),
        "--quiet".to_owned(),
        "--no-password".to_owned(),
        "--set=ON_ERROR_STOP=1".to_owned(),
        "--output=/dev/null".to_owned(),
        by_name(database),
        format!("--file={path}"),
    ];
    client.command(purpose, COPY_LIMIT, "psql", argv)
}

/// A plain script. One that was cut between two statements runs without an error: its last words
/// are looked at first.
async fn script(
    stage: &Stage,
    server: &Server,
    client: &Client<'_>,
    database: &Dumped,
    path: &str,
) -> Result<(), Trouble> {
    let node = &*server.node;
    let look = ["tail", TRAILER_BYTES, "--", path];
    let look = Command::housekeeping("look at the end of the script", look);
    let end = stage.must(node, look).await?.text();
    if !end.lines().any(|line| line == TRAILER) {
        let said = format!("the script of database `{}` does not end as it must", database.name);
        return Err(Trouble::subject(SubjectCause::Command, said));
    }
    let purpose = format!("restore database `{}`", database.name);
    let command = psql(client, &purpose, beside(&database.name), path);
    stage.must(node, command).await.map(|_| ())
}

impl PgDump {
    /// The backup of `course`: what is in it, and where it lies.
    async fn chosen(&self, server: &Server, course: &Course) -> Result<(Layout, String), Trouble> {
        let none = || Trouble::subject(SubjectCause::Command, "no backup was chosen");
        let label = course.backup.as_deref().ok_or_else(none)?;
        let node = &*server.node;
        Ok((Layout::read(node, label).await?, folder(node, label)))
    }

    /// Makes one database, with all that is in it.
    async fn database(
        &self,
        stage: &Stage,
        server: &Server,
        client: &Client<'_>,
        folder: &str,
        database: &Dumped,
    ) -> Result<(), Trouble> {
        let path = format!("{folder}/{}", database.file);
        match self.format {
            DumpFormat::Plain => {
                let path = self.unpacked(stage, server, &path).await?;
                script(stage, server, client, database, &path).await
            }
            DumpFormat::Custom | DumpFormat::Directory | DumpFormat::Tar => {
                self.archive(stage, server, client, database, &path).await
            }
        }
    }

    /// Where the script of `path` lies unpacked: psql reads text only. What unpacks it looks at its
    /// checksum.
    async fn unpacked(
        &self,
        stage: &Stage,
        server: &Server,
        path: &str,
    ) -> Result<String, Trouble> {
        let node = &*server.node;
        let into = format!("{}/script.sql", node.place(Place::Scratch));
        let argv: Vec<&str> = match self.suffix() {
            ".gz" => {
                let copy = format!("{into}.gz");
                let argv = ["cp", "--", path, &copy];
                let copied = Command::new("fetch the script", COPY_LIMIT, argv);
                stage.must(node, copied).await?;
                let unpack = ["gzip", "--decompress", "--force", "--", &copy];
                let unpack = Command::new("unpack the script", COPY_LIMIT, unpack);
                return stage.must(node, unpack).await.map(|_| into);
            }
            ".lz4" => vec!["lz4", "-d", "-f", "-q", path, &into],
            ".zst" => vec!["zstd", "-d", "-f", "-q", path, "-o", &into],
            _ => return Ok(path.to_owned()),
        };
        stage.must(node, Command::new("unpack the script", COPY_LIMIT, argv)).await?;
        Ok(into)
    }

    /// An archive by pg_restore, in one command or part by part.
    async fn archive(
        &self,
        stage: &Stage,
        server: &Server,
        client: &Client<'_>,
        database: &Dumped,
        path: &str,
    ) -> Result<(), Trouble> {
        let own = ["template1", "postgres"].contains(&database.name.as_str());
        let purpose = format!("restore database `{}`", database.name);
        let sections: &[Option<&str>] = if self.sections { &SECTIONS.map(Some) } else { &[None] };
        for section in sections {
            let mut argv = vec!["--exit-on-error".to_owned(), "--no-password".to_owned()];
            // The database itself is made with the first part; then it is connected to.
            let first = section.is_none_or(|section| section == SECTIONS[0]);
            if first {
                argv.push("--create".to_owned());
                if own {
                    argv.extend(["--clean", "--if-exists"].map(str::to_owned));
                }
            }
            argv.extend(section.map(|section| format!("--section={section}")));
            // A tar file can only be read from front to back. And by several at once, the part that
            // comes last may deadlock: see `PgDump::sections`.
            let apart = self.format != DumpFormat::Tar && *section != Some(SECTIONS[2]);
            if let (Some(jobs), true) = (self.jobs, apart) {
                argv.push(format!("--jobs={jobs}"));
            }
            argv.push(by_name(if first { beside(&database.name) } else { &database.name }));
            argv.push(path.to_owned());
            let purpose = match section {
                Some(section) => format!("{purpose}: {section}"),
                None => purpose.clone(),
            };
            let command = client.command(&purpose, COPY_LIMIT, "pg_restore", argv);
            stage.must(&*server.node, command).await?;
        }
        Ok(())
    }
}
