//! The globals of a dump, made ready for a new cluster on other ground.

use pgrehearse_verdict::journal::SubjectCause;

use crate::drill::{SUPERUSER, Server, quote_ident};
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// Globals longer than this are refused, in bytes: they are read whole.
const GLOBALS_BYTES_MAX: usize = 1 << 20;

/// Globals for one new cluster.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ready {
    /// The script.
    pub(super) script: String,
    /// The folders that its tablespaces need.
    pub(super) folders: Vec<String>,
}

/// Makes a script of `pg_dumpall` ready: every new cluster has its superuser already, and the
/// tablespaces lie elsewhere. Nothing else is touched.
pub(super) fn ready(script: &str, from: &str, to: &str) -> Ready {
    let superuser = format!("CREATE ROLE {SUPERUSER};");
    let quoted = format!("CREATE ROLE {};", quote_ident(SUPERUSER));
    let mut ready = Ready { script: String::new(), folders: vec![] };
    for line in script.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if bare == superuser || bare == quoted {
            continue;
        }
        match moved(bare, from, to) {
            Some((line, folder)) => {
                ready.script.push_str(&line);
                ready.script.push('\n');
                ready.folders.push(folder);
            }
            None => ready.script.push_str(line),
        }
    }
    ready
}

/// A line that makes a tablespace below `from`, with its folder below `to` instead.
fn moved(line: &str, from: &str, to: &str) -> Option<(String, String)> {
    let rest = line.strip_prefix("CREATE TABLESPACE ")?;
    let (head, place) = rest.split_once(&format!(" LOCATION '{from}/"))?;
    let name = place.strip_suffix("';")?;
    let folder = format!("{to}/{name}");
    Some((format!("CREATE TABLESPACE {head} LOCATION '{folder}';"), folder))
}

/// Reads the globals at `path`. They hold password verifiers: they go by no journal.
pub(super) async fn read(node: &dyn Node, path: &str) -> Result<String, Trouble> {
    let purpose = "read the globals";
    let shown = node.run(&Command::housekeeping(purpose, ["cat", "--", path])).await?;
    let shown = shown.expect_ok(purpose)?;
    if shown.cut || shown.stdout.len() > GLOBALS_BYTES_MAX {
        let said = format!("{purpose}: they are longer than {GLOBALS_BYTES_MAX} bytes");
        return Err(Trouble::subject(SubjectCause::Command, said));
    }
    String::from_utf8(shown.stdout)
        .map_err(|error| Trouble::subject(SubjectCause::Command, format!("{purpose}: {error}")))
}

/// Puts the script where psql finds it, and makes the folders of its tablespaces; where it lies.
pub(super) async fn lay(stage: &Stage, server: &Server, ready: &Ready) -> Result<String, Trouble> {
    let node = &*server.node;
    for folder in &ready.folders {
        let make = ["mkdir", "-p", "-m", "700", "--", folder];
        stage.must(node, Command::housekeeping("make room for a tablespace", make)).await?;
    }
    let path = format!("{}/globals.sql", node.place(Place::Scratch));
    node.write(&path, ready.script.as_bytes(), 0o600).await?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "\
CREATE ROLE app;
ALTER ROLE app WITH LOGIN PASSWORD 'SCRAM-SHA-256$4096:x';
CREATE ROLE postgres;
ALTER ROLE postgres WITH SUPERUSER;
CREATE TABLESPACE cold OWNER app LOCATION '/old/spaces/shop';
COMMENT ON ROLE app IS 'CREATE ROLE postgres;';
";

    #[test]
    fn only_the_superuser_is_left_out_and_only_tablespaces_are_moved() {
        let ready = ready(SCRIPT, "/old/spaces", "/new");
        let wanted = SCRIPT
            .replacen("CREATE ROLE postgres;\n", "", 1)
            .replace("/old/spaces/shop", "/new/shop");
        assert_eq!(ready.script, wanted);
        assert_eq!(ready.folders, ["/new/shop"]);
    }

    #[test]
    fn a_tablespace_that_lies_elsewhere_stays_where_it_is() {
        let ready = ready(SCRIPT, "/other", "/new");
        assert!(ready.script.contains("LOCATION '/old/spaces/shop';"));
        assert_eq!(ready.folders, Vec::<String>::new());
    }
}
