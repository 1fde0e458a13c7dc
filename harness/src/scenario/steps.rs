//! The steps of a scenario file, as they are written.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::disaster;
use crate::scenario::forms::{Form, alone, single, whole, word_or};
use crate::scenario::{Kind, Pinned, Text};

/// A step. The key is the kind.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Step {
    /// The workload begins, and goes on by itself.
    Workload(Workload),
    /// A backup is taken.
    Backup(Pinned<BackupForm>),
    /// Time passes under the workload.
    Run(Pinned<RunForm>),
    /// A named moment.
    Mark(Pinned<String>),
    /// What goes wrong.
    Disaster(Pinned<Kind<disaster::Spec>>),
    /// A recovery onto fresh ground.
    Recover(Box<Recover>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepKind {
    Workload,
    Backup,
    Run,
    Mark,
    Disaster,
    Recover,
}

/// By hand, for the YAML crate would take what follows a bare `- run` for its value.
impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StepVisitor)
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step such as `run: 5s`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Step, A::Error> {
        let wanted = "a step such as `run: 5s`";
        let kind = map.next_key()?;
        let kind =
            kind.ok_or_else(|| A::Error::custom(format!("found an empty map, wanted {wanted}")))?;
        let step = match kind {
            StepKind::Workload => Step::Workload(map.next_value()?),
            StepKind::Backup => Step::Backup(map.next_value()?),
            StepKind::Run => Step::Run(map.next_value()?),
            StepKind::Mark => Step::Mark(map.next_value()?),
            StepKind::Disaster => Step::Disaster(map.next_value()?),
            StepKind::Recover => Step::Recover(Box::new(map.next_value()?)),
        };
        alone(&mut map)?;
        Ok(step)
    }
}

/// The workload.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// How many write at once; 2 where nothing is said.
    pub writers: Option<Pinned<u32>>,
    /// Transactions over all writers, e.g. `200/s`; `100/s` where nothing is said.
    pub rate: Option<Pinned<String>>,
}

/// A backup: its kind, with or without options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupForm {
    /// The kind.
    Word(String),
    /// The kind with its options.
    With(Pinned<String>, BackupOptions),
}

/// What can be said about a backup.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupOptions {
    /// How often production takes one; changes nothing in the drill.
    pub every: Option<Pinned<String>>,
}

impl Form for BackupForm {
    const WANTED: &'static str = "a kind of backup such as `full`";

    fn word(word: String) -> Self {
        BackupForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (kind, options) = single(&mut map, Self::WANTED)?;
        Ok(BackupForm::With(kind, options))
    }
}
word_or!(BackupForm, std::collections::BTreeMap<String, BackupOptions>);

/// Time passing: a time, with or without options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunForm {
    /// The time.
    Word(String),
    /// The time with options.
    With(RunOptions),
}

/// What can be said about time passing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunOptions {
    /// How long.
    #[serde(rename = "for")]
    pub time: Pinned<String>,
    /// `archive`: what follows falls at a seeded phase of the archive's cycle.
    pub jitter: Option<Pinned<String>>,
}

impl Form for RunForm {
    const WANTED: &'static str = "a time such as `5s`";

    fn word(word: String) -> Self {
        RunForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        whole(map).map(RunForm::With)
    }
}
word_or!(RunForm, RunOptions);

/// A recovery.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recover {
    /// Where to: `latest`, `immediate`, `before_disaster`, or `{ mark: … }`, `{ lsn: … }`,
    /// `{ time: … }`, `{ xid: … }`.
    pub to: Pinned<ToForm>,
    /// Whether the record at the target itself is replayed.
    pub inclusive: Option<Pinned<bool>>,
    /// The timeline to follow.
    pub timeline: Option<Pinned<Text>>,
    /// The backup to begin with: `newest`, or `before_disaster`, the newest of those that were
    /// finished before it; the newest that reaches the target where nothing is said.
    pub from: Option<Pinned<String>>,
    /// What the server does at the target: `promote`, or `pause`; `promote` where nothing is said.
    pub action: Option<Pinned<String>>,
    /// The major version to recover to; the source's own where nothing is said.
    pub postgres: Option<Pinned<u32>>,
    /// A dropped table, as `schema.name`, that is all to be brought back: it is recovered aside and
    /// loaded into the living database, which goes on meanwhile.
    pub salvage: Option<Pinned<String>>,
    /// A database that is all to be brought back: it is made anew, from a dump, on the server that
    /// was struck and goes on serving.
    pub new_database: Option<Pinned<String>>,
    /// How long it may take until the application can write, e.g. `10m`: a recovery that has not
    /// ended by then has failed.
    pub within: Option<Pinned<String>>,
    /// The server it is about: `old` is the one that was struck.
    pub on: Option<Pinned<String>>,
}

/// The target of a recovery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToForm {
    /// A target without a value.
    Word(String),
    /// A moment, with its offset from UTC.
    Time(Pinned<AtForm>),
    /// A position.
    Lsn(Pinned<AtForm>),
    /// A transaction.
    Xid(Pinned<AtForm>),
    /// A mark of this scenario.
    Mark(Pinned<String>),
}

/// A time, a position or a transaction: itself, or what it was at a mark of this scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AtForm {
    /// Itself.
    Word(String),
    /// What it was at this mark.
    Mark(Pinned<String>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AtKind {
    Mark,
}

/// What it was at a mark.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum AtMark {
    /// A mark of this scenario.
    Mark(String),
}

impl Form for AtForm {
    const WANTED: &'static str = "a value or `{ mark: … }`";

    fn word(word: String) -> Self {
        AtForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (AtKind::Mark, name) = single(&mut map, Self::WANTED)?;
        Ok(AtForm::Mark(name))
    }
}
word_or!(AtForm, Text, AtMark);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TargetKind {
    Time,
    Lsn,
    Xid,
    Mark,
}

/// A target with a value.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Target {
    /// A moment, with its offset from UTC.
    Time(AtForm),
    /// A position.
    Lsn(AtForm),
    /// A transaction.
    Xid(AtForm),
    /// A mark of this scenario.
    Mark(String),
}

impl Form for ToForm {
    const WANTED: &'static str = "a target such as `latest` or `{ mark: … }`";

    fn word(word: String) -> Self {
        ToForm::Word(word)
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let kind = map.next_key()?.ok_or_else(|| {
            A::Error::custom(format!("found an empty map, wanted {}", Self::WANTED))
        })?;
        let target = match kind {
            TargetKind::Time => ToForm::Time(map.next_value()?),
            TargetKind::Lsn => ToForm::Lsn(map.next_value()?),
            TargetKind::Xid => ToForm::Xid(map.next_value()?),
            TargetKind::Mark => ToForm::Mark(map.next_value()?),
        };
        alone(&mut map)?;
        Ok(target)
    }
}
word_or!(ToForm, Target);
