//! One drill of a run: ground, bracket, verdict, and everything given back.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use pgrehearse_verdict::finding::{Blame, Finding, Status};
use pgrehearse_verdict::journal::{self, Began, Event, Line, Scope};
use pgrehearse_verdict::report;
use pgrehearse_verdict::verdict::{Judgement, Verdict, judge};
use sha2::{Digest, Sha256};

use crate::app::archive::{self, read_drill};
use crate::app::folder::{Folder, write_whole};
use crate::app::progress::Progress;
use crate::cli::Keep;
use crate::drill::{Notebook, Redactor, bracket, hex, nonce, perform, release};
use crate::plan::{Plan, show};
use crate::rig::{Rig, Stage};
use crate::signal::Signals;

/// What a drill of a run needs besides its plan.
pub struct Circumstances<'a> {
    /// The identifier of the run.
    pub run: &'a str,
    /// The folder of the run.
    pub folder: &'a Folder,
    /// When to leave the servers standing.
    pub keep: Keep,
    /// What the user wishes meanwhile.
    pub signals: &'a Signals,
}

/// What a drill came to.
pub struct Done {
    /// For the reports.
    pub drill: report::Drill,
    /// Whether its servers were left standing.
    pub kept: bool,
    /// Whether everything was given back; else its lease must stay, for the reaper.
    pub given_back: bool,
}

/// Performs one drill on `rig` and judges it. `Err`: its folder could not be written or read.
pub async fn perform_one(
    plan: &Plan,
    rig: Arc<dyn Rig>,
    circumstances: &Circumstances<'_>,
) -> Result<Done, String> {
    let (name, path) =
        circumstances.folder.drill(&plan.brief.id).map_err(|error| error.to_string())?;
    let prepared = prepare(plan, &path);
    let brief_sha256 =
        prepared.map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    let progress = Progress::begin(&plan.brief.id);
    let notebook = Notebook::create(&path, Some(progress.listener()))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    let stage = Stage {
        rig,
        notebook: Arc::new(notebook),
        redactor: Arc::new(Redactor::default()),
        scope: Scope::Source,
    };
    let source_nonce = nonce().map_err(|trouble| trouble.said)?;
    let began = Began {
        format: journal::FORMAT,
        run: circumstances.run.to_owned(),
        drill: name.clone(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        rig: stage.rig.kind().to_owned(),
        wall: jiff::Timestamp::now().to_string(),
        source_nonce: source_nonce.clone(),
        brief_sha256: Some(brief_sha256),
    };
    stage.note(Event::Began(began)).map_err(|trouble| trouble.said)?;
    let (may_keep, is_red) = (circumstances.keep != Keep::Never, || is_red(&path));
    let drill = perform(plan, &stage, &path, &source_nonce, may_keep, &is_red);
    bracket(&stage, drill, plan.limit, circumstances.signals.wish()).await;
    let judged = verdict_of(&path);
    let passed = judged.as_ref().is_ok_and(|judged| judged.verdict == Verdict::Passed);
    let kept = match circumstances.keep {
        Keep::Always => true,
        Keep::OnFailure => !passed,
        Keep::Never => false,
    };
    let given_back = if kept {
        // Dropping the rig would give everything back.
        std::mem::forget(stage.rig.clone());
        false
    } else {
        tokio::select! {
            left = release(&stage) => left.is_empty(),
            () = circumstances.signals.end_now() => false,
        }
    };
    progress.end();
    let judgement = judged?;
    append_verdict(&path, &judgement).map_err(|error| error.to_string())?;
    let record = read_drill(&path).map_err(|error| error.to_string())?;
    Ok(Done { drill: report::Drill::of(&record, judgement, name), kept, given_back })
}

/// Writes down what is promised; the digest of the brief.
fn prepare(plan: &Plan, path: &Path) -> std::io::Result<String> {
    write_whole(&path.join("plan.txt"), show(plan).as_bytes())?;
    let brief = serde_json::to_vec_pretty(&plan.brief)?;
    write_whole(&path.join(archive::BRIEF), &brief)?;
    Ok(hex(&Sha256::digest(&brief)))
}

fn verdict_of(path: &Path) -> Result<Judgement, String> {
    Ok(judge(&read_drill(path).map_err(|error| error.to_string())?))
}

/// Whether what the journal holds so far fails the drill, whatever comes.
fn is_red(path: &Path) -> bool {
    let broken =
        |finding: &Finding| (finding.status, finding.blame) == (Status::Broken, Blame::Subject);
    verdict_of(path).is_ok_and(|judged| judged.findings.iter().any(broken))
}

/// The verdict as it was given today. Judging again leaves this line out.
fn append_verdict(path: &Path, judgement: &Judgement) -> std::io::Result<()> {
    let text = std::fs::read_to_string(path.join(archive::JOURNAL))?;
    let (n, at_ns) = text
        .lines()
        .next_back()
        .and_then(|line| serde_json::from_str::<Line>(line).ok())
        .map_or((1, 0), |line| (line.n + 1, line.at_ns));
    let verdict = serde_json::to_value(judgement.verdict)?;
    let verdict = verdict.as_str().unwrap_or_default().to_owned();
    let line = Line { n, at_ns, scope: Scope::Source, event: Event::Judged { verdict } };
    let mut file = std::fs::OpenOptions::new().append(true).open(path.join(archive::JOURNAL))?;
    file.write_all(format!("{}\n", serde_json::to_string(&line)?).as_bytes())?;
    file.sync_all()
}
