//! Connections that begin on the node: bytes both ways, as much under way as there is room for.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream, WriteHalf};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::frame::put_list;
use super::link::{CHUNK, Relay};
use super::talk::{Lost, Told, out_of_turn, paid};

/// Where a connection through the relay goes.
pub(crate) enum Where {
    /// A Unix socket.
    #[cfg_attr(not(test), expect(dead_code, reason = "for servers that listen nowhere else"))]
    Unix(String),
    /// An address of the node's own, and a port.
    Tcp(Ipv4Addr, u16),
}

impl Relay {
    /// A connection that begins on the node. The outer error is the relay's, the inner the node's.
    pub async fn connect(
        &self,
        to: &Where,
        limit: Duration,
    ) -> Result<Result<DuplexStream, String>, Lost> {
        let mut asked = Vec::new();
        match to {
            Where::Unix(path) => put_list(&mut asked, [&b"unix"[..], path.as_bytes()].into_iter()),
            Where::Tcp(host, port) => {
                let (host, port) = (host.to_string(), port.to_string());
                let items = [&b"tcp"[..], host.as_bytes(), port.as_bytes()];
                put_list(&mut asked, items.into_iter());
            }
        }
        let (bytes, arrived) = mpsc::unbounded_channel();
        let mut waiting = self.open(b'C', &asked, Some(bytes))?;
        let told = timeout(limit, &mut waiting.told).await;
        waiting.over = true;
        match told {
            Ok(Ok(Told::Done)) => {}
            Ok(Ok(Told::Failed { said })) => return Ok(Err(said)),
            Ok(Ok(_)) => return Err(out_of_turn()),
            Ok(Err(_)) => return Err(self.why_lost()),
            Err(_) => {
                self.forget(waiting.id);
                return Ok(Err(format!("no connection within {limit:?}")));
            }
        }
        let (near, far) = tokio::io::duplex(CHUNK);
        let (reading, writing) = tokio::io::split(far);
        let (id, credit) = (waiting.id, waiting.credit.clone());
        tokio::spawn(send_along(self.clone(), id, credit, reading));
        tokio::spawn(hand_over(self.clone(), id, arrived, writing));
        Ok(Ok(near))
    }
}

/// From us to the node, until our side is closed.
async fn send_along(
    relay: Relay,
    id: u32,
    credit: Arc<Semaphore>,
    mut from: impl AsyncRead + Unpin,
) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(got @ 1..) = from.read(&mut chunk).await {
        if !paid(&credit, got).await {
            return;
        }
        relay.send(b'I', id, &chunk[..got]);
    }
    relay.send(b'E', id, &[]);
}

/// From the node to us, until its side is closed.
async fn hand_over(
    relay: Relay,
    id: u32,
    mut arrived: mpsc::UnboundedReceiver<Vec<u8>>,
    mut into: WriteHalf<DuplexStream>,
) {
    while let Some(bytes) = arrived.recv().await {
        if into.write_all(&bytes).await.is_err() {
            return relay.forget(id);
        }
        let room = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        relay.send(b'A', id, &room.to_be_bytes());
    }
    into.shutdown().await.ok();
}
