//! The files of the finished backups, as they lie in the repository of a node.

use std::time::Duration;

use pgrehearse_verdict::question::{Table, columns};

use crate::drill::Server;
use crate::rig::{Command, Place};

/// How long reading all backups may take.
const READ_LIMIT: Duration = Duration::from_secs(3600);
/// The length of a digest in hexadecimal digits.
const DIGEST_CHARS: usize = 64;

/// Every file below `folder` of the repository, with its digest.
pub(super) async fn artifacts(server: &Server, folder: &str) -> Result<Table, String> {
    let repository = server.node.place(Place::Repository);
    let root = format!("{repository}/{folder}");
    let purpose = "digest the files of the backups";
    let argv = ["find", root.trim_end_matches('/'), "-type", "f"];
    let argv = argv.into_iter().chain(["-exec", "sha256sum", "--", "{}", "+"]);
    let ran = server.node.run(&Command::new(purpose, READ_LIMIT, argv)).await;
    let output = ran.map_err(|trouble| trouble.to_string())?;
    let output = output.expect_ok(purpose).map_err(|trouble| trouble.to_string())?;
    if output.cut {
        return Err(format!("{purpose}: there are too many of them"));
    }
    parse(&output.text(), &format!("{repository}/"))
}

/// Reads what sha256sum printed, a line each, the paths made relative to `root`.
fn parse(text: &str, root: &str) -> Result<Table, String> {
    let mut table = Table::new(columns::ARTIFACTS);
    for line in text.lines() {
        // A leading backslash says that the path is escaped: it is only ever compared.
        let line = line.trim_start_matches('\\');
        let parts = line.split_at_checked(DIGEST_CHARS);
        let parts = parts.and_then(|(digest, rest)| Some((digest, rest.get(2..)?)));
        let Some((digest, path)) = parts else {
            return Err(format!("sha256sum printed a line that is not understood: `{line}`"));
        };
        let path = path.strip_prefix(root).unwrap_or(path);
        table.rows.push(vec![Some(path.to_owned()), Some(digest.to_owned())]);
    }
    table.rows.sort();
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_gives_a_path_and_its_digest() {
        let digest = "0f".repeat(32);
        let text = format!("{digest}  /r/dump-1/b\n\\{digest}  /r/dump-1/a\\nb\n");
        let table = parse(&text, "/r/").unwrap();
        assert_eq!(table.get(0, "path"), Some("dump-1/a\\nb"));
        assert_eq!(table.get(1, "path"), Some("dump-1/b"));
        assert_eq!(table.get(1, "digest"), Some(digest.as_str()));
        assert!(parse("short\n", "/r/").is_err());
    }
}
