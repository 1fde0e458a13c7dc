//! A file of the restored server that is tampered with before the server is started.

use pgrehearse_verdict::journal::{Sabotaged, SubjectCause};

use crate::rig::{Command, Node, Place, Stage, Trouble};
use crate::sabotage::original::{digest, must, nothing_of_the_kind};
use crate::sabotage::{Facts, Sabotage, Spoils};

/// A sabotage that tampers with one file of the restored data directory.
pub struct Tampered {
    /// The identifier.
    pub(super) name: &'static str,
    /// What harm it does.
    pub(super) harm: &'static str,
    /// The checks one of which must catch it.
    pub(super) caught_by: &'static [&'static str],
    /// The file, relative to the data directory.
    pub(super) file: &'static str,
    /// What is done to it.
    pub(super) how: Tampering,
}

/// What is done to a file of the data directory.
#[derive(Clone, Copy)]
pub(super) enum Tampering {
    /// It is gone.
    Lose,
    /// This many bytes at its start are zero.
    Zero(u32),
    /// It ends in this line as well.
    Append(&'static str),
}

impl Sabotage for Tampered {
    fn facts(&self) -> Facts {
        Facts {
            name: self.name,
            harm: self.harm,
            class: "restore",
            caught_by: self.caught_by,
            engines: Some(&["pgbackrest", "pg_basebackup"]),
        }
    }
    fn spoils(&self) -> Spoils<'_> {
        Spoils::Files(self)
    }
}

impl Tampered {
    /// Tampers with the file, which no server uses yet. The oracle is the file's own digest.
    pub(crate) async fn spoil(&self, stage: &Stage, node: &dyn Node) -> Result<Sabotaged, Trouble> {
        let path = format!("{}/{}", node.place(Place::Data), self.file);
        if !there(stage, node, &path).await? {
            return Ok(nothing_of_the_kind());
        }
        let before = digest(stage, node, &path).await?;
        let change = match self.how {
            Tampering::Lose => {
                must(stage, node, "remove a restored file", &["rm", "--", &path]).await?;
                format!("`{}` is gone", self.file)
            }
            Tampering::Zero(bytes) => {
                let (into, count) = (format!("of={path}"), format!("count={bytes}"));
                let zero = ["dd", "if=/dev/zero", &into, "bs=1", &count, "conv=notrunc"];
                must(stage, node, "zero a part of a restored file", &zero).await?;
                format!("the first {bytes} bytes of `{}` are zero", self.file)
            }
            Tampering::Append(line) => {
                append(node, &path, line).await?;
                format!("`{}` ends in `{line}`", self.file)
            }
        };
        let after = match there(stage, node, &path).await? {
            true => Some(digest(stage, node, &path).await?),
            false => None,
        };
        let proof = match after {
            None => Some(format!("no file is at `{}` any more", self.file)),
            Some(after) if after == before => None,
            Some(after) => Some(format!("its SHA-256 was {before} and is {after}")),
        };
        Ok(Sabotaged { change, proof, ..Sabotaged::default() })
    }
}

async fn there(stage: &Stage, node: &dyn Node, path: &str) -> Result<bool, Trouble> {
    let look = Command::housekeeping("look for a restored file", ["test", "-f", path]);
    Ok(stage.run(node, look).await?.exit == Some(0))
}

async fn append(node: &dyn Node, path: &str, line: &str) -> Result<(), Trouble> {
    let purpose = "read a restored file";
    let read = Command::housekeeping(purpose, ["cat", "--", path]);
    let mut text = node.run(&read).await?.expect_ok(purpose)?.stdout;
    if text.len() > MOST_BYTES {
        let said = format!("`{path}` has {} bytes, want at most {MOST_BYTES}", text.len());
        return Err(Trouble::subject(SubjectCause::Command, said));
    }
    text.extend_from_slice(format!("\n{line}\n").as_bytes());
    node.write(path, &text, 0o600).await
}

/// A file that is appended to is one of settings, and no longer than this.
const MOST_BYTES: usize = 1 << 20;
