//! Where everything lies in the repository, and which backups are there.

use pgrehearse_verdict::journal::SubjectCause;

use crate::engine::ground::housekeep;
use crate::rig::{Node, Place, Stage, Trouble};

/// What the name of every backup begins with.
const LABEL: &str = "basebackup-";
/// What is written last for a backup, by the end of its name: see [`Shelf::chain`].
const CHAIN: &str = ".chain";
/// Backups of one chain: more could not be listed in a command.
const CHAIN_MAX: usize = 1000;

/// The repository on a node.
pub(crate) struct Shelf<'a> {
    node: &'a dyn Node,
    root: String,
}

impl<'a> Shelf<'a> {
    pub(crate) fn on(node: &'a dyn Node) -> Shelf<'a> {
        Shelf { node, root: node.place(Place::Repository) }
    }

    /// The folder of finished WAL segments.
    pub(crate) fn wal(&self) -> String {
        wal(&self.root)
    }

    /// The folder of a backup: of its data and of its tablespaces.
    pub(super) fn backup(&self, label: &str) -> String {
        format!("{}/backups/{label}", self.root)
    }

    /// What `pg_basebackup` wrote: files like those of a data directory, or tar files.
    pub(crate) fn data(&self, label: &str) -> String {
        format!("{}/data", self.backup(label))
    }

    /// A folder for each tablespace of a plain backup, named by its oid.
    pub(super) fn spaces(&self, label: &str) -> String {
        format!("{}/spaces", self.backup(label))
    }

    /// The manifest that is kept apart: who damages a backup does not damage it, too.
    pub(crate) fn manifest(&self, label: &str) -> String {
        format!("{}/{label}.manifest", self.manifests())
    }

    /// The labels of the backups that one is restored from, a line each, the full one first. It
    /// is written last: what has none is no backup.
    pub(super) fn chain(&self, label: &str) -> String {
        format!("{}/{label}{CHAIN}", self.manifests())
    }

    pub(super) fn manifests(&self) -> String {
        format!("{}/manifests", self.root)
    }

    /// The newest backup that was finished.
    pub(super) async fn newest(&self, stage: &Stage) -> Result<Option<String>, Trouble> {
        Ok(self.newest_first(stage).await?.into_iter().next())
    }

    /// The backups that were finished, the newest first.
    pub(crate) async fn newest_first(&self, stage: &Stage) -> Result<Vec<String>, Trouble> {
        let (folder, pattern) = (self.manifests(), format!("{LABEL}*{CHAIN}"));
        let look = ["find", &folder, "-type", "f", "-name", &pattern, "-printf", "%f\n"];
        let found = housekeep(stage, self.node, "look for backups", &look).await?.text();
        let labels = found.lines().filter_map(|name| name.strip_suffix(CHAIN));
        let mut labels: Vec<_> = labels.filter_map(|label| Some((number(label)?, label))).collect();
        labels.sort();
        Ok(labels.into_iter().rev().map(|(_, label)| label.to_owned()).collect())
    }

    /// The labels of the backups that `label` is restored from, the full one first, itself last.
    pub(crate) async fn chain_of(
        &self,
        stage: &Stage,
        label: &str,
    ) -> Result<Vec<String>, Trouble> {
        let chain = self.chain(label);
        let read = ["cat", "--", &chain];
        let text = housekeep(stage, self.node, "read what a backup builds on", &read).await?.text();
        let labels: Vec<String> = text.lines().map(str::to_owned).collect();
        let fine = labels.last().is_some_and(|last| last == label)
            && labels.len() <= CHAIN_MAX
            && labels.iter().all(|label| number(label).is_some());
        if fine {
            return Ok(labels);
        }
        let said = format!("`{chain}` does not say what `{label}` builds on");
        Err(Trouble::subject(SubjectCause::Command, said))
    }
}

/// The folder of finished WAL segments in the repository `root`.
pub(super) fn wal(root: &str) -> String {
    format!("{root}/wal")
}

/// The name of a backup.
pub(super) fn label(number: u32, kind: &str) -> String {
    format!("{LABEL}{number}-{kind}")
}

/// The number in the name of a backup; `None` for what is no such name.
fn number(label: &str) -> Option<u32> {
    let (number, kind) = label.strip_prefix(LABEL)?.split_once('-')?;
    let plain = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase());
    number.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tenth_backup_is_newer_than_the_ninth() {
        assert_eq!(number(&label(10, "incr")), Some(10));
        assert!(number(&label(10, "incr")) > number(&label(9, "full")));
    }

    #[test]
    fn what_is_no_label_leads_nowhere() {
        for other in ["", "basebackup-1", "basebackup-x-full", "basebackup-1-../..", "other-1-full"]
        {
            assert_eq!(number(other), None, "{other}");
        }
    }
}
