//! The disasters: what goes wrong. One file a disaster, one line here.

mod bad_migration;
mod corrupt_pages;
mod delete_rows;
mod drop_table;
mod dropped_database;
mod dropped_role;
mod lost_data_directory;
mod lost_host;
mod missing_roles;
mod own_file;
mod table;
mod transaction;

pub use bad_migration::BadMigration;
pub use corrupt_pages::{CorruptPages, Mode, Of};
pub use delete_rows::DeleteRows;
pub use drop_table::DropTable;
pub use dropped_database::DroppedDatabase;
pub use dropped_role::DroppedRole;
pub use lost_data_directory::LostDataDirectory;
pub use lost_host::{LostHost, Repository};
pub use missing_roles::MissingRoles;
pub use own_file::{OwnFile, Read};
pub use table::{Hold, TableName};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::catalogue;
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{Stage, Trouble};

/// What the disaster itself reported: the control against which the finding from WAL is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Note {
    /// The transaction that did the harm.
    pub xid: Option<u64>,
    /// A position at or before the start of everything that the harm wrote.
    pub began: Option<pgrehearse_verdict::lsn::Lsn>,
    /// A position at or after the end of the first record that did harm.
    pub lsn: Option<pgrehearse_verdict::lsn::Lsn>,
}

/// What is known of a disaster before anything starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nature {
    /// Whether it writes WAL, so that `before_disaster` exists.
    pub writes_wal: bool,
    /// Whether the WAL that was not yet archived survives it.
    pub leaves_wal: bool,
    /// Whether the source still serves after it.
    pub leaves_server: bool,
    /// The tables it changes, as `schema.name`.
    pub harms: Vec<String>,
}

/// The behaviour of a disaster.
#[async_trait]
pub trait Disaster: Send + Sync {
    /// What is known of it before anything starts.
    fn nature(&self) -> Nature;

    /// As the plan prints it.
    fn text(&self) -> String;

    /// The rigs that can cause it.
    fn rigs(&self) -> &'static [&'static str] {
        &["docker", "local", "scripted"]
    }

    /// The file that it brings along, if any: it is read with the plan.
    fn own_file(&self) -> Option<&OwnFile> {
        None
    }

    /// What will be harmed, as WAL will name it; asked of the intact server.
    async fn harm(&self, stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble>;

    /// Does it. The caller has written the strike to the journal just before.
    async fn strike(&self, stage: &Stage, source: &Server) -> Result<Note, Trouble>;

    /// What was looked for afterwards, and whether the harm was really there.
    async fn witness(&self, stage: &Stage, source: &Server) -> Result<(String, bool), Trouble>;
}

catalogue! {
    /// A disaster with its parameters. The variant's name is its YAML key.
    Disaster as disaster;
    /// A table is dropped by mistake.
    "drop_table" DropTable(DropTable);
    /// All rows of a table are deleted by mistake.
    "delete_rows" DeleteRows(DeleteRows);
    /// A migration ruins tables.
    "bad_migration" BadMigration(BadMigration);
    /// A role is dropped by mistake.
    "dropped_role" DroppedRole(DroppedRole);
    /// A database is dropped by mistake.
    "dropped_database" DroppedDatabase(DroppedDatabase);
    /// The server is killed and its data directory, WAL included, is gone.
    "lost_data_directory" LostDataDirectory(LostDataDirectory);
    /// The whole host is gone, and everything on it.
    "lost_host" LostHost(LostHost);
    /// The new cluster starts without any of the roles.
    "missing_roles" MissingRoles(MissingRoles);
    /// A page of a table is damaged on the disk.
    "corrupt_pages" CorruptPages(CorruptPages);
}
