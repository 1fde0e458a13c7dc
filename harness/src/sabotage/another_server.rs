//! Another server answers in place of the recovered one.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};
use tokio::time::Instant;

use crate::drill::{QUERY_LIMIT, refused};
use crate::rig::{Stage, Trouble};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// The nonce of a server that nobody asked for.
const NONCE: &str = "00000000000000000000000000000000";
/// How long the server may take until it answers again.
const START_LIMIT: Duration = Duration::from_secs(300);
/// The time between two questions.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A server answers that does not bear the nonce planted for this recovery: as one does that was
/// there before, or that a name leads to.
pub(super) struct AnotherServer;

impl Sabotage for AnotherServer {
    fn facts(&self) -> Facts {
        Facts {
            name: "another_server",
            harm: "another server answers in place of the recovered one",
            class: "isolation",
            caught_by: &["identity"],
            engines: None,
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

#[async_trait]
impl SpoilsRecovered for AnotherServer {
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        of.server.stop(stage).await?;
        let settings = of.settings.iter().copied().chain([("pgrehearse.nonce", NONCE)]);
        of.server.start(stage, &settings.collect::<Vec<_>>()).await?;
        let said = whoever_answers(of).await?;
        Ok(Sabotaged {
            change: "a server with another nonce answers".to_owned(),
            proof: (said == NONCE && said != of.server.nonce)
                .then(|| format!("it says of itself that it is `{said}`")),
            ..Sabotaged::default()
        })
    }
}

/// The nonce of whoever answers, as soon as somebody does.
async fn whoever_answers(of: &Recovered<'_>) -> Result<String, Trouble> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        match of.server.connect("postgres").await {
            Ok(mut session) => {
                let asked = session.query("SHOW pgrehearse.nonce", QUERY_LIMIT).await;
                let tables = asked.map_err(refused("ask for the nonce"))?;
                let first = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
                return Ok(first.unwrap_or_default());
            }
            Err(trouble) if Instant::now() >= deadline => {
                let said = format!("nobody answered within {START_LIMIT:?}: {trouble}");
                return Err(Trouble::subject(SubjectCause::TimeLimit, said));
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
