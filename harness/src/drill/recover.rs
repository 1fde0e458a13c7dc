//! A recovery onto fresh ground: located, restored, watched until it is writable, asked
//! everything, killed, and asked again.

use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::{Aim, Event, Promise, Scope, SubjectCause, Tick};
use pgrehearse_verdict::lsn::{Lsn, Segment};
use pgrehearse_verdict::question::{Moment, Question};
use tokio::time::Instant;

use crate::drill::load::refused;
use crate::drill::perform::Drill;
use crate::drill::probe::await_writable;
use crate::drill::promise::promise;
use crate::drill::questions::questions;
use crate::drill::raise::{ISOLATED, node_spec, say_how_to_look};
use crate::drill::secrets::nonce;
use crate::drill::within::within;
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, ask, ask_files};
use crate::engine::{Course, Restorer};
use crate::plan::{Postgres, Recover};
use crate::rig::{Login, Mount, Node, Place, Stage, Trouble, Volume};

/// How long the archive may take to hold the last segment of a server that still serves.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(600);
/// The time between two looks at the archiver.
const ARCHIVE_LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a recovered server may take to become writable, replay included.
pub(super) const RECOVERY_LIMIT: Duration = Duration::from_secs(3600);
/// How long a killed server may take to answer again.
const RESTART_LIMIT: Duration = Duration::from_secs(300);

/// Settings of every recovered server, on its command line: it never archives, whatever the
/// restored files say. Asked back by the check `identity`.
const NEVER_ARCHIVES: (&str, &str) = ("archive_mode", "off");

/// The recovery that was checked in full.
pub struct Recovered {
    /// Where it went.
    pub course: Course,
    /// What it recovered to.
    pub postgres: Postgres,
    /// What it aimed at.
    pub aim: Aim,
    /// The length of a WAL segment.
    pub segment_bytes: u64,
    /// The recovered server: it stays until the next recovery, so that it can be looked at.
    pub server: Arc<Server>,
}

