//! Secrecy: whoever gets hold of the repository, and not of its key, can read nothing in it.
//!
//! A repository is the database once more, in a place with other guards. Encryption that was asked
//! for and is not in force everywhere looks, from the outside, like encryption that is.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table};

const NAME: &str = "secrecy";

/// Wants every file of the repository to begin as a sealed one does, and none of them to hold words
/// that stand in every database that is rehearsed on. Declared by whoever wants it, and brought
/// along by an engine that was told to encrypt: an open repository is no mistake by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrecy {}

impl Check for Secrecy {
    const SUMMARY: &'static str =
        "whoever gets hold of the repository without its key can read nothing in it";
    const EXAMPLE: &'static str = "secrecy";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![(Moment::Recovered, Question::Secrecy)]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        match rows(case, NAME, &Moment::Recovered, &Question::Secrecy) {
            Ok(table) => look(table),
            Err(finding) => vec![*finding],
        }
    }
}

fn look(table: &Table) -> Vec<Finding> {
    let (mut found, mut sealed) = (vec![], 0_usize);
    for row in 0..table.rows.len() {
        let cell = |name| table.get(row, name);
        let path = shown(cell("path").unwrap_or_default());
        let finding = match (cell("begins"), cell("speaks")) {
            (Some("sealed" | "empty" | "clear"), Some("t")) => {
                let said = format!("`{path}` tells words of the database to everybody");
                Finding::broken(NAME, "in_the_clear", said)
            }
            (Some("clear"), Some("f")) => {
                let said = format!("`{path}` is not encrypted");
                Finding::broken(NAME, "in_the_clear", said)
            }
            (Some("sealed"), Some("f")) => {
                sealed += 1;
                continue;
            }
            (Some("empty"), Some("f")) => continue,
            _ => {
                let said = format!("what can be read of `{path}` was not told");
                Finding::unknown(NAME, "malformed_answer", said)
            }
        };
        found.push(finding.about(path));
    }
    match (found.is_empty(), sealed) {
        (true, 0) => {
            let said = "the repository has no file with anything in it";
            found.push(Finding::unknown(NAME, "nothing_compared", said));
        }
        (true, sealed) => {
            let said = format!("{sealed} files of the repository tell nothing without the key");
            found.push(Finding::held(NAME, "sealed", said));
        }
        _ => {}
    }
    difference::bounded(NAME, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Status;
    use crate::question::columns;

    fn judged(files: &[[&str; 3]]) -> Vec<(Status, String)> {
        let cell = |text: &&str| (*text != "~").then(|| (*text).to_owned());
        let rows = files.iter().map(|row| row.iter().map(cell).collect()).collect();
        let found = look(&Table { rows, ..Table::new(columns::SECRECY) });
        found.into_iter().map(|finding| (finding.status, finding.code)).collect()
    }

    #[test]
    fn sealed_files_hold_and_an_empty_one_tells_nothing() {
        let files = [["a", "sealed", "f"], ["b", "empty", "f"]];
        assert_eq!(judged(&files), [(Status::Held, "sealed".to_owned())]);
    }

    #[rstest::rstest]
    #[case::not_encrypted("clear", "f")]
    #[case::words_behind_a_seal("sealed", "t")]
    #[case::words_in_the_clear("clear", "t")]
    fn one_open_file_among_sealed_ones_is_broken(#[case] begins: &str, #[case] speaks: &str) {
        let files = [["a", "sealed", "f"], ["b", begins, speaks]];
        assert_eq!(judged(&files), [(Status::Broken, "in_the_clear".to_owned())]);
    }

    #[test]
    fn an_empty_repository_shows_nothing() {
        for files in [vec![], vec![["b", "empty", "f"]]] {
            assert_eq!(judged(&files), [(Status::Unknown, "nothing_compared".to_owned())]);
        }
    }

    #[test]
    fn what_was_not_told_is_unknown() {
        for row in [["a", "~", "f"], ["a", "sealed", "~"], ["a", "locked", "f"]] {
            assert_eq!(judged(&[row]), [(Status::Unknown, "malformed_answer".to_owned())]);
        }
    }
}
