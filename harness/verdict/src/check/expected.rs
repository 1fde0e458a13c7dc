//! Differences that an engine or a step to another major version makes by its nature, each declared
//! with its reason. They are shown in every report, never hidden, and nothing else is excused.

mod crossing;
mod neutral;

use crate::case::{Case, Known};
use crate::finding::Finding;
use crate::question::{Moment, Question};

/// A declared difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// The engines that make it.
    engines: &'static [&'static str],
    /// Between which majors it comes about.
    between: Between,
    /// The check that sees it.
    check: &'static str,
    /// What a line of it is.
    shape: fn(&Case<'_>, &Line<'_>) -> bool,
    /// What it is and why, in a sentence; what to do where that is known.
    pub(crate) why: &'static str,
}

/// The majors of the source and of the recovered server that a difference comes about between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Whatever they are.
    Any,
    /// Two that are not the same.
    Different,
    /// The source's is older than this, and the other is not.
    Since(u32),
}

/// A difference that was found: one object, before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Everything that names the object.
    pub(crate) key: &'a [&'a str],
    /// Its definitions at the baseline; none where it was not there.
    pub(crate) before: &'a [&'a str],
    /// Its definitions on the recovered server; none where it is not there.
    pub(crate) after: &'a [&'a str],
}

impl<'a> Line<'a> {
    fn came(&self) -> bool {
        self.before.is_empty()
    }

    fn went(&self) -> bool {
        self.after.is_empty()
    }

    /// What it was and what it is, where it is one thing on both sides.
    fn altered(&self) -> Option<(&'a str, &'a str)> {
        match (self.before, self.after) {
            ([before], [after]) => Some((before, after)),
            _ => None,
        }
    }
}

/// The engines that bring contents back into a cluster that was made for them.
const DUMPS: &[&str] = &["pg_dump", "pg_dumpall"];
/// How many objects are named of which the same is so.
const NAMED_MAX: usize = 8;
/// How the answer to the globals names what `ALTER ROLE ALL SET` has set.
const OF_EVERY_ROLE: &str = " of every role in every database";

/// All that is declared of engines.
const DECLARED: &[Expected] = &[
    Expected {
        engines: DUMPS,
        between: Between::Any,
        check: "globals",
        shape: |_, line| {
            matches!(line.key, ["setting", name] if name.ends_with(OF_EVERY_ROLE)) && line.went()
        },
        why: "pg_dumpall leaves out what `ALTER ROLE ALL SET` has set: it has to be set again \
              after a restore",
    },
    Expected {
        engines: DUMPS,
        between: Between::Any,
        check: "configuration",
        shape: |case, line| match line.key {
            ["setting", name] => line.altered().is_some() && set_for_every_role(case, name),
            _ => false,
        },
        why: "in force by `ALTER ROLE ALL SET`, which pg_dumpall leaves out",
    },
];

/// Whether a setting was in force because it was set for every role.
fn set_for_every_role(case: &Case<'_>, name: &str) -> bool {
    let Known::Rows(globals) = case.answer(&Moment::Baseline, &Question::Globals) else {
        return false;
    };
    let wanted = format!("{name}{OF_EVERY_ROLE}");
    globals.rows.iter().any(|row| {
        let cell = |at: usize| row.get(at).and_then(Option::as_deref);
        cell(0) == Some("setting") && cell(1) == Some(wanted.as_str())
    })
}

/// What is declared for this drill and this check.
fn declared<'a>(
    case: &'a Case<'_>,
    check: &'a str,
) -> impl Iterator<Item = &'static Expected> + 'a {
    let brief = case.brief();
    let source = brief.postgres;
    let target = brief.recoveries.last().and_then(|recovery| recovery.postgres).unwrap_or(source);
    DECLARED.iter().chain(crossing::DECLARED).filter(move |expected| {
        expected.check == check
            && expected.engines.contains(&brief.engine.as_str())
            && match expected.between {
                Between::Any => true,
                Between::Different => source != target,
                Between::Since(major) => source < major && target >= major,
            }
    })
}

/// The declared difference that this line is, if it is one.
pub(crate) fn excuse(case: &Case<'_>, check: &str, line: &Line<'_>) -> Option<&'static Expected> {
    declared(case, check).find(|expected| (expected.shape)(case, line))
}

/// One finding that names every difference that was excused, and every one that is declared.
/// `excused` are the reasons, each with the object it was given for.
pub(crate) fn told(case: &Case<'_>, check: &str, excused: &[(&str, String)]) -> Option<Finding> {
    // What comes about in several shapes is told once.
    let mut details: Vec<String> = vec![];
    for said in declared(case, check).map(|it| told_of(it.why, excused)) {
        if !details.contains(&said) {
            details.push(said);
        }
    }
    if details.is_empty() {
        return None;
    }
    let engine = &case.brief().engine;
    let said = format!("{} differences are as `{engine}` makes them", excused.len());
    Some(Finding::held(check, "expected_difference", said).with(details))
}

fn told_of(why: &str, excused: &[(&str, String)]) -> String {
    let mut names: Vec<&str> =
        excused.iter().filter(|(of, _)| *of == why).map(|(_, name)| name.as_str()).collect();
    let count = names.len();
    names.truncate(NAMED_MAX);
    let more = count - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    match names.as_slice() {
        [] => format!("declared: {why}"),
        names => format!("declared: {why}: {}{more}", names.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_difference_says_why() {
        let mut all = DECLARED.iter().chain(crossing::DECLARED);
        assert!(all.all(|expected| !expected.why.is_empty()));
    }

    #[test]
    fn many_of_one_kind_are_named_in_part_and_counted_in_whole() {
        let excused = |count: usize| -> Vec<(&str, String)> {
            (0..count).map(|n| ("why", format!("it {n}"))).collect()
        };
        assert_eq!(told_of("why", &[]), "declared: why");
        assert_eq!(told_of("other", &excused(1)), "declared: other");
        assert!(told_of("why", &excused(NAMED_MAX)).ends_with("it 6; it 7"));
        assert!(told_of("why", &excused(NAMED_MAX + 1)).ends_with("it 7 and 1 more"));
    }
}
