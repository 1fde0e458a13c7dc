//! From a scenario to its plans: every complaint is collected, and nothing is started.

mod checks;
mod complaints;
mod controls;
mod database;
mod matrix;
mod new_database;
mod objectives;
mod own_file;
mod query;
mod recover;
mod salvage;
mod server;
mod steps;
mod strike;

use std::path::{Path, PathBuf};
use std::time::Duration;

use pgrehearse_verdict::brief::{Brief, FORMAT};

use crate::plan::{Application, Plan};
use crate::scenario::{Class, Code, Diagnostic, ScenarioFile, duration, turns_writing};
use complaints::Complaints;
use matrix::Cell;
pub(crate) use steps::shown;

/// How long a drill may take where the scenario does not say.
const LIMIT_USUAL: Duration = Duration::from_secs(30 * 60);
/// Characters of a name, a reason or a tag.
const LINE_MAX: usize = 200;
/// Tags of a scenario.
const TAGS_MAX: usize = 50;
/// Characters of the identifier of a drill: it names files.
const ID_MAX: usize = 80;

/// What the plan must know of the ground the drill will stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// `docker`, `local` or `scripted`.
    pub rig: &'static str,
    /// The major versions of PostgreSQL it has.
    pub majors: Vec<u32>,
    /// The major version where the scenario names none.
    pub default_major: u32,
    /// All that is left to chance follows from this.
    pub seed: u64,
    /// The folder that holds a folder for each fixture.
    pub fixtures_dir: PathBuf,
}

/// Decides everything about a scenario: one plan, or one for each cell of its matrix. The error
/// holds every complaint, in the order of the file; see [`not_for_this_rig`].
pub fn lower(scenario: &ScenarioFile, ground: &Ground) -> Result<Vec<Plan>, Vec<Diagnostic>> {
    let mut complaints = Complaints::new(&scenario.source);
    let plans = if let Some(source) = &scenario.file.source {
        complaints
            .add(Code::NotYet, &source.at, "a backup that already exists is not for this version")
            .hint("begin with `fixture:`, `engine:` and `steps:`");
        vec![]
    } else {
        let cells = matrix::cells(&scenario.file, &mut complaints);
        cells.iter().filter_map(|cell| one(scenario, ground, cell, &mut complaints)).collect()
    };
    let complaints = complaints.finish();
    if complaints.is_empty() { Ok(plans) } else { Err(complaints) }
}

/// Whether a scenario is right, and only asks for what this rig cannot do.
pub fn not_for_this_rig(complaints: &[Diagnostic]) -> bool {
    !complaints.is_empty() && complaints.iter().all(|one| one.class == Class::NotForThisRig)
}

