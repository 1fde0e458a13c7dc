//! The mirror of a `fixture.yaml`.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::MapAccess;
use serde::{Deserialize, Deserializer};

use crate::scenario::forms::{Form, single, word_or};
use crate::scenario::open::open;
use crate::scenario::{Diagnostic, Pinned, Source, parse};

/// A database to rehearse on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixtureFile {
    /// Roles to make first, in order.
    #[serde(default)]
    pub roles: Vec<RoleEntry>,
    /// psql files, run as the superuser in `postgres` after the roles, before the databases.
    #[serde(default)]
    pub cluster: Vec<Pinned<String>>,
    /// Databases to make and fill, in order.
    pub databases: Pinned<Vec<DatabaseEntry>>,
    /// How the application gets in.
    #[serde(default)]
    pub application: Vec<ApplicationEntry>,
}

/// A role that can log in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// Its name.
    pub name: Pinned<String>,
    /// Where its password comes from.
    pub password: Pinned<PasswordEntry>,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordEntry {
    /// Drawn for the run.
    Generated,
    /// An environment variable.
    Env(Pinned<String>),
    /// A file in the fixture's folder.
    File(Pinned<String>),
    /// The password itself, it seems: it is not kept, nor shown.
    WrittenOut,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum PasswordKind {
    Env,
    File,
}

/// A password that is given.
#[derive(JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum GivenPassword {
    /// An environment variable.
    Env(String),
    /// A file in the fixture's folder.
    File(String),
}

impl Form for PasswordEntry {
    const WANTED: &'static str = "`generated`, `{ env: NAME }` or `{ file: path }`";

    fn word(word: String) -> Self {
        if word == "generated" { PasswordEntry::Generated } else { PasswordEntry::WrittenOut }
    }

    fn map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let (kind, value) = single(&mut map, Self::WANTED)?;
        Ok(match kind {
            PasswordKind::Env => PasswordEntry::Env(value),
            PasswordKind::File => PasswordEntry::File(value),
        })
    }
}
word_or!(PasswordEntry, GivenPassword);

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatabaseEntry {
    /// Its name.
    pub name: Pinned<String>,
    /// What fills it, in order.
    pub load: Pinned<Vec<LoadEntry>>,
}

/// A file that fills a database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadEntry {
    /// A file for psql.
    Sql(Pinned<String>),
    /// An archive of pg_dump's.
    Dump(Pinned<String>),
}

/// How the application gets in, and what must work for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationEntry {
    /// The database.
    pub database: Pinned<String>,
    /// The role.
    pub role: Pinned<String>,
    /// The files of its smoke queries; the last part may hold one `*`.
    pub smoke: Option<Pinned<String>>,
}

/// A fixture file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixtureRead {
    /// Its text.
    pub source: Arc<Source>,
    /// What it says.
    pub file: FixtureFile,
}

/// Reads a `fixture.yaml`. Stops at the first mistake.
pub fn read_fixture(path: &Path) -> Result<FixtureRead, Diagnostic> {
    let (source, _) = open(path)?;
    let file = parse(&source)?;
    Ok(FixtureRead { source, file })
}
