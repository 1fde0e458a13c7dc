//! Small commands of ours on a node, and the ground that a restore of files must find.

use pgrehearse_verdict::journal::SubjectCause;

use crate::rig::{Command, Node, Output, Place, Stage, Trouble};

/// A short command of ours that must exit with 0.
pub(super) async fn housekeep(
    stage: &Stage,
    node: &dyn Node,
    purpose: &str,
    argv: &[&str],
) -> Result<Output, Trouble> {
    stage.must(node, Command::housekeeping(purpose, argv.iter().copied())).await
}

/// The ground of a restore must be empty: what lies there could be taken for what was restored.
/// The data directory is made where it is not there.
pub(super) async fn assert_empty(stage: &Stage, node: &dyn Node) -> Result<(), Trouble> {
    let (data, spaces) = (node.place(Place::Data), node.place(Place::Tablespaces));
    let make = ["mkdir", "-p", "-m", "700", "--", &data];
    housekeep(stage, node, "make the data directory", &make).await?;
    let look = ["find", &data, &spaces, "-mindepth", "1", "-print", "-quit"];
    let found = housekeep(stage, node, "see that the ground is empty", &look).await?.text();
    match found.lines().next() {
        None => Ok(()),
        Some(path) => {
            let said = format!("the ground of the restore is not empty: `{path}` is there");
            Err(Trouble::subject(SubjectCause::Command, said))
        }
    }
}
