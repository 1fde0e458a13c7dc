//! A database made anew from a dump, on the server that was struck and goes on serving: as people
//! do who have others on it.

use std::sync::Arc;

use pgrehearse_verdict::journal::{Event, Scope, SubjectCause, Tick};
use pgrehearse_verdict::question::Moment;
use tokio::time::Instant;

use crate::drill::perform::Drill;
use crate::drill::probe::await_write;
use crate::drill::questions::questions;
use crate::drill::recover::{RECOVERY_LIMIT, Recovered};
use crate::drill::secrets::nonce;
use crate::drill::within::within;
use crate::drill::{ISOLATED, QUERY_LIMIT, Server, ask, quote_ident, quote_literal, refused};
use crate::engine::{Course, Restorer};
use crate::plan::Recover;
use crate::rig::{Stage, Trouble};

/// What is appended to the name of a database that makes way.
const STRUCK: &str = "_struck";
/// Bytes of a name that PostgreSQL keeps.
const NAME_MAX: usize = 63;

impl Drill<'_> {
    /// Makes `database` anew beside the others. One that is still there makes way first, and is
    /// dropped when the application has written to the new one.
    pub(super) async fn new_database(
        &mut self,
        spec: &Recover,
        database: &str,
    ) -> Result<(), Trouble> {
        self.recoveries += 1;
        let number = self.recoveries;
        let stage = self.stage.scoped(Scope::Recovery(number));
        stage.note(Event::Ticked(Tick::Begun))?;
        let begun = Instant::now();
        self.finish().await?;
        self.leave_last().await?;
        let living = self.source.clone();
        let (course, aim) = self.aim(&stage, &*living.node, spec, None).await?;
        stage.note(Event::Aimed(aim.clone()))?;
        stage.note(Event::Ticked(Tick::Located))?;
        let struck = make_way(&stage, &living, database).await?;
        let wanted = questions(&self.plan.brief, &Moment::Standing);
        ask(&stage, &living, &self.asker, &Moment::Standing, &wanted).await?;
        let filled = self.fill(&stage, &living, &course, database);
        within(&stage, spec.within, begun, filled).await?;
        if let Some(struck) = struck {
            let drop = format!("DROP DATABASE {}", quote_ident(&struck));
            say(&living, "drop the database that was struck", &drop).await?;
        }
        let wanted = questions(&self.plan.brief, &Moment::Recovered);
        ask(&stage, &living, &self.asker, &Moment::Recovered, &wanted).await?;
        stage.note(Event::Ticked(Tick::Verified))?;
        self.ask_to_the_end(&stage, &living, ISOLATED).await?;
        let segment_bytes = self.archiver.map_or(16 << 20, |archiver| archiver.segment_bytes);
        let postgres = self.plan.postgres_of(spec);
        self.last = Some(Recovered { course, postgres, aim, segment_bytes, server: living });
        Ok(())
    }

    /// Restores the database, and waits until the application can write to it.
    async fn fill(
        &self,
        stage: &Stage,
        living: &Arc<Server>,
        course: &Course,
        database: &str,
    ) -> Result<(), Trouble> {
        let Restorer::Contents(contents) = self.plan.engine.engine().restorer() else {
            let said = "this engine restores files, of a cluster as a whole";
            return Err(Trouble::subject(SubjectCause::Command, said));
        };
        contents.restore_database(stage, living, course, database).await?;
        stage.note(Event::Ticked(Tick::Fetched))?;
        let (login, note) = (self.application(), format!("probe {}", nonce()?));
        await_write(stage, living, &login, &note, Instant::now(), RECOVERY_LIMIT).await
    }
}

/// Moves the database out of the way, whoever is connected to it; its name then, if it is there.
async fn make_way(
    stage: &Stage,
    living: &Server,
    database: &str,
) -> Result<Option<String>, Trouble> {
    let during = "look for the database that was struck";
    let literal = quote_literal(database);
    let look = format!("SELECT oid FROM pg_catalog.pg_database WHERE datname = {literal}");
    if say(living, during, &look).await? == 0 {
        return Ok(None);
    }
    let kept = database.floor_char_boundary(NAME_MAX - STRUCK.len());
    let aside = format!("{}{STRUCK}", &database[..kept]);
    let during = "move the database that was struck out of the way";
    let (from, to) = (quote_ident(database), quote_ident(&aside));
    // Nobody comes in while those who are there are shown out.
    say(living, during, &format!("ALTER DATABASE {from} ALLOW_CONNECTIONS false")).await?;
    let end = format!(
        "SELECT pg_catalog.pg_terminate_backend(pid, 10000) \
         FROM pg_catalog.pg_stat_activity WHERE datname = {literal}"
    );
    say(living, during, &end).await?;
    say(living, during, &format!("ALTER DATABASE {from} RENAME TO {to}")).await?;
    stage.remark(format!(
        "database {database} made way as {aside}, until the new one took a write"
    ))?;
    Ok(Some(aside))
}

/// Says one statement to the server; how many rows came of it.
async fn say(living: &Server, during: &str, statement: &str) -> Result<usize, Trouble> {
    let mut session = living.connect("postgres").await.map_err(refused(during))?;
    let tables = session.query(statement, QUERY_LIMIT).await.map_err(refused(during))?;
    Ok(tables.last().map_or(0, |table| table.rows.len()))
}
