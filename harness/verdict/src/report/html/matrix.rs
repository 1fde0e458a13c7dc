//! The kill matrix: which check went red on which spoiled copy.

use crate::clean;
use crate::report::html::page::TEXT_MAX;
use crate::report::{Drill, words};
use crate::verdict::{ControlOutcome, ControlResult};

/// Controls in one matrix, at most.
const CONTROLS_MAX: usize = 200;

/// Controls against checks.
pub(super) struct Matrix {
    /// The checks that went red, or had to, on any control.
    pub(super) checks: Vec<String>,
    pub(super) rows: Vec<MatrixRow>,
    /// The checks of the drill that no control turned red, in one line; empty if there are none.
    pub(super) unproven: String,
}

/// One control.
pub(super) struct MatrixRow {
    pub(super) id: String,
    pub(super) harm: String,
    pub(super) change: String,
    pub(super) outcome: &'static str,
    /// How good that is: held, unknown or broken.
    pub(super) status: &'static str,
    pub(super) said: String,
    pub(super) cells: Vec<Cell>,
}

/// What one check made of one control.
pub(super) struct Cell {
    /// The word, for readers and for who cannot see colours.
    pub(super) word: &'static str,
    pub(super) class: &'static str,
}

impl Matrix {
    /// The controls of a drill, planned ones that were not performed among them; `None` if there
    /// are none at all.
    pub(super) fn of(drill: &Drill) -> Option<Matrix> {
        let performed = &drill.judgement.controls;
        let mut checks: Vec<&str> = vec![];
        for control in performed {
            for check in control.caught_by.iter().chain(&control.red) {
                if !checks.contains(&check.as_str()) {
                    checks.push(check);
                }
            }
        }
        let mut rows: Vec<MatrixRow> =
            performed.iter().take(CONTROLS_MAX).map(|control| row(control, &checks)).collect();
        let missing = drill.brief.controls.iter();
        let missing = missing.filter(|c| !performed.iter().any(|control| control.id == c.id));
        rows.extend(missing.take(CONTROLS_MAX).map(|planned| MatrixRow {
            id: clean::one_line(&planned.id, TEXT_MAX),
            harm: clean::one_line(&planned.harm, TEXT_MAX),
            change: String::new(),
            outcome: "not performed",
            status: "unknown",
            said: String::new(),
            cells: checks.iter().map(|_| Cell { word: "", class: "" }).collect(),
        }));
        let unproven = words::unproven(drill);
        let checks = checks.into_iter().map(|check| clean::one_line(check, TEXT_MAX)).collect();
        (!rows.is_empty()).then_some(Matrix { checks, rows, unproven })
    }
}

fn row(control: &ControlResult, checks: &[&str]) -> MatrixRow {
    let has = |list: &[String], check: &str| list.iter().any(|name| name == check);
    let cell = |check: &&str| match (has(&control.red, check), has(&control.caught_by, check)) {
        (true, true) if control.red.len() == 1 => Cell { word: "red, alone", class: "held" },
        (true, true) => Cell { word: "red, as it must", class: "held" },
        (true, false) => Cell { word: "red too", class: "aside" },
        (false, true) => Cell { word: "silent", class: "silent" },
        (false, false) => Cell { word: "", class: "" },
    };
    MatrixRow {
        id: clean::one_line(&control.id, TEXT_MAX),
        harm: clean::one_line(&control.harm, TEXT_MAX),
        change: clean::one_line(&control.change, TEXT_MAX),
        outcome: words::control(control.result),
        status: match control.result {
            ControlOutcome::Caught => "held",
            ControlOutcome::Missed => "broken",
            ControlOutcome::Inapplicable => "",
            _ => "unknown",
        },
        said: clean::one_line(&control.said, TEXT_MAX),
        cells: checks.iter().map(cell).collect(),
    }
}
