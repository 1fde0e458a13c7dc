//! A change by SQL of what was recovered: what a restore loses when nobody notices.

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, Sabotaged};
use pgrehearse_verdict::question::Table;

use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Session, SqlTrouble, Stage, Trouble};
use crate::sabotage::original::{nothing_changed, nothing_of_the_kind};
use crate::sabotage::{Facts, Recovered, Sabotage, Spoils, SpoilsRecovered};

/// What a query of candidates can begin with: the schemas that are the application's.
const OURS: &str = "WITH ours AS (SELECT oid, nspname FROM pg_catalog.pg_namespace \
     WHERE nspname NOT LIKE 'pg\\_%' \
     AND nspname NOT IN ('information_schema', 'pgrehearse', 'ledger')) ";

/// Places that are looked at for one where there is something to change.
const LOOKS_MAX: usize = 16;
/// What a look says of a value that is not there.
const NOTHING: &str = "nothing";

/// A sabotage that is one change by SQL in the application's database, to one of several things.
pub(super) struct Edit {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The class of harm.
    pub(super) class: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// A query, a row for each thing that could be changed, always in the same order: what it is, a
    /// query that tells it from what it was before, and the statements that change it. It may name
    /// `ours`, the schemas of the application.
    pub(super) candidates: &'static str,
}

impl Sabotage for Edit {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: self.class,
            caught_by: self.caught_by,
            engines: None,
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Recovered(self)
    }
}

/// One thing that can be changed.
struct Candidate {
    what: String,
    look: String,
    changes: Vec<String>,
}

#[async_trait]
impl SpoilsRecovered for Edit {
    async fn spoil(&self, _stage: &Stage, of: &Recovered<'_>) -> Result<Sabotaged, Trouble> {
        let failed = |error: SqlTrouble| {
            // A change of ours that cannot be made says nothing about the backup.
            Trouble::rig(RigCause::NotADrill, format!("spoil by `{}`: {error}", self.name))
        };
        let mut session = connect(of.server, of.database).await.map_err(failed)?;
        let asked = format!("{OURS}{}", self.candidates);
        let listed = session.query(&asked, QUERY_LIMIT).await.map_err(failed)?;
        let mut all = candidates(listed.into_iter().next()).ok_or_else(|| {
            // Taken for nothing of the kind, it would excuse the twin.
            let said = format!("`{}` asked what there is, and was not answered whole", self.name);
            Trouble::rig(RigCause::NotADrill, said)
        })?;
        let Some(at) = of.place.checked_rem(all.len() as u64) else {
            return Ok(nothing_of_the_kind());
        };
        all.rotate_left(usize::try_from(at).unwrap_or(0));
        all.truncate(LOOKS_MAX);
        let (mut later, mut refused) = (vec![], String::new());
        for chosen in all {
            let before = look(&mut *session, &chosen.look).await.map_err(failed)?;
            if before.is_empty() || before == NOTHING {
                later.push((chosen, before));
                continue;
            }
            match change(&mut *session, &chosen).await.map_err(failed)? {
                Some(error) => refused = error,
                None => return self.told(of, chosen, &before).await.map_err(failed),
            }
        }
        // Where there is nothing anywhere, something is to be added.
        for (chosen, before) in later {
            match change(&mut *session, &chosen).await.map_err(failed)? {
                Some(error) => refused = error,
                None => return self.told(of, chosen, &before).await.map_err(failed),
            }
        }
        Ok(nothing_changed(&refused))
    }
}

impl Edit {
    /// What was done, and whether it is there for another session, too.
    async fn told(
        &self,
        of: &Recovered<'_>,
        done: Candidate,
        before: &str,
    ) -> Result<Sabotaged, SqlTrouble> {
        let mut again = connect(of.server, of.database).await?;
        let after = look(&mut *again, &done.look).await?;
        let Candidate { what, look, changes } = done;
        Ok(Sabotaged {
            change: format!("{what}: {}", changes.join("; ")),
            proof: (before != after)
                .then(|| format!("`{look}` said `{before}` before, and `{after}` after")),
            ..Sabotaged::default()
        })
    }
}

/// Makes a change, or says what holds on to it while nothing is changed yet: another place may do.
async fn change(
    session: &mut dyn Session,
    chosen: &Candidate,
) -> Result<Option<String>, SqlTrouble> {
    for (number, change) in chosen.changes.iter().enumerate() {
        let untouched = chosen.changes[..number].iter().all(|done| done.starts_with("SET "));
        match session.query(change, QUERY_LIMIT).await {
            Ok(_) => {}
            Err(error) if error.code.is_some() && !error.lost && untouched => {
                return Ok(Some(format!("{}: {error}", chosen.what)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

async fn connect(server: &Server, database: &str) -> Result<Box<dyn Session>, SqlTrouble> {
    let mut session = server.connect(database).await?;
    // Whatever the database says of its sessions, this one is to change something.
    session.query("SET default_transaction_read_only = off", QUERY_LIMIT).await?;
    Ok(session)
}

/// The rows as candidates; nothing where one lacks a value, or where there was no answer.
fn candidates(answer: Option<Table>) -> Option<Vec<Candidate>> {
    let rows = answer?.rows.into_iter().map(|row| {
        let mut row = row.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let (what, look) = (row.next()?, row.next()?);
        let changes: Vec<String> = row.collect();
        (!changes.is_empty()).then_some(Candidate { what, look, changes })
    });
    rows.collect()
}

/// All that the last answer says, as one line.
async fn look(session: &mut dyn Session, query: &str) -> Result<String, SqlTrouble> {
    let tables = session.query(query, QUERY_LIMIT).await?;
    let rows = tables.into_iter().next_back().unwrap_or_default().rows;
    let shown = |cell: Option<String>| cell.unwrap_or_else(|| NOTHING.to_owned());
    let cells = rows.into_iter().flatten().map(shown);
    Ok(cells.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(rows: &[&[Option<&str>]]) -> Option<usize> {
        let row = |row: &&[Option<&str>]| row.iter().map(|cell| cell.map(str::to_owned)).collect();
        let table = Table { rows: rows.iter().map(row).collect(), ..Table::default() };
        candidates(Some(table)).map(|all| all.len())
    }

    #[test]
    fn an_answer_that_is_not_whole_is_not_nothing_of_the_kind() {
        assert_eq!(count(&[]), Some(0));
        assert_eq!(count(&[&[Some("it"), Some("look"), Some("change")]]), Some(1));
        assert_eq!(count(&[&[None, Some("look"), Some("change"), Some("change")]]), None);
        assert_eq!(count(&[&[Some("it"), Some("look"), None]]), None);
        assert_eq!(count(&[&[Some("it"), Some("look")]]), None);
        assert!(candidates(None).is_none());
    }
}
