//! What is under way with a relay: who waits for which answer, and the two tasks that carry frames.

use std::collections::HashMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pgrehearse_verdict::journal::RigCause;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::capture::Capture;
use super::frame::{Frame, receive};
use crate::rig::Trouble;

/// Bytes of input or of a connection that may be under way; the relay has the same number.
pub(super) const WINDOW: usize = 256 << 10;

/// The relay is not there any more, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the connection to the container engine is lost: the relay of the node: {0}")]
pub(crate) struct Lost(pub String);

impl From<Lost> for Trouble {
    fn from(lost: Lost) -> Trouble {
        Trouble::rig(RigCause::EngineApi, lost.to_string())
    }
}

/// What a waiting side is told.
pub(super) enum Told {
    Ended { signalled: bool, number: u32 },
    Failed { said: String },
    Number(u32),
    Done,
}

/// A conversation under one id.
pub(super) struct Talk {
    pub(super) told: Option<oneshot::Sender<Told>>,
    pub(super) stdout: Capture,
    pub(super) stderr: Capture,
    pub(super) credit: Arc<Semaphore>,
    pub(super) bytes: Option<mpsc::UnboundedSender<Vec<u8>>>,
    pub(super) finished: Option<oneshot::Sender<(Capture, Capture)>>,
}

pub(super) struct Shared {
    pub(super) talks: Mutex<HashMap<u32, Talk>>,
    pub(super) lost: Mutex<Option<Lost>>,
    pub(super) next: AtomicU32,
    pub(super) outgoing: mpsc::UnboundedSender<Vec<u8>>,
}

impl Shared {
    pub(super) fn lose(&self, said: String) {
        let mut lost = locked(&self.lost);
        lost.get_or_insert(Lost(said));
        for (_, talk) in locked(&self.talks).drain() {
            talk.credit.close();
        }
    }

    /// Hands an answer over; `false` if it makes no sense.
    pub(super) fn take(&self, frame: Frame) -> bool {
        let mut talks = locked(&self.talks);
        let Some(talk) = talks.get_mut(&frame.id) else {
            return true;
        };
        let number = frame.number();
        let (told, over) = match (frame.kind, number) {
            (b'o', _) => {
                talk.stdout.push(&frame.payload);
                return true;
            }
            (b'e', _) => {
                talk.stderr.push(&frame.payload);
                return true;
            }
            (b'a', Some(room)) => {
                talk.credit.add_permits((room as usize).min(WINDOW));
                return true;
            }
            (b'd', _) => {
                return talk.bytes.as_ref().is_none_or(|to| {
                    to.send(frame.payload).ok();
                    true
                });
            }
            (b'c', _) => (Told::Done, false),
            (b'z', _) => (Told::Done, true),
            (b'p', _) => (Told::Done, true),
            (b's' | b'l', Some(number)) => (Told::Number(number), true),
            (b'x', _) => match *frame.payload.as_slice() {
                [how, a, b, c, d] => {
                    let number = u32::from_be_bytes([a, b, c, d]);
                    (Told::Ended { signalled: how == 1, number }, true)
                }
                _ => return false,
            },
            (b'f', Some(_)) => {
                let said = String::from_utf8_lossy(&frame.payload[4..]).into_owned();
                (Told::Failed { said }, true)
            }
            _ => return false,
        };
        if let Some(to) = talk.told.take() {
            to.send(told).ok();
        }
        if over && let Some(talk) = talks.remove(&frame.id) {
            talk.credit.close();
            if let Some(to) = talk.finished {
                to.send((talk.stdout, talk.stderr)).ok();
            }
        }
        true
    }
}

pub(super) async fn read_all(mut from: impl AsyncRead + Unpin, shared: Weak<Shared>) {
    loop {
        let frame = receive(&mut from).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match frame {
            Ok(frame) => {
                if !shared.take(frame) {
                    return shared.lose("it answered out of turn".to_owned());
                }
            }
            Err(said) => return shared.lose(said),
        }
    }
}

pub(super) async fn write_all(
    mut into: impl AsyncWrite + Unpin,
    mut sent: mpsc::UnboundedReceiver<Vec<u8>>,
    shared: Weak<Shared>,
) {
    while let Some(bytes) = sent.recv().await {
        let mut done = into.write_all(&bytes).await;
        if sent.is_empty() && done.is_ok() {
            done = into.flush().await;
        }
        if let Err(error) = done {
            if let Some(shared) = shared.upgrade() {
                shared.lose(error.to_string());
            }
            return;
        }
    }
    into.shutdown().await.ok();
}

/// Waits for room; `false` if the far side wants no more.
pub(super) async fn paid(credit: &Semaphore, bytes: usize) -> bool {
    let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
    credit.acquire_many(wanted).await.map(|room| room.forget()).is_ok()
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn out_of_turn() -> Lost {
    Lost("it answered out of turn".to_owned())
}
