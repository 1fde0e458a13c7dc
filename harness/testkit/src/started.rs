//! The program while it runs: what it says is read as it comes, and it can be sent signals.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a program may take to say a line or to end before the test is given up.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A program that was started. Dropped before it has ended, it is killed.
pub struct Started {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    readers: Vec<JoinHandle<String>>,
}

impl Started {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn new(mut command: Command) -> Started {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (mut out, err) = (child.stdout.take(), child.stderr.take());
        let said = Arc::new(Mutex::new(vec![]));
        let kept = said.clone();
        let readers = vec![
            std::thread::spawn(move || {
                let mut bytes = vec![];
                out.as_mut().map(|out| out.read_to_end(&mut bytes));
                String::from_utf8_lossy(&bytes).into_owned()
            }),
            std::thread::spawn(move || {
                for line in err.into_iter().flat_map(|err| BufReader::new(err).lines()) {
                    let line = line.unwrap_or_default();
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
                String::new()
            }),
        ];
        Started { child, said, readers }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The lines it has said on standard error so far.
    pub fn said(&self) -> Vec<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `seen`, or until it has ended: then `false`.
    ///
    /// # Panics
    ///
    /// When neither comes in time.
    pub fn wait_for(&mut self, what: &str, mut seen: impl FnMut(&Started) -> bool) -> bool {
        let began = Instant::now();
        while !seen(self) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return seen(self);
            }
            assert!(began.elapsed() < PATIENCE, "waited for {what}; it said {:#?}", self.said());
            std::thread::sleep(LOOK_EVERY);
        }
        true
    }

    /// Sends it a signal, if it has not ended.
    pub fn signal(&mut self, signal: rustix::process::Signal) {
        if matches!(self.child.try_wait(), Ok(None))
            && let Some(pid) =
                i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw)
        {
            // It may end at this very moment.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Waits until it has ended: how, and what it said on standard output and standard error.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub fn ended(mut self) -> (ExitStatus, String, String) {
        self.wait_for("its end", |_| false);
        let status = self.child.wait().expect("it has ended");
        let readers = std::mem::take(&mut self.readers);
        let mut out = readers.into_iter().map(|reader| reader.join().unwrap_or_default());
        let out = out.by_ref().collect::<String>();
        (status, out, self.said().join("\n"))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Waits until nothing is left, at most `limit`; what is.
pub fn until_none(limit: Duration, look: impl Fn() -> Vec<String>) -> Vec<String> {
    let began = Instant::now();
    loop {
        let left = look();
        if left.is_empty() || began.elapsed() > limit {
            return left;
        }
        std::thread::sleep(LOOK_EVERY * 10);
    }
}
