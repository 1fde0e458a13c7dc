//! The verb `run`: everything is decided first, then the drills, then the reports.

use std::sync::Arc;
use std::time::Instant;

use pgrehearse_verdict::report::{self, NotDrilled, Run};
use pgrehearse_verdict::verdict::{Earned, exit};

use crate::app::folder::Folder;
use crate::app::ground::{self, Footing};
use crate::app::one::{Circumstances, Done, perform_one};
use crate::app::select::{Selected, select};
use crate::app::{Ended, NOTHING_RUN, colours};
use crate::cli::{Cli, Controls, Format, RunArgs};
use crate::drill::nonce;
use crate::plan::Plan;
use crate::rig::lease::Lease;
use crate::rig::reaper;
use crate::signal::Signals;
use crate::{say, scenario};

/// Performs drills.
pub async fn run(cli: &Cli, args: &RunArgs) -> Result<u8, Ended> {
    let signals = Signals::listen().map_err(|error| Ended::bug(format!("signals: {error}")))?;
    let footing = ground::choose(&args.plan.ground).await.map_err(Ended::no_ground)?;
    if let Some(remark) = &footing.remark {
        say::aside(remark);
    }
    let mut selected = select(&args.plan, &footing)?;
    adjust(&mut selected.plans, args)?;
    refuse(&selected, args)?;
    ground::enough_room(&footing, &args.report_dir, &selected.plans).map_err(Ended::no_ground)?;
    tokio::select! {
        made = ground::prepare(&footing, &selected.plans, args.plan.ground.setup) => {
            made.map_err(Ended::no_ground)?;
        }
        // Making an image takes minutes. No drill begins any more, and the reports say so.
        () = signals.end() => {}
    }
    let mut run = begin(&footing, &selected)?;
    let folder = Folder::create(&args.report_dir, &run.id).map_err(|error| {
        Ended::no_ground(format!(
            "cannot make a folder in `{}`: {error}",
            args.report_dir.display()
        ))
    })?;
    let began = Instant::now();
    let kept = drills(&mut run, &selected.plans, &footing, &folder, args, &signals).await?;
    run.took_s = began.elapsed().as_secs_f64();
    run.exit = earned(&run, args, &signals);
    write_reports(&run, &folder).map_err(|error| {
        Ended::bug(format!("cannot write the reports in `{}`: {error}", folder.path().display()))
    })?;
    tell(cli, args, &run, &folder);
    for line in kept {
        say::aside(line);
    }
    Ok(run.exit)
}

/// What standard output gets: text for people, or the results for programs.
fn tell(cli: &Cli, args: &RunArgs, run: &Run, folder: &Folder) {
    match args.plan.format {
        Format::Json => say::line(report::json(run)),
        Format::Human => {
            let folder = folder.path().display().to_string();
            say::print(report::terminal(run, colours(cli), &folder));
        }
    }
}

fn earned(run: &Run, args: &RunArgs, signals: &Signals) -> u8 {
    let judgements: Vec<_> = run.drills.iter().map(|drill| &drill.judgement).collect();
    exit(&Earned {
        judgements: &judgements,
        not_drilled: run.not_drilled.len(),
        require_all: args.require_all,
        interrupted: signals.exit(),
        bug: false,
    })
}

/// What the command line changes in the plans.
fn adjust(plans: &mut [Plan], args: &RunArgs) -> Result<(), Ended> {
    let limit = args.timeout.as_deref().map(scenario::duration).transpose();
    let limit = limit.map_err(|said| Ended::usage(format!("--timeout: {said}")))?;
    for plan in plans {
        if let Some(limit) = limit {
            plan.limit = limit;
        }
        let keep = match args.controls {
            Controls::All => plan.controls.len(),
            Controls::None => 0,
            Controls::Sample(number) => number.min(plan.controls.len()),
        };
        plan.controls = sample(&plan.controls, keep, plan.brief.seed);
        let controls = plan.controls.clone();
        plan.brief.controls.retain(|control| controls.contains(&control.id.as_str()));
    }
    Ok(())
}

