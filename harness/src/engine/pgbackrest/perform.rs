//! What is done with pgBackRest: protect, back up, fetch, restore.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::brief::Protection;
use pgrehearse_verdict::journal::{Backup, SubjectCause};
use pgrehearse_verdict::lsn::Segment;

use crate::drill::{SUPERUSER, Server};
use crate::engine::ground::{assert_empty, housekeep};
use crate::engine::pgbackrest::config::{
    STANZA, archive_command, config, config_path, control_path, pass_path,
};
use crate::engine::pgbackrest::said::heard;
use crate::engine::pgbackrest::stanza::made;
use crate::engine::quoting::pass_line;
use crate::engine::{
    Abilities, Archive, Arrival, Ask, Course, Engine, PgBackRest, Restorer, RestoresFiles, Target,
};
use crate::rig::{Command, HOUSEKEEPING_LIMIT, Node, Place, Stage, Trouble};

/// How long a backup or a restore may take; the drill's own limit is usually shorter.
const COPY_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long making and trying the stanza may take, one archived segment included.
const STANZA_LIMIT: Duration = Duration::from_secs(300);
/// How long fetching one segment may take.
const SEGMENT_LIMIT: Duration = Duration::from_secs(300);
/// How often the source's control file is copied until the copy is whole: the server writes it.
const CONTROL_TRIES: u32 = 5;

/// The exit status of `archive-get` for a segment that is not there; errors begin at 25.
const NOT_THERE: i32 = 1;

impl PgBackRest {
    /// A command of pgBackRest's. What it says goes to us by a variable, not by the file: servers
    /// read the file too, and their logs are not to be filled.
    fn command(
        node: &dyn Node,
        purpose: &str,
        limit: Duration,
        command: &str,
        options: &[&str],
    ) -> Command {
        let mut argv = vec![
            node.tool("pgbackrest"),
            format!("--config={}", config_path(node)),
            format!("--stanza={STANZA}"),
            command.to_owned(),
        ];
        argv.extend(options.iter().map(|option| (*option).to_owned()));
        Command::new(purpose, limit, argv)
            .env("PGPASSFILE", pass_path(node))
            .env("PGBACKREST_LOG_LEVEL_CONSOLE", "info")
            .env("PGBACKREST_LOG_LEVEL_STDERR", "warn")
    }

    async fn configure(&self, node: &dyn Node) -> Result<(), Trouble> {
        let text = config(self, |place| node.place(place));
        node.write(&config_path(node), text.as_bytes(), 0o600).await
    }

    /// Keeps the source's control file in the repository: see [`control_path`].
    async fn keep_control(&self, stage: &Stage, node: &dyn Node) -> Result<(), Trouble> {
        let ours = control_path(node);
        let from = format!("{}/global/pg_control", node.place(Place::Data));
        let folder = format!("{ours}/global");
        let to = format!("{folder}/pg_control");
        housekeep(stage, node, "make room for the control file", &["mkdir", "-p", "--", &folder])
            .await?;
        for _ in 0..CONTROL_TRIES {
            housekeep(stage, node, "keep the control file", &["cp", "--", &from, &to]).await?;
            let tool = node.tool("pg_controldata");
            let shown =
                housekeep(stage, node, "look at the control file", &[&tool, "-D", &ours]).await?;
            // It says so on its standard output and exits with 0 when the checksum is wrong.
            if !shown.text().starts_with("WARNING") {
                return Ok(());
            }
        }
        let said = format!("the control file could not be copied whole {CONTROL_TRIES} times");
        Err(Trouble::subject(SubjectCause::Command, said))
    }
}

#[async_trait]
impl Engine for PgBackRest {
    fn abilities(&self) -> Abilities {
        Abilities {
            backups: &["full", "diff", "incr"],
            targets: &["latest", "immediate", "before_disaster", "mark", "lsn", "time", "xid"],
            protection: Protection::Archive,
            standstill: false,
            newer_major: false,
            one_database: false,
        }
    }

    fn settings(&self, node: &dyn Node) -> Vec<(String, String)> {
        let command = archive_command(&node.tool("pgbackrest"), &config_path(node));
        // `archive_timeout` decides what can be lost: it is the user's, never set here.
        [("archive_mode", "on".to_owned()), ("archive_command", command)]
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    async fn protect(&self, stage: &Stage, source: &Server) -> Result<(), Trouble> {
        let node = &*source.node;
        if self.cipher.is_some() {
            stage.redactor.learn(self.key.draw()?.reveal());
        }
        self.configure(node).await?;
        let line = pass_line(SUPERUSER, source.password.reveal());
        node.write(&pass_path(node), line.as_bytes(), 0o600).await?;
        for (command, purpose) in
            [("stanza-create", "make the stanza"), ("check", "try the archive")]
        {
            let output =
                stage.run(node, Self::command(node, purpose, STANZA_LIMIT, command, &[])).await?;
            heard(stage, purpose, output)?;
        }
        self.keep_control(stage, node).await
    }

    async fn backup(&self, stage: &Stage, source: &Server, ask: &Ask) -> Result<Backup, Trouble> {
        let kind = ask.kind.as_str();
        let node = &*source.node;
        let purpose = format!("take a backup ({kind})");
        let asked = format!("--type={kind}");
        let command = Self::command(node, &purpose, COPY_LIMIT, "backup", &[&asked]);
        let output = heard(stage, &purpose, stage.run(node, command).await?)?;
        let purpose = "look at the backups";
        let command = Self::command(node, purpose, HOUSEKEEPING_LIMIT, "info", &["--output=json"]);
        // Its standard output is JSON: nothing else may be said there.
        let command = command.env("PGBACKREST_LOG_LEVEL_CONSOLE", "off");
        let info = heard(stage, purpose, stage.run(node, command).await?)?;
        let took_ns = u64::try_from(output.took.as_nanos()).unwrap_or(u64::MAX);
        let backup = made(&output.text(), &info.text(), took_ns)?;
        if backup.kind != kind {
            let Backup { label, kind: was, .. } = &backup;
            stage.remark(format!("backup `{label}` was asked for as {kind} and became {was}"))?;
        }
        Ok(backup)
    }

    async fn version(&self, stage: &Stage, node: &dyn Node) -> Result<String, Trouble> {
        let argv = [node.tool("pgbackrest"), "version".to_owned()];
        let purpose = "ask pgbackrest for its version";
        let output = stage.must(node, Command::housekeeping(purpose, argv)).await?.text();
        Ok(output.trim().to_owned())
    }

    fn artifacts(&self) -> &'static str {
        "backup"
    }

