//! The must-fail twins: the same recovery again, each with a copy of the repository spoiled in
//! one way. They reuse the seeded, backed-up, struck state and the stored answers of the source.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use pgrehearse_verdict::journal::{Backup, Event, Fault, Sabotaged, Scope, Tick};
use pgrehearse_verdict::lsn::Segment;
use pgrehearse_verdict::question::Moment;
use tokio::time::Instant;

use crate::drill::bracket::behind;
use crate::drill::chance::Chance;
use crate::drill::perform::Drill;
use crate::drill::questions::questions;
use crate::drill::raise::node_spec;
use crate::drill::recover::{Recovered, copy_and_original, overrides};
use crate::drill::{Server, ask};
use crate::engine::{Course, Restorer};
use crate::rig::{Command, Node, Place, Stage, Trouble, Volume};
use crate::sabotage::{
    self, Astray, Bench, Sabotage, Spoils, SpoilsCopy, SpoilsRecovered, Tampered, Way,
};

/// Twins under way at a time.
const AT_ONCE: usize = 2;
/// How many places a sabotage without effect is tried at.
const ATTEMPTS_MAX: u64 = 5;
/// How long copying the repository may take.
const COPY_LIMIT: Duration = Duration::from_secs(3600);

impl Drill<'_> {
    /// Performs every control of the plan, some at a time: they have nothing in common but the
    /// original, which none of them can change.
    pub(super) async fn controls(&mut self) -> Result<(), Trouble> {
        let Some(last) = &self.last else { return Ok(()) };
        let all = self.plan.controls.iter().filter_map(|name| sabotage::named(name));
        let twins = all.map(|sabotage| self.control(sabotage, last));
        stream::iter(twins).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// A twin that fails has done what it is for: its failure ends the twin, not the drill.
    async fn control(&self, sabotage: &dyn Sabotage, last: &Recovered) -> Result<(), Trouble> {
        let name = sabotage.facts().name;
        let stage = self.stage.scoped(Scope::Control(name.to_owned()));
        let Err(trouble) = self.twin(&stage, sabotage, last).await else { return Ok(()) };
        let fault = Fault {
            cause: trouble.cause,
            during: format!("control {name}"),
            said: self.stage.redactor.clean(&trouble.said),
        };
        // A twin that failed because the ground did was not caught: it shows nothing.
        if let Some(ours) = behind(&stage, &fault).await {
            stage.note(Event::Fault(ours))?;
        }
        stage.note(Event::Fault(fault))
    }

    async fn twin(
        &self,
        stage: &Stage,
        sabotage: &dyn Sabotage,
        last: &Recovered,
    ) -> Result<(), Trouble> {
        let name = sabotage.facts().name;
        let mut chance = Chance::new(self.plan.brief.seed, name);
        let first = chance.below(u64::from(u32::MAX));
        let spoiled = match sabotage.spoils() {
            Spoils::Course(way) => self.led_astray(stage, name, way, last).await?,
            Spoils::Files(way) => self.of_files(stage, name, way, last).await?,
            Spoils::Copy(way) => self.of_a_copy(stage, name, way, last, first).await?,
            Spoils::Recovered(way) => self.of_what_came_back(stage, name, way, last, first).await?,
        };
        match spoiled {
            Some(server) => self.examine(stage, &server).await,
            None => stage.remark(format!("without effect at {ATTEMPTS_MAX} places")),
        }
    }

    /// A server recovered from a spoiled copy; `None` where no change had an effect.
    async fn of_a_copy(
        &self,
        stage: &Stage,
        name: &str,
        way: &dyn SpoilsCopy,
        last: &Recovered,
        first: u64,
    ) -> Result<Option<Arc<Server>>, Trouble> {
        for attempt in 0..ATTEMPTS_MAX {
            let name = format!("{}-{attempt}", name.replace('_', "-"));
            let copy = stage.rig.volume(&name).await?;
            let node = self.bench(stage, &name, &copy, last).await?;
            let bench = Bench {
                node: &*node,
                engine: self.plan.engine.engine(),
                needed: &self.needed(last),
                backup: self.begun_with(last).map(|backup| backup.label.as_str()),
                place: first + attempt,
            };
            let sabotaged: Sabotaged = way.spoil(stage, &bench).await?;
            let (effective, absent) = (sabotaged.proof.is_some(), sabotaged.absent);
            stage.note(Event::Sabotaged(sabotaged))?;
            if effective {
                return self.recovered(stage, node, last, &last.course).await.map(Some);
            }
            node.destroy().await?;
            if absent {
                break;
            }
        }
        Ok(None)
    }

    /// A server recovered from a sound copy and spoiled then; `None` where no change had an effect.
    async fn of_what_came_back(
        &self,
        stage: &Stage,
        name: &str,
        way: &dyn SpoilsRecovered,
        last: &Recovered,
        first: u64,
    ) -> Result<Option<Arc<Server>>, Trouble> {
        let name = name.replace('_', "-");
        let copy = stage.rig.volume(&name).await?;
        let node = self.bench(stage, &name, &copy, last).await?;
        let before = sabotage::listing(stage, &*node).await?;
        let server = self.recovered(stage, node, last, &last.course).await?;
        let settings = overrides();
        for attempt in 0..ATTEMPTS_MAX {
            let of = sabotage::Recovered {
                server: &server,
                engine: self.plan.engine.engine(),
                chain: &self.chained(),
                database: self.database(),
                settings: &settings,
                place: first + attempt,
            };
            let sabotaged = way.spoil(stage, &of).await?;
            let after = sabotage::listing(stage, &*server.node).await?;
            let (effective, absent) = (sabotaged.proof.is_some(), sabotaged.absent);
            let original_untouched = before == after;
            stage.note(Event::Sabotaged(Sabotaged { original_untouched, ..sabotaged }))?;
            if effective {
                return Ok(Some(server));
            }
            if absent {
                break;
            }
        }
        server.node.destroy().await?;
        Ok(None)
    }

    /// A server recovered from a sound copy along another course; `None` where there is none.
    async fn led_astray(
        &self,
        stage: &Stage,
        name: &str,
        astray: &Astray,
        last: &Recovered,
    ) -> Result<Option<Arc<Server>>, Trouble> {
        let way = Way {
            course: &last.course,
            boundary: last.aim.boundary,
            consistent: self.begun_with(last).and_then(|backup| backup.stop),
            archived: self.archiver.and_then(|archiver| archiver.last).map(|last| last.end()),
        };
        let (course, sabotaged) = astray.spoil(&way);
        let effective = sabotaged.proof.is_some();
        stage.note(Event::Sabotaged(sabotaged))?;
        let Some(course) = course.filter(|_| effective) else { return Ok(None) };
        let name = name.replace('_', "-");
        let copy = stage.rig.volume(&name).await?;
        let node = self.bench(stage, &name, &copy, last).await?;
        self.recovered(stage, node, last, &course).await.map(Some)
    }

    /// A server started on files that came from a sound copy and were spoiled then; `None` where
    /// there was nothing to spoil.
    async fn of_files(
        &self,
        stage: &Stage,
        name: &str,
        tampered: &Tampered,
        last: &Recovered,
    ) -> Result<Option<Arc<Server>>, Trouble> {
        let Restorer::Files(files) = self.plan.engine.engine().restorer() else { return Ok(None) };
        let name = name.replace('_', "-");
        let copy = stage.rig.volume(&name).await?;
        let node = self.bench(stage, &name, &copy, last).await?;
        stage.note(Event::Ticked(Tick::Begun))?;
        let begun = Instant::now();
        stage.note(Event::Aimed(last.aim.clone()))?;
        let before = sabotage::listing(stage, &*node).await?;
        let server = self.meant_for(node, &last.postgres)?;
        files.restore(stage, &*server.node, &last.course).await?;
        let sabotaged = tampered.spoil(stage, &*server.node).await?;
        let after = sabotage::listing(stage, &*server.node).await?;
        let (effective, original_untouched) = (sabotaged.proof.is_some(), before == after);
        stage.note(Event::Sabotaged(Sabotaged { original_untouched, ..sabotaged }))?;
        if !effective {
            server.node.destroy().await?;
            return Ok(None);
        }
        self.start_restored(stage, &server).await?;
        self.await_use(stage, &server, begun).await?;
        Ok(Some(server))
    }

    /// A node with a fresh copy of the repository and, read-only, the original.
    async fn bench(
        &self,
        stage: &Stage,
        name: &str,
        copy: &Volume,
        last: &Recovered,
    ) -> Result<Arc<dyn Node>, Trouble> {
        let mounts = copy_and_original(copy, &self.repository);
        let node = stage.rig.node(node_spec(&last.postgres, name, mounts)).await?;
        let from = format!("{}/.", node.place(Place::Original));
        let argv = ["cp", "-a", "--", &from, &node.place(Place::Repository)];
        stage.must(&*node, Command::new("copy the repository", COPY_LIMIT, argv)).await?;
        Ok(node)
    }

    /// The recovery again, along `course`, on this node.
    async fn recovered(
        &self,
        stage: &Stage,
        node: Arc<dyn Node>,
        last: &Recovered,
        course: &Course,
    ) -> Result<Arc<Server>, Trouble> {
        stage.note(Event::Ticked(Tick::Begun))?;
        let begun = Instant::now();
        stage.note(Event::Aimed(last.aim.clone()))?;
        self.bring_back(stage, node, &last.postgres, course, begun).await
    }

    /// Asks a spoiled server everything, and gives it back.
    async fn examine(&self, stage: &Stage, server: &Server) -> Result<(), Trouble> {
        let wanted = questions(&self.plan.brief, &Moment::Recovered);
        ask(stage, server, &self.asker, &Moment::Recovered, &wanted).await?;
        stage.note(Event::Ticked(Tick::Verified))?;
        self.ask_chain(stage, &*server.node).await?;
        self.stop_and_ask(stage, server).await?;
        server.node.destroy().await
    }

    /// The backup that the recovery began with: named, or the newest that fits its end.
    fn begun_with(&self, last: &Recovered) -> Option<&Backup> {
        let (label, boundary) = (last.aim.backup.as_deref(), last.aim.boundary);
        self.backups.iter().rev().find(|backup| match (label, boundary, backup.stop) {
            (Some(label), _, _) => label == backup.label,
            (None, Some(end), Some(stop)) => stop <= end,
            (None, _, _) => true,
        })
    }

    /// The segments that the recovery read beyond the end of its backup.
    fn needed(&self, last: &Recovered) -> Vec<Segment> {
        let boundary = last.aim.boundary;
        let stop = self.begun_with(last).and_then(|backup| backup.stop);
        let archived = self.archiver.and_then(|archiver| archiver.last);
        let (Some(stop), Some(archived)) = (stop, archived) else { return vec![] };
        let end = boundary.unwrap_or(archived.end()).min(archived.end());
        let timeline = last.course.timeline;
        let first = Segment::holding(timeline, stop, last.segment_bytes).next();
        std::iter::successors(Some(first), |segment| Some(segment.next()))
            .take_while(|segment| segment.start < end)
            .collect()
    }
}
