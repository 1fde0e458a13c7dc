//! The original that a copy was made of: whether it is the same, byte for byte, after as before.

use std::time::Duration;

use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};

use crate::rig::{Command, Node, Output, Place, Stage, Trouble};

/// How long one command may take: listing the original, reading a file of it.
const READ_LIMIT: Duration = Duration::from_secs(300);

/// What is known of the original.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Original {
    /// The SHA-256 of the file that is spoiled in the copy.
    pub(super) file: String,
    /// See [`listing`].
    list: String,
}

impl Original {
    /// Looks at the original on `node`; `file` is relative to it.
    pub(super) async fn look(
        stage: &Stage,
        node: &dyn Node,
        file: &str,
    ) -> Result<Original, Trouble> {
        let list = listing(stage, node).await?;
        let file = format!("{}/{file}", node.place(Place::Original));
        Ok(Original { file: digest(stage, node, &file).await?, list })
    }
}

/// The SHA-256 of the list of the original's files: path, size, and when content and inode were
/// changed.
pub(crate) async fn listing(stage: &Stage, node: &dyn Node) -> Result<String, Trouble> {
    let original = node.place(Place::Original);
    let list = format!("{}/sabotage-original", node.place(Place::Scratch));
    // Into a file, since the list of a great repository would be cut as output. Links would
    // be listed as such; a repository has but one, to its newest backup.
    let form = "%P\t%y\t%s\t%T@\t%C@\t%l\n";
    let look = ["find", &original, "-mindepth", "1", "-fprintf", &list, form];
    must(stage, node, "list the original repository", &look).await?;
    let listed = digest(stage, node, &list).await?;
    must(stage, node, "remove the list", &["rm", "-f", "--", &list]).await?;
    Ok(listed)
}

/// The SHA-256 of a file, 64 hex digits.
pub(super) async fn digest(stage: &Stage, node: &dyn Node, path: &str) -> Result<String, Trouble> {
    let said = must(stage, node, "digest a file", &["sha256sum", "--", path]).await?.text();
    // A leading backslash says that the path is escaped.
    let digest = said.trim_start_matches('\\').split_whitespace().next().unwrap_or("");
    if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(digest.to_owned());
    }
    let said = format!("`sha256sum` gives no digest of `{path}`");
    Err(Trouble::subject(SubjectCause::Command, said))
}

/// A command of a sabotage, which must exit with 0.
pub(super) async fn must(
    stage: &Stage,
    node: &dyn Node,
    purpose: &str,
    argv: &[&str],
) -> Result<Output, Trouble> {
    stage.must(node, Command::new(purpose, READ_LIMIT, argv.iter().copied())).await
}

/// A sabotage that found nothing to change.
pub(super) fn nothing_changed(change: &str) -> Sabotaged {
    Sabotaged { change: change.to_owned(), original_untouched: true, ..Sabotaged::default() }
}

/// A sabotage of something of which this database has none.
pub(super) fn nothing_of_the_kind() -> Sabotaged {
    Sabotaged { absent: true, ..nothing_changed("there is nothing of the kind to spoil") }
}
