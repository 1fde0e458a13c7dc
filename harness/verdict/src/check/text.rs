//! Text: it is sorted as it was, by the library it was sorted with, and every text is one.
//!
//! A restore on a system with another C library or another ICU leaves every index on text sorted
//! in an order that nothing keeps to any more; one into a database of another encoding or locale
//! finds, folds and compares otherwise. No count shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown, unreadable};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table, worded};

const NAME: &str = "text";

/// The SQLSTATE of bytes that are no character.
const NO_CHARACTER: &str = "22021: ";

/// Wants the encoding and the locale of every database as they were, the recorded version of
/// every collation to be that of the library, and every value of a column of text to be valid in
/// the encoding. What was amiss at the baseline already is named and held. In a database of
/// SQL_ASCII every byte is valid: that is said, and held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {}

/// What is said of a thing: what was recorded and what was found.
type Said<'a> = (Option<&'a str>, Option<&'a str>);

/// By database, what it is about, and name.
type Lines<'a> = BTreeMap<(&'a str, &'a str, &'a str), Said<'a>>;

impl Check for Text {
    const SUMMARY: &'static str =
        "encodings, locales and versions of collations are as they were, and every text is valid";
    const EXAMPLE: &'static str = "text";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Text)).to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Text).and_then(|table| {
                lines(table).ok_or_else(|| {
                    let said = format!(
                        "the answer on text at {moment} has a null, a thing twice or a line of no \
                         known kind"
                    );
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(_)) if !before.keys().any(|key| key.1 == worded::DATABASE) => {
                let said = "the baseline says of no database how it keeps text";
                vec![Finding::unknown(NAME, "nothing_compared", said)]
            }
            (Ok(before), Ok(after)) => compare(&before, &after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

fn compare(before: &Lines<'_>, after: &Lines<'_>) -> Vec<Finding> {
    let mut found = vec![];
    for (&(database, what, name), was) in before {
        // Of the others, only what was found on the recovered server matters.
        if [worded::DATABASE, worded::COLUMN].contains(&what) {
            let finding = match after.get(&(database, what, name)) {
                None => {
                    let said = format!("{what} `{name}` was not found again");
                    Some(Finding::broken(NAME, "missing", said))
                }
                Some(is) if what == worded::DATABASE && is.0 != was.0 => {
                    let (was, is) = (value(was.0), value(is.0));
                    let said = format!("{name} of `{database}` was `{was}`, is `{is}`");
                    Some(Finding::broken(NAME, "altered", said))
                }
                Some(_) => None,
            };
            found.extend(finding.map(|finding| finding.about(format!("{database} {name}"))));
        }
    }
    for (key, is) in after {
        let was = before.get(key);
        let finding = match key.1 {
            worded::COLUMN => column(key.2, was.and_then(|was| was.1), is.1),
            worded::COLLATION => collation(key.2, was, is),
            worded::UNVERIFIABLE => {
                let said = format!("`{}` takes any bytes for text: none can be wrong", key.0);
                Some(Finding::held(NAME, "unverifiable", said))
            }
            _ => None,
        };
        found.extend(finding.map(|finding| finding.about(format!("{} {}", key.0, key.2))));
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        let columns = after.keys().filter(|key| key.1 == worded::COLUMN).count();
        let said = format!("{columns} columns of text are valid, and are sorted as they were");
        found.push(Finding::held(NAME, "valid", said));
    }
    difference::bounded(NAME, found)
}

fn value(value: Option<&str>) -> String {
    value.map_or_else(|| "none".to_owned(), shown)
}

fn column(name: &str, was: Option<&str>, is: Option<&str>) -> Option<Finding> {
    let is = is?;
    let said = format!("`{name}`: {}", shown(is));
    let no_character = |said: &str| said.starts_with(NO_CHARACTER);
    Some(match was {
        _ if unreadable(is) => Finding::broken(NAME, "unreadable", said),
        _ if !no_character(is) => Finding::unknown(NAME, "unevaluated", said),
        Some(was) if no_character(was) => {
            Finding::held(NAME, "invalid_before", format!("{said}, as in the source"))
        }
        // Nobody knows whether it is new.
        Some(_) => Finding::unknown(NAME, "unevaluated", said),
        None => Finding::broken(NAME, "invalid_text", said),
    })
}

fn collation(name: &str, was: Option<&Said<'_>>, is: &Said<'_>) -> Option<Finding> {
    let agrees = |said: &Said<'_>| said.0.is_none() || said.0 == said.1;
    if agrees(is) {
        return None;
    }
    let (recorded, found) = (value(is.0), value(is.1));
    let said =
        format!("collation {name}: recorded with version {recorded}, the library has {found}");
    Some(match was {
        Some(was) if was == is => {
            Finding::held(NAME, "stale_before", format!("{said}, as in the source"))
        }
        _ => Finding::broken(NAME, "collation_stale", said),
    })
}

fn lines(table: &Table) -> Option<Lines<'_>> {
    const KINDS: [&str; 5] = [
        worded::DATABASE,
        worded::COLLATION,
        worded::AGREEING,
        worded::COLUMN,
        worded::UNVERIFIABLE,
    ];
    let mut lines = Lines::new();
    for row in 0..table.rows.len() {
        let what = table.get(row, "what").filter(|what| KINDS.contains(what))?;
        let key = (table.get(row, "database")?, what, table.get(row, "identity")?);
        let said = (table.get(row, "recorded"), table.get(row, "found"));
        if lines.insert(key, said).is_some() {
            return None;
        }
    }
    Some(lines)
}
