//! Decides where a recovery goes: from the archived WAL, or to the snapshot of a dump.

use std::cmp::Ordering;

use pgrehearse_verdict::journal::{Aim, Backup, Event, RigCause, Stop, SubjectCause};
use pgrehearse_verdict::lsn::Lsn;

use crate::drill::locate::{self, End, Fetched, Window};
use crate::drill::perform::{Drill, Taken};
use crate::drill::promise::Archiver;
use crate::engine::{Archive, Course, Target};
use crate::plan::{At, From, Recover, To};
use crate::rig::{Node, Stage, Trouble};

/// How far about the end of a recovery commits are read, in bytes to each side: many times what
/// the workload writes while one transaction of it commits.
const ABOUT_BYTES: u64 = 1 << 20;
/// Commits that are noted of those.
const COMMITS_MAX: usize = 4096;

/// What a target means in WAL.
struct Found {
    target: Target,
    boundary: Option<Lsn>,
    stop: Option<Stop>,
    how: String,
}

fn lost(said: impl Into<String>) -> Trouble {
    Trouble::subject(SubjectCause::Target, said)
}

impl Drill<'_> {
    /// Where this recovery goes. `end` is where the source's WAL ended, if it could still say so.
    pub(super) async fn aim(
        &self,
        stage: &Stage,
        node: &dyn Node,
        spec: &Recover,
        end: Option<Lsn>,
    ) -> Result<(Course, Aim), Trouble> {
        let archiver = self
            .archiver
            .ok_or_else(|| Trouble::rig(RigCause::NotADrill, "a recovery before any disaster"))?;
        let brief = self.plan.brief.recoveries.get(self.recoveries as usize - 1);
        let named = brief.map(|brief| brief.target.clone()).unwrap_or_default();
        let timeline = spec.timeline.unwrap_or(archiver.timeline);
        let Some(archive) = self.plan.engine.engine().archive() else {
            return self.aim_at_snapshot(spec, timeline, named);
        };
        let reach = Reach { drill: self, stage, node, archive, archiver, end };
        let found = reach.find(spec).await?;
        let backup = self.backup_for(spec, &found)?;
        let newest = self.backups.last().is_none_or(|last| last.label == backup.label);
        let course = Course {
            target: found.target,
            timeline,
            backup: (!newest).then(|| backup.label.clone()),
            arrival: spec.arrival,
        };
        let backup = course.backup.clone();
        let Found { boundary, stop, how, .. } = found;
        let aim = Aim { target: named, boundary, how, stop, backup, snapshot: None };
        Ok((course, aim))
    }

    /// A dump has one moment: which dump is all there is to decide.
    fn aim_at_snapshot(
        &self,
        spec: &Recover,
        timeline: u32,
        named: String,
    ) -> Result<(Course, Aim), Trouble> {
        let before = spec.to == To::BeforeDisaster || spec.from == From::BeforeDisaster;
        let backups = if before { &self.backups[..self.backups_before] } else { &self.backups[..] };
        let backup = backups.last().ok_or_else(|| lost("no backup was finished"))?;
        let label = Some(backup.label.clone());
        let when =
            if before { "the last that was finished before the disaster" } else { "the last" };
        let course = Course {
            target: Target::Latest,
            timeline,
            backup: label.clone(),
            arrival: spec.arrival,
        };
        let aim = Aim {
            target: named,
            how: format!("backup `{}`, {when}", backup.label),
            backup: label,
            snapshot: backup.snapshot,
            ..Aim::default()
        };
        Ok((course, aim))
    }

    /// The backup to begin with: the newest that was consistent before the boundary.
    fn backup_for(&self, spec: &Recover, found: &Found) -> Result<&Backup, Trouble> {
        let backups = match spec.from {
            From::BeforeDisaster => &self.backups[..self.backups_before],
            From::Newest | From::Fitting => &self.backups[..],
        };
        let none = || lost("no backup was finished");
        let newest = backups.last().ok_or_else(none)?;
        let (Some(boundary), false) = (found.boundary, spec.from == From::Newest) else {
            return Ok(newest);
        };
        let fits = |backup: &&Backup| backup.stop.is_some_and(|stop| stop <= boundary);
        backups.iter().rev().find(fits).ok_or_else(|| {
            let first = backups.first().and_then(|backup| backup.stop).unwrap_or(Lsn(0));
            lost(format!(
                "the target lies at {boundary}, before {first}, where the first backup is \
                 consistent: nothing before that can be reached"
            ))
        })
    }

    /// Notes the commits about the end of a recovery, as the archive has them: with them the
    /// ledger need not leave open on which side a transaction lies.
    pub(super) async fn note_commits(
        &self,
        stage: &Stage,
        node: &dyn Node,
        aim: &Aim,
    ) -> Result<(), Trouble> {
        let archive = self.plan.engine.engine().archive();
        let (Some(boundary), Some(archive), Some(archiver)) =
            (aim.boundary, archive, self.archiver)
        else {
            return Ok(());
        };
        let first = self.backups.first().and_then(|backup| backup.start).unwrap_or(boundary);
        let from = Lsn(boundary.0.saturating_sub(ABOUT_BYTES)).max(first);
        let window = Window {
            from,
            to: Lsn(boundary.0 + ABOUT_BYTES),
            timeline: archiver.timeline,
            segment_bytes: archiver.segment_bytes,
        };
        if from >= boundary {
            return Ok(());
        }
        let fetched = Fetched::get(stage, archive, node, window).await?;
        let mut commits = vec![];
        let read = fetched
            .ends(|end| {
                commits.extend(end.committed.then_some((end.xid, end.start)));
                commits.len() < COMMITS_MAX
            })
            .await;
        fetched.forget().await?;
        read?;
        stage.note(Event::Commits(commits))
    }
}

