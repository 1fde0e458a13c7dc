//! What one backup is made of: which file holds which database. It lies in the backup itself, and
//! is what a restore goes by.

use pgrehearse_verdict::journal::SubjectCause;
use serde::{Deserialize, Serialize};

use crate::rig::{Command, Node, Place, Trouble};

/// The file of a backup that holds its layout.
const FILE: &str = "layout.json";
/// The file of a backup that holds its globals.
pub(super) const GLOBALS: &str = "globals.sql";

/// A backup's layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    /// The folder of the source's tablespaces: other ground has another.
    pub(super) tablespaces: String,
    /// The databases, in the order in which they are restored.
    pub(super) databases: Vec<Dumped>,
}

/// A database in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dumped {
    /// Its name.
    pub(super) name: String,
    /// Its file or folder, relative to the backup. A name can be anything: this is a number.
    pub(super) file: String,
}

/// The folder of a backup on a node.
pub(super) fn folder(node: &dyn Node, label: &str) -> String {
    format!("{}/{label}", node.place(Place::Repository))
}

impl Layout {
    /// Writes it into the backup.
    pub(super) async fn write(&self, node: &dyn Node, label: &str) -> Result<(), Trouble> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| unreadable(&error))?;
        node.write(&format!("{}/{FILE}", folder(node, label)), &text, 0o600).await
    }

    /// Reads it from the backup.
    pub(super) async fn read(node: &dyn Node, label: &str) -> Result<Layout, Trouble> {
        let purpose = "read the layout of the backup";
        let path = format!("{}/{FILE}", folder(node, label));
        let shown = node.run(&Command::housekeeping(purpose, ["cat", "--", &path])).await?;
        let text = shown.expect_ok(purpose)?.stdout;
        serde_json::from_slice(&text).map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &serde_json::Error) -> Trouble {
    Trouble::subject(SubjectCause::Command, format!("the layout of the backup: {error}"))
}
