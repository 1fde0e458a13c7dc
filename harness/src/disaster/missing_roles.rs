//! The server is gone, and the new cluster in its place knows none of its roles.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::RigCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::lost_data_directory::LostDataDirectory;
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::locate::Harm;
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server};
use crate::rig::{Command, Node, Place, SqlTrouble, Stage, Trouble};

/// How long making a new, empty cluster may take, and asking it.
const CLUSTER_LIMIT: Duration = Duration::from_secs(300);
/// The roles and databases that a cluster has beyond those that initdb makes.
const STRANGERS: &str = "SELECT \
     (SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles WHERE oid >= 16384) \
     || ' roles, ' || (SELECT pg_catalog.count(*) FROM pg_catalog.pg_database \
     WHERE oid >= 16384) || ' databases' AS strangers";
/// What a new cluster says to that.
const NONE: &str = "0 roles, 0 databases";

/// There is nothing to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingRoles {}

impl MissingRoles {
    pub(crate) const SUMMARY: &'static str =
        "the server is gone, and the new cluster in its place starts without any of its roles";
    pub(crate) const EXAMPLE: &'static str = "missing_roles: {}";
}

/// How many roles and databases the server has that initdb did not make.
async fn strangers(server: &Server) -> Result<String, SqlTrouble> {
    let mut session = server.connect("postgres").await?;
    let tables = session.query(STRANGERS, QUERY_LIMIT).await?;
    let said = tables.last().and_then(|table| table.rows.first()?.first()?.clone());
    said.ok_or_else(|| SqlTrouble {
        code: None,
        said: "the server did not say how many roles it has".to_owned(),
        lost: false,
    })
}

/// The same of the cluster that people begin with: made in passing, and asked by a server that
/// nobody can reach.
async fn strangers_of_new(stage: &Stage, node: &dyn Node) -> Result<String, Trouble> {
    let data = format!("{}/new", node.place(Place::Scratch));
    let make = [
        node.tool("initdb"),
        format!("--pgdata={data}"),
        format!("--username={SUPERUSER}"),
        "--auth=reject".to_owned(),
        "--no-sync".to_owned(),
        "--no-instructions".to_owned(),
    ];
    stage.must(node, Command::new("make a new cluster", CLUSTER_LIMIT, make)).await?;
    let ask = [node.tool("postgres"), "--single".to_owned(), "-D".to_owned(), data.clone()];
    let ask = Command::new(
        "ask the new cluster",
        CLUSTER_LIMIT,
        ask.into_iter().chain(["postgres".to_owned()]),
    );
    let said = stage.must(node, ask.reading(format!("{STRANGERS}\n").into_bytes())).await?.text();
    let remove = ["rm", "-rf", "--", &data];
    stage.must(node, Command::housekeeping("remove the new cluster", remove)).await?;
    let value = said.lines().find_map(|line| line.split_once("strangers = \"")?.1.split_once('"'));
    Ok(value.map(|(value, _)| value.to_owned()).unwrap_or_default())
}

fn undone(why: &dyn std::fmt::Display) -> Trouble {
    Trouble::rig(RigCause::NotADrill, format!("the disaster took no roles away: {why}"))
}

#[async_trait]
impl Disaster for MissingRoles {
    fn nature(&self) -> Nature {
        LostDataDirectory {}.nature()
    }

    fn text(&self) -> String {
        "lose the server, and begin with a new cluster that has no roles".to_owned()
    }

    /// A server without roles of its own has none to miss, and a new cluster that has some lacks
    /// none: neither would be a drill. Both are asked before the strike: after it, time counts.
    async fn harm(&self, stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let own = strangers(source).await.map_err(|error| undone(&error))?;
        if own.starts_with("0 roles") {
            return Err(undone(&"the server has none of its own"));
        }
        let new = strangers_of_new(stage, &*source.node).await?;
        if new != NONE {
            return Err(undone(&format!("a new cluster says it has `{new}`, wanted `{NONE}`")));
        }
        stage.remark(format!(
            "beyond what initdb makes, the server has {own}, and a new cluster {new}"
        ))?;
        Ok(None)
    }

    async fn strike(&self, stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        LostDataDirectory {}.strike(stage, source).await
    }

    async fn witness(&self, stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let (said, gone) = LostDataDirectory {}.witness(stage, source).await?;
        Ok((format!("{said}; a new cluster begins with {NONE}"), gone))
    }
}
