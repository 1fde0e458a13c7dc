//! Functions of an extension that comes with the server: found where the database has it, made
//! for the length of a transaction where it has not.

use crate::drill::ask::attempt::{attempt, misshapen};
use crate::drill::{QUERY_LIMIT, quote_literal};
use crate::rig::{Session, SqlTrouble};

/// A function of an extension.
pub(super) struct Function {
    pub name: String,
    /// As it is called, its schema before it.
    pub call: String,
    /// The names of its arguments.
    pub arguments: String,
}

/// The functions of `extension`, of each name the one with the most arguments first; or why there
/// are none. It is for the caller to roll back.
pub(super) async fn functions(
    session: &mut dyn Session,
    extension: &str,
) -> Result<Result<Vec<Function>, String>, SqlTrouble> {
    let found = there(session, extension).await?;
    if !found.is_empty() {
        return Ok(Ok(found));
    }
    let schema = format!("pgrehearse_{extension}");
    let make = format!("CREATE SCHEMA {schema}; CREATE EXTENSION {extension} SCHEMA {schema}");
    Ok(match attempt(session, &make, false).await? {
        Ok(_) => Ok(there(session, extension).await?),
        Err(said) => Err(format!("`{extension}` cannot be made: {said}")),
    })
}

async fn there(session: &mut dyn Session, extension: &str) -> Result<Vec<Function>, SqlTrouble> {
    let sql = format!(
        "SELECT p.proname, format('%I.%I', n.nspname, p.proname), p.proargnames::text
         FROM pg_catalog.pg_extension AS e
         JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_extension'::regclass
           AND d.refobjid = e.oid AND d.classid = 'pg_catalog.pg_proc'::regclass
           AND d.deptype = 'e'
         JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
         JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
         WHERE e.extname = {}
         ORDER BY p.proname, p.pronargs DESC",
        quote_literal(extension)
    );
    let rows = session.query(&sql, QUERY_LIMIT).await?.into_iter().flat_map(|t| t.rows);
    let read = |row: Vec<Option<String>>| {
        let row: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
        let Ok([name, call, arguments]) = <[String; 3]>::try_from(row) else {
            return Err(misshapen("the functions did not come as they were asked for"));
        };
        Ok(Function { name, call, arguments })
    };
    rows.map(read).collect()
}
