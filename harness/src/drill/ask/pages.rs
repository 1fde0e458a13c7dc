//! Whether all that a server keeps can be read, and what lies in its files once it is stopped.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::ask::attempt::attempt;
use crate::drill::ask::constraints::listed;
use crate::drill::ask::visit::Visit;
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Command, Place, Session, SqlTrouble};

/// How long reading all files may take.
const SCAN_LIMIT: Duration = Duration::from_secs(4 * 3600);
/// Lines of `pg_checksums` that are kept.
const LINES_MAX: usize = 100;

/// A server that is told to go on over damaged pages makes them empty.
const NO_MERCY: &str =
    "SET LOCAL zero_damaged_pages = off; SET LOCAL ignore_checksum_failure = off";

/// (relation, what reads it). What is read is turned into text by the server, long values and all,
/// and goes nowhere: `/dev/null` is the server's own. As it is kept, without a conversion: a
/// database of `SQL_ASCII` may hold any bytes, and whether a text is one is asked by `text`.
const RELATIONS: &str = "
SELECT CASE c.relkind WHEN 't' THEN format('long values of %I.%I', m.nspname, o.relname)
    ELSE format('%I.%I', n.nspname, c.relname) END,
  format('COPY (SELECT * FROM ONLY %I.%I) TO ''/dev/null'' (ENCODING ''SQL_ASCII'')',
    n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_class AS o ON o.reltoastrelid = c.oid AND c.relkind = 't'
LEFT JOIN pg_catalog.pg_namespace AS m ON m.oid = o.relnamespace
WHERE c.relkind IN ('r', 'm', 't', 'S') AND c.relispopulated AND c.relpersistence <> 't'
ORDER BY c.oid";

/// Reads every relation of every database to its end.
pub(super) async fn pages(visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut table = Table::new(columns::PAGES);
    for visited in &mut visit.databases {
        let database = visited.name.clone();
        let found = relations(visited.before().await?).await;
        let read = visited.after(found).await?.into_iter();
        table.rows.extend(
            read.map(|(relation, said)| vec![Some(database.clone()), Some(relation), said]),
        );
    }
    Ok(table)
}

/// All at once, and only if that fails one by one.
async fn relations(session: &mut dyn Session) -> Result<Vec<(String, Option<String>)>, SqlTrouble> {
    let relations = listed::<2>(session, RELATIONS).await?;
    session.query(NO_MERCY, QUERY_LIMIT).await?;
    let all: Vec<&str> = relations.iter().map(|[_, copy]| copy.as_str()).collect();
    let well = attempt(session, &all.join("; "), false).await?.is_ok();
    let mut read = vec![];
    for [relation, copy] in relations {
        let said = if well { None } else { attempt(session, &copy, false).await?.err() };
        read.push((relation, said));
    }
    Ok(read)
}

/// What `pg_checksums` says of the files of a server that was stopped in order.
pub(super) async fn checksums(server: &Server) -> Result<Table, String> {
    let (tool, data) = (server.node.tool("pg_checksums"), server.node.place(Place::Data));
    let argv = [&*tool, "--check", "-D", &data];
    let command = Command::new("verify the checksums of all pages", SCAN_LIMIT, argv);
    let ran = server.node.run(&command.env("LC_ALL", "C")).await;
    let output = ran.map_err(|trouble| trouble.to_string())?;
    let exit = output.exit.ok_or_else(|| format!("`{tool}` did not end by itself"))?;
    Ok(parse(exit, &output.text(), &String::from_utf8_lossy(&output.stderr)))
}

fn parse(exit: i32, out: &str, err: &str) -> Table {
    let pair = |name: &str, value: &str| vec![Some(name.to_owned()), Some(value.to_owned())];
    let mut table = Table::new(columns::CHECKSUMS);
    table.rows.push(pair("exit", &exit.to_string()));
    let figures = out.lines().filter_map(|line| line.split_once(':'));
    table.rows.extend(figures.map(|(name, value)| pair(name.trim(), value.trim())));
    table.rows.extend(err.lines().take(LINES_MAX).map(|line| pair("said", line)));
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_kept_by_their_names_and_errors_as_they_are() {
        let out = "Checksum operation completed\nFiles scanned:   948\nBlocks scanned:  2799\n\
                   Bad checksums:  1\nData checksum version: 1\n";
        let table = parse(1, out, "pg_checksums: error: checksum verification failed\n");
        for (name, value) in [("exit", "1"), ("Blocks scanned", "2799"), ("Bad checksums", "1")] {
            assert_eq!(table.pair(name), Some(value));
        }
        assert_eq!(table.pair("said"), Some("pg_checksums: error: checksum verification failed"));
    }
}
