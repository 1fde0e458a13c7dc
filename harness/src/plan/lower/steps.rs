//! The steps: a straight line, walked once, with all that is known at each of them.

use std::path::Path;
use std::time::Duration;

use pgrehearse_verdict::brief::{DisasterBrief, RecoveryBrief};

use crate::engine::{self, Abilities};
use crate::plan::lower::Ground;
use crate::plan::lower::complaints::Complaints;
use crate::plan::lower::recover;
use crate::plan::{Backup, Run, Step, Workload};
use crate::scenario::{
    self, BackupForm, Code, Kind, Pinned, Place, RunForm, ScenarioFile, did_you_mean, duration,
    rate,
};

/// Writers where the scenario does not say, and the most it can ask for.
const WRITERS_USUAL: u32 = 2;
const WRITERS_MAX: u32 = 64;
/// Transactions a second where the scenario does not say, and the most it can ask for.
const RATE_USUAL: f64 = 100.0;
const RATE_MAX: f64 = 10_000.0;
/// Steps of one scenario: with more, nobody could follow its report.
const STEPS_MAX: usize = 200;
/// Bytes of a restore point's name that PostgreSQL keeps.
const MARK_MAX: usize = 63;
/// Names that mean something else in a report or a target.
const MARKS_RESERVED: &[&str] =
    &["baseline", "recovered", "restarted", "latest", "immediate", "before_disaster"];

/// The course of a drill, decided.
#[derive(Default)]
pub(super) struct Course {
    pub(super) steps: Vec<Step>,
    pub(super) texts: Vec<String>,
    pub(super) disasters: Vec<DisasterBrief>,
    pub(super) recoveries: Vec<RecoveryBrief>,
    pub(super) marks: Vec<String>,
    pub(super) harmed: Vec<String>,
}

/// A mark that was taken.
pub(super) struct Taken {
    pub(super) name: String,
    pub(super) at: Place,
    /// Whether a backup was finished before it.
    pub(super) protected: bool,
    /// Whether it was taken after a disaster that wrote WAL, and is thus harmed.
    pub(super) harmed: bool,
}

