//! The link to a relay: sends what is asked, hands each answer to whoever waits for it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pgrehearse_verdict::journal::RigCause;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::capture::Capture;
use super::frame::{PROTOCOL, encode, put_list, receive};
use super::talk::{
    Lost, Shared, Talk, Told, WINDOW, locked, out_of_turn, paid, read_all, write_all,
};
use crate::rig::{Command, HOUSEKEEPING_LIMIT, Output, Trouble};

/// How long a relay may take to say that it is there.
const HELLO_LIMIT: Duration = Duration::from_secs(20);
/// How long the relay may take to kill a command: its own grace for SIGTERM is 2 s.
const KILL_LIMIT: Duration = Duration::from_secs(10);
/// How long the relay may take to answer a question that needs no work.
const PING_LIMIT: Duration = Duration::from_secs(5);
/// Bytes sent in one frame.
pub(super) const CHUNK: usize = 64 << 10;
/// Bytes of a command's arguments and environment.
const ASKED_MAX: usize = 1 << 20;

/// A relay that answered. Dropping the last of it ends the relay and every command under way.
#[derive(Clone)]
pub(crate) struct Relay {
    shared: Arc<Shared>,
    env: Arc<Vec<(String, String)>>,
    _reader: Arc<Aborted>,
}

/// A task that ends with the last who cares for it.
struct Aborted(tokio::task::JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What one conversation waits for. When it is dropped before its end, the command is killed.
pub(super) struct Waiting<'a> {
    pub(super) relay: &'a Relay,
    pub(super) id: u32,
    pub(super) told: oneshot::Receiver<Told>,
    pub(super) credit: Arc<Semaphore>,
    pub(super) finished: oneshot::Receiver<(Capture, Capture)>,
    pub(super) over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.relay.send(b'K', self.id, &[]);
        }
    }
}