    fn restorer(&self) -> Restorer<'_> {
        Restorer::Files(self)
    }

    fn archive(&self) -> Option<&dyn Archive> {
        Some(self)
    }

    fn remarks(&self) -> Vec<String> {
        self.costs()
    }

    fn encrypts(&self) -> bool {
        self.cipher.is_some()
    }
}

#[async_trait]
impl RestoresFiles for PgBackRest {
    async fn restore(
        &self,
        stage: &Stage,
        node: &dyn Node,
        course: &Course,
    ) -> Result<(), Trouble> {
        assert_empty(stage, node).await?;
        self.configure(node).await?;
        let mut options = vec![
            "--archive-mode=off".to_owned(),
            format!("--tablespace-map-all={}", node.place(Place::Tablespaces)),
        ];
        // It refuses a timeline for a target that needs none: the backup is on its own.
        if course.target != Target::Immediate {
            options.push(format!("--target-timeline={}", course.timeline));
        }
        options.extend(course.backup.iter().map(|label| format!("--set={label}")));
        options.extend(target_options(course));
        let purpose = "restore the backup";
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let command = Self::command(node, purpose, COPY_LIMIT, "restore", &options);
        heard(stage, purpose, stage.run(node, command).await?).map(|_| ())
    }
}

/// The target in pgBackRest's words.
fn target_options(course: &Course) -> Vec<String> {
    let at = |kind: &str, target: &str, inclusive: bool| {
        let mut options = vec![format!("--type={kind}"), format!("--target={target}")];
        options.extend((!inclusive).then(|| "--target-exclusive".to_owned()));
        options
    };
    let mut options = match &course.target {
        // It goes on by itself at the end of WAL: an action is not even allowed.
        Target::Latest => return vec!["--type=default".to_owned()],
        Target::Immediate => vec!["--type=immediate".to_owned()],
        Target::Before(lsn) => at("lsn", &lsn.to_string(), false),
        Target::After(lsn) => at("lsn", &lsn.to_string(), true),
        Target::Time { utc, inclusive } => at("time", &format!("{utc}+00"), *inclusive),
        Target::Xid { xid, inclusive } => at("xid", &xid.to_string(), *inclusive),
    };
    // To pause is its default.
    if course.arrival == Arrival::Promote {
        options.push("--target-action=promote".to_owned());
    }
    options
}

#[async_trait]
impl Archive for PgBackRest {
    async fn fetch_wal(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
        into: &str,
    ) -> Result<bool, Trouble> {
        self.configure(node).await?;
        let purpose = format!("fetch segment {segment}");
        let control = format!("--pg1-path={}", control_path(node));
        let name = segment.to_string();
        let options = [&control, "--no-archive-async", &name, into];
        let command = Self::command(node, &purpose, SEGMENT_LIMIT, "archive-get", &options);
        let output = stage.run(node, command).await?;
        let absent = format!("unable to find {name} in the archive");
        if output.exit == Some(NOT_THERE) && output.text().contains(&absent) {
            return Ok(false);
        }
        heard(stage, &purpose, output).map(|_| true)
    }

    async fn archived_file(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
    ) -> Result<Option<String>, Trouble> {
        let repository = node.place(Place::Repository);
        let archive = format!("{repository}/archive/{STANZA}");
        let pattern = format!("{segment}-*");
        let look = ["find", &archive, "-type", "f", "-name", &pattern, "-print"];
        let found = housekeep(stage, node, "look for the archived file", &look).await?.text();
        let files: Vec<&str> = found.lines().collect();
        match files[..] {
            [] => Ok(None),
            [file] => match file.strip_prefix(&format!("{repository}/")) {
                Some(relative) => Ok(Some(relative.to_owned())),
                None => Err(Trouble::subject(
                    SubjectCause::Command,
                    format!("`{file}` is not in the repository"),
                )),
            },
            [..] => Err(Trouble::subject(
                SubjectCause::Command,
                format!("the archive holds segment {segment} {} times", files.len()),
            )),
        }
    }
}
