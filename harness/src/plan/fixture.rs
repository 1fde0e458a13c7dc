//! A fixture: the database that is rehearsed on.

use std::path::PathBuf;

use crate::secret::Secret;

/// A database to rehearse on, decided: every file is known to exist.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixture {
    /// The folder's name, or the file's stem.
    pub name: String,
    /// The roles to make first, in order.
    pub roles: Vec<RoleSpec>,
    /// The databases to make and fill, in order.
    pub databases: Vec<Database>,
    /// How the application gets in, and what must work for it.
    pub application: Vec<Application>,
    /// The size, from 1.
    pub scale: u32,
    /// SQL to run as the superuser in `postgres` after the roles and before the databases,
    /// `fixture.yaml`'s `cluster:`: role settings, tablespaces.
    pub cluster: Vec<Script>,
}

/// A text for psql, or for the application's connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// It lies in a file.
    File(PathBuf),
    /// It was made with the plan.
    Made {
        /// What a file of it would be called.
        name: String,
        /// What would be in it.
        text: String,
    },
}

impl Script {
    /// The name of its file, without a folder: the same plan reads the same wherever it lies.
    pub fn name(&self) -> String {
        match self {
            Script::File(path) => {
                path.file_name().unwrap_or_default().to_string_lossy().into_owned()
            }
            Script::Made { name, .. } => name.clone(),
        }
    }

    /// Where it lies, for messages.
    pub fn place(&self) -> String {
        match self {
            Script::File(path) => path.display().to_string(),
            Script::Made { name, .. } => name.clone(),
        }
    }

    /// What is in it.
    ///
    /// # Errors
    /// Where its file cannot be read.
    pub fn bytes(&self) -> std::io::Result<Vec<u8>> {
        match self {
            Script::File(path) => std::fs::read(path),
            Script::Made { text, .. } => Ok(text.clone().into_bytes()),
        }
    }
}

/// A role with a password.
#[derive(Debug, Clone, PartialEq)]
pub struct RoleSpec {
    /// Its name.
    pub name: String,
    /// Where its password comes from.
    pub password: PasswordSource,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum PasswordSource {
    /// Drawn for the run and forgotten with it.
    Generated,
    /// Given by file or environment, read when the plan is made.
    Given(Secret),
}

/// A database and what fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// What `CREATE DATABASE` says after the name, as SQL; empty for the cluster's own ways.
    pub options: String,
    /// What fills it, in order.
    pub load: Vec<Load>,
}

/// A file that fills a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// SQL, given to psql with ON_ERROR_STOP; `scale` and `seed` are psql variables.
    Sql(Script),
    /// An archive of pg_dump's, given to pg_restore with --exit-on-error.
    Dump(PathBuf),
}

/// How the application gets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The database.
    pub database: String,
    /// The role.
    pub role: String,
    /// The smoke queries: each file must run without an error as this role.
    pub smoke: Vec<Script>,
}
