//! Drops the table, and looks whether it is gone.

use async_trait::async_trait;
use pgrehearse_verdict::journal::SubjectCause;

use crate::disaster::table::{Named, relations};
use crate::disaster::transaction::in_transaction;
use crate::disaster::{Disaster, DropTable, Nature, Note};
use crate::drill::Server;
use crate::drill::locate::Harm;
use crate::rig::{SqlTrouble, Stage, Trouble};

/// The SQLSTATE of a DROP that other objects stand against.
const DEPENDED_ON: &str = "2BP01";

impl DropTable {
    fn named(&self) -> Named<'_> {
        Named { table: &self.table, database: self.database.as_ref() }
    }
}

#[async_trait]
impl Disaster for DropTable {
    fn nature(&self) -> Nature {
        Nature {
            writes_wal: true,
            leaves_wal: true,
            leaves_server: true,
            harms: vec![self.table.to_string()],
        }
    }

    fn text(&self) -> String {
        let cascade = if self.cascade { " with all that depends on it" } else { "" };
        format!("drop table {}{cascade}", self.table)
    }

    /// The files of the table or, for a partitioned one, of one of its partitions: they go in the
    /// same transaction.
    async fn harm(&self, _stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        let named = self.named();
        let (_, mut session) = named.place(source).await?;
        let found = relations(&mut *session, &self.table).await;
        let found = found.map_err(|error| named.undone(&error))?;
        let file = found.into_iter().find_map(|(_, file)| file);
        let none = "it has no file of its own, so that WAL would not name it";
        Ok(Some(Harm::removed(file.ok_or_else(|| named.undone(&none))?)))
    }

    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let named = self.named();
        let (_, mut session) = named.place(source).await?;
        let cascade = if self.cascade { " CASCADE" } else { "" };
        let drop = format!("DROP TABLE {}{cascade}", self.table.quoted());
        let undone = |error: &SqlTrouble| {
            let hint = match error.code.as_deref() {
                Some(DEPENDED_ON) => "\nhint: without `cascade: false` what depends on it goes too",
                _ => "",
            };
            named.undone(&format!("{error}{hint}"))
        };
        let struck = in_transaction(&mut *session, &drop, self.hold.0).await;
        struck.map_err(|failed| failed.or_undone(undone))
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let places = self.named().places(source).await.map_err(|error| {
            let said = format!("looking for table `{}`: {error}", self.table);
            Trouble::subject(SubjectCause::Server, said)
        })?;
        let said = match places.first() {
            None => format!("table `{}` is gone", self.table),
            Some((database, _)) => {
                format!("table `{}` is still in database `{database}`", self.table)
            }
        };
        Ok((said, places.is_empty()))
    }
}
