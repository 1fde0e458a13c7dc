//! Performs a plan, step by step, and reads as the story of a drill.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::{Backup, Event, Promise, RigCause, Scope};
use pgrehearse_verdict::ledger::Opening;
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::Moment;

use crate::disaster;
use crate::drill::book::Book;
use crate::drill::chance::Chance;
use crate::drill::load::refused;
use crate::drill::locate::Harm;
use crate::drill::promise::{Archiver, promise};
use crate::drill::questions::questions;
use crate::drill::secrets::Secrets;
use crate::drill::workload::Workload;
use crate::drill::{Asker, QUERY_LIMIT, Server, ask, quote_literal, raise};
use crate::engine::Ask;
use crate::plan::{self, At, Plan, Step, To};
use crate::rig::{Stage, Trouble, Volume};

/// How finely a tool dates its backups: pgBackRest finds none for a time in the second in which the
/// backup ended. A mark that is a target by its time is taken in a later one, or the drill would be
/// red by chance.
const DATED_TO: Duration = Duration::from_secs(1);

/// A failure, and where in the drill it came.
#[derive(Debug)]
pub struct Failure {
    /// The part of the drill.
    pub scope: Scope,
    /// What was being done.
    pub during: String,
    /// What failed, and whose it is.
    pub trouble: Trouble,
}

/// A drill under way.
pub struct Drill<'a> {
    pub(super) plan: &'a Plan,
    pub(super) stage: Stage,
    pub(super) folder: PathBuf,
    pub(super) secrets: Secrets,
    /// Whether its nodes may be left standing, to be looked at.
    pub(super) kept: bool,
    pub(super) asker: Asker,
    pub(super) repository: Volume,
    pub(super) source: Arc<Server>,
    pub(super) opening: Option<Opening>,
    pub(super) workload: Option<Workload>,
    pub(super) backups: Vec<Backup>,
    /// How many of them were finished before the first disaster.
    pub(super) backups_before: usize,
    pub(super) marks: BTreeMap<String, Taken>,
    pub(super) harm: Option<Harm>,
    /// Whether the source can still be asked.
    pub(super) source_serves: bool,
    pub(super) archiver: Option<Archiver>,
    pub(super) promised: Option<Promise>,
    pub(super) recoveries: u32,
    pub(super) last: Option<super::recover::Recovered>,
}

/// A mark that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    /// The position of its restore point.
    pub lsn: Lsn,
    /// The server's clock behind it, in UTC, as `2026-11-25 20:16:07.123456`.
    pub utc: String,
    /// The transaction that was acknowledged last before it, without its epoch.
    pub xid: Option<u32>,
}

/// Performs `plan` on `stage`; the ledger lies in `folder`. `source_nonce` is what the struck
/// server answers to the question who it is. With `kept`, its nodes may be left standing: then
/// the journal says how to look at them. Once `is_red`, by what the journal holds, no must-fail
/// twin is performed: it would show nothing.
pub async fn perform(
    plan: &Plan,
    stage: &Stage,
    folder: &Path,
    source_nonce: &str,
    kept: bool,
    is_red: &(dyn Fn() -> bool + Sync),
) -> Result<(), Failure> {
    let failed = |scope: Scope, during: &str| {
        let during = during.to_owned();
        move |trouble| Failure { scope, during, trouble }
    };
    let mut drill = raise::raise(plan, stage, folder, source_nonce, kept)
        .await
        .map_err(failed(Scope::Source, "raise the server that will be struck"))?;
    for (number, (step, text)) in (1..).zip(plan.steps.iter().zip(&plan.brief.steps)) {
        let scope = match step {
            Step::Recover(_) => Scope::Recovery(drill.recoveries + 1),
            _ => Scope::Source,
        };
        stage
            .note(Event::Step { number, text: text.clone() })
            .map_err(failed(Scope::Source, text))?;
        drill.step(step).await.map_err(failed(scope, text))?;
    }
    drill.finish().await.map_err(failed(Scope::Source, "end the workload"))?;
    if !plan.controls.is_empty() && is_red() {
        let said = "no must-fail twin is performed, since the drill itself is red already";
        return stage.remark(said).map_err(failed(Scope::Source, "perform the controls"));
    }
    drill.controls().await.map_err(failed(Scope::Source, "perform the controls"))
}

