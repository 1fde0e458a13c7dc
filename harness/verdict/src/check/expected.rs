//! Differences that an engine makes by its nature, each declared with its reason. They are shown in
//! every report, never hidden, and nothing else is excused.

use crate::case::{Case, Known};
use crate::finding::Finding;
use crate::question::{Moment, Question};

/// A declared difference.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// The engines that make it.
    pub(crate) engines: &'static [&'static str],
    /// The first and the last major version of the source that it is so with.
    pub(crate) majors: (u32, u32),
    /// The check that sees it.
    check: &'static str,
    /// What a line of it is: class and identity at the end of its key, and which side it is on.
    shape: fn(&Case<'_>, &Line<'_>) -> bool,
    /// What it is and why, in a sentence; what to do where that is known.
    pub(crate) why: &'static str,
}

/// A difference that was found: one line of an answer, before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Everything that names the object.
    pub(crate) key: &'a [&'a str],
    /// Whether it was there at the baseline.
    pub(crate) was: bool,
    /// Whether it is there on the recovered server.
    pub(crate) is: bool,
}

const ANY_MAJOR: (u32, u32) = (0, u32::MAX);
/// How the answer to the globals names what `ALTER ROLE ALL SET` has set.
const OF_EVERY_ROLE: &str = " of every role in every database";

/// All that is declared.
pub(crate) const DECLARED: &[Expected] = &[
    Expected {
        engines: &["pg_dump", "pg_dumpall"],
        majors: ANY_MAJOR,
        check: "globals",
        shape: |_, line| {
            let named = matches!(line.key, ["setting", name] if name.ends_with(OF_EVERY_ROLE));
            named && line.was && !line.is
        },
        why: "pg_dumpall leaves out what `ALTER ROLE ALL SET` has set: it has to be set again \
              after a restore",
    },
    Expected {
        engines: &["pg_dump", "pg_dumpall"],
        majors: ANY_MAJOR,
        check: "configuration",
        shape: |case, line| match line.key {
            ["setting", name] => line.was && line.is && set_for_every_role(case, name),
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
    let (engine, major) = (case.brief().engine.as_str(), case.brief().postgres);
    DECLARED.iter().filter(move |expected| {
        let (first, last) = expected.majors;
        expected.check == check
            && expected.engines.contains(&engine)
            && (first..=last).contains(&major)
    })
}

/// The declared difference that this line is, if it is one.
pub(crate) fn excuse(case: &Case<'_>, check: &str, line: &Line<'_>) -> Option<&'static Expected> {
    declared(case, check).find(|expected| (expected.shape)(case, line))
}

/// One finding that names every difference that was excused, and every one that is declared.
pub(crate) fn told(case: &Case<'_>, check: &str, excused: &[String]) -> Option<Finding> {
    let declared: Vec<String> =
        declared(case, check).map(|expected| format!("declared: {}", expected.why)).collect();
    if declared.is_empty() {
        return None;
    }
    let engine = &case.brief().engine;
    let said = format!("{} differences are as `{engine}` makes them", excused.len());
    let details = excused.iter().cloned().chain(declared).collect();
    Some(Finding::held(check, "expected_difference", said).with(details))
}
