//! Which scenarios are meant, and what they come to on this ground. Nothing is started here.

use std::path::{Path, PathBuf};

use pgrehearse_verdict::report::NotDrilled;

use crate::app::ground::{self, Footing};
use crate::app::{Ended, NOTHING_RUN};
use crate::cli::{Format, PlanArgs, Selection};
use crate::drill::random;
use crate::plan::{Ground, Plan, lower, not_for_this_rig, show};
use crate::say;
use crate::scenario::{self, ScenarioFile};

/// The folder of scenarios that must fail: left out where a folder is run.
const CANARY: &str = "canary";
/// Scenario files that one command reads at most.
const FILES_MAX: usize = 10_000;
/// Folders below folders that are looked into.
const DEPTH_MAX: usize = 16;

/// What a command line comes to.
pub struct Selected {
    /// The drills, decided.
    pub plans: Vec<Plan>,
    /// What was met and will not be performed.
    pub not_drilled: Vec<NotDrilled>,
    /// What is left to chance follows from this.
    pub seed: u64,
}

/// A file that was meant, and how.
struct Meant {
    path: PathBuf,
    /// Whether it was named itself, not met in a folder.
    by_name: bool,
}

/// Reads and plans everything that is meant. All complaints of all files are said at once.
pub fn select(args: &PlanArgs, footing: &Footing) -> Result<Selected, Ended> {
    let seed = match args.seed {
        Some(seed) => seed,
        None => u64::from_le_bytes(random().map_err(|trouble| Ended::bug(trouble.said))?),
    };
    let mut selected = Selected { plans: vec![], not_drilled: vec![], seed };
    let mut complaints = vec![];
    for meant in meant(&args.selection, Some(&mut selected.not_drilled))? {
        let scenario = match scenario::read(&meant.path) {
            Ok(scenario) => scenario,
            Err(complaint) => {
                complaints.push(complaint.to_string());
                continue;
            }
        };
        if !wanted(&scenario, &args.selection) {
            continue;
        }
        let ground = Ground {
            rig: footing.rig(),
            majors: footing.majors.clone(),
            default_major: footing.default_major,
            seed,
            fixtures_dir: fixtures_dir(&meant.path),
        };
        match lower(&scenario, &ground) {
            Ok(plans) => selected.plans.extend(plans),
            Err(found) if not_for_this_rig(&found) && !meant.by_name => {
                let why: Vec<_> = found.iter().map(|one| one.said.clone()).collect();
                selected.not_drilled.push(NotDrilled {
                    file: meant.path.display().to_string(),
                    why: format!("not for this rig: {}", why.join("; ")),
                });
            }
            Err(found) => complaints.extend(found.iter().map(ToString::to_string)),
        }
    }
    if complaints.is_empty() { Ok(selected) } else { Err(Ended::usage(complaints.join("\n\n"))) }
}

/// The verb `validate`: every scenario is read, and planned for a rig that has everything.
pub fn validate(selection: &Selection) -> Result<u8, Ended> {
    let mut complaints = vec![];
    let mut valid = 0;
    // A canary must fail when it is run, not when it is read.
    for meant in meant(selection, None)? {
        let scenario = match scenario::read(&meant.path) {
            Ok(scenario) => scenario,
            Err(complaint) => {
                complaints.push(complaint.to_string());
                continue;
            }
        };
        let ground = Ground {
            rig: "docker",
            majors: ground::IMAGE_MAJORS.to_vec(),
            default_major: ground::IMAGE_MAJOR,
            seed: 0,
            fixtures_dir: fixtures_dir(&meant.path),
        };
        match lower(&scenario, &ground) {
            Err(found) if !not_for_this_rig(&found) => {
                complaints.extend(found.iter().map(ToString::to_string));
            }
            _ => valid += 1,
        }
    }
    if !complaints.is_empty() {
        return Err(Ended::usage(complaints.join("\n\n")));
    }
    say::line(format_args!("{valid} scenarios are valid"));
    if valid == 0 { Err(nothing()) } else { Ok(0) }
}

/// The verb `plan`.
pub async fn plan(args: &PlanArgs) -> Result<u8, Ended> {
    let selected = selected(args).await?;
    match args.format {
        Format::Human => {
            let texts: Vec<String> = selected.plans.iter().map(show).collect();
            say::print(texts.join("\n"));
        }
        Format::Json => {
            let briefs: Vec<_> = selected.plans.iter().map(|plan| &plan.brief).collect();
            let text = serde_json::to_string_pretty(&briefs);
            say::line(text.map_err(|error| Ended::bug(error.to_string()))?);
        }
    }
    for not in &selected.not_drilled {
        say::line(format_args!("{}: {}", not.file, not.why));
    }
    if selected.plans.is_empty() { Err(nothing()) } else { Ok(0) }
}

