//! The verb `judge`: the verdict taken again from what a run left behind.

use std::path::{Path, PathBuf};

use pgrehearse_verdict::report::{self, Run};
use pgrehearse_verdict::verdict::{Earned, exit, judge};

use crate::app::archive::{BRIEF, read_drill};
use crate::app::{Ended, colours};
use crate::cli::Cli;
use crate::say;

/// A folder of a run holds no more drills than this.
const DRILLS_MAX: usize = 10_000;

/// Judges every drill in `folder`, the folder of a run or of one drill.
pub fn judge_again(cli: &Cli, folder: &Path) -> Result<u8, Ended> {
    let mut run = Run {
        format: 1,
        id: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        began: String::new(),
        took_s: 0.0,
        rig: String::new(),
        seed: 0,
        drills: vec![],
        not_drilled: vec![],
        exit: 0,
    };
    for path in drills_of(folder)? {
        let record = read_drill(&path).map_err(|error| Ended::usage(error.to_string()))?;
        let judgement = judge(&record);
        run.rig.clone_from(&record.brief.rig);
        run.seed = record.brief.seed;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        run.drills.push(report::Drill::of(&record, judgement, name));
    }
    run.took_s = run.drills.iter().map(|drill| drill.took_s).sum();
    let judgements: Vec<_> = run.drills.iter().map(|drill| &drill.judgement).collect();
    run.exit = exit(&Earned { judgements: &judgements, ..Earned::default() });
    say::print(report::terminal(&run, colours(cli), &folder.display().to_string()));
    Ok(run.exit)
}

fn drills_of(folder: &Path) -> Result<Vec<PathBuf>, Ended> {
    if folder.join(BRIEF).is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let unreadable = |error: std::io::Error| {
        Ended::usage(format!("cannot read `{}`: {error}", folder.display()))
    };
    let mut drills = vec![];
    for entry in std::fs::read_dir(folder).map_err(unreadable)?.take(DRILLS_MAX) {
        let path = entry.map_err(unreadable)?.path();
        if path.join(BRIEF).is_file() {
            drills.push(path);
        }
    }
    drills.sort();
    if drills.is_empty() {
        let said =
            format!("`{}` holds no drill\nhint: name a folder in reports/", folder.display());
        return Err(Ended::usage(said));
    }
    Ok(drills)
}
