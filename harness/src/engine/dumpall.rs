//! pg_dumpall: the whole cluster in one script. It reads one database after the other, each in a
//! snapshot of its own, so that it holds one moment only where nothing is committed meanwhile.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::{Backup, Snapshot, SubjectCause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::drill::{SUPERUSER, Server};
use crate::engine::client::{Client, analyze, by_name, databases};
use crate::engine::{Abilities, Archive, Ask, Course, Engine, Restorer, RestoresContents};
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// How long dumping or restoring the cluster may take; the drill's own limit is usually shorter.
const COPY_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// The last words of a script that is whole.
const TRAILER: &str = "-- PostgreSQL database cluster dump complete";
/// The file of a backup that says where the source's tablespaces were.
const SPACES: &str = "tablespaces";

/// The whole cluster in one script, restored by psql, which is told to stop at the first error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgDumpAll {
    /// Whether statistics are gathered after the restore; they are where nothing is said.
    #[serde(default = "yes")]
    pub analyze: bool,
}

fn yes() -> bool {
    true
}

impl PgDumpAll {
    pub(crate) const SUMMARY: &'static str =
        "pg_dumpall: the whole cluster in one script, restored by psql with ON_ERROR_STOP";
    pub(crate) const EXAMPLE: &'static str = "pg_dumpall: {}";

    fn script(node: &dyn Node, label: &str) -> String {
        format!("{}/{label}/cluster.sql", node.place(Place::Repository))
    }
}

