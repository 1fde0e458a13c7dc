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
    pub cluster: Vec<PathBuf>,
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
    /// What fills it, in order.
    pub load: Vec<Load>,
}

/// A file that fills a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Load {
    /// SQL, given to psql with ON_ERROR_STOP; `scale` and `seed` are psql variables.
    Sql(PathBuf),
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
    pub smoke: Vec<PathBuf>,
}
