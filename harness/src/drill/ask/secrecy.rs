//! What can be read of the repository without its key.

use std::collections::BTreeSet;
use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::Server;
use crate::rig::{Command, Output, Place};

/// How long one look at all of the repository may take.
const LOOK_LIMIT: Duration = Duration::from_secs(3600);
/// How a file begins that was sealed the way of `openssl enc`, as pgBackRest does it.
const SEAL: &[u8] = b"Salted__";
/// Words that stand in every database of ours: in its configuration, in its catalogue, in its WAL.
const WORDS: [&str; 3] = ["listen_addresses", "pgrehearse", "pg_catalog"];
/// Files that are looked at with one command.
const FILES_AT_ONCE: usize = 500;
/// Our own folder beside the engine's; see `engine/pgbackrest/config.rs`. It holds no contents.
const OURS: &str = "pgrehearse/";

/// Every file of the repository: how it begins, and whether it tells words.
pub(super) async fn secrecy(server: &Server) -> Result<Table, String> {
    let root = server.node.place(Place::Repository);
    let paths = listed(server, &root).await?;
    let speaking = speaking(server, &root).await?;
    let mut table = Table::new(columns::SECRECY);
    for paths in paths.chunks(FILES_AT_ONCE) {
        let count = SEAL.len().to_string();
        let head = ["head", "-v", "-c", &count, "--"].map(str::to_owned);
        let full = paths.iter().map(|path| format!("{root}/{path}"));
        let argv = head.into_iter().chain(full);
        let output = look(server, "see how files begin", argv, &[0]).await?;
        let begins = begins(&output.stdout, &root, paths)?;
        for (path, begins) in paths.iter().zip(begins) {
            let speaks = if speaking.contains(path) { "t" } else { "f" };
            let row = [path.as_str(), begins, speaks];
            table.rows.push(row.map(|cell| Some(cell.to_owned())).to_vec());
        }
    }
    Ok(table)
}

/// The paths of all files, relative to `root`, sorted.
async fn listed(server: &Server, root: &str) -> Result<Vec<String>, String> {
    let argv = ["find", root, "-type", "f", "-printf", "%P\\0"].map(str::to_owned);
    let output = look(server, "list the files of the repository", argv, &[0]).await?;
    let mut paths = paths(&output.stdout)?;
    paths.sort();
    Ok(paths)
}

/// The paths of those in which one of the words stands.
async fn speaking(server: &Server, root: &str) -> Result<BTreeSet<String>, String> {
    let mut argv = ["grep", "-rlZaF"].map(str::to_owned).to_vec();
    argv.extend(WORDS.iter().flat_map(|word| ["-e".to_owned(), (*word).to_owned()]));
    argv.extend(["--".to_owned(), root.to_owned()]);
    // 1: none.
    let output = look(server, "look for words in the repository", argv, &[0, 1]).await?;
    let prefix = format!("{root}/");
    let paths = paths(&output.stdout)?.into_iter();
    Ok(paths.map(|path| path.strip_prefix(&prefix).unwrap_or(&path).to_owned()).collect())
}

async fn look(
    server: &Server,
    purpose: &str,
    argv: impl IntoIterator<Item = String>,
    good: &[i32],
) -> Result<Output, String> {
    let ran = server.node.run(&Command::new(purpose, LOOK_LIMIT, argv)).await;
    let output = ran.map_err(|trouble| trouble.to_string())?;
    if output.cut {
        return Err(format!("{purpose}: there are too many of them"));
    }
    if !output.exit.is_some_and(|exit| good.contains(&exit)) {
        return Err(format!("{purpose}: exit {:?}", output.exit));
    }
    Ok(output)
}

/// Paths that each end with a zero byte, but for ours.
fn paths(bytes: &[u8]) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("a path: {error}"))?;
    let paths = text.split_terminator('\0').filter(|path| !path.starts_with(OURS));
    Ok(paths.map(str::to_owned).collect())
}

/// How each file begins, by what `head -v` printed of them in this order.
fn begins(printed: &[u8], root: &str, paths: &[String]) -> Result<Vec<&'static str>, String> {
    let mut rest = printed;
    let mut found = vec![];
    for (number, path) in paths.iter().enumerate() {
        let title = format!("==> {root}/{path} <==\n");
        let not_told = || format!("how `{path}` begins was not told");
        rest = rest.strip_prefix(title.as_bytes()).ok_or_else(not_told)?;
        // Between two files stands a line feed; a file may be shorter than what was asked for.
        let next = paths.get(number + 1).map(|next| format!("\n==> {root}/{next} <==\n"));
        let length = match &next {
            None => rest.len(),
            Some(next) => {
                let ends = |at: &usize| rest[*at..].starts_with(next.as_bytes());
                (0..=SEAL.len().min(rest.len())).find(ends).ok_or_else(not_told)?
            }
        };
        found.push(match &rest[..length] {
            b"" => "empty",
            bytes if bytes == SEAL => "sealed",
            _ => "clear",
        });
        rest = &rest[length + usize::from(next.is_some())..];
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(printed: &[u8], paths: &[&str]) -> Result<Vec<&'static str>, String> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        begins(printed, "/r", &paths)
    }

    #[test]
    fn each_file_is_known_by_how_it_begins() {
        let printed =
            b"==> /r/a <==\nSalted__\n==> /r/b <==\n\n==> /r/c <==\n\x1f\x8b\n\n==> /r/d <==\nSalt";
        let wanted = Ok(vec!["sealed", "empty", "clear", "clear"]);
        assert_eq!(told(printed, &["a", "b", "c", "d"]), wanted);
    }

    #[test]
    fn what_was_printed_of_other_files_is_no_answer() {
        assert!(told(b"==> /r/a <==\nSalted__", &["b"]).is_err());
        assert!(told(b"==> /r/a <==\nSalted__ and on\n==> /r/b <==\n", &["a", "b"]).is_err());
    }

    #[test]
    fn our_own_folder_is_left_out() {
        let listed = paths(b"pgrehearse/global/pg_control\0backup/main/x\0");
        assert_eq!(listed, Ok(vec!["backup/main/x".to_owned()]));
    }
}
