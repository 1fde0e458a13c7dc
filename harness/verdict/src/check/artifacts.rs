//! Artifacts: every file of the backups is byte for byte what it was when the last of them was
//! finished.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::rows;
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};

const NAME: &str = "artifacts";

/// Compares the files in the repository that was recovered from with those that were there when
/// the last backup was finished, by SHA-256. A dump has no checksum of its own, and a tool need not
/// notice what was changed in it. What came since is no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifacts {}

impl Check for Artifacts {
    const SUMMARY: &'static str =
        "every file of the backups is what it was when the last of them was finished";
    const EXAMPLE: &'static str = "artifacts";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::BackedUp, Moment::Recovered].map(|moment| (moment, Question::Artifacts)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::BackedUp, &Question::Artifacts);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Artifacts);
        match (before, after) {
            (Ok(before), Ok(after)) => compare(before, after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

fn compare(before: &Table, after: &Table) -> Vec<Finding> {
    let (before, after) = (digests(before), digests(after));
    if before.is_empty() {
        let said = "the backups had no file when the last of them was finished";
        return vec![Finding::unknown(NAME, "nothing_compared", said)];
    }
    let mut found = vec![];
    for (path, was) in &before {
        match after.get(path) {
            Some(is) if is == was => {}
            Some(is) => {
                let said = format!("`{path}` is not what it was when the backup was finished");
                let details = vec![format!("SHA-256 was {was}, is {is}")];
                let finding = Finding::broken(NAME, "artifact_altered", said);
                found.push(finding.with(details).about(*path));
            }
            None => {
                let said = format!("`{path}` is gone from the repository");
                found.push(Finding::broken(NAME, "artifact_missing", said).about(*path));
            }
        }
    }
    if found.is_empty() {
        let said = format!("{} files are what they were when they were made", before.len());
        found.push(Finding::held(NAME, "equal", said));
    }
    difference::bounded(NAME, found)
}

fn digests(table: &Table) -> BTreeMap<&str, &str> {
    let cell = |row: usize, name| table.get(row, name);
    (0..table.rows.len())
        .filter_map(|row| Some((cell(row, "path")?, cell(row, "digest")?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use crate::question::columns;

    fn table(files: &[(&str, &str)]) -> Table {
        let cell = |text: &str| Some(text.to_owned());
        let rows = files.iter().map(|(path, digest)| vec![cell(path), cell(digest)]).collect();
        Table { rows, ..Table::new(columns::ARTIFACTS) }
    }

    fn judged(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<(Status, String)> {
        let found = compare(&table(before), &table(after));
        found.into_iter().map(|finding| (finding.status, finding.code)).collect()
    }

    #[test]
    fn files_that_are_as_they_were_hold_and_what_came_since_is_no_difference() {
        let found = judged(&[("a", "1")], &[("a", "1"), ("wal", "2")]);
        assert_eq!(found, [(Status::Held, "equal".to_owned())]);
    }

    #[test]
    fn an_altered_file_and_a_missing_file_are_broken() {
        let found = judged(&[("a", "1"), ("b", "2")], &[("a", "9")]);
        let broken = |code: &str| (Status::Broken, code.to_owned());
        assert_eq!(found, [broken("artifact_altered"), broken("artifact_missing")]);
    }

    #[test]
    fn backups_without_a_file_show_nothing() {
        let found = judged(&[], &[("a", "1")]);
        assert_eq!(found, [(Status::Unknown, "nothing_compared".to_owned())]);
    }
}
