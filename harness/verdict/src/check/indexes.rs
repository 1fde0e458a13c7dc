//! Indexes: each is whole, and says what its table says.
//!
//! A restore whose rows are right and whose indexes are not answers some queries with fewer rows,
//! and lets a unique key in twice; no count and no dump shows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::brief::Brief;
use crate::case::Case;
use crate::check::answered::{rows, shown, unreadable};
use crate::check::{Check, difference};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table, looked};

const NAME: &str = "indexes";

/// Wants every index that the inventory named at the baseline to have been looked at on the
/// recovered server and found whole: a B-tree by its structure and by its count, every other by
/// its count. One that was not in use at the baseline need not be. Every table must have been
/// walked, whatever its checksums say, and its visibility map held against its rows. Whatever else
/// the answer holds (the indexes of the catalogues) must be well where it is named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indexes {}

/// The things of an answer by database and name, each with what was looked at and what was said.
type Looks<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<(&'a str, Option<&'a str>)>>;

/// What could not be looked at, by the reason: one reason often stands for all of them.
type Untried<'a> = BTreeMap<String, BTreeSet<(&'a str, &'a str)>>;

impl Check for Indexes {
    const SUMMARY: &'static str =
        "every index is whole and finds each row of its table, and no page is damaged";
    const EXAMPLE: &'static str = "indexes";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        vec![
            // Which indexes there must be.
            (Moment::Baseline, Question::Inventory),
            (Moment::Recovered, Question::Indexes),
        ]
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let before = rows(case, NAME, &Moment::Baseline, &Question::Inventory);
        let after = rows(case, NAME, &Moment::Recovered, &Question::Indexes);
        match (before, after) {
            (Ok(before), Ok(after)) => difference::bounded(NAME, weigh(before, after)),
            (before, after) => {
                let refused = [before.err(), after.err()];
                refused.into_iter().flatten().map(|finding| *finding).collect()
            }
        }
    }
}

fn weigh(before: &Table, after: &Table) -> Vec<Finding> {
    if before.rows.is_empty() {
        let said = "the inventory of the baseline names nothing: which indexes there were is open";
        return vec![Finding::unknown(NAME, "nothing_compared", said)];
    }
    let Some(looks) = looks(after) else {
        let said = "the answer on indexes has a null, or a look of no known kind";
        return vec![Finding::unknown(NAME, "malformed_answer", said)];
    };
    let mut found = vec![];
    let mut untried = Untried::new();
    for (&(database, name), looked_at) in &looks {
        for (what, said) in looked_at.iter().filter_map(|(what, said)| Some((*what, (*said)?))) {
            match amiss(what, name, said) {
                Some(finding) => found.push(finding.about(format!("{database} {name}"))),
                None => {
                    untried.entry(shown(said)).or_default().insert((database, name));
                }
            }
        }
    }
    let wanted = wanted(before);
    for (&(database, name), needed) in &wanted {
        let looked_at = looks.get(&(database, name));
        for what in needed.iter().filter(|what| !has(looked_at, what)) {
            let said = format!("no look at its {what} was answered");
            untried.entry(said).or_default().insert((database, name));
        }
    }
    found.extend(untried.iter().map(|(said, things)| not_tried(said, things)));
    if found.is_empty() {
        let said = match wanted.len() {
            0 => "there was no index to be looked at".to_owned(),
            number => format!("{number} indexes and tables are whole and agree with each other"),
        };
        found.push(Finding::held(NAME, "whole", said));
    }
    found
}

/// What must have been looked at, and how.
fn wanted(before: &Table) -> BTreeMap<(&str, &str), Vec<&str>> {
    let mut wanted = BTreeMap::new();
    for row in 0..before.rows.len() {
        let value = |column| before.get(row, column).unwrap_or_default();
        let definition = value("definition");
        let needed = match value("class") {
            "index" if unused(definition) => vec![looked::UNUSED],
            "index" if definition.contains(" USING btree (") => {
                vec![looked::STRUCTURE, looked::COUNT]
            }
            "index" => vec![looked::COUNT],
            "table" | "materialized view" if definition.contains("access method heap") => {
                vec![looked::HEAP, looked::VISIBILITY]
            }
            _ => continue,
        };
        wanted.insert((value("database"), value("identity")), needed);
    }
    wanted
}

/// Whether a definition of the inventory says that no query uses the index.
fn unused(definition: &str) -> bool {
    let mut parts = definition.split("; ");
    parts.any(|part| matches!(part, "NOT VALID" | "NOT READY" | "NOT LIVE"))
}

/// Whether something was looked at in this way, whatever came of it. The index of a materialized
/// view that was never filled has nothing to be looked at, and one that no query used may do as
/// it likes; the inventory says if either is new.
fn has(looked_at: Option<&BTreeSet<(&str, Option<&str>)>>, wanted: &str) -> bool {
    looked_at.is_some_and(|looked_at| {
        let mut looks = looked_at.iter().map(|(what, _)| *what);
        looks.any(|what| [wanted, looked::UNFILLED].contains(&what) || wanted == looked::UNUSED)
    })
}

/// The finding for what a look says, if it says that something is amiss; else it says why it was
/// none.
fn amiss(what: &str, name: &str, said: &str) -> Option<Finding> {
    let begins = |word: &str| said.strip_prefix(word).is_some_and(|rest| rest.starts_with(": "));
    let text = format!("`{name}`: {}", shown(said));
    match what {
        looked::HEAP if unreadable(said) || begins(looked::DAMAGED) => {
            Some(Finding::broken(NAME, "heap_corrupt", text))
        }
        looked::VISIBILITY if begins(looked::DISAGREES) => {
            Some(Finding::broken(NAME, "map_disagrees", text))
        }
        looked::VISIBILITY if unreadable(said) => Some(Finding::broken(NAME, "heap_corrupt", text)),
        looked::COUNT if begins(looked::DISAGREES) => {
            Some(Finding::broken(NAME, "index_disagrees", text))
        }
        looked::STRUCTURE | looked::COUNT if unreadable(said) => {
            Some(Finding::broken(NAME, "index_corrupt", text))
        }
        _ => None,
    }
}

fn not_tried(said: &str, things: &BTreeSet<(&str, &str)>) -> Finding {
    /// How many names are shown for one reason.
    const NAMES_MAX: usize = 10;
    let names = things.iter().map(|(database, name)| format!("{database} {name}"));
    let mut details: Vec<String> = names.take(NAMES_MAX).collect();
    if things.len() > NAMES_MAX {
        details.push(format!("and {} more", things.len() - NAMES_MAX));
    }
    let (first, number) = (details[0].clone(), things.len());
    let text = match number {
        1 => format!("`{first}` could not be looked at: {said}"),
        _ => format!("{number} indexes or tables could not be looked at: {said}"),
    };
    let finding = Finding::unknown(NAME, "untried", text);
    if number == 1 { finding.about(first) } else { finding.with(details) }
}

fn looks(table: &Table) -> Option<Looks<'_>> {
    const KNOWN: [&str; 6] = [
        looked::STRUCTURE,
        looked::COUNT,
        looked::HEAP,
        looked::VISIBILITY,
        looked::UNUSED,
        looked::UNFILLED,
    ];
    let mut looks = Looks::new();
    for row in 0..table.rows.len() {
        let what = table.get(row, "what").filter(|what| KNOWN.contains(what))?;
        let name = (table.get(row, "database")?, table.get(row, "index")?);
        looks.entry(name).or_default().insert((what, table.get(row, "said")));
    }
    Some(looks)
}