/// What is known at a step.
pub(super) struct Walk<'a> {
    pub(super) complaints: &'a mut Complaints,
    pub(super) engine: Option<(&'static str, Abilities)>,
    spec: Option<&'a engine::Spec>,
    pub(super) course: Course,
    pub(super) marks: Vec<Taken>,
    /// Disasters that wrote WAL, with their names.
    pub(super) harms: Vec<(&'static str, Place)>,
    pub(super) struck: Option<Place>,
    pub(super) recovered: Option<Place>,
    pub(super) gone: Option<Place>,
    pub(super) workload: Option<Place>,
    pub(super) backup: Option<Place>,
    full: bool,
    /// Whether a backup was taken after a harm, and thus holds it.
    pub(super) backed_up_harm: bool,
    ran: Duration,
    limit: Duration,
    pub(super) ground: &'a Ground,
    major: Option<u32>,
    pub(super) scenario: &'a Path,
    /// The database that the workload writes to.
    pub(super) application: Option<String>,
}

pub(super) fn lower(
    scenario: &ScenarioFile,
    engine: Option<&Pinned<Kind<engine::Spec>>>,
    ground: &Ground,
    major: Option<u32>,
    limit: Duration,
    application: Option<String>,
    complaints: &mut Complaints,
) -> Course {
    let Some(steps) = &scenario.file.steps else {
        complaints.missing("steps", "what happens, from `workload` to `recover`");
        return Course::default();
    };
    if steps.value.len() > STEPS_MAX {
        let said = format!("these are {} steps, at most {STEPS_MAX} fit", steps.value.len());
        complaints.add(Code::Limits, &complaints.key("steps", &steps.at), said);
        return Course::default();
    }
    let spec = engine.map(|engine| &engine.value.0);
    if let (Some(engine), Some(major)) = (engine, major)
        && let Some(said) = engine.value.0.engine().lacks(None, major)
    {
        complaints.add(Code::EngineLacks, &engine.at, said);
    }
    let engine = spec.map(|spec| (spec.name(), spec.engine().abilities()));
    let mut walk = Walk {
        complaints,
        engine,
        spec,
        course: Course::default(),
        marks: vec![],
        harms: vec![],
        struck: None,
        recovered: None,
        gone: None,
        workload: None,
        backup: None,
        full: false,
        backed_up_harm: false,
        ran: Duration::ZERO,
        limit,
        ground,
        major,
        scenario: &scenario.path,
        application,
    };
    for (number, step) in steps.value.iter().enumerate() {
        let end = steps.value.get(number + 1).map(|next| next.at.start);
        walk.step(step, end.unwrap_or(usize::MAX));
    }
    let at = walk.complaints.key("steps", &steps.at);
    if walk.struck.is_none() {
        walk.complaints
            .add(Code::NoDisaster, &at, "nothing goes wrong in these steps")
            .hint("add a disaster, e.g. `- disaster: { lost_data_directory: {} }`");
    }
    if walk.recovered.is_none() {
        walk.complaints
            .add(Code::NoRecover, &at, "nothing is recovered in these steps")
            .hint("end with `- recover: { to: latest }`");
    }
    walk.course
}

impl Walk<'_> {
    fn step(&mut self, step: &Pinned<scenario::Step>, end: usize) {
        let at = &step.at;
        if let (Some(recovered), false) =
            (&self.recovered, matches!(step.value, scenario::Step::Recover(_)))
        {
            let said = format!(
                "after a recovery{} only further recoveries are for this version",
                self.complaints.line(recovered)
            );
            self.complaints.add(Code::NotYet, at, said);
            return;
        }
        match &step.value {
            scenario::Step::Workload(workload) => self.workload(workload, at),
            scenario::Step::Backup(backup) => self.backup(backup, at),
            scenario::Step::Run(run) => self.run(run, at),
            scenario::Step::Mark(name) => self.mark(name, at),
            scenario::Step::Disaster(disaster) => self.disaster(disaster, at, end),
            scenario::Step::Recover(recover) => recover::lower(self, recover, at),
        }
    }

    /// A step that is decided, with the text the plan prints.
    pub(super) fn decide(&mut self, step: Step, text: String) {
        self.course.steps.push(step);
        self.course.texts.push(text);
    }

    /// The major version to recover to, if the engine can take the contents there.
    pub(super) fn newer_major(&mut self, wanted: &Pinned<u32>) -> Option<u32> {
        let (engine, abilities) = self.engine.as_ref()?;
        let own = self.major?;
        if wanted.value == own {
            return None;
        }
        if !abilities.newer_major {
            let said =
                format!("the engine `{engine}` copies files, which only PostgreSQL {own} can read");
            self.complaints.add(Code::EngineTarget, &wanted.at, said);
        } else if wanted.value < own {
            let said = format!("is older than the source's {own}, and cannot be relied on to read");
            self.complaints.value(Code::VersionNotHere, wanted, &said);
        } else if !self.ground.majors.contains(&wanted.value) {
            let majors: Vec<_> = self.ground.majors.iter().map(|it| format!("`{it}`")).collect();
            let said = format!("is not a major version of this rig: {}", majors.join(", "));
            self.complaints.value(Code::VersionNotHere, wanted, &said).not_for_this_rig();
        } else {
            return Some(wanted.value);
        }
        None
    }

    /// Whether the server still serves at a step that needs it.
    pub(super) fn serves(&mut self, at: &Place, what: &str) -> bool {
        let Some(gone) = &self.gone else { return true };
        let said = format!("{what} needs the server, and it is gone{}", self.complaints.line(gone));
        self.complaints.add(Code::ServerGone, at, said);
        false
    }

    fn workload(&mut self, workload: &scenario::Workload, at: &Place) {
        if let Some(first) = &self.workload {
            let said = format!("a workload goes on already{}", self.complaints.line(first));
            self.complaints.add(Code::TwoWorkloads, at, said);
        } else if self.serves(at, "a workload") {
            self.workload = Some(at.clone());
        }
        let writers = workload.writers.as_ref().map_or(WRITERS_USUAL, |writers| writers.value);
        if let Some(wanted) = &workload.writers
            && !(2..=WRITERS_MAX).contains(&writers)
        {
            self.complaints
                .value(Code::BadWriters, wanted, &format!("is not from 2 to {WRITERS_MAX} writers"))
                .hint("one writer alone cannot show what commits in another's midst");
        }
        let mut per_second = RATE_USUAL;
        if let Some(wanted) = &workload.rate {
            match rate(&wanted.value, RATE_MAX) {
                Ok(rate) => per_second = rate,
                Err(said) => {
                    self.complaints.value(Code::BadRate, wanted, &said);
                }
            }
        }
        let text = format!("workload: {writers} writers, {per_second} transactions a second");
        self.decide(Step::Workload(Workload { writers, rate: per_second }), text);
    }

    fn backup(&mut self, backup: &Pinned<BackupForm>, at: &Place) {
        let (kind, place, every) = match &backup.value {
            BackupForm::Word(kind) => (kind, &backup.at, None),
            BackupForm::With(kind, options) => (&kind.value, &kind.at, options.every.as_ref()),
        };
        if let Some((engine, abilities)) = &self.engine {
            if !abilities.backups.contains(&kind.as_str()) {
                let shown = self.complaints.quoted(kind);
                let said = format!("the engine `{engine}` takes no {shown} backup");
                let hint = did_you_mean(kind, abilities.backups.iter().copied());
                self.complaints.add(Code::UnknownBackup, place, said).maybe(hint);
            } else if kind != "full" && !self.full && abilities.backups.contains(&"full") {
                let said =
                    format!("the backup `{kind}` builds on a full one, and there is none yet");
                self.complaints.add(Code::BackupWithoutFull, place, said);
            } else if let (Some(spec), Some(major)) = (self.spec, self.major)
                && let Some(said) = spec.engine().lacks(Some(kind), major)
            {
                self.complaints.add(Code::EngineLacks, place, said);
            }
        }
        self.full |= kind == "full";
        self.backed_up_harm |= !self.harms.is_empty();
        if self.serves(at, "a backup") {
            self.backup.get_or_insert_with(|| at.clone());
        }
        let every = every.and_then(|every| self.time(every));
        let said = every.map(|every| format!(", in production every {}", shown(every)));
        let text = format!("backup: {kind}{}", said.unwrap_or_default());
        self.decide(Step::Backup(Backup { kind: kind.clone(), every }), text);
    }

    fn run(&mut self, run: &Pinned<RunForm>, at: &Place) {
        let (time, jitter) = match &run.value {
            RunForm::Word(word) => (Pinned { value: word.clone(), at: run.at.clone() }, None),
            RunForm::With(options) => (options.time.clone(), options.jitter.as_ref()),
        };
        if let Some(jitter) = jitter {
            if jitter.value != "archive" {
                self.complaints
                    .value(Code::UnknownJitter, jitter, "is no cycle to fall into")
                    .maybe(did_you_mean(&jitter.value, ["archive"]));
            }
            self.serves(at, "a phase of the archive's cycle");
        }
        let Some(length) = self.time(&time) else { return };
        let before = self.ran;
        self.ran += length;
        if before < self.limit && self.ran >= self.limit {
            let said = format!(
                "the drill may take {} in all, and runs alone take {}",
                shown(self.limit),
                shown(self.ran)
            );
            self.complaints
                .add(Code::RunTooLong, &time.at, said)
                .hint("set `limit:` to more, or run for less");
        }
        let phase =
            if jitter.is_some() { ", to a seeded phase of the archive's cycle" } else { "" };
        let text = format!("run: {}{phase}", shown(length));
        self.decide(Step::Run(Run { time: length, jitter_archive: jitter.is_some() }), text);
    }

    fn mark(&mut self, name: &Pinned<String>, at: &Place) {
        let text = name.value.as_str();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if text.len() > MARK_MAX {
            let said = format!("has {} bytes, a restore point at most {MARK_MAX}", text.len());
            self.complaints.value(Code::BadMark, name, &said);
        } else if text.is_empty() || !text.chars().all(plain) {
            self.complaints
                .value(Code::BadMark, name, "is not the name of a mark")
                .hint("a mark is a word of letters, digits, `_`, `-` and `.`");
        } else if MARKS_RESERVED.contains(&text) || text.starts_with("pgrehearse") {
            self.complaints.value(Code::BadMark, name, "means something else already");
        } else if let Some(first) = self.marks.iter().find(|mark| mark.name == text) {
            let said = format!("marks a moment already{}", self.complaints.line(&first.at));
            self.complaints
                .value(Code::DuplicateMark, name, &said)
                .hint("recovery stops at the first restore point of a name");
        }
        self.serves(at, "a mark");
        self.marks.push(Taken {
            name: text.to_owned(),
            at: name.at.clone(),
            protected: self.backup.is_some(),
            harmed: !self.harms.is_empty(),
        });
        self.course.marks.push(text.to_owned());
        self.decide(Step::Mark(text.to_owned()), format!("mark: {text}"));
    }

    pub(super) fn time(&mut self, text: &Pinned<String>) -> Option<Duration> {
        match duration(&text.value) {
            Ok(time) => Some(time),
            Err(said) => {
                let digits =
                    !text.value.is_empty() && text.value.bytes().all(|b| b.is_ascii_digit());
                let hint = digits.then(|| format!("did you mean `{}s`?", text.value));
                self.complaints.value(Code::BadTime, text, &said).maybe(hint);
                None
            }
        }
    }
}

/// A time as a plan prints it: `1h 30m`, `5s`, `200ms`.
pub(crate) fn shown(time: Duration) -> String {
    let mut left = time.as_millis();
    let mut words = vec![];
    for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)] {
        if left >= length {
            words.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    if left > 0 || words.is_empty() {
        words.push(format!("{left}ms"));
    }
    words.join(" ")
}
