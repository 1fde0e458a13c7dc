//! Sequences: none gives out a number that was given out before.
//!
//! Never by equality: PostgreSQL logs 32 numbers ahead, so a sequence may come back further on
//! than it was. One that counts down is answered with all its numbers negated, so that the same
//! rules hold for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown};
use crate::check::{Check, difference};
use crate::finding::{Finding, Status};
use crate::question::{Moment, Question, Table, counting};

const NAME: &str = "sequences";
/// How the trial of a sequence begins to answer that has no number left.
const SPENT: &str = "2200H";

/// Wants every sequence at or behind where it stood at the baseline, behind the greatest value of
/// the column it feeds, and a trial of it (rolled back) to work; none missing, none extra. One that
/// would have collided in the source already may still do so: that is shown, and not blamed on the
/// restore, and neither is one that had no number left there. An unlogged sequence may begin again,
/// as it does in a copy of files: an expected difference, as long as nothing it gave out is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequences {}

/// What an answer says of one sequence. Its numbers are of 64 bits; they are read wider, so that
/// the one beyond the last can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stand<'a> {
    next: i128,
    greatest: Option<i128>,
    usable: &'a str,
}

type Stands<'a> = BTreeMap<(&'a str, &'a str), Stand<'a>>;

impl Check for Sequences {
    const SUMMARY: &'static str =
        "no sequence gives out a number again, and none is missing or new";
    const EXAMPLE: &'static str = "sequences";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![
            (Moment::Baseline, Question::Sequences),
            (Moment::Recovered, Question::Sequences),
            // A second witness for a database that says it has none.
            (Moment::Baseline, Question::Inventory),
        ]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let taken = |moment| {
            rows(case, NAME, &moment, &Question::Sequences).and_then(|table| {
                stands(table).map_err(|said| {
                    let said = format!("the sequences at {moment} are not: {said}");
                    let finding = Finding::unknown(NAME, "malformed_answer", said);
                    Box::new(finding.about(moment.to_string()))
                })
            })
        };
        match (taken(Moment::Baseline), taken(Moment::Recovered)) {
            (Ok(before), Ok(_)) if before.is_empty() && !has_none(case) => {
                let said = "there were no sequences to compare at the baseline";
                vec![Finding::unknown(NAME, "nothing_compared", said)]
            }
            (Ok(before), Ok(after)) => compare(&before, &after),
            (before, after) => {
                before.err().into_iter().chain(after.err()).map(|finding| *finding).collect()
            }
        }
    }
}

/// Whether the catalogue, too, says that there was no sequence at the baseline.
fn has_none(case: &Case<'_>) -> bool {
    rows(case, NAME, &Moment::Baseline, &Question::Inventory).is_ok_and(|table| {
        !table.rows.is_empty()
            && (0..table.rows.len()).all(|row| table.get(row, "class") != Some("sequence"))
    })
}

fn compare(before: &Stands<'_>, after: &Stands<'_>) -> Vec<Finding> {
    let mut found = vec![];
    for (&(database, sequence), was) in before {
        let finding = match after.get(&(database, sequence)) {
            None => {
                let said = format!("`{sequence}` did not come back");
                Some(Finding::broken(NAME, "missing", said))
            }
            Some(is) => one(sequence, was, is),
        };
        found.extend(finding.map(|finding| finding.about(format!("{database} {sequence}"))));
    }
    for (database, sequence) in after.keys().filter(|name| !before.contains_key(*name)) {
        let said = format!("`{sequence}` is there and was not before");
        let name = format!("{database} {sequence}");
        found.push(Finding::broken(NAME, "extra", said).about(name));
    }
    if found.iter().all(|finding| finding.status == Status::Held) {
        let said = match before.len() {
            0 => "there is no sequence, before or after".to_owned(),
            number => format!("all {number} sequences go on where they stood, or behind"),
        };
        found.push(Finding::held(NAME, "ahead", said));
    }
    difference::bounded(NAME, found)
}

fn one(sequence: &str, was: &Stand<'_>, is: &Stand<'_>) -> Option<Finding> {
    if is.usable.starts_with(SPENT) && is.next == was.next {
        let said = format!("`{sequence}` has no number left, as in the source");
        return Some(Finding::held(NAME, "spent_before", said));
    }
    if is.usable != "t" {
        let said = format!("`{sequence}` cannot be used: {}", shown(is.usable));
        return Some(Finding::broken(NAME, "unusable", said));
    }
    let nothing_kept = is.greatest.is_none();
    if is.next < was.next && sequence.ends_with(counting::UNLOGGED) && nothing_kept {
        let said = format!(
            "unlogged `{sequence}` begins again at {}, as it must from a copy of files",
            is.next
        );
        return Some(Finding::held(NAME, "expected_difference", said));
    }
    if is.next < was.next {
        let said = format!("`{sequence}` went back: next is {}, was {}", is.next, was.next);
        return Some(Finding::broken(NAME, "behind", said));
    }
    let greatest = is.greatest.filter(|greatest| is.next <= *greatest)?;
    if was.greatest.is_some_and(|greatest| was.next <= greatest) {
        let said = format!("`{sequence}` collides, as it did in the source: next is {}", is.next);
        return Some(Finding::held(NAME, "collided_before", said));
    }
    let said = format!("`{sequence}` collides: next is {}, {greatest} is taken", is.next);
    Some(Finding::broken(NAME, "collides", said))
}

fn stands(table: &Table) -> Result<Stands<'_>, String> {
    let mut stands = Stands::new();
    for row in 0..table.rows.len() {
        let value = |column| {
            table.get(row, column).ok_or_else(|| format!("`{column}` of row {} is null", row + 1))
        };
        let number = |text: &str| {
            text.parse::<i128>().map_err(|_| format!("`{}` is no number", shown(text)))
        };
        let (database, sequence) = (value("database")?, value("sequence")?);
        let stand = Stand {
            next: number(value("next")?)?,
            greatest: table.get(row, "greatest").map(number).transpose()?,
            usable: value("usable")?,
        };
        if stands.insert((database, sequence), stand).is_some() {
            return Err(format!("`{sequence}` of `{database}` is there twice"));
        }
    }
    Ok(stands)
}
