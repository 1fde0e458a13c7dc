//! What a dump was loaded into is left a standby: nothing can be written to it.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::rig::{Command, Place, Stage, Trouble};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// How long the server may take until it answers again.
const START_LIMIT: Duration = Duration::from_secs(300);
/// How the control file begins to say what the server last was, and what it says of a standby.
const STATE: &str = "Database cluster state:";
const STANDBY: &str = "in archive recovery";

/// The server is started as a standby after the load. An archive's recovery has its own way to end
/// so: `left_paused`.
pub(super) struct LeftAsStandby;

impl Sabotage for LeftAsStandby {
    fn facts(&self) -> Facts {
        Facts {
            name: "left_as_standby",
            harm: "the server that the dump was loaded into was left a standby",
            class: "course",
            caught_by: &["target", "usable"],
            engines: Some(&["pg_dump", "pg_dumpall"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

#[async_trait]
impl SpoilsRecovered for LeftAsStandby {
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        let signal = format!("{}/standby.signal", of.server.node.place(Place::Data));
        let before = state(stage, of).await?;
        of.server.stop(stage).await?;
        of.server.node.write(&signal, b"", 0o600).await?;
        of.server.start(stage, of.settings).await?;
        of.server.await_ready(START_LIMIT).await?;
        let after = state(stage, of).await?;
        Ok(Sabotaged {
            change: "started with a standby.signal".to_owned(),
            proof: (before != after && after == STANDBY)
                .then(|| format!("it was `{before}`, and is `{after}`")),
            ..Sabotaged::default()
        })
    }
}

/// What the control file says that the server is.
async fn state(stage: &Stage, of: &Recovered<'_>) -> Result<String, Trouble> {
    let node = &*of.server.node;
    let (tool, data) = (node.tool("pg_controldata"), node.place(Place::Data));
    let argv = [tool.as_str(), "-D", &data];
    let said = stage.must(node, Command::housekeeping("look at the control file", argv)).await?;
    let text = said.text();
    let state = text.lines().find_map(|line| line.strip_prefix(STATE));
    Ok(state.unwrap_or_default().trim().to_owned())
}
