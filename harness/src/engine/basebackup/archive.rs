//! The archive of WAL: the commands that servers run, and what is fetched from it.

use std::time::Duration;

use async_trait::async_trait;
use pgrehearse_verdict::lsn::Segment;

use crate::engine::basebackup::shelf::{Shelf, wal};
use crate::engine::ground::housekeep;
use crate::engine::quoting::quoted;
use crate::engine::{Archive, PgBaseBackup};
use crate::rig::{Command, Node, Place, Stage, Trouble};

/// How long fetching one segment may take.
const SEGMENT_LIMIT: Duration = Duration::from_secs(300);

/// The `archive_command` of a server whose repository is `root`. PostgreSQL gives it to a shell.
///
/// A segment that is there is never overwritten: the same once more is well (a server that
/// crashed may archive again), another one is refused, as one of another cluster would be. A new
/// one is written beside its place and on the disk before it is linked there, and a link replaces
/// nothing, even if two servers archive at once. Whoever looks finds a whole segment or none.
pub(super) fn archive_command(root: &str) -> String {
    let folder = in_command(&wal(root));
    let (file, part) = (format!("{folder}/%f"), format!("{folder}/%f.part"));
    format!(
        "if test -e {file}; then cmp -s -- \"%p\" {file}; else cp -- \"%p\" {part} \
         && sync -- {part} && ln -T -- {part} {file} && rm -- {part} && sync -- {folder}; fi"
    )
}

/// The `restore_command` of a server whose repository is `root`.
///
/// PostgreSQL takes most failures for the end of WAL, and promotes. Only what is not in an
/// archive that can be looked at is such an end; an exit status above 125 ends the recovery.
pub(super) fn restore_command(root: &str) -> String {
    let folder = in_command(&wal(root));
    let file = format!("{folder}/%f");
    format!(
        "test -e {file} || {{ test -x {folder} && exit 1; exit 255; }}; \
         cp -- {file} \"%p\" || exit 255"
    )
}

/// A path in a command in which PostgreSQL puts something for each `%`.
fn in_command(path: &str) -> String {
    quoted(path).replace('%', "%%")
}

#[async_trait]
impl Archive for PgBaseBackup {
    async fn fetch_wal(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
        into: &str,
    ) -> Result<bool, Trouble> {
        if self.archived_file(stage, node, segment).await?.is_none() {
            return Ok(false);
        }
        let purpose = format!("fetch segment {segment}");
        let from = format!("{}/{segment}", Shelf::on(node).wal());
        let copy = ["cp", "--", &from, into];
        stage.must(node, Command::new(&purpose, SEGMENT_LIMIT, copy)).await.map(|_| true)
    }

    async fn archived_file(
        &self,
        stage: &Stage,
        node: &dyn Node,
        segment: Segment,
    ) -> Result<Option<String>, Trouble> {
        let folder = Shelf::on(node).wal();
        let name = segment.to_string();
        // An archive that cannot be looked at is no archive without the segment.
        let look = ["find", &folder, "-mindepth", "1", "-maxdepth", "1", "-type", "f"];
        let look: Vec<&str> = look.into_iter().chain(["-name", &name, "-print"]).collect();
        let found = housekeep(stage, node, "look for the archived file", &look).await?.text();
        let there = found.lines().next().is_some();
        Ok(there.then(|| wal("").trim_start_matches('/').to_owned() + "/" + &name))
    }
}

/// The length of an archived segment in bytes, if it is there. It is asked often while something
/// is waited for, so that it does not stand in the journal.
pub(super) async fn length(node: &dyn Node, segment: Segment) -> Result<Option<u64>, Trouble> {
    let path = format!("{}/wal/{segment}", node.place(Place::Repository));
    let look = ["find", &path, "-maxdepth", "0", "-type", "f", "-printf", "%s"];
    let found = node.run(&Command::housekeeping("look for a segment", look)).await?;
    Ok(found.text().trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process;

    use super::*;

    /// What a shell makes of a command of PostgreSQL's.
    fn shell(command: &str, path: &Path, file: &str) -> Option<i32> {
        let path = path.to_str().expect("a path");
        let text = command.replace("%p", path).replace("%f", file).replace("%%", "%");
        process::Command::new("sh").args(["-c", &text]).status().expect("a shell").code()
    }

    /// A repository whose path has everything in it that a shell could misread.
    fn repository(folder: &Path) -> String {
        let root = folder.join("it's 5% $HOME `x` \"y\"");
        fs::create_dir_all(root.join("wal")).expect("a folder");
        root.to_str().expect("a path").to_owned()
    }

    #[test]
    fn a_segment_is_archived_once_and_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = repository(folder.path());
        let command = archive_command(&root);
        let (one, other) = (folder.path().join("one"), folder.path().join("other"));
        fs::write(&one, "one").expect("a file");
        fs::write(&other, "two").expect("a file");
        let archived = Path::new(&root).join("wal/A");
        assert_eq!(shell(&command, &one, "A"), Some(0));
        assert_eq!(fs::read(&archived).expect("archived"), b"one");
        assert_eq!(shell(&command, &one, "A"), Some(0), "the same once more");
        assert_eq!(shell(&command, &other, "A"), Some(1), "another one");
        assert_eq!(fs::read(&archived).expect("archived"), b"one");
        let names = fs::read_dir(Path::new(&root).join("wal")).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left beside it");
        assert_ne!(shell(&command, &folder.path().join("none"), "B"), Some(0));
        assert!(!Path::new(&root).join("wal/B").exists());
    }

    #[test]
    fn half_a_segment_that_a_crash_left_is_not_taken_for_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = repository(folder.path());
        let (whole, wal) = (folder.path().join("whole"), Path::new(&root).join("wal"));
        fs::write(&whole, "whole").expect("a file");
        fs::write(wal.join("A.part"), "wh").expect("a file");
        assert_eq!(shell(&restore_command(&root), &folder.path().join("to"), "A"), Some(1));
        assert_eq!(shell(&archive_command(&root), &whole, "A"), Some(0));
        assert_eq!(fs::read(wal.join("A")).expect("archived"), b"whole");
    }

    #[test]
    fn only_a_segment_that_is_not_there_is_the_end_of_wal() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = repository(folder.path());
        let (command, wal) = (restore_command(&root), Path::new(&root).join("wal"));
        let to = folder.path().join("to");
        fs::write(wal.join("A"), "one").expect("a file");
        assert_eq!(shell(&command, &to, "A"), Some(0));
        assert_eq!(fs::read(&to).expect("restored"), b"one");
        assert_eq!(shell(&command, &to, "B"), Some(1));
        let nowhere = folder.path().join("none/to");
        assert_eq!(shell(&command, &nowhere, "A"), Some(255), "it cannot be copied");
        fs::remove_dir_all(&wal).expect("removed");
        assert_eq!(shell(&command, &to, "A"), Some(255), "there is no archive");
    }
}
