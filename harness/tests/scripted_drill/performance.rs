//! A whole drill on the scripted rig, and all that is known of it afterwards.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pgrehearse::app::archive::{BRIEF, read_drill};
use pgrehearse::drill::{Notebook, Redactor, Wish, bracket, hex, nonce, perform, release};
use pgrehearse::plan::{Ground, Plan, Step, lower};
use pgrehearse::rig::Stage;
use pgrehearse::rig::scripted::{Call, Injected, Script, ScriptedRig, ServerScript};
use pgrehearse::scenario::read;
use pgrehearse_verdict::case::Record;
use pgrehearse_verdict::journal::{Began, End, Event, FORMAT, Scope};
use pgrehearse_verdict::verdict::{Judgement, judge};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::world::Scene;

/// How long a short drill may take: longer than any limit of its writers'.
const SHORT_LIMIT: Duration = Duration::from_secs(70);

/// Checks that are not asked for here.
const DEEPER: &[&str] = &[
    "configuration",
    "indexes",
    "constraints",
    "large_objects",
    "text",
    "pages",
    "statistics",
    "access",
    "side_effects",
    "wal_chain",
];

/// The must-fail twin that is performed.
const TWIN: &str = "wal_segment_missing";

/// The plan of a shipped scenario, with the least of fixtures.
pub fn plan(scenario: &str) -> Plan {
    let scenario = read(Path::new(&format!("../scenarios/{scenario}.yaml"))).unwrap();
    let ground = Ground {
        rig: "scripted",
        majors: vec![17],
        default_major: 17,
        seed: 7,
        fixtures_dir: "tests/scripted_drill/fixtures".into(),
    };
    let mut plan = lower(&scenario, &ground).unwrap().remove(0);
    // What these ask goes deeper into the catalogues than the model of a cluster does: they are
    // held to real servers, in `attacks` and in the tests that begin with `ask_`.
    plan.brief.checks.retain(|check| !DEEPER.contains(&check.name()));
    // For the same reason the twin is one that no server is asked about.
    plan.controls.retain(|name| *name == TWIN);
    plan.brief.controls.retain(|control| control.id == TWIN);
    plan
}

/// The same plan with little work in little time, for a thousand performances.
pub fn short(scenario: &str) -> Plan {
    let mut plan = plan(scenario);
    plan.limit = SHORT_LIMIT;
    // A third of all calls are for the inventory, and the same in every scenario.
    if scenario != "dropped-table" {
        plan.brief.checks.retain(|check| check.name() != "inventory");
    }
    for step in &mut plan.steps {
        match step {
            Step::Workload(workload) => workload.rate = 8.0,
            Step::Run(run) => run.time = Duration::from_millis(300),
            _ => {}
        }
    }
    plan
}

/// A drill that was performed.
pub struct Performed {
    pub rig: ScriptedRig,
    pub folder: TempDir,
    pub end: End,
    /// How long the bracket took.
    pub took: Duration,
    /// How long it might have taken.
    pub limit: Duration,
    /// What its folder holds.
    pub record: Record,
    /// What is to be said of it.
    pub judged: Judgement,
    /// What could not be given back.
    left: Vec<String>,
}

/// What is put in the way of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    None,
    /// A failure at the call with this number.
    At(u64, Injected),
    /// The call with this number never ends, and from then on the ground does not answer.
    Silent(u64),
    /// The user wishes for an end at the call with this number.
    Wish(u64),
}

/// A folder where forcing to disk costs nothing, if there is one.
pub fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Makes the rig of a world in which nothing goes wrong but the mishap.
fn rig(mishap: Mishap, wish: watch::Sender<Wish>) -> ScriptedRig {
    let mut script = Script::new()
        .server("*", ServerScript { ready_after: Duration::from_millis(20), in_recovery: 3 });
    match mishap {
        Mishap::At(number, injected) => script = script.inject(number, injected),
        Mishap::Silent(number) => script = script.inject(number, Injected::Hang),
        Mishap::None | Mishap::Wish(_) => {}
    }
    let (mut scene, mut calls) = (Scene::default(), 0);
    let script = script.rule(move |call, world| {
        if !matches!(call, Call::Release) {
            calls += 1;
            if mishap == Mishap::Wish(calls) {
                wish.send_replace(Wish::End);
            }
        }
        scene.reply(call, world)
    });
    let rig = script.build();
    if let Mishap::Silent(_) = mishap {
        rig.world(|world| world.silent = Some("the ground is silent".to_owned()));
    }
    rig
}

/// Performs the plan as a run does: bracket, release, and the folder is what is left.
pub async fn perform_all(plan: &Plan, mishap: Mishap) -> Performed {
    let folder = folder();
    let notebook = Notebook::create(folder.path(), None).unwrap();
    perform_in(plan, mishap, folder, notebook).await
}

/// The same with a notebook that was made before.
pub async fn perform_in(
    plan: &Plan,
    mishap: Mishap,
    folder: TempDir,
    notebook: Notebook,
) -> Performed {
    let brief = serde_json::to_vec(&plan.brief).unwrap();
    std::fs::write(folder.path().join(BRIEF), &brief).unwrap();
    let (wish, wished) = watch::channel(Wish::GoOn);
    let rig = rig(mishap, wish);
    let stage = Stage {
        rig: Arc::new(rig.clone()),
        notebook: Arc::new(notebook),
        redactor: Arc::new(Redactor::default()),
        scope: Scope::Source,
    };
    let source_nonce = nonce().unwrap();
    let began = Began {
        format: FORMAT,
        run: "run".to_owned(),
        drill: plan.brief.id.clone(),
        tool: "0".to_owned(),
        rig: "scripted".to_owned(),
        wall: "2024-01-01T00:00:00Z".to_owned(),
        source_nonce: source_nonce.clone(),
        brief_sha256: Some(hex(&Sha256::digest(&brief))),
    };
    let since = Instant::now();
    // A journal that cannot be written from the first line on is for the drill to find out.
    let _ = stage.note(Event::Began(began));
    let drill = perform(plan, &stage, folder.path(), &source_nonce, false, &|| false);
    let end = bracket(&stage, drill, plan.limit, wished).await;
    let took = since.elapsed();
    let left = release(&stage).await;
    let record = read_drill(folder.path()).unwrap();
    let judged = judge(&record);
    Performed { rig, folder, end, took, limit: plan.limit, record, judged, left }
}

impl Performed {
    /// Nothing that was made is left.
    pub fn hold_given_back(&self, at: &str) {
        let (none, shown) = (Vec::<String>::new(), || self.shown());
        assert!(self.rig.was_released(), "{at}: {}", shown());
        assert_eq!((&self.left, self.rig.left()), (&none, none.clone()), "{at}: {}", shown());
    }

    /// What held, or did not: for messages.
    pub fn shown(&self) -> String {
        let judged = &self.judged;
        let mut shown = format!("{:?} {:?}: {}\n", self.end, judged.verdict, judged.because);
        for finding in &judged.findings {
            let (status, blame) = (finding.status, finding.blame);
            shown += &format!("  {status:?} {blame:?} {}: {}\n", finding.check, finding.said);
        }
        for objective in &judged.objectives {
            shown += &format!("  {:?} {}: {}\n", objective.status, objective.name, objective.said);
        }
        for control in &judged.controls {
            shown += &format!("  {:?} {}\n", control.result, control.said);
        }
        shown
    }
}
