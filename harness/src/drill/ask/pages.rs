//! Whether all that a server keeps can be read, and what lies in its files once it is stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns, reading};

use crate::drill::ask::attempt::{attempt, misshapen};
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

/// (relation, what reads it, what asks who wrote it, its number). What is read is turned into text
/// by the server, long values and all, and goes nowhere: `/dev/null` is the server's own. As it is
/// kept, without a conversion: a database of `SQL_ASCII` may hold any bytes, and whether a text is
/// one is asked by `text`.
const RELATIONS: &str = "
SELECT CASE c.relkind WHEN 't' THEN format('long values of %I.%I', m.nspname, o.relname)
    ELSE format('%I.%I', n.nspname, c.relname) END,
  format('COPY (SELECT * FROM ONLY %I.%I) TO ''/dev/null'' (ENCODING ''SQL_ASCII'')',
    n.nspname, c.relname),
  format('SELECT %s, d.xid::text FROM (SELECT DISTINCT xmin::text::bigint AS xid FROM ONLY %I.%I)
    AS d CROSS JOIN (SELECT now.next >> 32 AS epoch, now.next & 4294967295 AS next FROM (SELECT
      pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint AS next) AS now
    ) AS head WHERE CASE WHEN d.xid <= 2 THEN false
      WHEN d.xid > head.next AND head.epoch = 0 THEN true
      ELSE pg_catalog.pg_xact_status(((head.epoch - (d.xid > head.next)::int) << 32 | d.xid)
        ::text::xid8) <> ''committed'' END LIMIT 1', c.oid, n.nspname, c.relname), c.oid::text
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
///
/// Whether a transaction was committed stands in files of their own, which have no checksums. A row
/// that was read before carries what became of it, and is seen whatever they say, until VACUUM asks
/// them: so who wrote the rows that are seen is asked here.
async fn relations(session: &mut dyn Session) -> Result<Vec<(String, Option<String>)>, SqlTrouble> {
    let relations = listed::<4>(session, RELATIONS).await?;
    session.query(NO_MERCY, QUERY_LIMIT).await?;
    let all = |at: usize| {
        let each: Vec<&str> = relations.iter().map(|row| row[at].as_str()).collect();
        each.join("; ")
    };
    let well = attempt(session, &all(1), false).await?.is_ok();
    let uncommitted = match attempt(session, &all(2), false).await? {
        Ok(tables) => Some(written_by(tables)?),
        Err(_) => None,
    };
    let mut read = vec![];
    for [relation, copy, writers, oid] in relations {
        let mut said = if well { None } else { attempt(session, &copy, false).await?.err() };
        if said.is_none() {
            said = match &uncommitted {
                Some(found) => found.get(&oid).cloned(),
                None => match attempt(session, &writers, false).await? {
                    Ok(tables) => written_by(tables)?.remove(&oid),
                    Err(said) => Some(said),
                },
            };
        }
        read.push((relation, said));
    }
    Ok(read)
}

/// What is to be said of each relation that shows rows of a transaction which was not committed.
fn written_by(tables: Vec<Table>) -> Result<BTreeMap<String, String>, SqlTrouble> {
    let pair = |row: Vec<Option<String>>| match <[_; 2]>::try_from(row) {
        Ok([Some(oid), Some(xid)]) => Ok((oid, format!("{}: {xid}", reading::UNCOMMITTED))),
        // Left out, it would read as committed.
        _ => Err(misshapen("who wrote the rows that are seen was not answered as it was asked")),
    };
    tables.into_iter().flat_map(|table| table.rows).map(pair).collect()
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
    fn an_answer_of_another_shape_is_not_taken_for_committed() {
        let answer = |row: &[Option<&str>]| {
            let row = row.iter().map(|it| it.map(str::to_owned)).collect();
            written_by(vec![Table { rows: vec![row], ..Table::default() }])
        };
        let told = answer(&[Some("16384"), Some("745")]).unwrap();
        assert_eq!(told["16384"], "uncommitted: 745");
        assert!(answer(&[Some("16384"), None]).is_err());
        assert!(answer(&[Some("16384")]).is_err());
    }

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
