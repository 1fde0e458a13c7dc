//! The mirror of a scenario file: what may stand in it, and nothing of what it means.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::engine;
use crate::scenario::{CheckForm, ControlsForm, FixtureForm, Kind, Pinned, Settings, Step};

/// A rehearsal of a PostgreSQL disaster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "pgrehearse scenario")]
pub struct File {
    /// What is rehearsed, in a line.
    pub name: Pinned<String>,
    /// Why it matters: goes into the evidence.
    pub why: Option<Pinned<String>>,
    /// Words to select scenarios by.
    #[serde(default)]
    pub tags: Vec<Pinned<String>>,
    /// The server.
    #[serde(default)]
    pub postgres: Postgres,
    /// The database to rehearse on: a folder in `fixtures/`, `{ sql: path }` or `{ dump: path }`.
    pub fixture: Option<Pinned<FixtureForm>>,
    /// The size of the fixture, from 1.
    pub scale: Option<Pinned<u32>>,
    /// What backs up and restores.
    pub engine: Option<Pinned<Kind<engine::Spec>>>,
    /// What happens, in order.
    pub steps: Option<Pinned<Vec<Pinned<Step>>>>,
    /// What must hold.
    pub objectives: Option<Pinned<Objectives>>,
    /// The database this stands for.
    pub production: Option<Pinned<Production>>,
    /// What is checked after the last recovery; `standard` where nothing is said.
    pub checks: Option<Pinned<Vec<Pinned<CheckForm>>>>,
    /// The must-fail twins: `standard`, `none` or a list; `standard` where nothing is said.
    pub controls: Option<Pinned<ControlsForm>>,
    /// For a canary: what must be the reason of its failure.
    pub must_fail: Option<Pinned<MustFail>>,
    /// Several drills from one scenario.
    pub matrix: Option<Pinned<Matrix>>,
    /// A backup that already exists, instead of fixture, engine and steps.
    pub source: Option<Pinned<ExistingBackup>>,
    /// How long the whole drill may take.
    pub limit: Option<Pinned<String>>,
}

/// The server of a drill.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Postgres {
    /// The major version; the rig's usual one where nothing is said.
    pub version: Option<Pinned<u32>>,
    /// Data checksums: `on` or `off`; on where nothing is said.
    pub checksums: Option<Pinned<Text>>,
    /// The locale of the cluster; `C.UTF-8` where nothing is said.
    pub locale: Option<Pinned<String>>,
    /// Settings of the server.
    #[serde(default)]
    pub settings: Settings,
    /// A container image of one's own.
    pub image: Option<Pinned<String>>,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    /// The greatest time from the disaster to the first acknowledged write.
    pub rto: Option<Pinned<String>>,
    /// The greatest loss of acknowledged work.
    pub rpo: Option<Pinned<String>>,
    /// What a drill cannot measure.
    pub assumed: Option<Assumed>,
}

/// What a drill cannot measure: added to the recovery time in a line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// The time until somebody notices.
    pub detection: Option<Pinned<String>>,
    /// The time until somebody decides.
    pub decision: Option<Pinned<String>>,
}

/// The database a scenario stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Production {
    /// Its size, e.g. `800GB`: the recovery time is judged on a projection to it.
    pub size: Pinned<String>,
}

/// The reason for which a canary must fail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MustFail {
    /// Names of checks, `rto` or `rpo`.
    pub by: Vec<Pinned<String>>,
}

/// The axes of a matrix: a drill for each combination.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Engines.
    pub engine: Option<Pinned<Vec<Pinned<Kind<engine::Spec>>>>>,
    /// Major versions of PostgreSQL.
    #[serde(rename = "postgres.version")]
    pub postgres_version: Option<Pinned<Vec<Pinned<u32>>>>,
}

/// A backup that already exists.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExistingBackup {
    /// An archive of pg_dump's.
    Dump(BackupPlace),
    /// A repository of pgBackRest's.
    Pgbackrest(BackupPlace),
    /// A folder of pg_basebackup's.
    Basebackup(BackupPlace),
    /// A backup of barman's.
    Barman(BackupPlace),
}

/// Where a backup lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupPlace {
    /// The path.
    pub path: Pinned<String>,
}

/// A text that people write as a number or as `on` just as well; kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Text(pub String);

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean"] })
    }
}
