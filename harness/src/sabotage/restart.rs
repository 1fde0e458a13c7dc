//! A recovered server that was started in another way than it should have been.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;

use crate::drill::{QUERY_LIMIT, refused};
use crate::rig::{Stage, Trouble};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// How long the server may take until it answers again.
const START_LIMIT: Duration = Duration::from_secs(300);

/// A sabotage that starts the server with another setting.
pub(super) struct Restart {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// The setting, and the value that it is given.
    pub(super) setting: (&'static str, &'static str),
}

impl Sabotage for Restart {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: "isolation",
            caught_by: self.caught_by,
            engines: None,
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

#[async_trait]
impl SpoilsRecovered for Restart {
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        let (name, value) = self.setting;
        let before = self.look(of).await?;
        of.server.stop(stage).await?;
        let others = of.settings.iter().filter(|(setting, _)| *setting != name);
        // What was restored may still name the repository of the source: a server that archives
        // does so into the copy of its own node.
        let own = of.engine.settings(&*of.server.node);
        let own = own.iter().map(|(setting, value)| (setting.as_str(), value.as_str()));
        let own = own.filter(|(it, _)| name == "archive_mode" && *it == "archive_command");
        let settings: Vec<_> = others.copied().chain(own).chain([self.setting]).collect();
        of.server.start(stage, &settings).await?;
        of.server.await_ready(START_LIMIT).await?;
        let after = self.look(of).await?;
        Ok(Sabotaged {
            change: format!("started with `{name}` as `{value}`"),
            proof: (before != after).then(|| format!("`{name}` was `{before}`, and is `{after}`")),
            ..Sabotaged::default()
        })
    }
}

impl Restart {
    /// What the server itself says of the setting.
    async fn look(&self, of: &Recovered<'_>) -> Result<String, Trouble> {
        let during = format!("ask for `{}`", self.setting.0);
        let mut session = of.server.connect("postgres").await.map_err(refused(&during))?;
        let asked = format!("SHOW {}", self.setting.0);
        let tables = session.query(&asked, QUERY_LIMIT).await.map_err(refused(&during))?;
        let said = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
        Ok(said.unwrap_or_default())
    }
}
