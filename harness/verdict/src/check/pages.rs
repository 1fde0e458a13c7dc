//! Pages: everything can be read, and lies on the disk as it was written.
//!
//! A table whose long values are gone answers every count. What is in the server's memory may be
//! whole while its file is not: so the files of the stopped server are looked at as well.

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown, unreadable};
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table, reading};

const NAME: &str = "pages";

/// How many lines of `pg_checksums` are repeated.
const LINES_MAX: usize = 20;

/// Wants every relation of every database to be readable to its end, catalogues and long values
/// included, with no row of a transaction that was not committed. Where pages have checksums, every
/// page in the files of the server must have the right one once it was stopped. Without checksums
/// the reading alone is held, and that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {}

impl Check for Pages {
    const SUMMARY: &'static str =
        "all of every table and catalogue can be read, and the files hold what was written";
    const EXAMPLE: &'static str = "pages";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![
            (Moment::Recovered, Question::Server),
            (Moment::Recovered, Question::Pages),
            (Moment::Stopped, Question::Checksums),
        ]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let mut found = match rows(case, NAME, &Moment::Recovered, &Question::Pages) {
            Ok(table) => read(table),
            Err(finding) => vec![*finding],
        };
        found.push(match scanned(case) {
            Ok(finding) => finding,
            Err(finding) => *finding,
        });
        difference::bounded(NAME, found)
    }
}

/// What came of reading every relation.
fn read(table: &Table) -> Vec<Finding> {
    if table.rows.is_empty() {
        let said = "no relation was read";
        return vec![Finding::unknown(NAME, "nothing_compared", said)];
    }
    let mut found = vec![];
    for row in 0..table.rows.len() {
        let names = table.get(row, "database").zip(table.get(row, "relation"));
        let Some((database, relation)) = names else {
            let said = "the answer on pages names a relation by null";
            return vec![Finding::unknown(NAME, "malformed_answer", said)];
        };
        let Some(said) = table.get(row, "said") else { continue };
        let words = format!("`{relation}` cannot be read to its end: {}", shown(said));
        let finding = if said.starts_with(reading::UNCOMMITTED) {
            let words = format!(
                "`{relation}` shows rows of a transaction that was not committed: {}",
                shown(said)
            );
            Finding::broken(NAME, "uncommitted", words)
        } else if unreadable(said) {
            Finding::broken(NAME, "page_unreadable", words)
        } else {
            Finding::unknown(NAME, "unread", words)
        };
        found.push(finding.about(format!("{database} {relation}")));
    }
    if found.is_empty() {
        let said = format!("all {} relations were read to their ends", table.rows.len());
        found.push(Finding::held(NAME, "readable", said));
    }
    found
}

/// What the files of the stopped server are like.
fn scanned(case: &Case<'_>) -> Result<Finding, Box<Finding>> {
    let server = rows(case, NAME, &Moment::Recovered, &Question::Server)?;
    match server.pair("data_checksums") {
        Some("off") => {
            let said = "pages have no checksums: that they were read is all that is known of them";
            return Ok(Finding::held(NAME, "no_checksums", said));
        }
        Some("on") => {}
        other => {
            let said = format!(
                "whether pages have checksums was answered with `{}`",
                shown(other.unwrap_or("null"))
            );
            return Ok(Finding::unknown(NAME, "malformed_answer", said));
        }
    }
    let table = rows(case, NAME, &Moment::Stopped, &Question::Checksums)?;
    let figure = |name| table.pair(name).and_then(|text| text.parse::<u64>().ok());
    let said = (0..table.rows.len()).filter(|row| table.get(*row, "name") == Some("said"));
    let said: Vec<String> =
        said.filter_map(|row| table.get(row, "value")).take(LINES_MAX).map(shown).collect();
    Ok(match (figure("exit"), figure("Blocks scanned"), figure("Bad checksums")) {
        (_, _, Some(bad)) if bad > 0 => {
            let words = format!("{bad} pages in the files have a wrong checksum");
            Finding::broken(NAME, "bad_checksums", words).with(said)
        }
        (Some(0), Some(blocks), Some(0)) if blocks > 0 => {
            let words = format!("all {blocks} pages in the files have the right checksum");
            Finding::held(NAME, "checksums", words)
        }
        _ => {
            let words = "`pg_checksums` did not say of the files that they are whole";
            Finding::unknown(NAME, "unscanned", words).with(said)
        }
    })
}
