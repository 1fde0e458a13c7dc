//! A socket between a program and the container engine, whose connections can be made to fail. The
//! engine itself goes on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Where the engine listens, unless `DOCKER_HOST` says otherwise.
const ENGINE: &str = "/var/run/docker.sock";
/// How often a connection looks whether it is to fail.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How late every piece comes on a connection that is late.
const LATE: Duration = Duration::from_millis(400);

/// What happens to all connections, those that are open as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Everything passes.
    Sound,
    /// They are closed, and so is each new one.
    Cut,
    /// Nothing passes any more, and nobody says so.
    Hung,
    /// Everything passes late.
    Late,
}

const LINES: [Line; 4] = [Line::Sound, Line::Cut, Line::Hung, Line::Late];

/// The socket.
pub struct Proxy(Arc<AtomicU8>);

impl Proxy {
    /// Listens at `path`, for as long as the process lives.
    pub fn listen(path: &Path) -> io::Result<Proxy> {
        let listener = UnixListener::bind(path)?;
        let proxy = Proxy(Arc::default());
        let mode = proxy.0.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let mode = mode.clone();
                std::thread::spawn(move || pass(client, &mode));
            }
        });
        Ok(proxy)
    }

    /// From now on connections are like this.
    pub fn set(&self, line: Line) {
        self.0.store(line as u8, Ordering::SeqCst);
    }
}

fn line(mode: &AtomicU8) -> Line {
    LINES[usize::from(mode.load(Ordering::SeqCst)) % LINES.len()]
}

fn pass(client: UnixStream, mode: &Arc<AtomicU8>) -> Option<()> {
    let named = std::env::var("DOCKER_HOST").ok();
    let path = named.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or(ENGINE);
    let engine = UnixStream::connect(path).ok()?;
    let (from, into) = (client.try_clone().ok()?, engine.try_clone().ok()?);
    let there = mode.clone();
    std::thread::spawn(move || carry(from, into, &there));
    carry(engine, client, mode);
    Some(())
}

/// Carries what one side says to the other, until one of them ends.
fn carry(mut from: UnixStream, mut into: UnixStream, mode: &AtomicU8) {
    let mut chunk = vec![0; 64 << 10];
    let _ = from.set_read_timeout(Some(LOOK_EVERY));
    loop {
        match line(mode) {
            Line::Cut => {
                let _ = (from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both));
                return;
            }
            Line::Hung => {
                std::thread::sleep(LOOK_EVERY);
                continue;
            }
            Line::Sound | Line::Late => {}
        }
        match from.read(&mut chunk) {
            Ok(0) => {
                let _ = into.shutdown(Shutdown::Write);
                return;
            }
            Ok(got) => {
                if line(mode) == Line::Late {
                    std::thread::sleep(LATE);
                }
                if into.write_all(&chunk[..got]).is_err() {
                    return;
                }
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}
