//! One scenario over several engines or versions: a table of its cells, and which of them meets
//! what was wanted.

use crate::clean;
use crate::report::{Drill, Run, figures};
use crate::verdict::Verdict;

/// The heads of the columns.
pub const HEADS: [&str; 8] =
    ["cell", "verdict", "RTO", "RPO (observed)", "RPO (exposure)", "given up", "size", "took"];
/// Bytes of one text, at most.
const TEXT_MAX: usize = 300;

/// The cells of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    /// The scenario's name, without what tells its cells apart.
    pub name: String,
    /// A row a cell, in the order of [`HEADS`].
    pub rows: Vec<[String; 8]>,
    /// Which cells meet the objectives, and which do not and why, a sentence each.
    pub said: Vec<String>,
}

/// A table for every scenario of the run that was drilled in more than one cell.
pub fn cells(run: &Run) -> Vec<Cells> {
    let mut tables = vec![];
    let mut done: Vec<&str> = vec![];
    for drill in &run.drills {
        let file = drill.brief.file.as_str();
        let same = |other: &&Drill| {
            other.brief.file == file && other.brief.scenario_sha256 == drill.brief.scenario_sha256
        };
        let drills: Vec<&Drill> = run.drills.iter().filter(same).collect();
        if drills.len() > 1 && !done.contains(&file) {
            done.push(file);
            tables.push(table(&drills));
        }
    }
    tables
}

fn table(drills: &[&Drill]) -> Cells {
    let first = drills.first().map_or("", |drill| drill.brief.name.as_str());
    let name = first.rsplit_once(" [").map_or(first, |(name, _)| name);
    Cells {
        name: text(name),
        rows: drills.iter().map(|drill| row(drill)).collect(),
        said: said(drills),
    }
}

fn text(outside: &str) -> String {
    clean::one_line(outside, TEXT_MAX)
}

/// What tells a drill from the other cells of its scenario.
fn cell(drill: &Drill) -> String {
    let name = drill.brief.name.as_str();
    let within = name.rsplit_once(" [").and_then(|(_, cell)| cell.strip_suffix(']'));
    text(within.unwrap_or(&drill.brief.engine))
}

fn row(drill: &Drill) -> [String; 8] {
    let measured = &drill.judgement.measured;
    let (before, after) = measured.given_up;
    [
        cell(drill),
        match drill.judgement.verdict {
            Verdict::Passed => "passed",
            Verdict::Unknown => "unknown",
            Verdict::Failed => "failed",
        }
        .to_owned(),
        figures::recovery_time(measured),
        figures::observed_loss(measured),
        figures::exposure(measured),
        format!("{before} before the strike, {after} after"),
        measured.database_bytes.map_or("not known".to_owned(), figures::size),
        figures::duration(drill.took_s),
    ]
}

fn said(drills: &[&Drill]) -> Vec<String> {
    let of = |verdict: Verdict| drills.iter().filter(move |it| it.judgement.verdict == verdict);
    let because =
        |drill: &&&Drill| format!("{} because {}", cell(drill), text(&drill.judgement.because));
    let none_wanted = |drill: &&Drill| {
        let wanted = &drill.brief.objectives;
        wanted.rto_s.is_none() && wanted.rpo_s.is_none()
    };
    let met: Vec<String> = of(Verdict::Passed).map(|drill| cell(drill)).collect();
    let met = if met.is_empty() { "none".to_owned() } else { met.join(", ") };
    let mut said = vec![format!("meets the objectives: {met}")];
    said.extend(of(Verdict::Failed).map(|drill| format!("does not: {}", because(&drill))));
    if of(Verdict::Failed).next().is_none() {
        said.push("does not: none".to_owned());
    }
    said.extend(of(Verdict::Unknown).map(|drill| format!("cannot be told: {}", because(&drill))));
    if drills.iter().all(none_wanted) {
        said.push(
            "the scenario names no objective: what is met is that the checks held".to_owned(),
        );
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brief::{Brief, Objectives, Protection};
    use crate::objective::{Exposure, Measured};
    use crate::verdict::Judgement;

    fn drill(cell: &str, verdict: Verdict, because: &str) -> Drill {
        let brief = Brief {
            format: 2,
            id: format!("which-{cell}"),
            name: format!("which engine will do [{cell}]"),
            why: None,
            tags: vec![],
            file: "scenarios/which.yaml".to_owned(),
            scenario_sha256: "0".repeat(64),
            seed: 1,
            rig: "local".to_owned(),
            postgres: 17,
            engine: cell.to_owned(),
            fixture: "shop".to_owned(),
            steps: vec![],
            protection: Protection::Archive,
            disasters: vec![],
            recoveries: vec![],
            marks: vec![],
            objectives: Objectives { rpo_s: Some(300.0), ..Objectives::default() },
            checks: vec![],
            application: vec![],
            smoke: vec![],
            harmed: vec![],
            controls: vec![],
            must_fail: None,
        };
        let measured = Measured {
            rto_s: Some((2.0, 2.1)),
            observed_loss_s: Some((3.0, 3.1)),
            lost_transactions: Some((40, 40)),
            exposure: Some(Exposure::Seconds(86_400.0)),
            given_up: (3, 4),
            database_bytes: Some(30_000_000),
            ..Measured::default()
        };
        let judgement = Judgement {
            verdict,
            because: because.to_owned(),
            measured,
            findings: vec![],
            objectives: vec![],
            controls: vec![],
            shown_able_to_fail: false,
            canary: None,
            ended: None,
        };
        Drill {
            folder: cell.to_owned(),
            brief,
            judgement,
            took_s: 20.0,
            timeline: vec![],
            faults: vec![],
            remarks: vec![],
            facts: vec![],
        }
    }

    fn run(drills: Vec<Drill>) -> Run {
        Run {
            format: 1,
            id: "r".to_owned(),
            tool: "0".to_owned(),
            began: "2026-11-26T00:00:00Z".to_owned(),
            took_s: 60.0,
            rig: "local".to_owned(),
            seed: 1,
            drills,
            not_drilled: vec![],
            exit: 1,
        }
    }

    #[test]
    fn the_cells_of_a_scenario_are_one_table_that_says_which_will_do() {
        let drills = vec![
            drill("pgbackrest", Verdict::Passed, "all checks held"),
            drill("pg_dump", Verdict::Failed, "rpo: 24.00 h are allowed"),
            drill("pg_dumpall", Verdict::Unknown, "rpo: no cadence"),
        ];
        let tables = cells(&run(drills));
        assert_eq!(tables.len(), 1);
        let table = &tables[0];
        assert_eq!(table.name, "which engine will do");
        let rows: Vec<(&str, &str)> =
            table.rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
        let wanted = [("pgbackrest", "passed"), ("pg_dump", "failed"), ("pg_dumpall", "unknown")];
        assert_eq!(rows, wanted);
        assert_eq!(table.rows[0][5], "3 before the strike, 4 after");
        let wanted = [
            "meets the objectives: pgbackrest",
            "does not: pg_dump because rpo: 24.00 h are allowed",
            "cannot be told: pg_dumpall because rpo: no cadence",
        ];
        assert_eq!(table.said, wanted);
    }

    #[test]
    fn a_scenario_with_one_drill_is_no_table() {
        assert_eq!(cells(&run(vec![drill("pgbackrest", Verdict::Passed, "")])), vec![]);
    }
}
