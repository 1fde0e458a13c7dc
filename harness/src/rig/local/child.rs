//! Child processes: each leads a process group of its own, and none outlives its time limit.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::FusedFuture;
use pgrehearse_verdict::journal::RigCause;
use rustix::process::Signal;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio::time::{Instant, timeout};

use super::output::Kept;
use super::processes::signal_group;
use crate::rig::{Command, Output, Trouble};

/// How long a group may take to end after SIGTERM, and again after SIGKILL.
const GRACE: Duration = Duration::from_secs(5);
/// How long output is still read once the command itself has ended: a process that it left
/// behind may hold the pipe for ever.
const LAST_OUTPUT_LIMIT: Duration = Duration::from_millis(500);

/// The process group of a running command. Dropped before the command has ended, it is killed.
struct Group(Option<u32>);

impl Group {
    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.0 {
            signal_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Runs `prepared` to its end, or to the limit of `command`.
pub(super) async fn run(
    prepared: std::process::Command,
    command: &Command,
) -> Result<Output, Trouble> {
    let mut prepared = tokio::process::Command::from(prepared);
    prepared.process_group(0).kill_on_drop(true);
    prepared.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let mut child = prepared.spawn().map_err(|error| not_started(command, &error))?;
    let mut group = Group(child.id());
    let (mut stdout, mut stderr) = (Kept::default(), Kept::default());
    let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let ended = {
        let mut pipes = pin!(
            async {
                tokio::join!(feed(stdin, &command.stdin), stdout.drain(out), stderr.drain(err))
            }
            .fuse()
        );
        match timeout(command.limit, wait(&mut child, &mut pipes)).await {
            Ok(status) => {
                let took = began.elapsed();
                group.0 = None;
                if !pipes.is_terminated() {
                    let _ = timeout(LAST_OUTPUT_LIMIT, pipes).await;
                }
                Some((status, took))
            }
            Err(_) => {
                // Its pipes are read until the end: a command that tidies up must not die of
                // saying so.
                group.signal(Signal::TERM);
                let _ = timeout(GRACE, wait(&mut child, &mut pipes)).await;
                group.signal(Signal::KILL);
                let _ = timeout(GRACE, child.wait()).await;
                None
            }
        }
    };
    let Some((status, took)) = ended else {
        group.0 = None;
        let stderr = stderr.into_bytes();
        return Err(too_slow(command, &stderr));
    };
    let status: ExitStatus = status.map_err(|error| not_started(command, &error))?;
    let cut = stdout.cut || stderr.cut;
    Ok(Output {
        exit: status.code(),
        signal: std::os::unix::process::ExitStatusExt::signal(&status),
        stdout: stdout.into_bytes(),
        stderr: stderr.into_bytes(),
        cut,
        took,
    })
}

async fn feed(stdin: Option<ChildStdin>, bytes: &[u8]) {
    if let Some(mut stdin) = stdin {
        // A command that does not read all of its input says so by how it ends.
        let _ = stdin.write_all(bytes).await;
    }
}

/// Waits for the command to end, its pipes served meanwhile.
async fn wait(child: &mut Child, pipes: &mut (impl FusedFuture + Unpin)) -> io::Result<ExitStatus> {
    let mut ended = pin!(child.wait());
    loop {
        tokio::select! {
            status = &mut ended => return status,
            _ = &mut *pipes, if !pipes.is_terminated() => {}
        }
    }
}

fn too_slow(command: &Command, stderr: &[u8]) -> Trouble {
    let text = String::from_utf8_lossy(stderr);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    let last = last.map(|line| format!(": {line}")).unwrap_or_default();
    let said = format!("{}: not done within {:?}, killed{last}", command.purpose, command.limit);
    command.late(said)
}

/// Why a command could not be executed.
pub(super) fn not_started(command: &Command, error: &io::Error) -> Trouble {
    let cause = match error.kind() {
        io::ErrorKind::OutOfMemory => RigCause::OutOfMemory,
        io::ErrorKind::StorageFull => RigCause::NoSpace,
        _ => RigCause::NotExecutable,
    };
    let program = command.argv.first().map_or("", String::as_str);
    Trouble::rig(cause, format!("{}: `{program}` cannot be executed: {error}", command.purpose))
}
