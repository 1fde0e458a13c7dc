//! How the writers are held: the commit gate, and the long transaction that is always open.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard, watch};

/// How long we wait for the long transaction to be open before a mark or a strike.
const LONG_OPEN_LIMIT: Duration = Duration::from_secs(10);

/// How long the first acknowledgement may take: a workload that writes nothing proves nothing.
const FIRST_ACK_LIMIT: Duration = Duration::from_secs(30);

/// Shared by all writers of a drill and whoever takes a mark.
pub struct Pace {
    gate: RwLock<()>,
    long_open: watch::Sender<bool>,
    long_held: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    acks: watch::Sender<u64>,
    last_xid: Mutex<Option<u64>>,
    refused: Mutex<Option<String>>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            gate: RwLock::new(()),
            long_open: watch::Sender::new(false),
            long_held: watch::Sender::new(false),
            stop: watch::Sender::new(false),
            acks: watch::Sender::new(0),
            last_xid: Mutex::default(),
            refused: Mutex::default(),
        }
    }
}

impl Pace {
    /// Held by a writer from before it sends COMMIT until the answer is in the ledger.
    pub async fn committing(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().await
    }

    /// A commit standstill: as long as the guard lives, no COMMIT is on its way.
    pub async fn standstill(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Said by the long writer: its transaction is open, or is not.
    pub fn long_is_open(&self, open: bool) {
        self.long_open.send_replace(open);
    }

    /// Keeps the long transaction from committing, or lets it go.
    pub fn hold_long(&self, held: bool) {
        self.long_held.send_replace(held);
    }

    /// Waits until the long transaction is open; whether it was in time.
    pub async fn await_long(&self) -> bool {
        let mut open = self.long_open.subscribe();
        let wait = async { open.wait_for(|open| *open).await.is_ok() };
        tokio::time::timeout(LONG_OPEN_LIMIT, wait).await.unwrap_or(false)
    }

    /// Waits until the long transaction may commit, or the workload is over.
    pub async fn await_long_release(&self) {
        let (mut held, mut stop) = (self.long_held.subscribe(), self.stop.subscribe());
        tokio::select! {
            _ = held.wait_for(|held| !held) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// The transaction that was acknowledged last, epoch included.
    pub fn last_xid(&self) -> Option<u64> {
        *self.last_xid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Said by a writer, before its COMMIT lets a mark pass: this transaction was acknowledged.
    pub fn acked(&self, xid: u64) {
        *self.last_xid.lock().unwrap_or_else(PoisonError::into_inner) = Some(xid);
        self.acks.send_modify(|acks| *acks += 1);
    }

    /// Said by a writer: this is why nothing was.
    pub fn refused(&self, said: String) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
    }

    /// Waits until the first COMMIT was acknowledged; else what the last refusal said.
    pub async fn await_first(&self) -> Result<(), String> {
        let mut acks = self.acks.subscribe();
        match tokio::time::timeout(FIRST_ACK_LIMIT, acks.wait_for(|acks| *acks > 0)).await {
            Ok(Ok(_)) => Ok(()),
            _ => {
                let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                Err(refused.clone().unwrap_or_else(|| "no writer was refused either".to_owned()))
            }
        }
    }

    /// Ends the workload: no writer begins another transaction.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Whether the workload is over.
    pub fn stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sleeps, but not beyond the end of the workload; whether it goes on.
    pub async fn sleep(&self, time: Duration) -> bool {
        let mut stop = self.stop.subscribe();
        tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await.is_err()
    }
}
