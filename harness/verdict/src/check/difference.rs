//! Two answers compared as sets, both ways: what is missing, what is extra, what is altered.

use std::collections::BTreeMap;

use crate::case::Case;
use crate::check::answered::shown;
use crate::check::expected::{self, Line};
use crate::finding::Finding;
use crate::question::Table;

/// How many differences are shown one by one; those beyond are counted.
pub(crate) const FINDINGS_MAX: usize = 100;

/// A table as a map from its key, all columns but the last, to every last column that stands
/// beside it: a doubled object is a difference, too.
type Set<'a> = BTreeMap<Vec<&'a str>, Vec<&'a str>>;

/// Compares two tables of the same documented columns, whose last is a definition and whose
/// others name an object. Never empty: one finding a difference, or one for all that was equal.
pub(crate) fn compare(
    case: &Case<'_>,
    check: &str,
    things: &str,
    before: &Table,
    after: &Table,
) -> Vec<Finding> {
    let (before, after) = match (set(before), set(after)) {
        (Some(before), Some(after)) => (before, after),
        _ => {
            let said = format!("an answer names {things} by null");
            return vec![Finding::unknown(check, "malformed_answer", said)];
        }
    };
    if before.is_empty() {
        let said = format!("there were no {things} to compare at the baseline");
        return vec![Finding::unknown(check, "nothing_compared", said)];
    }
    let (mut found, mut excused) = (vec![], vec![]);
    let mut expected = |key: &[&str], before: &[&str], after: &[&str]| {
        let excuse = expected::excuse(case, check, &Line { key, before, after });
        let side = match (before, after) {
            ([], _) => "extra",
            (_, []) => "missing",
            _ => "altered",
        };
        excused.extend(excuse.map(|it| (it.why, format!("`{}` {side}", key.join(" ")))));
        excuse.is_some()
    };
    for (key, definitions) in &before {
        let name = key.join(" ");
        match after.get(key) {
            None if expected(key, definitions, &[]) => {}
            Some(now) if now != definitions && expected(key, definitions, now) => {}
            None => found.push(
                Finding::broken(check, "missing", format!("`{name}` did not come back"))
                    .with(vec![format!("was: {}", all_shown(definitions))])
                    .about(name),
            ),
            Some(now) if now != definitions => found.push(
                Finding::broken(check, "altered", format!("`{name}` came back altered"))
                    .with(altered(definitions, now))
                    .about(name),
            ),
            Some(_) => {}
        }
    }
    for (key, definitions) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
        let name = key.join(" ");
        let said = format!("`{name}` is there and was not before");
        if expected(key, &[], definitions) {
            continue;
        }
        found.push(
            Finding::broken(check, "extra", said)
                .with(vec![format!("is: {}", all_shown(definitions))])
                .about(name),
        );
    }
    if found.is_empty() {
        let equal = before.iter().filter(|(key, was)| after.get(*key) == Some(was)).count();
        let said = format!("{equal} {things} are as they were, none missing, none extra");
        found.push(Finding::held(check, "equal", said));
    }
    found.extend(expected::told(case, check, &excused));
    bounded(check, found)
}

/// The first [`FINDINGS_MAX`] findings, and one that counts the rest. The worst come first, so
/// that none of them is only counted behind lesser ones.
pub(crate) fn bounded(check: &str, mut found: Vec<Finding>) -> Vec<Finding> {
    found.sort_by_key(|finding| std::cmp::Reverse(finding.status));
    if found.len() > FINDINGS_MAX {
        let rest = found.split_off(FINDINGS_MAX);
        let mut more = rest[0].clone();
        more.check = check.to_owned();
        more.code = "more".to_owned();
        more.subject = String::new();
        more.said = format!("and {} more", rest.len());
        more.details = vec![];
        found.push(more);
    }
    found
}

fn set(table: &Table) -> Option<Set<'_>> {
    let mut set = Set::new();
    for row in &table.rows {
        let (definition, key) = row.split_last()?;
        let key = key.iter().map(Option::as_deref).collect::<Option<Vec<_>>>()?;
        set.entry(key).or_default().push(definition.as_deref()?);
    }
    for definitions in set.values_mut() {
        definitions.sort_unstable();
    }
    Some(set)
}

fn all_shown(definitions: &[&str]) -> String {
    shown(&definitions.join(" | "))
}

/// Both definitions, each from a little before the place where they part: long definitions that
/// differ at their end would else look the same.
fn altered(before: &[&str], after: &[&str]) -> Vec<String> {
    const LEAD_CHARS: usize = 40;
    let (before, after) = (before.join(" | "), after.join(" | "));
    let same = before.chars().zip(after.chars()).take_while(|(was, is)| was == is).count();
    let skip = if same > 2 * LEAD_CHARS { same - LEAD_CHARS } else { 0 };
    let part = |text: &str| {
        let rest: String = text.chars().skip(skip).collect();
        let lead = if skip > 0 { "…" } else { "" };
        format!("{lead}{}", shown(&rest))
    };
    vec![format!("was: {}", part(&before)), format!("is: {}", part(&after))]
}
