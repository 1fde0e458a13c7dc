//! A session of a script.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::question::Table;

use super::call::Call;
use super::reply::What;
use super::rig::{ScriptedRig, lost, unfit};
use crate::rig::{CopySink, Session, SqlTrouble};

/// A connection that exists in memory only.
pub(super) struct ScriptedSession {
    pub rig: ScriptedRig,
    pub node: String,
    pub user: String,
    pub database: String,
    pub number: u64,
    /// The process of the server it leads to; `None` where a rule stands in for a server.
    pub server: Option<u32>,
    pub notices: Vec<(String, String)>,
    /// Closed by a loss or a limit, or by an answer that was not waited for.
    pub closed: bool,
}

impl ScriptedSession {
    fn leads_there(&self) -> bool {
        self.rig.world(|world| world.server_pid(&self.node)) == self.server
    }

    async fn ask(&mut self, sql: &str, copy: bool, limit: Duration) -> Result<What, SqlTrouble> {
        let cut = || Err(lost("the connection is closed".to_owned()));
        if std::mem::replace(&mut self.closed, true) || !self.leads_there() {
            return cut();
        }
        let (node, user, database) = (self.node.clone(), self.user.clone(), self.database.clone());
        let (session, sql) = (self.number, sql.to_owned());
        let call = Call::Query { node, user, database, session, sql, copy };
        let answered = self.rig.answer(call, Some(limit)).await;
        // The server may have died while the answer was on its way.
        if !self.leads_there() {
            return cut();
        }
        self.closed = answered.as_ref().is_err_and(|trouble| trouble.lost);
        let came = answered?;
        self.notices.extend(came.notices);
        Ok(came.what)
    }
}

#[async_trait]
impl Session for ScriptedSession {
    async fn query(&mut self, sql: &str, limit: Duration) -> Result<Vec<Table>, SqlTrouble> {
        match self.ask(sql, false, limit).await? {
            What::Tables(tables) => Ok(tables),
            What::Done => {
                let statements = sql.split(';').filter(|text| !text.trim().is_empty());
                Ok(statements.map(|_| Table::default()).collect())
            }
            other => Err(lost(unfit(&other).said)),
        }
    }

    async fn copy_out(
        &mut self,
        sql: &str,
        mut sink: Box<dyn CopySink>,
        limit: Duration,
    ) -> Result<(u64, Box<dyn CopySink>), SqlTrouble> {
        match self.ask(sql, true, limit).await? {
            What::Rows(rows) => {
                rows.iter().for_each(|row| sink.row(format!("{row}\n").as_bytes()));
                Ok((rows.len() as u64, sink))
            }
            What::Done => Ok((0, sink)),
            other => Err(lost(unfit(&other).said)),
        }
    }

    fn notices(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.notices)
    }
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        self.rig.world(|world| world.sessions.remove(&self.number));
    }
}
