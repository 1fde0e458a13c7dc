//! A command and what came of it. Arguments are a list; no text is ever given to a shell.

use std::time::Duration;

use crate::rig::{HOUSEKEEPING_LIMIT, Trouble};
use pgrehearse_verdict::journal::{Cause, RigCause, SubjectCause};

/// Output kept of each stream, in bytes: this much from its beginning and as much from its end.
pub const OUTPUT_KEPT: usize = 1 << 20;

/// A command to run on a node.
#[derive(Debug, Clone, Default)]
pub struct Command {
    /// What for, in a few words: for the journal.
    pub purpose: String,
    /// The program and its arguments. Secrets never stand here.
    pub argv: Vec<String>,
    /// Variables of its environment, beside the node's own short list.
    pub env: Vec<(String, String)>,
    /// What it reads from its standard input.
    pub stdin: Vec<u8>,
    /// How long it may take. When the time is up, its whole process group is killed.
    pub limit: Duration,
    /// Whether it is a small thing of ours: if it takes too long, the ground is to blame, and not
    /// what is tested.
    pub ours: bool,
}

impl Command {
    /// A command of the subject's or ours, for `purpose`, to be ended after `limit`.
    pub fn new<S: Into<String>>(
        purpose: &str,
        limit: Duration,
        argv: impl IntoIterator<Item = S>,
    ) -> Command {
        Command {
            purpose: purpose.to_owned(),
            argv: argv.into_iter().map(Into::into).collect(),
            limit,
            ..Command::default()
        }
    }

    /// A small command of ours: making a folder, looking at a process.
    pub fn housekeeping<S: Into<String>>(
        purpose: &str,
        argv: impl IntoIterator<Item = S>,
    ) -> Command {
        Command { ours: true, ..Command::new(purpose, HOUSEKEEPING_LIMIT, argv) }
    }

    /// The trouble of a command that took longer than its limit.
    pub fn late(&self, said: impl Into<String>) -> Trouble {
        if self.ours {
            Trouble::rig(RigCause::TimeLimit, said)
        } else {
            Trouble::subject(SubjectCause::TimeLimit, said)
        }
    }

    /// The same command with `bytes` on its standard input.
    pub fn reading(mut self, bytes: impl Into<Vec<u8>>) -> Command {
        self.stdin = bytes.into();
        self
    }

    /// The same command with a variable in its environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Command {
        self.env.push((name.to_owned(), value.into()));
        self
    }
}

/// What came of a command that ran to its end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    /// Its exit status, if it exited.
    pub exit: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// Its standard output, cut in the middle above twice [`OUTPUT_KEPT`].
    pub stdout: Vec<u8>,
    /// Its standard error, cut likewise.
    pub stderr: Vec<u8>,
    /// Whether anything was cut.
    pub cut: bool,
    /// How long it ran.
    pub took: Duration,
}

impl Output {
    /// Whether it exited with 0.
    pub fn ok(&self) -> bool {
        self.exit == Some(0)
    }

    /// The standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The output, if the command exited with 0; else the subject's failure, with what it said
    /// of it.
    pub fn expect_ok(self, purpose: &str) -> Result<Output, Trouble> {
        if self.ok() {
            return Ok(self);
        }
        let end = match (self.exit, self.signal) {
            (Some(exit), _) => format!("exit status {exit}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "no exit status".to_owned(),
        };
        let words = [&self.stderr, &self.stdout].map(|bytes| telling(bytes));
        let word = words.into_iter().find(|word| !word.is_empty()).unwrap_or_default();
        Err(Trouble {
            cause: Cause::Subject(SubjectCause::Command),
            said: format!("{purpose}: {end}: {word}"),
        })
    }
}

/// The line that says what went wrong: the first that speaks of an error, else the last.
fn telling(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines = || text.lines().filter(|line| !line.trim().is_empty());
    let speaks = |line: &&str| ["error:", "ERROR:", "FATAL:"].iter().any(|it| line.contains(it));
    lines().find(speaks).or_else(|| lines().next_back()).unwrap_or("").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::the_first_error(
        "reading\npg_restore: error: no role\nCommand was: ALTER\n",
        "pg_restore: error: no role"
    )]
    #[case::else_the_last_line("one\ntwo\n\n", "two")]
    #[case::nothing("", "")]
    fn a_failure_is_told_in_the_words_that_say_why(#[case] stderr: &str, #[case] wanted: &str) {
        assert_eq!(telling(stderr.as_bytes()), wanted);
    }
}
