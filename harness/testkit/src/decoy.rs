//! A stand-in for production: it listens, counts who comes, and answers nothing.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A listener that counts the connections made to it.
pub struct Decoy {
    address: SocketAddr,
    visits: Arc<AtomicU32>,
}

impl Decoy {
    /// Listens on a free port of the loopback address, for as long as the process lives.
    pub fn listen() -> io::Result<Decoy> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let visits = Arc::new(AtomicU32::new(0));
        let counted = visits.clone();
        std::thread::spawn(move || {
            for visitor in listener.incoming() {
                drop(visitor);
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Decoy { address, visits })
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How often somebody connected.
    pub fn visits(&self) -> u32 {
        self.visits.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::net::TcpStream;

    #[test]
    fn a_decoy_counts_its_visitors() {
        let decoy = Decoy::listen().expect("a decoy");
        assert_eq!(decoy.visits(), 0);
        let mut stream = TcpStream::connect(("127.0.0.1", decoy.port())).expect("a connection");
        // It hangs up on whoever comes: once it has, the visit is about to be counted.
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
        let mut second = TcpStream::connect(("127.0.0.1", decoy.port())).expect("a connection");
        assert_eq!(second.read(&mut [0; 1]).unwrap_or(0), 0);
        assert!(decoy.visits() >= 1);
    }
}