/// What the archive reaches.
struct Reach<'a> {
    drill: &'a Drill<'a>,
    stage: &'a Stage,
    node: &'a dyn Node,
    archive: &'a dyn Archive,
    archiver: Archiver,
    end: Option<Lsn>,
}

impl Reach<'_> {
    async fn find(&self, spec: &Recover) -> Result<Found, Trouble> {
        let taken = |name: &String| self.taken(name);
        match &spec.to {
            To::Latest => {
                let how = "all that the archive holds".to_owned();
                Ok(Found { target: Target::Latest, boundary: None, stop: None, how })
            }
            To::Immediate => self.consistent(spec),
            To::Mark(name) => {
                let how = format!("the position of the mark `{name}`");
                Ok(before(taken(name)?.lsn, how))
            }
            To::BeforeDisaster => {
                let found = self.harm().await?;
                Ok(before(found.boundary, found.how))
            }
            To::Lsn(At::Given(lsn), inclusive) => {
                self.position(*lsn, *inclusive, "given by the scenario").await
            }
            To::Lsn(At::Mark(name), inclusive) => {
                let how = format!("the position of the mark `{name}`");
                self.position(taken(name)?.lsn, *inclusive, &how).await
            }
            To::Time(At::Given(utc), inclusive) => self.time(utc, *inclusive).await,
            To::Time(At::Mark(name), inclusive) => self.time(&taken(name)?.utc, *inclusive).await,
            To::Xid(At::Given(xid), inclusive) => self.transaction(*xid, *inclusive).await,
            To::Xid(At::Mark(name), inclusive) => {
                let none = || lost(format!("no transaction was acknowledged before mark `{name}`"));
                self.transaction(taken(name)?.xid.ok_or_else(none)?, *inclusive).await
            }
        }
    }

    fn taken(&self, name: &str) -> Result<&Taken, Trouble> {
        let none = || Trouble::rig(RigCause::NotADrill, format!("no mark `{name}` was taken"));
        self.drill.marks.get(name).ok_or_else(none)
    }

    /// The end of the backup that the recovery begins with.
    fn consistent(&self, spec: &Recover) -> Result<Found, Trouble> {
        let backups = match spec.from {
            From::BeforeDisaster => &self.drill.backups[..self.drill.backups_before],
            From::Newest | From::Fitting => &self.drill.backups[..],
        };
        let backup = backups.last().ok_or_else(|| lost("no backup was finished"))?;
        let none = || lost(format!("backup `{}` does not say where it ends", backup.label));
        let stop = backup.stop.ok_or_else(none)?;
        let how = format!("where backup `{}` is consistent", backup.label);
        let (target, boundary) = (Target::Immediate, Some(stop));
        Ok(Found { target, boundary, stop: Some(Stop::Consistent), how })
    }

    /// Finds where the harm took effect, from WAL alone.
    async fn harm(&self) -> Result<locate::Found, Trouble> {
        let unknown = |what: &str| lost(format!("the harm cannot be looked for in WAL: {what}"));
        let drill = self.drill;
        let harm =
            drill.harm.as_ref().ok_or_else(|| unknown("this disaster leaves no trace there"))?;
        let last = drill.backups[..drill.backups_before].last();
        let from = last.and_then(|backup| backup.stop);
        let from = from.ok_or_else(|| unknown("the last backup has no end"))?;
        let window = Window { from, ..self.window()? };
        locate::before(self.stage, self.archive, self.node, harm, window).await
    }

    /// All that the archive holds behind the beginning of the first backup.
    fn window(&self) -> Result<Window, Trouble> {
        let none = |what: &str| lost(format!("nothing can be reached: {what}"));
        let first = self.drill.backups.first().and_then(|backup| backup.start);
        let to = self.end.or(self.archiver.last.map(|segment| segment.end()));
        Ok(Window {
            from: first.ok_or_else(|| none("no backup says where it begins"))?,
            to: to.ok_or_else(|| none("nothing was archived"))?,
            timeline: self.archiver.timeline,
            segment_bytes: self.archiver.segment_bytes,
        })
    }

    async fn fetched(&self, window: Window) -> Result<Fetched<'_>, Trouble> {
        Fetched::get(self.stage, self.archive, self.node, window).await
    }

    /// A position: of the record behind it, where that is to be kept.
    async fn position(&self, lsn: Lsn, inclusive: bool, how: &str) -> Result<Found, Trouble> {
        let window = self.window()?;
        if lsn >= window.to {
            return Err(lost(format!("position {lsn} is out of reach: {}", self.reachable(None)?)));
        }
        if !inclusive {
            return Ok(before(lsn, how.to_owned()));
        }
        let fetched = self.fetched(Window { from: lsn, ..window }).await?;
        let found = fetched.record_at(lsn).await;
        fetched.forget().await?;
        let none = || lost(format!("the archive has no record behind position {lsn}"));
        let (at, next) = found?.ok_or_else(none)?;
        let how = format!("{how}; the record at {at} is kept, and ends before {next}");
        let (target, stop) = (Target::After(lsn), Some(Stop::AfterPosition(lsn)));
        Ok(Found { target, boundary: Some(next), stop, how })
    }

    /// The first end of a transaction behind a time: recovery stops before it.
    async fn time(&self, utc: &str, inclusive: bool) -> Result<Found, Trouble> {
        let fetched = self.fetched(self.window()?).await?;
        let (mut found, mut last): (Option<End>, Option<String>) = (None, None);
        let read = fetched
            .ends(|end| {
                let behind = match end.utc.as_str().cmp(utc) {
                    Ordering::Greater => true,
                    Ordering::Equal => !inclusive,
                    Ordering::Less => false,
                };
                last = Some(end.utc.clone());
                found = behind.then_some(end);
                found.is_none()
            })
            .await;
        fetched.forget().await?;
        read?;
        let side = if inclusive { "behind" } else { "at or behind" };
        let Some(end) = found else {
            let reachable = self.reachable(last.as_deref())?;
            return Err(lost(format!(
                "time {utc} UTC is out of reach: no transaction ends {side} it; {reachable}"
            )));
        };
        let how = format!(
            "the end of transaction {} at {}, of {} UTC, is the first {side} {utc} UTC",
            end.xid, end.start, end.utc
        );
        Ok(Found {
            target: Target::Time { utc: utc.to_owned(), inclusive },
            boundary: Some(end.start),
            stop: Some(Stop::BeforeTransaction(end.xid)),
            how,
        })
    }

    /// The end of a transaction: recovery stops before it, or behind it.
    async fn transaction(&self, xid: u32, inclusive: bool) -> Result<Found, Trouble> {
        let fetched = self.fetched(self.window()?).await?;
        let mut found: Option<End> = None;
        let read = fetched
            .ends(|end| {
                found = (end.xid == xid).then_some(end);
                found.is_none()
            })
            .await;
        let next = match (&found, inclusive) {
            (Some(end), true) => fetched.record_at(end.start).await?,
            _ => None,
        };
        fetched.forget().await?;
        read?;
        let Some(end) = found else {
            let reachable = self.reachable(None)?;
            return Err(lost(format!("transaction {xid} ends nowhere in reach: {reachable}")));
        };
        let target = Target::Xid { xid, inclusive };
        if !inclusive {
            let how = format!("transaction {xid} ends at {}", end.start);
            let stop = Some(Stop::BeforeTransaction(xid));
            return Ok(Found { target, boundary: Some(end.start), stop, how });
        }
        let none = || lost(format!("the archive ends with transaction {xid}"));
        let (_, next) = next.ok_or_else(none)?;
        let how = format!("transaction {xid} ends at {}, before {next}", end.start);
        let stop = Some(Stop::AfterTransaction(xid));
        Ok(Found { target, boundary: Some(next), stop, how })
    }

    /// What can be reached, in words.
    fn reachable(&self, last: Option<&str>) -> Result<String, Trouble> {
        let window = self.window()?;
        let first = self.drill.backups.first().and_then(|backup| backup.stop);
        let first = first.unwrap_or(window.from);
        let last = last.map(|utc| format!(", where the last transaction ends at {utc} UTC"));
        let last = last.unwrap_or_default();
        Ok(format!("what can be reached is {first} to {}{last}", window.to))
    }
}

fn before(lsn: Lsn, how: String) -> Found {
    Found { target: Target::Before(lsn), boundary: Some(lsn), stop: None, how }
}