impl Drill<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), Trouble> {
        match step {
            Step::Workload(spec) => self.begin_workload(spec).await,
            Step::Backup(spec) => self.backup(spec).await,
            Step::Run(spec) => self.run(spec).await,
            Step::Mark(name) => self.mark(name).await,
            Step::Disaster(spec) => self.strike(spec.disaster()).await,
            Step::Recover(spec) => match (&spec.salvage, &spec.new_database) {
                (Some(table), _) => self.salvage(spec, table).await,
                (None, Some(database)) => self.new_database(spec, database).await,
                (None, None) => self.recover(spec).await,
            },
        }
    }

    /// The database that holds the workload's tables and the probe.
    pub(super) fn database(&self) -> &str {
        self.plan.fixture.application.first().map_or("postgres", |first| &first.database)
    }

    async fn begin_workload(&mut self, spec: &plan::Workload) -> Result<(), Trouble> {
        let opening = self.opening.take().ok_or_else(|| {
            Trouble::rig(RigCause::NotADrill, "the workload's tables are not there")
        })?;
        let path = self.folder.join("ledger.jsonl");
        let book = Book::create(&path, self.stage.notebook.origin()).map_err(|error| {
            Trouble::rig(RigCause::NoSpace, format!("`{}`: {error}", path.display()))
        })?;
        let password = self.secrets.password(super::workload::WRITER);
        let seed = self.plan.brief.seed;
        let (source, database) = (&self.source, self.database());
        let started = Workload::start(source, database, &password, spec, seed, book, opening)?;
        let pace = started.pace.clone();
        self.workload = Some(started);
        pace.await_first().await.map_err(|said| {
            let said = format!("the workload had nothing acknowledged: {said}");
            Trouble::rig(RigCause::NotADrill, said)
        })
    }

    async fn backup(&mut self, spec: &plan::Backup) -> Result<(), Trouble> {
        let engine = self.plan.engine.engine();
        let wanted = Ask {
            kind: spec.kind.clone(),
            number: self.backups.len() as u32 + 1,
            passwords: self.secrets.all().clone(),
        };
        let still = match &self.workload {
            Some(workload) if engine.abilities().standstill => {
                Some(workload.pace.standstill().await)
            }
            _ => None,
        };
        let mut backup = engine.backup(&self.stage, &self.source, &wanted).await?;
        drop(still);
        backup.every_s = spec.every.map(|every| every.as_secs_f64());
        self.stage.note(Event::BackedUp(backup.clone()))?;
        self.backups.push(backup);
        let wanted = questions(&self.plan.brief, &Moment::BackedUp);
        // The last backup's moment is that of all: what the earlier ones are made of lies there.
        let planned = self.plan.steps.iter().filter(|step| matches!(step, Step::Backup(_)));
        if !wanted.is_empty() && self.backups.len() == planned.count() {
            ask(&self.stage, &self.source, &self.asker, &Moment::BackedUp, &wanted).await?;
        }
        // Of those that come after a disaster, none is from before it.
        if self.harm.is_none() && self.archiver.is_none() {
            self.backups_before = self.backups.len();
        }
        Ok(())
    }

    async fn run(&mut self, spec: &plan::Run) -> Result<(), Trouble> {
        if !spec.jitter_archive {
            tokio::time::sleep(spec.time).await;
            return Ok(());
        }
        // A segment is finished at a seeded moment: whatever strikes at the end strikes at a
        // seeded phase of the archive's cycle.
        let phase = Chance::new(self.plan.brief.seed, "archive phase").fraction();
        let before = spec.time.mul_f64(phase);
        tokio::time::sleep(before).await;
        let mut session =
            self.source.connect("postgres").await.map_err(refused("finish a segment"))?;
        session
            .query("SELECT pg_switch_wal()", QUERY_LIMIT)
            .await
            .map_err(refused("finish a segment"))?;
        let after = spec.time.saturating_sub(before);
        self.stage.remark(format!("a segment was finished {:.1} s before the end", secs(after)))?;
        tokio::time::sleep(after).await;
        Ok(())
    }

    /// A named moment: no commit is on its way while its restore point is made.
    async fn mark(&mut self, name: &str) -> Result<(), Trouble> {
        if !self.backups.is_empty() && self.plan.steps.iter().any(|step| aims_by_time(step, name)) {
            tokio::time::sleep(DATED_TO).await;
        }
        let still = match &self.workload {
            None => None,
            Some(workload) => {
                let guard = workload.pace.standstill().await;
                if !workload.pace.await_long().await {
                    return Err(no_long("the mark"));
                }
                workload.sync()?;
                Some(guard)
            }
        };
        let mut session = self.source.connect("postgres").await.map_err(refused("take a mark"))?;
        let make = format!(
            "SELECT pg_create_restore_point({}), \
             to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
            quote_literal(name)
        );
        let tables = session.query(&make, QUERY_LIMIT).await.map_err(refused("take a mark"))?;
        let answer = |at: usize| tables.first()?.rows.first()?.get(at)?.clone();
        let lsn: Lsn = answer(0).unwrap_or_default().parse().map_err(|error| {
            Trouble::rig(RigCause::NotADrill, format!("the mark has no position: {error}"))
        })?;
        let utc = answer(1).ok_or_else(|| {
            Trouble::rig(RigCause::NotADrill, "the server did not say its time at the mark")
        })?;
        let xid = self.workload.as_ref().and_then(|workload| workload.pace.last_xid());
        let xid = xid.and_then(|xid| u32::try_from(xid & u64::from(u32::MAX)).ok());
        self.marks.insert(name.to_owned(), Taken { lsn, utc, xid });
        self.stage.note(Event::Marked { name: name.to_owned(), lsn })?;
        let moment = Moment::Mark(name.to_owned());
        let wanted = questions(&self.plan.brief, &moment);
        if !wanted.is_empty() {
            ask(&self.stage, &self.source, &self.asker, &moment, &wanted).await?;
        }
        drop(still);
        Ok(())
    }

    /// The strike: what is promised and what will be harmed is asked just before, and whether the
    /// harm is really there just after.
    async fn strike(&mut self, disaster: &dyn disaster::Disaster) -> Result<(), Trouble> {
        let nature = disaster.nature();
        if let Some(workload) = &self.workload {
            workload.pace.hold_long(true);
            if !workload.pace.await_long().await {
                return Err(no_long("the strike"));
            }
            workload.sync()?;
        }
        if let Some(harm) = disaster.harm(&self.stage, &self.source).await? {
            self.harm = Some(harm);
        }
        let (promised, archiver) = promise(&self.source).await?;
        self.archiver = Some(archiver);
        self.stage.note(Event::Promised(promised.clone()))?;
        self.promised = Some(promised);
        self.stage.note(Event::Struck { disaster: disaster.text() })?;
        let struck = disaster.strike(&self.stage, &self.source).await;
        if let Some(workload) = &self.workload {
            workload.pace.hold_long(false);
        }
        let noted = struck?;
        let disaster::Note { xid, began, lsn } = noted;
        self.stage.note(Event::Noted { xid, began, lsn })?;
        self.source_serves &= nature.leaves_server;
        let (what, so) = disaster.witness(&self.stage, &self.source).await?;
        self.stage.note(Event::Witnessed { what: what.clone(), so })?;
        if so {
            return Ok(());
        }
        let said = format!("the disaster did nothing: {what}");
        Err(Trouble::rig(RigCause::NotADrill, said))
    }

    /// Ends the workload, if it has not ended, and seals its ledger.
    pub(super) async fn finish(&mut self) -> Result<(), Trouble> {
        match self.workload.take() {
            Some(workload) => workload.stop(&self.stage).await,
            None => Ok(()),
        }
    }
}

fn no_long(before: &str) -> Trouble {
    let said = format!("no long transaction was open for {before}");
    Trouble::rig(RigCause::NotADrill, said)
}

fn secs(time: Duration) -> f64 {
    time.as_secs_f64()
}

/// Whether this recovers to the time of the mark.
fn aims_by_time(step: &Step, mark: &str) -> bool {
    let Step::Recover(spec) = step else { return false };
    matches!(&spec.to, To::Time(At::Mark(name), _) if name == mark)
}
