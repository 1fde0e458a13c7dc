//! Whether the visibility map of each table tells the truth.
//!
//! A scan of an index alone believes it, and so does a VACUUM: rows that it passes over for ever
//! are lost when the transaction numbers come round. A map of another moment has good checksums,
//! and where no index is scanned alone no count shows it.

use pgrehearse_verdict::question::{Table, looked};

use crate::drill::ask::attempt::attempt;
use crate::drill::ask::extension::functions;
use crate::drill::ask::indexes::{Heap, Line};
use crate::drill::quote_literal;
use crate::rig::{Session, SqlTrouble};

/// Looks at the map of every table: all at once, and only if that fails one by one.
pub(super) async fn maps(
    session: &mut dyn Session,
    tables: &[Heap],
    lines: &mut Vec<Line>,
) -> Result<(), SqlTrouble> {
    let look = match calls(session).await? {
        Ok(look) => look,
        Err(said) => {
            let untried = |it: &Heap| (it.identity.clone(), looked::VISIBILITY, Some(said.clone()));
            lines.extend(tables.iter().map(untried));
            return Ok(());
        }
    };
    let oids: Vec<&str> = tables.iter().map(|it| it.oid.as_str()).collect();
    let all = attempt(session, &look.of(&oids), true).await?.ok();
    for Heap { oid, identity } in tables {
        let said = match &all {
            Some(found) => read(found, oid),
            None => match attempt(session, &look.of(&[oid]), true).await? {
                Ok(found) => read(&found, oid),
                Err(said) => Some(said),
            },
        };
        lines.push((identity.clone(), looked::VISIBILITY, said));
    }
    Ok(())
}

/// The two functions of `pg_visibility` as they are called.
struct Look {
    visible: String,
    frozen: String,
}

impl Look {
    /// Asks for the rows of each table of which the map says what is not so.
    fn of(&self, oids: &[&str]) -> String {
        let Look { visible, frozen } = self;
        let oids = quote_literal(&format!("{{{}}}", oids.join(",")));
        format!(
            "SELECT o::text, (SELECT pg_catalog.count(*) FROM {visible}(o::regclass))::text,
               (SELECT pg_catalog.count(*) FROM {frozen}(o::regclass))::text
             FROM pg_catalog.unnest({oids}::oid[]) AS o"
        )
    }
}

async fn calls(session: &mut dyn Session) -> Result<Result<Look, String>, SqlTrouble> {
    let found = functions(session, "pg_visibility").await?;
    Ok(found.and_then(|found| {
        let named = |name: &str| {
            let call = found.iter().find(|it| it.name == name).map(|it| it.call.clone());
            call.ok_or_else(|| format!("`pg_visibility` has no function `{name}`"))
        };
        Ok(Look { visible: named("pg_check_visible")?, frozen: named("pg_check_frozen")? })
    }))
}

/// What is amiss with one of the tables that were looked at.
fn read(found: &[Table], oid: &str) -> Option<String> {
    let mut rows = found.iter().flat_map(|table| &table.rows);
    let row = rows.find(|row| row.first().and_then(Option::as_deref) == Some(oid));
    let Some([_, Some(visible), Some(frozen)]) = row.map(Vec::as_slice) else {
        return Some("the server did not say".to_owned());
    };
    let disagrees = looked::DISAGREES;
    ((visible, frozen) != (&"0".to_owned(), &"0".to_owned())).then(|| {
        format!(
            "{disagrees}: the map calls {visible} rows visible to all that are not, and {frozen} \
             frozen that are not"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_well_only_if_both_counts_came_and_are_none() {
        let row = |visible: Option<&str>| {
            let row = [Some("7"), visible, Some("0")].map(|text| text.map(str::to_owned));
            let mut table = Table::new(&["o", "visible", "frozen"]);
            table.rows.push(row.to_vec());
            vec![table]
        };
        assert_eq!(read(&row(Some("0")), "7"), None);
        let said = "disagrees: the map calls 3 rows visible to all that are not, and 0 frozen that \
                    are not";
        assert_eq!(read(&row(Some("3")), "7").as_deref(), Some(said));
        for (found, oid) in [(row(None), "7"), (row(Some("0")), "8"), (vec![], "7")] {
            assert_eq!(read(&found, oid).as_deref(), Some("the server did not say"));
        }
    }
}