impl Drill<'_> {
    /// One recovery of the plan.
    pub(super) async fn recover(&mut self, spec: &Recover) -> Result<(), Trouble> {
        self.recoveries += 1;
        let number = self.recoveries;
        let stage = self.stage.scoped(Scope::Recovery(number));
        stage.note(Event::Ticked(Tick::Begun))?;
        let begun = Instant::now();
        self.finish().await?;
        let end_of_wal = self.retire_source(&stage).await?;
        self.leave_last().await?;
        let postgres = self.plan.postgres_of(spec);
        let node = self.ground(&stage, &postgres, &format!("target-{number}")).await?;
        let (course, aim) = self.aim(&stage, &*node, spec, end_of_wal).await?;
        stage.note(Event::Aimed(aim.clone()))?;
        stage.note(Event::Ticked(Tick::Located))?;
        let brought = self.bring_back(&stage, node, &postgres, &course, begun);
        let server = within(&stage, spec.within, begun, brought).await?;
        let wanted = questions(&self.plan.brief, &Moment::Recovered);
        ask(&stage, &server, &self.asker, &Moment::Recovered, &wanted).await?;
        stage.note(Event::Ticked(Tick::Verified))?;
        self.note_commits(&stage, &*server.node, &aim).await?;
        self.ask_chain(&stage, &*server.node).await?;
        self.ask_to_the_end(&stage, &server, &overrides()).await?;
        let segment_bytes = self.archiver.map_or(16 << 20, |archiver| archiver.segment_bytes);
        self.last = Some(Recovered { course, postgres, aim, segment_bytes, server });
        Ok(())
    }

    /// What was recovered last makes way for the next.
    pub(super) async fn leave_last(&mut self) -> Result<(), Trouble> {
        match self.last.take() {
            Some(last) if !Arc::ptr_eq(&last.server, &self.source) => {
                last.server.node.destroy().await
            }
            _ => Ok(()),
        }
    }

    /// Fresh ground with the repository on it.
    pub(super) async fn ground(
        &self,
        stage: &Stage,
        postgres: &Postgres,
        name: &str,
    ) -> Result<Arc<dyn Node>, Trouble> {
        let mount =
            Mount { volume: self.repository.clone(), at: Place::Repository, read_only: false };
        let node = stage.rig.node(node_spec(postgres, name, vec![mount])).await?;
        stage.note(Event::Ticked(Tick::Provisioned))?;
        Ok(node)
    }

    /// The source ends here. One that still serves finishes its last segment first, as anyone
    /// would do after a DROP; then it is stopped, so that nobody can take it for the recovered
    /// server. Where its WAL ends, if it could still say so.
    async fn retire_source(&mut self, stage: &Stage) -> Result<Option<Lsn>, Trouble> {
        let mut end = None;
        if self.source_serves {
            if self.plan.engine.engine().archive().is_some() {
                end = Some(self.archive_all().await?);
            }
            self.source.stop(&self.stage).await?;
            self.source_serves = false;
        }
        let (so, said) = match self.source.connect("postgres").await {
            Ok(_) => (false, "the source still answers".to_owned()),
            // A refusal is an answer too: only silence shows that no server is there.
            Err(trouble) => (trouble.code.is_none(), trouble.to_string()),
        };
        stage.note(Event::SourceDown { so, said })?;
        Ok(end)
    }

    /// All that was written until now is in the archive; where it ends.
    pub(super) async fn archive_all(&mut self) -> Result<Lsn, Trouble> {
        let during = "finish the last segment";
        let mut session = self.source.connect("postgres").await.map_err(refused(during))?;
        let tables =
            session.query("SELECT pg_switch_wal()", QUERY_LIMIT).await.map_err(refused(during))?;
        let answer = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
        let end: Lsn = answer.unwrap_or_default().parse().map_err(|error| {
            Trouble::subject(SubjectCause::Server, format!("{during}: {error}"))
        })?;
        let deadline = Instant::now() + ARCHIVE_LIMIT;
        loop {
            let (promised, archiver) = promise(&self.source).await?;
            self.archiver = Some(archiver);
            let last = Lsn(end.0.saturating_sub(1));
            let wanted = Segment::holding(archiver.timeline, last, archiver.segment_bytes);
            if archiver.last.is_some_and(|last| last >= wanted) {
                self.promise_again(Promise { safe: archiver.safe, ..promised })?;
                return Ok(wanted.end());
            }
            if Instant::now() >= deadline {
                let said = format!(
                    "the archive lacks `{wanted}` after {ARCHIVE_LIMIT:?}; {} attempts failed",
                    promised.archive_failures
                );
                return Err(Trouble::subject(SubjectCause::TimeLimit, said));
            }
            tokio::time::sleep(ARCHIVE_LOOK_EVERY).await;
        }
    }

    /// A server that still serves has said more since the strike: all that it wrote is archived.
    /// What was seen of its cadence stays as it was at the strike, where nobody hurried it.
    fn promise_again(&mut self, now: Promise) -> Result<(), Trouble> {
        let Some(then) = self.promised.clone() else { return Ok(()) };
        let promised = Promise { safe: now.safe, archive_failures: now.archive_failures, ..then };
        self.stage.note(Event::Promised(promised))
    }

    /// Restores onto `node`, starts the server and waits until the application can write to it.
    /// Whatever comes of it, the server's log is asked for.
    pub(super) async fn bring_back(
        &self,
        stage: &Stage,
        node: Arc<dyn Node>,
        postgres: &Postgres,
        course: &Course,
        begun: Instant,
    ) -> Result<Arc<Server>, Trouble> {
        let server = self.meant_for(node, postgres)?;
        let begun = match self.stand_up(stage, &server, course, begun).await {
            Ok(begun) => begun,
            Err(trouble) => {
                // What it was to be restored from can be looked at all the same.
                self.ask_in_trouble(stage, &server, &[Question::Artifacts]).await?;
                return Err(trouble);
            }
        };
        self.await_use(stage, &server, begun).await?;
        Ok(server)
    }

    /// The server that is to stand on `node`, with a nonce of its own.
    pub(super) fn meant_for(
        &self,
        node: Arc<dyn Node>,
        postgres: &Postgres,
    ) -> Result<Arc<Server>, Trouble> {
        let password = self.secrets.password(SUPERUSER);
        Ok(Arc::new(Server::new(node, postgres.clone(), password, nonce()?)))
    }

    /// Waits until the application can write to `server`; where it cannot, the log is asked for.
    pub(super) async fn await_use(
        &self,
        stage: &Stage,
        server: &Arc<Server>,
        begun: Instant,
    ) -> Result<(), Trouble> {
        if self.kept {
            say_how_to_look(stage, server, self.plan).await?;
        }
        let (login, note) = (self.application(), format!("probe {}", server.nonce));
        let writable = await_writable(stage, server, &login, &note, begun, RECOVERY_LIMIT).await;
        if let Err(trouble) = writable {
            // The log is a witness of a recovery that did not end well.
            let wanted = [Question::ServerLog, Question::Artifacts];
            self.ask_in_trouble(stage, server, &wanted).await?;
            return Err(trouble);
        }
        Ok(())
    }

    /// How the application comes in.
    pub(super) fn application(&self) -> Login {
        let first = self.plan.fixture.application.first();
        let role = first.map_or(SUPERUSER, |application| &application.role);
        self.secrets.login(role, self.database())
    }

    /// Asks what can be asked where no server answers, if some check wants to know it.
    async fn ask_in_trouble(
        &self,
        stage: &Stage,
        server: &Server,
        questions: &[Question],
    ) -> Result<(), Trouble> {
        let due = self::questions(&self.plan.brief, &Moment::Recovered);
        let log = |question: &Question| *question == Question::ServerLog;
        let wanted: Vec<Question> =
            questions.iter().filter(|it| log(it) || due.contains(it)).cloned().collect();
        ask(stage, server, &self.asker, &Moment::Recovered, &wanted).await
    }

    /// Files are put in place before a server starts on them; contents go into one that runs. The
    /// instant before which nobody could have written: the application is not let in while the
    /// contents still come.
    pub(super) async fn stand_up(
        &self,
        stage: &Stage,
        server: &Arc<Server>,
        course: &Course,
        begun: Instant,
    ) -> Result<Instant, Trouble> {
        match self.plan.engine.engine().restorer() {
            Restorer::Files(files) => {
                files.restore(stage, &*server.node, course).await?;
                self.start_restored(stage, server).await?;
                Ok(begun)
            }
            Restorer::Contents(contents) => {
                stage.note(Event::Planted { nonce: server.nonce.clone() })?;
                let own = self.plan.postgres.settings.iter();
                let settings: Vec<_> = own.map(|(name, it)| (name.clone(), it.clone())).collect();
                server.initdb(stage, &settings).await?;
                server.start(stage, &overrides()).await?;
                server.await_ready(RESTART_LIMIT).await?;
                stage.note(Event::Ticked(Tick::Started))?;
                contents.restore(stage, server, course).await?;
                stage.note(Event::Ticked(Tick::Fetched))?;
                Ok(Instant::now())
            }
        }
    }

    /// Starts a server on the files that were just put in place.
    pub(super) async fn start_restored(
        &self,
        stage: &Stage,
        server: &Server,
    ) -> Result<(), Trouble> {
        stage.note(Event::Ticked(Tick::Fetched))?;
        stage.note(Event::Planted { nonce: server.nonce.clone() })?;
        server.start(stage, &overrides()).await?;
        stage.note(Event::Ticked(Tick::Started))
    }

    /// What was acknowledged must survive a power cut.
    async fn kill_and_ask(
        &self,
        stage: &Stage,
        server: &Server,
        settings: &[(&str, &str)],
    ) -> Result<(), Trouble> {
        let wanted = questions(&self.plan.brief, &Moment::Restarted);
        if wanted.is_empty() {
            return Ok(());
        }
        server.kill(stage).await?;
        server.start(stage, settings).await?;
        server.await_ready(RESTART_LIMIT).await?;
        ask(stage, server, &self.asker, &Moment::Restarted, &wanted).await
    }

    /// What is asked of a server that was killed, and of one that was stopped; it is left running.
    pub(super) async fn ask_to_the_end(
        &self,
        stage: &Stage,
        server: &Server,
        settings: &[(&str, &str)],
    ) -> Result<(), Trouble> {
        self.kill_and_ask(stage, server, settings).await?;
        if self.stop_and_ask(stage, server).await? {
            server.start(stage, settings).await?;
            server.await_ready(RESTART_LIMIT).await?;
        }
        Ok(())
    }

    /// What was written must lie on the disk. Whether the server had to be stopped for it.
    pub(super) async fn stop_and_ask(
        &self,
        stage: &Stage,
        server: &Server,
    ) -> Result<bool, Trouble> {
        let wanted = questions(&self.plan.brief, &Moment::Stopped);
        if wanted.is_empty() {
            return Ok(false);
        }
        server.stop(stage).await?;
        ask_files(stage, server, &self.asker, &wanted).await?;
        Ok(true)
    }
}

pub(super) fn overrides() -> Vec<(&'static str, &'static str)> {
    ISOLATED.iter().copied().chain([NEVER_ARCHIVES]).collect()
}

/// A volume mounted as the repository, beside the original it is a copy of.
pub(super) fn copy_and_original(copy: &Volume, original: &Volume) -> Vec<Mount> {
    vec![
        Mount { volume: copy.clone(), at: Place::Repository, read_only: false },
        Mount { volume: original.clone(), at: Place::Original, read_only: true },
    ]
}
