//! What the drill asks of the ground, and how it is written down.

use std::fmt::Write;
use std::time::Duration;

use crate::rig::{Command, NodeSpec};

/// Lines of a written file that are shown in the transcript.
const SHOWN_LINES_MAX: usize = 60;

/// One call of the drill's to the ground.
#[derive(Debug, Clone)]
pub enum Call {
    /// A volume with this name is to be made.
    Volume(String),
    /// A node is to be made.
    Node(NodeSpec),
    /// A command is to be run to its end.
    Run {
        /// The node's name.
        node: String,
        /// The command.
        command: Command,
    },
    /// A command is to be started, its output appended to a log.
    Start {
        /// The node's name.
        node: String,
        /// The command.
        command: Command,
        /// The path of the log.
        log: String,
    },
    /// A file is to be written.
    Write {
        /// The node's name.
        node: String,
        /// Its path.
        path: String,
        /// What is in it.
        bytes: Vec<u8>,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody connects.
    Connect {
        /// The node's name.
        node: String,
        /// The role.
        user: String,
        /// The database.
        database: String,
    },
    /// Something is asked over a connection.
    Query {
        /// The node's name.
        node: String,
        /// The role.
        user: String,
        /// The database.
        database: String,
        /// The session's number: several can be open as one role.
        session: u64,
        /// What is asked.
        sql: String,
        /// Whether it is a COPY.
        copy: bool,
    },
    /// The node's host is lost.
    Destroy(String),
    /// Everything is given back. Neither counted nor disturbed by [`super::Injected`].
    Release,
}

impl Call {
    /// The node it happens on, if it happens on one; for [`Call::Node`] the one to be made.
    pub fn node(&self) -> Option<&str> {
        match self {
            Call::Volume(_) | Call::Release => None,
            Call::Node(spec) => Some(&spec.name),
            Call::Destroy(node)
            | Call::Run { node, .. }
            | Call::Start { node, .. }
            | Call::Write { node, .. }
            | Call::Connect { node, .. }
            | Call::Query { node, .. } => Some(node),
        }
    }

    /// The command that is run or started.
    pub fn command(&self) -> Option<&Command> {
        match self {
            Call::Run { command, .. } | Call::Start { command, .. } => Some(command),
            _ => None,
        }
    }

    /// What is asked over a connection, its white space made one blank each.
    pub fn sql(&self) -> Option<String> {
        match self {
            Call::Query { sql, .. } => Some(one_line(sql)),
            _ => None,
        }
    }

    /// The call as the transcript has it, without the final line feed.
    pub(super) fn show(&self) -> String {
        match self {
            Call::Volume(name) => format!("volume {name}"),
            Call::Node(spec) => show_node(spec),
            Call::Run { node, command } => {
                let mut line = format!("{node}$ {}", show_command(command));
                if !command.stdin.is_empty() {
                    line.push_str(&show_text(&command.stdin));
                }
                line
            }
            Call::Start { node, command, log } => {
                format!("{node}& {} >> {log}", show_command(command))
            }
            Call::Write { node, path, bytes, mode } => {
                format!("{node} writes {path} {mode:04o}{}", show_text(bytes))
            }
            Call::Connect { node, user, database } => format!("{node}@ {user} to {database}"),
            Call::Query { node, user, database, sql, copy, .. } => {
                let how = if *copy { " (copy)" } else { "" };
                format!("{node}> {user} in {database}{how}: {}", one_line(sql))
            }
            Call::Destroy(node) => format!("{node} is lost"),
            Call::Release => "release".to_owned(),
        }
    }
}

/// A call that was made.
#[derive(Debug, Clone)]
pub struct Called {
    /// When, since the rig was made.
    pub at: Duration,
    /// What was asked.
    pub call: Call,
    /// What went wrong; `None` while it is not over, or if it went well.
    pub trouble: Option<String>,
}

fn show_node(spec: &NodeSpec) -> String {
    let mut line = format!("node {}: postgres {}", spec.name, spec.postgres);
    for mount in &spec.volumes {
        let how = if mount.read_only { "read-only " } else { "" };
        let _ = write!(line, ", {how}volume {} at {:?}", mount.volume.0, mount.at);
    }
    line
}

fn show_command(command: &Command) -> String {
    let variables = command.env.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    let words = command.argv.iter().map(|word| quoted(word));
    variables.chain(words).collect::<Vec<_>>().join(" ")
}

fn show_text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::new();
    for line in text.lines().take(SHOWN_LINES_MAX) {
        let _ = write!(shown, "\n    | {line}");
    }
    let more = text.lines().count().saturating_sub(SHOWN_LINES_MAX);
    if more > 0 {
        let _ = write!(shown, "\n    … {more} more lines");
    }
    shown
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