/// So many of these, in their order. They stand together by kind of harm: the sample is spread over
/// them, and where it begins follows from the seed.
fn sample(all: &[&'static str], keep: usize, seed: u64) -> Vec<&'static str> {
    let first = usize::try_from(seed % all.len().max(1) as u64).unwrap_or(0);
    let drawn: Vec<usize> =
        (0..keep).map(|number| (first + number * all.len() / keep) % all.len()).collect();
    let kept = all.iter().enumerate().filter(|(at, _)| drawn.contains(at));
    kept.map(|(_, name)| *name).collect()
}

/// What makes a run end before it starts.
fn refuse(selected: &Selected, args: &RunArgs) -> Result<(), Ended> {
    if args.require_all && !selected.not_drilled.is_empty() {
        let list: Vec<_> = selected.not_drilled.iter().map(describe).collect();
        return Err(Ended { code: NOTHING_RUN, said: list.join("\n") });
    }
    if selected.plans.is_empty() {
        let mut said = vec!["nothing was run: no scenario was selected".to_owned()];
        said.extend(selected.not_drilled.iter().map(describe));
        return Err(Ended { code: NOTHING_RUN, said: said.join("\n") });
    }
    Ok(())
}

fn describe(not: &NotDrilled) -> String {
    format!("{}: {}", not.file, not.why)
}

fn begin(footing: &Footing, selected: &Selected) -> Result<Run, Ended> {
    let now = jiff::Timestamp::now();
    let unique = nonce().map_err(|trouble| Ended::bug(trouble.said))?;
    let id = format!("{}-{}", now.strftime("%Y%m%d-%H%M%S"), &unique[..6]);
    Ok(Run {
        format: 1,
        id,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        began: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        took_s: 0.0,
        rig: footing.rig().to_owned(),
        seed: selected.seed,
        drills: vec![],
        not_drilled: selected.not_drilled.clone(),
        exit: 0,
    })
}

async fn drills(
    run: &mut Run,
    plans: &[Plan],
    footing: &Footing,
    folder: &Folder,
    args: &RunArgs,
    signals: &Signals,
) -> Result<Vec<String>, Ended> {
    let mut kept = vec![];
    for plan in plans {
        if signals.exit().is_some() {
            run.not_drilled.push(NotDrilled {
                file: plan.brief.file.clone(),
                why: "interrupted before it began".to_owned(),
            });
            continue;
        }
        // The lease and the reaper are there before anything else is.
        let name = format!("{}-{}", run.id, run.drills.len() + 1);
        let lease = Lease::open(&name).map_err(|error| Ended::no_ground(error.to_string()))?;
        let lease = Arc::new(lease);
        let reaper = reaper::spawn(&name).map_err(|error| Ended::no_ground(error.to_string()))?;
        let rig = ground::stand(footing, &name, &plan.brief.id, lease.clone())
            .await
            .map_err(|trouble| Ended::no_ground(trouble.said))?;
        let circumstances = Circumstances { run: &run.id, folder, keep: args.keep, signals };
        let Done { drill, kept: standing, given_back } =
            perform_one(plan, rig, &circumstances).await.map_err(Ended::bug)?;
        if standing {
            kept.extend(drill.remarks.iter().filter(|line| line.contains("to look at ")).cloned());
            kept.push(format!("kept: remove it with `pgrehearse clean {name}`"));
            reaper.keep().map_err(|error| Ended::bug(error.to_string()))?;
        } else if given_back && let Err(error) = lease.close() {
            say::aside(format_args!("warning: {error}"));
        }
        run.drills.push(drill);
    }
    Ok(kept)
}

/// Each report whole or not at all; the manifest last.
fn write_reports(run: &Run, folder: &Folder) -> std::io::Result<()> {
    folder.write("results.json", report::json(run).as_bytes())?;
    folder.write("junit.xml", report::junit(run).as_bytes())?;
    folder.write("summary.md", report::summary(run).as_bytes())?;
    folder.write("report.html", report::html(run).as_bytes())?;
    folder.complete()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_and_has_the_number_that_was_asked_for() {
        let all = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(sample(&all, 3, 0), ["a", "c", "e"]);
        assert_eq!(sample(&all, 2, 6), ["c", "g"]);
        for seed in 0..20 {
            for keep in 0..=all.len() {
                assert_eq!(sample(&all, keep, seed).len(), keep, "{keep} by {seed}");
            }
        }
        assert_eq!(sample(&all, all.len(), 3), all);
        assert_eq!(sample(&[], 0, 3), Vec::<&str>::new());
    }
}
