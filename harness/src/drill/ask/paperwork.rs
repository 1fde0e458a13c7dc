//! What the server says of itself, and what lies beside it on its node: its log, and the history
//! of its timeline.

use std::fmt::Display;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::ask::visit::Visit;
use crate::drill::{QUERY_LIMIT, Redactor, Server};
use crate::rig::{Command, Output, Place};

/// The log is read in pieces of this many bytes: none is long enough to be cut on the way.
const PIECE_BYTES: usize = 1 << 20;
/// A log longer than this many pieces is refused: a part of it proves nothing.
const PIECES_MAX: usize = 64;

/// (name, value) pairs. The timeline of a server that was promoted is that of its WAL: the
/// control file still tells the old one until the next checkpoint.
const SERVER: &str = "
SELECT 'nonce', current_setting('pgrehearse.nonce')
UNION ALL SELECT 'system_identifier', system_identifier::text FROM pg_control_system()
UNION ALL SELECT 'version', current_setting('server_version_num')
UNION ALL SELECT 'in_recovery', pg_is_in_recovery()::text
UNION ALL SELECT 'started', pg_postmaster_start_time()::text
UNION ALL SELECT 'timeline', CASE WHEN pg_is_in_recovery()
    THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END::text
UNION ALL SELECT 'segment_bytes', setting FROM pg_settings WHERE name = 'wal_segment_size'
UNION ALL SELECT 'database_bytes', sum(pg_database_size(oid))::text FROM pg_database
UNION ALL SELECT name, setting FROM pg_settings WHERE name IN ('data_directory', 'archive_mode',
  'data_checksums', 'wal_level', 'fsync', 'full_page_writes', 'synchronous_commit')";

/// Who the server is, and which of its files are not its own.
pub(super) async fn server(visit: &mut Visit, server: &Server) -> Result<Table, String> {
    let answer = visit.query(SERVER).await.map_err(|trouble| trouble.to_string())?;
    let mut rows = answer.rows;
    rows.push(vec![Some("not_its_own".to_owned()), Some(not_its_own(server).await?)]);
    Ok(Table { rows, ..Table::new(columns::SERVER) })
}

/// The nonce of whoever answers in place of `server`, and nothing else: a stranger is asked no
/// further. `None` where nobody answers, or the one that is meant.
pub(super) async fn stranger(server: &Server) -> Option<Table> {
    let mut session = server.connect("postgres").await.ok()?;
    let asked = session.query("SHOW pgrehearse.nonce", QUERY_LIMIT).await.ok()?;
    let said = asked.first()?.rows.first()?.first()?.clone()?;
    let rows = vec![vec![Some("nonce".to_owned()), Some(said.clone())]];
    (said != server.nonce).then(|| Table { rows, ..Table::new(columns::SERVER) })
}

/// A file of the data directory that lies elsewhere, or that somebody else has as well: a server
/// that stands on the source's files, or on the backup's, was not restored. Nothing if all are its
/// own.
async fn not_its_own(server: &Server) -> Result<String, String> {
    let (data, spaces) = (server.node.place(Place::Data), server.node.place(Place::Tablespaces));
    let (inside, wal) = (format!("{spaces}/*"), format!("{data}/pg_wal/*"));
    // A server at work removes files while we look, and links its WAL files into place.
    let argv = ["find", &data, &spaces, "-ignore_readdir_race", "("]
        .into_iter()
        .chain(["-type", "l", "!", "-lname", &inside, "-o", "-type", "f", "-links", "+1"])
        .chain(["!", "-path", &wal, ")", "-print", "-quit"]);
    let found = read(server, "look for files that are not the server's own", argv).await?.text();
    Ok(found.lines().next().unwrap_or_default().to_owned())
}

/// The history file of the timeline the server is on; the first has none.
pub(super) async fn history(visit: &mut Visit, server: &Server) -> Result<Table, String> {
    let answer = visit.query(SERVER).await.map_err(|trouble| trouble.to_string())?;
    let timeline = answer.pair("timeline").and_then(|text| text.parse::<u32>().ok());
    let timeline = timeline.ok_or("the server does not say which timeline it is on")?;
    if timeline == 1 {
        return Ok(Table::new(columns::HISTORY));
    }
    let path = format!("{}/pg_wal/{timeline:08X}.history", server.node.place(Place::Data));
    let shown = read(server, "read the timeline's history", ["cat", "--", &path]).await?;
    parse_history(&shown.text())
}

fn parse_history(text: &str) -> Result<Table, String> {
    let mut table = Table::new(columns::HISTORY);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut parts = line.splitn(3, '\t').map(|part| part.trim().to_owned());
        let (Some(parent), Some(switch)) = (parts.next(), parts.next()) else {
            return Err(format!(
                "the history has the line `{line}`, want a timeline and a position"
            ));
        };
        table.rows.push(vec![Some(parent), Some(switch), parts.next()]);
    }
    if table.rows.is_empty() {
        return Err("the history of the timeline is empty".to_owned());
    }
    Ok(table)
}

/// The lines of the server's log, whole or not at all, secrets taken out.
pub(super) async fn log(server: &Server, redactor: &Redactor) -> Result<Table, String> {
    let (path, size) = (format!("if={}", server.log()), format!("bs={PIECE_BYTES}"));
    let mut whole = vec![];
    for piece in 0..PIECES_MAX {
        let skip = format!("skip={piece}");
        let argv = ["dd", &path, &size, &skip, "count=1"];
        let shown = read(server, "read the server's log", argv).await?;
        let last = shown.stdout.len() < PIECE_BYTES;
        whole.extend(shown.stdout);
        if last {
            let text = redactor.clean(&String::from_utf8_lossy(&whole));
            let rows = text.lines().map(|line| vec![Some(line.to_owned())]).collect();
            return Ok(Table { rows, ..Table::new(columns::LOG) });
        }
    }
    Err(format!("the server's log is longer than {PIECES_MAX} pieces of {PIECE_BYTES} bytes"))
}

async fn read<'a>(
    server: &Server,
    purpose: &str,
    argv: impl IntoIterator<Item = &'a str>,
) -> Result<Output, String> {
    let say = |error: &dyn Display| error.to_string();
    let command = Command::housekeeping(purpose, argv);
    let ran = server.node.run(&command).await.map_err(|trouble| say(&trouble))?;
    let output = ran.expect_ok(purpose).map_err(|trouble| say(&trouble))?;
    if output.cut {
        return Err(format!("{purpose}: it is too long to be read whole"));
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_line_by_line_with_its_reasons() {
        let text = "1\t0/3000000\tno recovery target specified\n\n# a remark\n\
                    2\t0/5000148\tbefore LSN 0/5000148\n";
        let table = parse_history(text).unwrap();
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.get(1, "parent"), Some("2"));
        assert_eq!(table.get(1, "switch"), Some("0/5000148"));
        assert_eq!(table.get(0, "reason"), Some("no recovery target specified"));
    }

    #[test]
    fn a_history_without_a_line_is_no_answer() {
        assert!(parse_history("# nothing\n").is_err());
        assert!(parse_history("").is_err());
        assert!(parse_history("nonsense\n").is_err());
    }
}