/// The verb `list`.
pub async fn list(args: &PlanArgs) -> Result<u8, Ended> {
    let selected = selected(args).await?;
    match args.format {
        Format::Human => {
            for plan in &selected.plans {
                let brief = &plan.brief;
                let tags = if brief.tags.is_empty() {
                    String::new()
                } else {
                    format!("  [{}]", brief.tags.join(", "))
                };
                say::line(format_args!("{}  {}{tags}", brief.file, brief.name));
            }
            for not in &selected.not_drilled {
                say::line(format_args!("{}: {}", not.file, not.why));
            }
        }
        Format::Json => {
            let drills: Vec<_> = selected
                .plans
                .iter()
                .map(|plan| {
                    let brief = &plan.brief;
                    serde_json::json!({
                        "id": brief.id, "file": brief.file, "name": brief.name,
                        "tags": brief.tags, "engine": brief.engine, "postgres": brief.postgres,
                    })
                })
                .collect();
            let all = serde_json::json!({ "drills": drills, "not_drilled": selected.not_drilled });
            say::line(format_args!("{all:#}"));
        }
    }
    if selected.plans.is_empty() { Err(nothing()) } else { Ok(0) }
}

async fn selected(args: &PlanArgs) -> Result<Selected, Ended> {
    let footing = ground::choose(&args.ground).await.map_err(Ended::no_ground)?;
    select(args, &footing)
}

fn nothing() -> Ended {
    Ended { code: NOTHING_RUN, said: "no scenario was selected".to_owned() }
}

fn wanted(scenario: &ScenarioFile, selection: &Selection) -> bool {
    let file = &scenario.file;
    let tagged =
        selection.tag.is_empty() || file.tags.iter().any(|tag| selection.tag.contains(&tag.value));
    let matches = selection.filter.as_ref().is_none_or(|text| {
        file.name.value.contains(text) || scenario.path.to_string_lossy().contains(text)
    });
    tagged && matches
}

/// The folder `fixtures` beside the nearest folder above the scenario, else that of the working
/// directory.
fn fixtures_dir(scenario: &Path) -> PathBuf {
    let above = scenario.ancestors().skip(1).map(|folder| folder.join("fixtures"));
    above.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| PathBuf::from("fixtures"))
}

/// The files that are meant. Canaries met in a folder are left out, and `left_out` says so; where
/// there is none, they are files like any other.
fn meant(
    selection: &Selection,
    mut left_out: Option<&mut Vec<NotDrilled>>,
) -> Result<Vec<Meant>, Ended> {
    let mut all = vec![];
    for path in &selection.paths {
        if path.is_dir() {
            let mut found = vec![];
            walk(path, &mut found, left_out.as_deref_mut(), 0)?;
            found.sort();
            all.extend(found.into_iter().map(|path| Meant { path, by_name: false }));
        } else {
            all.push(Meant { path: path.clone(), by_name: true });
        }
    }
    Ok(all)
}

fn walk(
    folder: &Path,
    found: &mut Vec<PathBuf>,
    mut left_out: Option<&mut Vec<NotDrilled>>,
    depth: usize,
) -> Result<(), Ended> {
    let unreadable = |error: std::io::Error| {
        Ended::usage(format!("{}: cannot be read: {error}", folder.display()))
    };
    if depth > DEPTH_MAX || found.len() > FILES_MAX {
        let said = format!("{}: too many folders or files", folder.display());
        return Err(Ended::usage(said));
    }
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let (path, kind) = (entry.path(), entry.file_type().map_err(unreadable)?);
        let is_yaml = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        let canaries = left_out.as_deref_mut().filter(|_| entry.file_name() == CANARY);
        if let (true, Some(left_out)) = (kind.is_dir(), canaries) {
            let mut canaries = vec![];
            walk(&path, &mut canaries, None, depth + 1)?;
            let number = canaries.len();
            let why = format!("left out: {number} that must fail; run them by their own path");
            left_out.push(NotDrilled { file: path.display().to_string(), why });
        } else if kind.is_dir() {
            walk(&path, found, left_out.as_deref_mut(), depth + 1)?;
        } else if is_yaml {
            // A link is kept: reading it says that links are not followed.
            found.push(path);
        }
    }
    Ok(())
}
