//! Signals: the first asks the drill to end in order, the second does not wait for the ground to
//! be given back, the third ends the process; the reaper does the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::drill::Wish;
use crate::say;

/// What signals have asked for so far.
#[derive(Clone)]
pub struct Signals {
    wish: watch::Receiver<Wish>,
    exit: Arc<AtomicU8>,
}

impl Signals {
    /// Listens for SIGINT, SIGTERM and SIGHUP for as long as the process lives.
    pub fn listen() -> std::io::Result<Signals> {
        let (sender, wish) = watch::channel(Wish::GoOn);
        let exit = Arc::new(AtomicU8::new(0));
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let code = exit.clone();
        tokio::spawn(async move {
            loop {
                let number = tokio::select! {
                    _ = interrupt.recv() => 130,
                    _ = terminate.recv() => 143,
                    _ = hang_up.recv() => 143,
                };
                // The first signal decides the exit status.
                let _ = code.compare_exchange(0, number, Ordering::SeqCst, Ordering::SeqCst);
                let next = match *sender.borrow() {
                    Wish::GoOn => Wish::End,
                    Wish::End => Wish::EndNow,
                    Wish::EndNow => std::process::exit(i32::from(number)),
                };
                say::aside(said(next));
                sender.send_replace(next);
            }
        });
        Ok(Signals { wish, exit })
    }

    /// The drill's side of it.
    pub fn wish(&self) -> watch::Receiver<Wish> {
        self.wish.clone()
    }

    /// The exit status that a signal decided, if one came.
    pub fn exit(&self) -> Option<u8> {
        Some(self.exit.load(Ordering::SeqCst)).filter(|code| *code != 0)
    }

    /// Returns once the first signal came.
    pub async fn end(&self) {
        self.at_least(Wish::End).await;
    }

    /// Returns once nothing more should be waited for.
    pub async fn end_now(&self) {
        self.at_least(Wish::EndNow).await;
    }

    async fn at_least(&self, wanted: Wish) {
        let mut wish = self.wish.clone();
        if wish.wait_for(|wish| *wish >= wanted).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn said(wish: Wish) -> &'static str {
    match wish {
        Wish::GoOn => "",
        Wish::End => "interrupted: giving everything back; press Ctrl-C again not to wait for it",
        Wish::EndNow => "not waiting: the reaper gives everything back; once more ends at once",
    }
}