impl Relay {
    /// Takes up the link; `env` is what every command's environment begins with.
    pub async fn begin(
        from: impl AsyncRead + Send + Unpin + 'static,
        into: impl AsyncWrite + Send + Unpin + 'static,
        env: Vec<(String, String)>,
    ) -> Result<Relay, Lost> {
        let mut from = BufReader::with_capacity(CHUNK, from);
        let hello = match timeout(HELLO_LIMIT, receive(&mut from)).await {
            Ok(hello) => hello.map_err(|said| Lost(format!("it did not begin: {said}")))?,
            Err(_) => return Err(Lost(format!("no word from it within {HELLO_LIMIT:?}"))),
        };
        if hello.kind != b'h' || hello.number() != Some(PROTOCOL) {
            return Err(Lost("it speaks another protocol than ours".to_owned()));
        }
        let (outgoing, sent) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            talks: Mutex::default(),
            lost: Mutex::default(),
            next: AtomicU32::new(1),
            outgoing,
        });
        tokio::spawn(write_all(into, sent, Arc::downgrade(&shared)));
        let reader = tokio::spawn(read_all(from, Arc::downgrade(&shared)));
        Ok(Relay { shared, env: Arc::new(env), _reader: Arc::new(Aborted(reader)) })
    }

    /// Why the relay is lost, if it is.
    pub fn lost(&self) -> Option<Lost> {
        locked(&self.shared.lost).clone()
    }

    /// Runs a command to its end, or to the end of its time.
    pub async fn run(&self, command: &Command) -> Result<Output, Trouble> {
        let asked = self.asked(command, None)?;
        self.run_asked(b'R', &asked, command).await
    }

    /// Writes a file, whole or not at all.
    pub async fn write(&self, path: &str, bytes: &[u8], mode: u32) -> Result<(), Trouble> {
        let mut asked = Vec::new();
        let mode = mode.to_string();
        put_list(&mut asked, [path.as_bytes(), mode.as_bytes()].into_iter());
        let purpose = format!("write `{path}`");
        let command = Command::housekeeping(&purpose, ["write"]).reading(bytes);
        self.run_asked(b'W', &asked, &command).await?.expect_ok(&purpose).map(drop)
    }

    /// Starts a command that goes on by itself, its outputs appended to `log`; its process id.
    pub async fn start(&self, command: &Command, log: &str) -> Result<u32, Trouble> {
        let asked = self.asked(command, Some(log))?;
        match self.question(b'B', &asked, HOUSEKEEPING_LIMIT).await? {
            Told::Number(pid) => Ok(pid),
            Told::Failed { said } => Err(not_executable(command, &said)),
            _ => Err(out_of_turn().into()),
        }
    }

    /// Has the relay listen once; the port. Who connects there is given `token`.
    pub async fn listen_once(&self, token: &[u8]) -> Result<u16, Lost> {
        match self.question(b'L', token, PING_LIMIT).await? {
            Told::Number(port) => u16::try_from(port).map_err(|_| out_of_turn()),
            Told::Failed { said } => Err(Lost(said)),
            _ => Err(out_of_turn()),
        }
    }

    fn asked(&self, command: &Command, log: Option<&str>) -> Result<Vec<u8>, Trouble> {
        let mut asked = Vec::new();
        if let Some(log) = log {
            put_list(&mut asked, [log.as_bytes()].into_iter());
        }
        let fixed = self.env.iter().filter(|(name, _)| !command.env.iter().any(|e| e.0 == *name));
        let env: Vec<String> =
            fixed.chain(&command.env).map(|(name, value)| format!("{name}={value}")).collect();
        put_list(&mut asked, env.iter().map(String::as_bytes));
        put_list(&mut asked, command.argv.iter().map(String::as_bytes));
        let words = env.iter().chain(&command.argv);
        let said = match command.argv.first() {
            None => "nothing to run",
            Some(_) if asked.len() > ASKED_MAX => "its arguments are too long",
            Some(_) if words.clone().any(|word| word.contains('\0')) => "an argument holds a NUL",
            Some(_) => return Ok(asked),
        };
        Err(not_executable(command, said))
    }

    async fn run_asked(
        &self,
        kind: u8,
        asked: &[u8],
        command: &Command,
    ) -> Result<Output, Trouble> {
        let began = Instant::now();
        let mut waiting = self.open(kind, asked, None)?;
        let (id, credit) = (waiting.id, waiting.credit.clone());
        let told = tokio::select! {
            told = timeout(command.limit, &mut waiting.told) => told,
            never = self.feed(id, credit, &command.stdin) => match never {},
        };
        let took = began.elapsed();
        let Ok(told) = told else {
            return Err(self.kill(waiting, command).await);
        };
        waiting.over = true;
        match told.map_err(|_| self.why_lost())? {
            Told::Ended { signalled, number } => {
                let kept = (&mut waiting.finished).await.map_err(|_| self.why_lost())?;
                let ((stdout, out_cut), (stderr, err_cut)) =
                    (kept.0.into_kept(), kept.1.into_kept());
                let number = i32::try_from(number).unwrap_or(i32::MAX);
                let (exit, signal) =
                    if signalled { (None, Some(number)) } else { (Some(number), None) };
                Ok(Output { exit, signal, stdout, stderr, cut: out_cut || err_cut, took })
            }
            Told::Failed { said } => Err(not_executable(command, &said)),
            _ => Err(out_of_turn().into()),
        }
    }

    async fn kill(&self, mut waiting: Waiting<'_>, command: &Command) -> Trouble {
        self.send(b'K', waiting.id, &[]);
        let late = format!("{}: did not end within {:?}", command.purpose, command.limit);
        let told = timeout(KILL_LIMIT, &mut waiting.told).await;
        waiting.over = true;
        match told {
            Ok(Ok(_)) => command.late(late),
            Ok(Err(_)) => self.why_lost().into(),
            Err(_) => match self.question(b'P', &[], PING_LIMIT).await {
                Ok(_) => command.late(format!("{late}, and could not be killed")),
                Err(lost) => lost.into(),
            },
        }
    }

    async fn question(&self, kind: u8, asked: &[u8], limit: Duration) -> Result<Told, Lost> {
        let mut waiting = self.open(kind, asked, None)?;
        let told = timeout(limit, &mut waiting.told).await;
        waiting.over = true;
        match told {
            Ok(Ok(told)) => Ok(told),
            Ok(Err(_)) => Err(self.why_lost()),
            Err(_) => {
                self.forget(waiting.id);
                Err(Lost(format!("no answer from it within {limit:?}")))
            }
        }
    }

    /// Sends a command's input as the far side makes room for it; then waits for ever.
    async fn feed(
        &self,
        id: u32,
        credit: Arc<Semaphore>,
        bytes: &[u8],
    ) -> std::convert::Infallible {
        for chunk in bytes.chunks(CHUNK) {
            if !paid(&credit, chunk.len()).await {
                break;
            }
            self.send(b'I', id, chunk);
        }
        self.send(b'E', id, &[]);
        std::future::pending().await
    }

    pub(super) fn open(
        &self,
        kind: u8,
        asked: &[u8],
        bytes: Option<mpsc::UnboundedSender<Vec<u8>>>,
    ) -> Result<Waiting<'_>, Lost> {
        let id = self.shared.next.fetch_add(1, Ordering::Relaxed);
        let (told, told_end) = oneshot::channel();
        let (finished, finished_end) = oneshot::channel();
        let credit = Arc::new(Semaphore::new(WINDOW));
        let talk = Talk {
            told: Some(told),
            stdout: Capture::default(),
            stderr: Capture::default(),
            credit: credit.clone(),
            bytes,
            finished: Some(finished),
        };
        // Under the lock of `lost`: a talk begun after the loss would never be told of it.
        let lost = locked(&self.shared.lost);
        if let Some(lost) = &*lost {
            return Err(lost.clone());
        }
        locked(&self.shared.talks).insert(id, talk);
        drop(lost);
        self.send(kind, id, asked);
        let over = false;
        Ok(Waiting { relay: self, id, told: told_end, credit, finished: finished_end, over })
    }

    pub(super) fn send(&self, kind: u8, id: u32, payload: &[u8]) {
        // A writer that is gone has said so in `lost`, and whoever waits is told by its end.
        if let Some(bytes) = encode(kind, id, payload) {
            self.shared.outgoing.send(bytes).ok();
        }
    }

    pub(super) fn forget(&self, id: u32) {
        self.send(b'Q', id, &[]);
        locked(&self.shared.talks).remove(&id);
    }

    pub(super) fn why_lost(&self) -> Lost {
        self.lost().unwrap_or_else(|| Lost("it ended".to_owned()))
    }
}

fn not_executable(command: &Command, said: &str) -> Trouble {
    let said = format!("{}: {said}", command.purpose);
    Trouble::rig(RigCause::NotExecutable, said)
}
