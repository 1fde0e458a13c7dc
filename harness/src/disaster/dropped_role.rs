//! A role is dropped, with the usual recipe: what it owns goes to another, what it was granted is
//! revoked.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use pgrehearse_verdict::journal::{RigCause, SubjectCause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::table::{Hold, cell};
use crate::disaster::transaction::in_transaction;
use crate::disaster::{Disaster, Nature, Note};
use crate::drill::locate::{File, Harm, Rows, Written};
use crate::drill::{QUERY_LIMIT, SUPERUSER, Server, quote_ident, quote_literal};
use crate::rig::{SqlTrouble, Stage, Trouble};

/// What one role may own and be granted, in pieces.
const PIECES_MAX: usize = 100_000;
/// The tablespace of the catalogues that all databases share.
const PG_GLOBAL: u32 = 1664;
/// Roles of the harness's own begin so.
const OWN: &str = "pgrehearse";

/// Which role is dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DroppedRole {
    /// The role.
    pub role: String,
    /// Who gets what it owns: `postgres`, where nothing is said.
    #[serde(default = "heir")]
    pub reassign_to: String,
    /// How long the last transaction stays open between the DROP and its COMMIT, at most 60 s, so
    /// that others commit while the harm is under way.
    #[serde(default)]
    pub hold: Hold,
}

fn heir() -> String {
    SUPERUSER.to_owned()
}

impl DroppedRole {
    pub(crate) const SUMMARY: &'static str =
        "a role is dropped by mistake: REASSIGN OWNED, DROP OWNED, DROP ROLE";
    pub(crate) const EXAMPLE: &'static str = "dropped_role: { role: shop_report }";

    fn undone(&self, why: &dyn std::fmt::Display) -> Trouble {
        let said = format!("the disaster did nothing to role `{}`: {why}", self.role);
        Trouble::rig(RigCause::NotADrill, said)
    }

    /// The databases in which it owns something or was granted something.
    async fn databases(&self, source: &Server) -> Result<Vec<String>, SqlTrouble> {
        let asked = format!(
            "SELECT DISTINCT datname FROM pg_catalog.pg_shdepend AS s \
             JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid \
             WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
             AND refobjid = {}::pg_catalog.regrole AND datallowconn ORDER BY datname",
            quote_literal(&quote_ident(&self.role))
        );
        let tables = source.connect("postgres").await?.query(&asked, QUERY_LIMIT).await?;
        let rows = tables.last().map(|table| table.rows.as_slice()).unwrap_or_default();
        Ok(rows.iter().filter_map(|row| row.first()?.clone()).collect())
    }

    /// Where the rows lie that make the role what it is: its own, and one for each thing that it
    /// owns or was granted.
    async fn rows(&self, source: &Server) -> Result<BTreeMap<File, Rows>, SqlTrouble> {
        let role = quote_literal(&quote_ident(&self.role));
        let asked = format!(
            "SELECT pg_catalog.pg_relation_filenode('pg_catalog.pg_authid'), ctid \
             FROM pg_catalog.pg_authid WHERE oid = {role}::pg_catalog.regrole \
             UNION ALL SELECT pg_catalog.pg_relation_filenode('pg_catalog.pg_shdepend'), ctid \
             FROM pg_catalog.pg_shdepend \
             WHERE refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass \
             AND refobjid = {role}::pg_catalog.regrole LIMIT {}",
            PIECES_MAX + 1
        );
        let tables = source.connect("postgres").await?.query(&asked, QUERY_LIMIT).await?;
        let rows = tables.last().map(|table| table.rows.as_slice()).unwrap_or_default();
        let trouble = |said: String| SqlTrouble { code: None, said, lost: false };
        if rows.len() > PIECES_MAX {
            return Err(trouble(format!("it owns more than {PIECES_MAX} things")));
        }
        let mut found: BTreeMap<File, BTreeSet<(u32, u16)>> = BTreeMap::new();
        for row in rows {
            let place = match row.as_slice() {
                [Some(file), Some(at)] => file.parse().ok().zip(place(at)),
                _ => None,
            };
            let (file, at) = place.ok_or_else(|| trouble("its rows have no place".to_owned()))?;
            found.entry(File::new(PG_GLOBAL, 0, file)).or_default().insert(at);
        }
        Ok(found.into_iter().map(|(file, rows)| (file, Rows::These(rows))).collect())
    }
}

