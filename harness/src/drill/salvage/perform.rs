//! A salvage as a recovery: aside, over, and asked everything of the living database.

use std::sync::Arc;

use pgrehearse_verdict::journal::{Event, RigCause, Scope, Tick};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::Moment;
use tokio::time::Instant;

use crate::disaster::TableName;
use crate::drill::perform::Drill;
use crate::drill::probe::{await_promoted, await_write};
use crate::drill::questions::questions;
use crate::drill::recover::{RECOVERY_LIMIT, Recovered};
use crate::drill::salvage::contents::Salvage;
use crate::drill::secrets::nonce;
use crate::drill::within::within;
use crate::drill::{ISOLATED, QUERY_LIMIT, SUPERUSER, Server, ask, refused};
use crate::engine::Course;
use crate::plan::{Postgres, Recover};
use crate::rig::{Node, Stage, Trouble};

impl Drill<'_> {
    /// Puts `table` back into the living database, under its workload.
    pub(in crate::drill) async fn salvage(
        &mut self,
        spec: &Recover,
        table: &TableName,
    ) -> Result<(), Trouble> {
        self.recoveries += 1;
        let number = self.recoveries;
        let stage = self.stage.scoped(Scope::Recovery(number));
        stage.note(Event::Ticked(Tick::Begun))?;
        let begun = Instant::now();
        let end_of_wal = self.archive_all().await?;
        self.leave_last().await?;
        let postgres = self.plan.postgres_of(spec);
        let node = self.ground(&stage, &postgres, &format!("aside-{number}")).await?;
        let (course, aim) = self.aim(&stage, &*node, spec, Some(end_of_wal)).await?;
        stage.note(Event::Aimed(aim.clone()))?;
        stage.note(Event::Ticked(Tick::Located))?;
        let recovered = self.recover_aside(&stage, node, &postgres, &course, begun);
        let aside = within(&stage, spec.within, begun, recovered).await?;
        let living = self.source.clone();
        let folder = format!("salvage-{number}");
        let salvage = Salvage { stage: &stage, aside: &aside, living: &living, folder };
        within(&stage, spec.within, begun, salvage.carry(table)).await?;
        let loaded = Instant::now();
        stage.note(Event::Ticked(Tick::Loaded))?;
        let (login, note) = (self.application(), format!("probe {}", nonce()?));
        await_write(&stage, &living, &login, &note, loaded, RECOVERY_LIMIT).await?;
        aside.node.destroy().await?;
        self.finish().await?;
        let (table, until) = (table.to_string(), end_of(&living).await?);
        stage.note(Event::Salvaged { table, until })?;
        let wanted = questions(&self.plan.brief, &Moment::Recovered);
        ask(&stage, &living, &self.asker, &Moment::Recovered, &wanted).await?;
        stage.note(Event::Ticked(Tick::Verified))?;
        self.ask_chain(&stage, &*living.node).await?;
        self.ask_to_the_end(&stage, &living, ISOLATED).await?;
        let segment_bytes = self.archiver.map_or(16 << 20, |archiver| archiver.segment_bytes);
        self.last = Some(Recovered { course, postgres, aim, segment_bytes, server: living });
        Ok(())
    }

    /// A server beside the living one, as it was before the harm. Whatever comes of it, its log is
    /// asked for.
    async fn recover_aside(
        &self,
        stage: &Stage,
        node: Arc<dyn Node>,
        postgres: &Postgres,
        course: &Course,
        begun: Instant,
    ) -> Result<Arc<Server>, Trouble> {
        let password = self.secrets.password(SUPERUSER);
        let aside = Arc::new(Server::new(node, postgres.clone(), password, nonce()?));
        let begun = self.stand_up(stage, &aside, course, begun).await?;
        let promoted = await_promoted(stage, &aside, begun, RECOVERY_LIMIT).await;
        let wanted = questions(&self.plan.brief, &Moment::Aside);
        ask(stage, &aside, &self.asker, &Moment::Aside, &wanted).await?;
        promoted.map(|()| aside)
    }
}

/// Where a server's WAL ends now.
async fn end_of(server: &Server) -> Result<Lsn, Trouble> {
    let during = "ask where WAL ends";
    let mut session = server.connect("postgres").await.map_err(refused(during))?;
    let ask = "SELECT pg_current_wal_insert_lsn()";
    let tables = session.query(ask, QUERY_LIMIT).await.map_err(refused(during))?;
    let answer = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
    answer
        .unwrap_or_default()
        .parse()
        .map_err(|error| Trouble::rig(RigCause::NotADrill, format!("{during}: {error}")))
}
