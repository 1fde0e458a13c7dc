//! A second process that outlives the first: however the owner of a run ends, a pipe closes, and
//! what the run still holds is given back.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use crate::rig::clean::{CleanReport, clean};
use crate::rig::lease::{LeaseTrouble, state_dir, take};

/// The hidden subcommand by which we start ourselves; the name of the run follows it.
pub const SUBCOMMAND: &str = "__reap";
/// The byte that says: what is there is to be kept.
const KEEP: u8 = b'k';
/// How long the owner may take to be gone after it closed the pipe.
const OWNER_LIMIT: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The reaper of a run that lives. Dropping it sends it to work as soon as the owner is gone.
pub struct Reaper {
    child: Child,
    pipe: Option<ChildStdin>,
}

/// Starts our own program as the reaper of `run`, out of reach of the terminal's signals.
pub fn spawn(run: &str) -> io::Result<Reaper> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .args([SUBCOMMAND, run])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let pipe = child.stdin.take();
    Ok(Reaper { child, pipe })
}

impl Reaper {
    /// What the run made is to stay, for somebody to look at.
    pub fn keep(mut self) -> io::Result<()> {
        if let Some(pipe) = &mut self.pipe {
            pipe.write_all(&[KEEP])?;
        }
        drop(self.pipe.take());
        self.child.wait().map(drop)
    }
}

/// What the reaper does: waits until its standard input closes and the owner is gone, then cleans
/// up after the run. Empty if there was nothing to do, or all is to be kept.
pub async fn reap(run: &str) -> CleanReport {
    let asked = tokio::task::spawn_blocking(|| {
        let mut word = [0];
        // Nothing but the end of the pipe or one byte is ever there to be read.
        matches!(io::stdin().lock().read(&mut word), Ok(1)) && word[0] == KEEP
    });
    if asked.await.unwrap_or(false) {
        return CleanReport::default();
    }
    let state = match state_dir() {
        Ok(state) => state,
        Err(trouble) => return CleanReport { left: vec![trouble.to_string()], removed: vec![] },
    };
    let deadline = Instant::now() + OWNER_LIMIT;
    loop {
        // The lease is let go of at once: `clean` takes it again.
        let found = take(&state, run).map(|lease| lease.is_some());
        match found {
            // The owner gave everything back itself.
            Ok(false) => return CleanReport::default(),
            Err(LeaseTrouble::Alive(_)) if Instant::now() < deadline => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Ok(true) | Err(_) => return clean(Some(run)).await,
        }
    }
}
