//! A recovery onto fresh ground: located, restored, watched until it is writable, asked
//! everything, killed, and asked again.

use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::{Aim, Event, RigCause, Scope, SubjectCause, Tick};
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
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, ask, locate};
use crate::engine::Target;
use crate::plan::{Recover, To};
use crate::rig::{Mount, Node, Place, Stage, Trouble, Volume};

/// How long the archive may take to hold the last segment of a server that still serves.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(600);
/// The time between two looks at the archiver.
const ARCHIVE_LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long a recovered server may take to become writable, replay included.
const RECOVERY_LIMIT: Duration = Duration::from_secs(3600);
/// How long a killed server may take to answer again.
const RESTART_LIMIT: Duration = Duration::from_secs(300);

/// Settings of every recovered server, on its command line: it never archives, whatever the
/// restored files say. Asked back by the check `identity`.
const NEVER_ARCHIVES: (&str, &str) = ("archive_mode", "off");

/// Where a recovery goes: decided once, used by the recovery and by each of its twins.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// What the engine is asked for.
    pub target: Target,
    /// The timeline to follow.
    pub timeline: u32,
}

/// The recovery that was checked in full.
pub struct Recovered {
    /// Where it went.
    pub course: Course,
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
        if let Some(earlier) = self.last.take() {
            earlier.server.node.destroy().await?;
        }
        let mount =
            Mount { volume: self.repository.clone(), at: Place::Repository, read_only: false };
        let name = format!("target-{number}");
        let node = stage.rig.node(node_spec(self.plan, &name, vec![mount])).await?;
        stage.note(Event::Ticked(Tick::Provisioned))?;
        let (course, aim) = self.aim(&stage, &*node, spec, end_of_wal).await?;
        stage.note(Event::Aimed(aim.clone()))?;
        stage.note(Event::Ticked(Tick::Located))?;
        let server = self.bring_back(&stage, node, course, begun).await?;
        let wanted = questions(&self.plan.brief, &Moment::Recovered);
        ask(&stage, &server, &self.asker, &Moment::Recovered, &wanted).await?;
        stage.note(Event::Ticked(Tick::Verified))?;
        self.kill_and_ask(&stage, &server).await?;
        let segment_bytes = self.archiver.map_or(16 << 20, |archiver| archiver.segment_bytes);
        self.last = Some(Recovered { course, aim, segment_bytes, server });
        Ok(())
    }

    /// The source ends here. One that still serves finishes its last segment first, as anyone
    /// would do after a DROP; then it is stopped, so that nobody can take it for the recovered
    /// server. Where its WAL ends, if it could still say so.
    async fn retire_source(&mut self, stage: &Stage) -> Result<Option<Lsn>, Trouble> {
        let mut end = None;
        if self.source_serves {
            end = Some(self.archive_all().await?);
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

    async fn archive_all(&mut self) -> Result<Lsn, Trouble> {
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

    /// Decides where the recovery goes.
    async fn aim(
        &self,
        stage: &Stage,
        node: &dyn Node,
        spec: &Recover,
        end_of_wal: Option<Lsn>,
    ) -> Result<(Course, Aim), Trouble> {
        let archiver = self
            .archiver
            .ok_or_else(|| Trouble::rig(RigCause::NotADrill, "a recovery before any disaster"))?;
        let timeline = archiver.timeline;
        let (target, boundary, how) = match &spec.to {
            To::Latest => (Target::Latest, None, "all that the archive holds".to_owned()),
            To::Lsn(lsn) => (Target::Before(*lsn), Some(*lsn), "given by the scenario".to_owned()),
            To::Mark(name) => {
                let lsn = *self.marks.get(name).ok_or_else(|| {
                    Trouble::rig(RigCause::NotADrill, format!("no mark `{name}` was taken"))
                })?;
                (Target::Before(lsn), Some(lsn), format!("the position of the mark `{name}`"))
            }
            To::BeforeDisaster => {
                let found = self.find(stage, node, end_of_wal).await?;
                (Target::Before(found.boundary), Some(found.boundary), found.how)
            }
        };
        let brief = self.plan.brief.recoveries.get(self.recoveries as usize - 1);
        let named = brief.map(|brief| brief.target.clone()).unwrap_or_default();
        let aim = Aim { target: named, boundary, how };
        Ok((Course { target, timeline }, aim))
    }

    /// Finds where the harm took effect, from WAL alone.
    async fn find(
        &self,
        stage: &Stage,
        node: &dyn Node,
        end_of_wal: Option<Lsn>,
    ) -> Result<locate::Found, Trouble> {
        let unknown = |what: &str| {
            let said = format!("the harm cannot be looked for in WAL: {what}");
            Trouble::subject(SubjectCause::Target, said)
        };
        let harm =
            self.harm.as_ref().ok_or_else(|| unknown("this disaster leaves no trace there"))?;
        let archiver = self.archiver.ok_or_else(|| unknown("nothing was archived"))?;
        let from = self.backups.last().and_then(|backup| backup.stop);
        let from = from.ok_or_else(|| unknown("the last backup has no end"))?;
        let to = end_of_wal.or(archiver.last.map(|segment| segment.end()));
        let to = to.ok_or_else(|| unknown("nothing was archived"))?;
        let window = locate::Window {
            from,
            to,
            timeline: archiver.timeline,
            segment_bytes: archiver.segment_bytes,
        };
        locate::before(stage, self.plan.engine.engine(), node, harm, window).await
    }

    /// Restores onto `node`, starts the server and waits until the application can write to it.
    /// Whatever comes of it, the server's log is asked for.
    pub(super) async fn bring_back(
        &self,
        stage: &Stage,
        node: Arc<dyn Node>,
        course: Course,
        begun: Instant,
    ) -> Result<Arc<Server>, Trouble> {
        let engine = self.plan.engine.engine();
        engine.restore(stage, &*node, course.target, course.timeline).await?;
        stage.note(Event::Ticked(Tick::Fetched))?;
        let planted = nonce()?;
        stage.note(Event::Planted { nonce: planted.clone() })?;
        let password = self.secrets.password(SUPERUSER);
        let server =
            Arc::new(Server::new(node, self.plan.postgres.clone(), password, planted.clone()));
        server.start(stage, &overrides()).await?;
        stage.note(Event::Ticked(Tick::Started))?;
        if self.kept {
            say_how_to_look(stage, &server, self.plan).await?;
        }
        let first = self.plan.fixture.application.first();
        let role = first.map_or(SUPERUSER, |application| &application.role);
        let login = self.secrets.login(role, self.database());
        let note = format!("probe {planted}");
        let writable = await_writable(stage, &server, &login, &note, begun, RECOVERY_LIMIT).await;
        if let Err(trouble) = writable {
            // The log is the only witness of a recovery that did not end well.
            let wanted = [Question::ServerLog];
            ask(stage, &server, &self.asker, &Moment::Recovered, &wanted).await?;
            return Err(trouble);
        }
        Ok(server)
    }

    /// What was acknowledged must survive a power cut.
    async fn kill_and_ask(&self, stage: &Stage, server: &Server) -> Result<(), Trouble> {
        let wanted = questions(&self.plan.brief, &Moment::Restarted);
        if wanted.is_empty() {
            return Ok(());
        }
        server.kill(stage).await?;
        server.start(stage, &overrides()).await?;
        server.await_ready(RESTART_LIMIT).await?;
        ask(stage, server, &self.asker, &Moment::Restarted, &wanted).await
    }
}

fn overrides() -> Vec<(&'static str, &'static str)> {
    ISOLATED.iter().copied().chain([NEVER_ARCHIVES]).collect()
}

/// A volume mounted as the repository, beside the original it is a copy of.
pub(super) fn copy_and_original(copy: &Volume, original: &Volume) -> Vec<Mount> {
    vec![
        Mount { volume: copy.clone(), at: Place::Repository, read_only: false },
        Mount { volume: original.clone(), at: Place::Original, read_only: true },
    ]
}