/// Where a row lies, by its `ctid`: `(0,4)`.
pub(super) fn place(ctid: &str) -> Option<(u32, u16)> {
    let (page, pointer) = ctid.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some((page.parse().ok()?, pointer.parse().ok()?))
}

#[async_trait]
impl Disaster for DroppedRole {
    fn nature(&self) -> Nature {
        Nature { writes_wal: true, leaves_wal: true, leaves_server: true, harms: vec![] }
    }

    fn text(&self) -> String {
        let Self { role, reassign_to, .. } = self;
        format!("drop role {role}, what it owns goes to {reassign_to}")
    }

    async fn harm(&self, _stage: &Stage, source: &Server) -> Result<Option<Harm>, Trouble> {
        if self.role == SUPERUSER || self.role.starts_with(OWN) {
            return Err(self.undone(&"the drill itself needs it"));
        }
        let rows = self.rows(source).await.map_err(|error| self.undone(&error))?;
        let what = format!("role `{}`", self.role);
        Ok(Some(Harm::Written(Written { what, rows, least: 1, ..Written::default() })))
    }

    /// What it owns and may is settled in each database by itself; it goes with the last.
    async fn strike(&self, _stage: &Stage, source: &Server) -> Result<Note, Trouble> {
        let undone = |error: &SqlTrouble| self.undone(error);
        let (role, heir) = (quote_ident(&self.role), quote_ident(&self.reassign_to));
        let settle = format!("REASSIGN OWNED BY {role} TO {heir}; DROP OWNED BY {role}");
        let mut databases = self.databases(source).await.map_err(|error| undone(&error))?;
        let last = databases.pop().unwrap_or_else(|| "postgres".to_owned());
        let mut first: Option<Note> = None;
        for database in databases {
            let mut session = source.connect(&database).await.map_err(|error| undone(&error))?;
            let struck = in_transaction(&mut *session, &settle, std::time::Duration::ZERO).await;
            first = first.or(Some(struck.map_err(|failed| failed.or_undone(undone))?));
        }
        let mut session = source.connect(&last).await.map_err(|error| undone(&error))?;
        let drop = format!("{settle}; DROP ROLE {role}");
        let struck = in_transaction(&mut *session, &drop, self.hold.0).await;
        let struck = struck.map_err(|failed| failed.or_undone(undone))?;
        Ok(first.unwrap_or(struck))
    }

    async fn witness(&self, _stage: &Stage, source: &Server) -> Result<(String, bool), Trouble> {
        let asked = format!(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_roles WHERE rolname = {}",
            quote_literal(&self.role)
        );
        let looking = |error: SqlTrouble| {
            let said = format!("looking for role `{}`: {error}", self.role);
            Trouble::subject(SubjectCause::Server, said)
        };
        let mut session = source.connect("postgres").await.map_err(looking)?;
        let tables = session.query(&asked, QUERY_LIMIT).await.map_err(looking)?;
        match cell(&tables) {
            Some("0") => Ok((format!("role `{}` is gone", self.role), true)),
            _ => Ok((format!("role `{}` is still there", self.role), false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_owns_goes_to_the_superuser_where_nothing_is_said() {
        let spec: DroppedRole = serde_json::from_str(r#"{"role": "a"}"#).expect("a spec");
        assert_eq!(spec.text(), "drop role a, what it owns goes to postgres");
    }

    #[test]
    fn a_place_is_a_page_and_a_line_pointer() {
        assert_eq!(place("(12,4)"), Some((12, 4)));
        assert!(place("12,4").is_none() && place("(12)").is_none() && place("(a,4)").is_none());
    }
}
