//! A change on the disk of what was recovered: the server is stopped meanwhile, as by the disaster
//! of the same kind, whose own look at the damage is the oracle.

use async_trait::async_trait;
use pgrehearse_verdict::journal::{Cause, RigCause, Sabotaged};

use crate::disaster::{CorruptPages, Disaster, Mode, Of, TableName};
use crate::drill::{QUERY_LIMIT, refused};
use crate::rig::{Stage, Trouble};
use crate::sabotage::original::{nothing_changed, nothing_of_the_kind};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// Tables with rows, a primary key and long values, those of the application.
const TABLES: &str = "SELECT n.nspname || '.' || c.relname FROM pg_catalog.pg_class AS c \
     JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace \
     JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid AND i.indisprimary \
     WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT LIKE 'pg\\_%' \
     AND n.nspname NOT IN ('information_schema', 'pgrehearse', 'ledger') \
     AND (n.nspname || c.relname) !~ '[.\"]' AND pg_catalog.pg_relation_size(c.oid) > 0 \
     AND (NOT {long} OR pg_catalog.pg_relation_size(NULLIF(c.reltoastrelid, 0)) > 0) \
     ORDER BY 1";

/// A sabotage that is one change of one file of one table.
pub(super) struct Damage {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// What is done to the file.
    pub(super) mode: Mode,
    /// Which file of the table.
    pub(super) of: Of,
}

impl Sabotage for Damage {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: "pages",
            caught_by: self.caught_by,
            engines: None,
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

#[async_trait]
impl SpoilsRecovered for Damage {
    async fn spoil(&self, stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        let during = "look for a table to damage";
        let mut session = of.server.connect(of.database).await.map_err(refused(during))?;
        let asked = TABLES.replace("{long}", if self.of == Of::Toast { "true" } else { "false" });
        let listed = session.query(&asked, QUERY_LIMIT).await.map_err(refused(during))?;
        drop(session);
        let none = || Trouble::rig(RigCause::NotADrill, format!("{during}: no answer"));
        let rows = listed.into_iter().next().ok_or_else(none)?.rows;
        let names: Vec<String> = rows.into_iter().flatten().flatten().collect();
        let Some(at) = of.place.checked_rem(names.len() as u64) else {
            return Ok(nothing_of_the_kind());
        };
        let name = names.into_iter().nth(usize::try_from(at).unwrap_or(0)).unwrap_or_default();
        let unnamed = |said: String| Trouble::rig(RigCause::NotADrill, said);
        let damage = CorruptPages {
            table: TableName::try_from(name).map_err(unnamed)?,
            database: Some(of.database.to_owned()),
            of: self.of,
            mode: self.mode,
        };
        let done = match damage.harm(stage, of.server).await {
            Ok(_) => damage.strike_with(stage, of.server, of.settings).await,
            Err(trouble) => Err(trouble),
        };
        match done {
            // This table has nothing that could be damaged: another may have.
            Err(trouble) if trouble.cause == Cause::Rig(RigCause::NotADrill) => {
                return Ok(nothing_changed(&trouble.said));
            }
            done => done?,
        }
        let (said, so) = damage.witness(stage, of.server).await?;
        Ok(Sabotaged { change: damage.text(), proof: so.then_some(said), ..Sabotaged::default() })
    }
}