#[async_trait]
impl Engine for PgDumpAll {
    fn abilities(&self) -> Abilities {
        Abilities {
            backups: &["full"],
            targets: &["latest", "before_disaster"],
            protection: Protection::Snapshots,
            standstill: true,
            newer_major: true,
            one_database: false,
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

    /// The caller keeps all commits from being sent meanwhile: what was acknowledged before it
    /// began is in, what is sent after it ended is not.
    async fn backup(&self, stage: &Stage, source: &Server, ask: &Ask) -> Result<Backup, Trouble> {
        let began = Instant::now();
        let node = &*source.node;
        let label = format!("dumpall-{}", ask.number);
        let folder = format!("{}/{label}", node.place(Place::Repository));
        let make = ["mkdir", "-m", "700", "--", &folder];
        stage.must(node, Command::housekeeping("make room for the backup", make)).await?;
        let client = Client::superuser(source).await?;
        let asked_ns = stage.notebook.ns(Instant::now());
        // What a new cluster has already is made anew: it could hold anything.
        let words = ["--clean", "--if-exists", "--no-password"].map(str::to_owned);
        let argv = words.into_iter().chain([format!("--file={}", Self::script(node, &label))]);
        let command = client.command("dump the cluster", COPY_LIMIT, "pg_dumpall", argv);
        stage.must(node, command).await?;
        let answered_ns = stage.notebook.ns(Instant::now());
        let spaces = node.place(Place::Tablespaces);
        node.write(&format!("{folder}/{SPACES}"), spaces.as_bytes(), 0o600).await?;
        let sync = ["sync", "--", &folder];
        stage.must(node, Command::housekeeping("force the backup to disk", sync)).await?;
        Ok(Backup {
            label,
            kind: ask.kind.clone(),
            bytes: Some(super::dump::size(stage, node, &folder).await?),
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
        let argv = [node.tool("pg_dumpall"), "--version".to_owned()];
        let purpose = "ask pg_dumpall for its version";
        let output = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        Ok(output.trim().to_owned())
    }

    fn remarks(&self) -> Vec<String> {
        vec![
            "pg_dumpall takes no snapshot of the whole: the drill holds all commits while it runs, \
             which production does not"
                .to_owned(),
        ]
    }
}

#[async_trait]
impl RestoresContents for PgDumpAll {
    async fn restore(
        &self,
        stage: &Stage,
        server: &Server,
        course: &Course,
    ) -> Result<(), Trouble> {
        let node = &*server.node;
        let none = || Trouble::subject(SubjectCause::Command, "no backup was chosen");
        let label = course.backup.as_deref().ok_or_else(none)?;
        let from = Self::script(node, label);
        let look = ["tail", "--bytes=200", "--", &from];
        let look = Command::housekeeping("look at the end of the script", look);
        let end = stage.must(node, look).await?.text();
        if !end.lines().any(|line| line == TRAILER) {
            let said = "the script of the cluster does not end as it must";
            return Err(Trouble::subject(SubjectCause::Command, said));
        }
        let client = Client::superuser(server).await?;
        let path = self.ready(stage, server, label, &from).await?;
        let argv = [
            "--no-psqlrc".to_owned(),
            "--quiet".to_owned(),
            "--no-password".to_owned(),
            "--set=ON_ERROR_STOP=1".to_owned(),
            "--output=/dev/null".to_owned(),
            by_name("postgres"),
            format!("--file={path}"),
        ];
        let command = client.command("restore the cluster", COPY_LIMIT, "psql", argv);
        stage.must(node, command).await?;
        if self.analyze {
            let databases = databases(server).await?;
            analyze(stage, server, &databases, COPY_LIMIT).await?;
        }
        Ok(())
    }
}

impl PgDumpAll {
    /// A copy of the script for this cluster, up to its first `\connect`: the superuser that is
    /// there already is neither dropped nor made, and tablespaces lie elsewhere. No row of any
    /// table stands before that.
    async fn ready(
        &self,
        stage: &Stage,
        server: &Server,
        label: &str,
        from: &str,
    ) -> Result<String, Trouble> {
        let node = &*server.node;
        let purpose = "read where the tablespaces were";
        let spaces = format!("{}/{label}/{SPACES}", node.place(Place::Repository));
        let shown = node.run(&Command::housekeeping(purpose, ["cat", "--", &spaces])).await?;
        let (old, new) = (shown.expect_ok(purpose)?.text(), node.place(Place::Tablespaces));
        let into = format!("{}/cluster.sql", node.place(Place::Scratch));
        let head = "1,/^\\\\connect /";
        let edits = [
            format!("{head}{{/^DROP ROLE IF EXISTS {SUPERUSER};$/d}}"),
            format!("{head}{{/^CREATE ROLE {SUPERUSER};$/d}}"),
            format!(
                "{head}s\u{1}^\\(CREATE TABLESPACE .* LOCATION '\\){}/\u{1}\\1{}/\u{1}",
                pattern(&old),
                replacement(&new)
            ),
        ];
        let mut argv = vec!["sed".to_owned()];
        argv.extend(edits.iter().map(|edit| format!("--expression={edit}")));
        // `w` would name a file: the output goes there by the command itself.
        argv.extend(["--in-place".to_owned(), "--".to_owned(), into.clone()]);
        let copy = ["cp", "--", from, &into];
        stage.must(node, Command::new("fetch the script", COPY_LIMIT, copy)).await?;
        stage.must(node, Command::new("make the script ready", COPY_LIMIT, argv)).await?;
        let purpose = "make room for the tablespaces";
        let shown = [
            "sed",
            "--quiet",
            "--expression",
            "1,/^\\\\connect /s/^CREATE TABLESPACE .* LOCATION '\\(.*\\)';$/\\1/p",
            "--",
            &into,
        ];
        let folders = stage.must(node, Command::new(purpose, COPY_LIMIT, shown)).await?.text();
        for folder in folders.lines().filter(|folder| folder.starts_with(&new)) {
            let make = ["mkdir", "-p", "-m", "700", "--", folder];
            stage.must(node, Command::housekeeping(purpose, make)).await?;
        }
        Ok(into)
    }
}

/// A text as sed finds it, and nothing else, in a pattern between control characters.
fn pattern(text: &str) -> String {
    let special = |c: char| "\\.*[]^$".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A text as sed puts it in.
fn replacement(text: &str) -> String {
    text.replace('\\', "\\\\").replace('&', "\\&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_itself_to_sed() {
        assert_eq!(pattern("/a.b/[c]$"), "/a\\.b/\\[c\\]\\$");
        assert_eq!(replacement("/a&b\\"), "/a\\&b\\\\");
    }

    #[test]
    fn statistics_are_gathered_where_nothing_is_said() {
        let spec: PgDumpAll = serde_json::from_str("{}").expect("a spec");
        assert!(spec.analyze);
        assert!(serde_json::from_str::<PgDumpAll>(r#"{"analise": true}"#).is_err());
    }
}