fn one(
    scenario: &ScenarioFile,
    ground: &Ground,
    cell: &Cell,
    complaints: &mut Complaints,
) -> Option<Plan> {
    let file = &scenario.file;
    lines(file, complaints);
    let limit = limit(file, complaints);
    let postgres = server::lower(&file.postgres, cell.version.as_ref(), ground, complaints);
    let major = postgres.as_ref().map_or(ground.default_major, |postgres| postgres.version);
    let fixture = database::lower(scenario, ground, major, complaints);
    let engine = cell.engine.as_ref();
    if engine.is_none() {
        complaints.missing("engine", "what backs up and restores, e.g. `pgbackrest: {}`");
    }
    let major = postgres.as_ref().map(|postgres| postgres.version);
    if let (Some(engine), Some(major)) = (engine, major) {
        for said in engine.value.0.engine().refuses(major) {
            complaints.add(Code::EngineMisfit, &engine.at, said);
        }
    }
    let written = fixture.as_ref().and_then(|it| it.application.first()).map(|it| &it.database);
    let written = written.cloned();
    let course = steps::lower(scenario, engine, ground, major, limit, written, complaints);
    let objectives = objectives::lower(file, complaints);
    let encrypts = engine.is_some_and(|engine| engine.value.0.engine().encrypts());
    let checks = checks::lower(file, fixture.as_ref(), encrypts, complaints);
    let controls = controls::lower(file, engine, &checks, complaints);
    let must_fail = checks::must_fail(file, &checks, &objectives, complaints);
    let (postgres, fixture, engine) = (postgres?, fixture?, engine?.value.0.clone());
    if !complaints.is_empty() {
        return None;
    }
    let application = fixture.application.iter();
    let brief = Brief {
        format: FORMAT,
        id: id(&scenario.path, &cell.suffix),
        name: format!("{}{}", file.name.value, cell.title()),
        why: file.why.as_ref().map(|why| why.value.clone()),
        tags: file.tags.iter().map(|tag| tag.value.clone()).collect(),
        file: scenario.source.name.clone(),
        scenario_sha256: scenario.sha256.clone(),
        seed: ground.seed,
        rig: ground.rig.to_owned(),
        postgres: postgres.version,
        engine: engine.name().to_owned(),
        fixture: fixture.name.clone(),
        steps: course.texts,
        protection: engine.engine().abilities().protection,
        disasters: course.disasters,
        recoveries: course.recoveries,
        marks: course.marks,
        objectives,
        checks,
        application: application.map(|one| (one.database.clone(), one.role.clone())).collect(),
        smoke: fixture.application.iter().flat_map(smoke).collect(),
        harmed: course.harmed,
        controls: controls.iter().map(|control| controls::brief(*control)).collect(),
        must_fail,
    };
    let controls = controls.iter().map(|control| control.facts().name).collect();
    let (file, steps) = (scenario.path.clone(), course.steps);
    Some(Plan { brief, file, postgres, fixture, engine, steps, controls, limit })
}

/// The smoke queries of one role, as the answers name them.
fn smoke(one: &Application) -> impl Iterator<Item = (String, String, String)> + use<'_> {
    one.smoke.iter().map(|script| (one.database.clone(), one.role.clone(), script.name()))
}

/// Name, reason and tags: each a line that can stand in a report.
fn lines(file: &crate::scenario::File, complaints: &mut Complaints) {
    for line in [Some(&file.name), file.why.as_ref()].into_iter().flatten() {
        let text = &line.value;
        if text.trim().is_empty() || text.chars().any(|c| c.is_control() || turns_writing(c)) {
            complaints.add(Code::BadName, &line.at, "this must be one line of text");
        } else if text.chars().count() > LINE_MAX {
            complaints.add(
                Code::BadName,
                &line.at,
                format!("this has {} characters, at most {LINE_MAX} fit", text.chars().count()),
            );
        }
    }
    if let Some(more) = file.tags.get(TAGS_MAX) {
        let said = format!("these are {} tags, at most {TAGS_MAX} fit", file.tags.len());
        complaints.add(Code::BadTag, &more.at, said);
    }
    for (number, tag) in file.tags.iter().take(TAGS_MAX).enumerate() {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let quoted = complaints.quoted(&tag.value);
        if tag.value.is_empty() || tag.value.chars().count() > 40 || !tag.value.chars().all(plain) {
            complaints
                .add(Code::BadTag, &tag.at, format!("{quoted} is not a tag"))
                .hint("a tag is a word of letters, digits, `-`, `_` and `.`");
        } else if file.tags[..number].iter().any(|earlier| earlier.value == tag.value) {
            complaints.add(Code::BadTag, &tag.at, format!("the tag {quoted} is there twice"));
        }
    }
}

fn limit(file: &crate::scenario::File, complaints: &mut Complaints) -> Duration {
    let Some(limit) = &file.limit else { return LIMIT_USUAL };
    duration(&limit.value).unwrap_or_else(|said| {
        complaints.value(Code::BadTime, limit, &said);
        LIMIT_USUAL
    })
}

/// The identifier of a drill: the file's stem and the cell, in letters that any file may have.
fn id(path: &Path, suffix: &str) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let id: String = stem.chars().chain(suffix.chars()).map(safe).take(ID_MAX).collect();
    let id = id.trim_start_matches(['-', '.']);
    if id.is_empty() { "scenario".to_owned() } else { id.to_owned() }
}
