//! A scenario's matrix: one cell for each combination.

use crate::engine;
use crate::plan::lower::complaints::Complaints;
use crate::scenario::{Code, File, Kind, Pinned};

/// Drills that one matrix may turn into.
const CELLS_MAX: usize = 64;

/// One combination.
pub(super) struct Cell {
    /// The engine.
    pub(super) engine: Option<Pinned<Kind<engine::Spec>>>,
    /// The version, where the scenario names one.
    pub(super) version: Option<Pinned<u32>>,
    /// What the identifier of the drill ends with.
    pub(super) suffix: String,
}

impl Cell {
    /// What the name of the drill ends with.
    pub(super) fn title(&self) -> String {
        let words = self.suffix.trim_start_matches('-').replace('-', ", ");
        if words.is_empty() { words } else { format!(" [{words}]") }
    }
}

/// The cells of a scenario; one without a suffix where there is no matrix.
pub(super) fn cells(file: &File, complaints: &mut Complaints) -> Vec<Cell> {
    let (engine, version) = (file.engine.clone(), file.postgres.version.clone());
    let Some(matrix) = &file.matrix else {
        return vec![Cell { engine, version, suffix: String::new() }];
    };
    if matrix.value.engine.is_none() && matrix.value.postgres_version.is_none() {
        complaints
            .add(Code::BadMatrix, &matrix.at, "this matrix has no axis")
            .hint("its axes are `engine: [ … ]` and `postgres.version: [ … ]`");
    }
    let engines = matrix.value.engine.as_ref();
    let engines = axis(engines, engine.as_ref(), "engine", complaints);
    let versions = matrix.value.postgres_version.as_ref();
    let versions = axis(versions, version.as_ref(), "postgres.version", complaints);
    if engines.len() * versions.len() > CELLS_MAX {
        let said = format!(
            "this matrix has {} cells, at most {CELLS_MAX} fit",
            engines.len() * versions.len()
        );
        complaints.add(Code::BadMatrix, &matrix.at, said);
        return vec![];
    }
    let mut cells = vec![];
    for (number, engine) in engines.iter().enumerate() {
        for version in &versions {
            let mut suffix = String::new();
            if let (Some(engine), Some(_)) = (engine, &matrix.value.engine) {
                suffix.push_str(&format!("-{}", engine.value.0.name()));
                let like = |other: &&Option<Pinned<Kind<engine::Spec>>>| {
                    other
                        .as_ref()
                        .is_some_and(|other| other.value.0.name() == engine.value.0.name())
                };
                if engines.iter().filter(like).count() > 1 {
                    suffix.push_str(&(number + 1).to_string());
                }
            }
            if let (Some(version), Some(_)) = (version, &matrix.value.postgres_version) {
                suffix.push_str(&format!("-pg{}", version.value));
            }
            cells.push(Cell { engine: engine.clone(), version: version.clone(), suffix });
        }
    }
    cells
}

/// The values of one axis: those of the matrix, else the scenario's own.
fn axis<T: Clone + PartialEq>(
    listed: Option<&Pinned<Vec<Pinned<T>>>>,
    own: Option<&Pinned<T>>,
    name: &str,
    complaints: &mut Complaints,
) -> Vec<Option<Pinned<T>>> {
    let Some(listed) = listed else { return vec![own.cloned()] };
    if let Some(own) = own {
        let said =
            format!("`{name}` is given here and in the matrix{}", complaints.line(&listed.at));
        complaints.add(Code::BadMatrix, &own.at, said);
    }
    if listed.value.is_empty() {
        complaints.add(Code::BadMatrix, &listed.at, format!("the axis `{name}` is empty"));
    }
    for (number, value) in listed.value.iter().enumerate() {
        if listed.value[..number].iter().any(|earlier| earlier.value == value.value) {
            let said = format!("the axis `{name}` has this value twice");
            complaints.add(Code::BadMatrix, &value.at, said);
        }
    }
    listed.value.iter().cloned().map(Some).collect()
}
