//! Raises the server that will be struck: ground, cluster, fixture, protection, baseline.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::{RigCause, Scope};
use pgrehearse_verdict::question::Moment;

use crate::drill::load::{admit, load, refused};
use crate::drill::perform::Drill;
use crate::drill::questions::questions;
use crate::drill::secrets::Secrets;
use crate::drill::{Access, Asker, Keys, SUPERUSER, Server, ask, workload};
use crate::plan::{Plan, Postgres, Step};
use crate::rig::{Mount, NodeSpec, Place, Stage, Trouble};

/// How long a fresh server may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(120);

/// Settings of every server we make, on its command line. A server of a drill has no one to
/// replicate from.
pub const ISOLATED: &[(&str, &str)] =
    &[("max_logical_replication_workers", "0"), ("primary_conninfo", "")];

/// Raises the source, and asks it everything the checks want to know of an intact server.
pub async fn raise<'a>(
    plan: &'a Plan,
    stage: &Stage,
    folder: &Path,
    source_nonce: &str,
    kept: bool,
) -> Result<Drill<'a>, Trouble> {
    let stage = stage.scoped(Scope::Source);
    let secrets = Secrets::draw(&plan.fixture, &stage.redactor)?;
    let engine = plan.engine.engine();
    let repository = stage.rig.volume("repository").await?;
    let mount = Mount { volume: repository.clone(), at: Place::Repository, read_only: false };
    let node = stage.rig.node(node_spec(&plan.postgres, "source", vec![mount])).await?;
    for (name, value) in node.facts() {
        stage.remark(format!("source {name}: {value}"))?;
    }
    let password = secrets.password(SUPERUSER);
    let source = Server::new(node, plan.postgres.clone(), password, source_nonce.to_owned());
    let own = plan.postgres.settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    let settings: Vec<_> = own.chain(engine.settings(&*source.node)).collect();
    if kept {
        say_how_to_look(&stage, &source, plan).await?;
    }
    source.initdb(&stage, &settings).await?;
    source.start(&stage, ISOLATED).await?;
    source.await_ready(START_LIMIT).await?;
    for remark in engine.remarks() {
        stage.remark(remark)?;
    }
    stage.remark(engine.version(&stage, &*source.node).await?)?;
    engine.protect(&stage, &source).await?;
    load(&stage, &source, &plan.fixture, &secrets, plan.brief.seed).await?;
    let database = plan.fixture.application.first().map_or("postgres", |first| &first.database);
    let opening = match plan.steps.iter().find_map(workload_of) {
        None => None,
        Some(spec) => {
            let mut opening = workload::lay_out(&source, database, spec.writers)
                .await
                .map_err(refused("make the workload's tables"))?;
            opening.drill.clone_from(&plan.brief.id);
            Some(opening)
        }
    };
    admit(&source, &plan.fixture, database).await?;
    let asker = asker(plan, &secrets)?;
    let wanted = questions(&plan.brief, &Moment::Baseline);
    ask(&stage, &source, &asker, &Moment::Baseline, &wanted).await?;
    Ok(Drill {
        plan,
        stage,
        folder: folder.to_owned(),
        secrets,
        kept,
        asker,
        repository,
        source: Arc::new(source),
        opening,
        workload: None,
        backups: vec![],
        backups_before: 0,
        marks: BTreeMap::new(),
        harm: None,
        source_serves: true,
        archiver: None,
        promised: None,
        recoveries: 0,
        last: None,
    })
}

/// The line by which a person looks at a server that is left standing. The superuser's password
/// lies in a file on the node, not in the line.
pub async fn say_how_to_look(stage: &Stage, server: &Server, plan: &Plan) -> Result<(), Trouble> {
    let node = &*server.node;
    let passfile = format!("{}/passfile", node.place(Place::Scratch));
    let line = format!("*:*:*:{SUPERUSER}:{}\n", server.password.reveal());
    node.write(&passfile, line.as_bytes(), 0o600).await?;
    let database = plan.fixture.application.first().map_or("postgres", |first| &first.database);
    let socket = node.place(Place::Socket);
    let psql = node.tool("psql");
    let argv = [psql.as_str(), "-h", &socket, "-U", SUPERUSER, "-d", database];
    let line = node.enter(&[("PGPASSFILE", &passfile)], &argv);
    stage.remark(format!("to look at {}: {line}", node.name()))
}

/// What a node for this server must have.
pub fn node_spec(postgres: &Postgres, name: &str, volumes: Vec<Mount>) -> NodeSpec {
    NodeSpec {
        name: name.to_owned(),
        postgres: postgres.version,
        image: postgres.image.clone(),
        volumes,
    }
}

fn workload_of(step: &Step) -> Option<&crate::plan::Workload> {
    match step {
        Step::Workload(spec) => Some(spec),
        _ => None,
    }
}

/// What the questions need: the application's passwords, and the text of its smoke queries.
fn asker(plan: &Plan, secrets: &Secrets) -> Result<Asker, Trouble> {
    let mut accesses = vec![];
    for application in &plan.fixture.application {
        let mut smoke = vec![];
        for script in &application.smoke {
            let unreadable = |error: &dyn std::fmt::Display| {
                let said = format!("cannot read `{}`: {error}", script.place());
                Trouble::rig(RigCause::NotADrill, said)
            };
            let bytes = script.bytes().map_err(|error| unreadable(&error))?;
            let text = String::from_utf8(bytes).map_err(|error| unreadable(&error))?;
            smoke.push((script.name(), text));
        }
        accesses.push(Access {
            database: application.database.clone(),
            role: application.role.clone(),
            password: secrets.password(&application.role),
            smoke,
        });
    }
    let artifacts = plan.engine.engine().artifacts().to_owned();
    let passwords = secrets.all().clone();
    let numbers = plan.brief.is_copy();
    Ok(Asker { keys: Keys::draw()?, accesses, artifacts, passwords, numbers })
}
