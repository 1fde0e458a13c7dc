//! A plain reader of PostgreSQL's protocol, as small as it can be: the floor that sessions are held
//! against. It knows no authentication but trust.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;

use pgrehearse::drill::Server;
use pgrehearse::rig::Place;

use crate::ground::OBSERVER;

/// Bytes read at once.
const CHUNK: usize = 64 << 10;

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// A connection.
pub struct Raw {
    wire: Box<dyn Wire>,
    buffer: Vec<u8>,
    start: usize,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub enum At {
    Socket(String),
    Address(SocketAddr),
}

impl At {
    pub fn of(server: &Server) -> At {
        let facts = server.node.facts();
        match facts.iter().find(|(name, _)| name == "address") {
            Some((_, address)) => {
                At::Address(SocketAddr::new(address.parse().expect("an address"), 5432))
            }
            None => At::Socket(format!("{}/.s.PGSQL.5432", server.node.place(Place::Socket))),
        }
    }
}

impl Raw {
    pub fn connect(at: &At, database: &str, settings: &[(&str, &str)]) -> io::Result<Raw> {
        let wire: Box<dyn Wire> = match at {
            At::Socket(path) => Box::new(UnixStream::connect(path)?),
            At::Address(address) => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        let mut raw = Raw { wire, buffer: Vec::with_capacity(2 * CHUNK), start: 0 };
        let mut body = 196_608_u32.to_be_bytes().to_vec();
        let fixed = [("user", OBSERVER), ("database", database)];
        for (name, value) in fixed.iter().chain(settings) {
            body.extend([name.as_bytes(), &[0], value.as_bytes(), &[0]].concat());
        }
        body.push(0);
        let length = u32::try_from(body.len() + 4).expect("it is short");
        raw.wire.write_all(&[&length.to_be_bytes()[..], &body].concat())?;
        raw.until_ready()?;
        Ok(raw)
    }

    /// Sends a query and reads past its whole answer: bytes of its rows or COPY messages, and
    /// whether the server reported no error.
    pub fn drain(&mut self, sql: &str) -> io::Result<(u64, bool)> {
        let length = u32::try_from(sql.len() + 5).expect("it is short");
        let message = [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat();
        self.wire.write_all(&message)?;
        self.until_ready()
    }

    fn until_ready(&mut self) -> io::Result<(u64, bool)> {
        let (mut bytes, mut good) = (0, true);
        loop {
            let (kind, length) = self.head()?;
            match kind {
                b'd' | b'D' => bytes += length as u64,
                b'E' => good = false,
                _ => {}
            }
            self.skip(length)?;
            if kind == b'Z' {
                return Ok((bytes, good));
            }
        }
    }

    fn head(&mut self) -> io::Result<(u8, usize)> {
        while self.buffer.len() - self.start < 5 {
            self.more()?;
        }
        let head = &self.buffer[self.start..self.start + 5];
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize - 4;
        let kind = head[0];
        self.start += 5;
        Ok((kind, length))
    }

    fn skip(&mut self, length: usize) -> io::Result<()> {
        let mut left = length;
        loop {
            let here = left.min(self.buffer.len() - self.start);
            (self.start, left) = (self.start + here, left - here);
            if left == 0 {
                return Ok(());
            }
            self.more()?;
        }
    }

    fn more(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let full = self.buffer.len();
        self.buffer.resize(full + CHUNK, 0);
        let got = self.wire.read(&mut self.buffer[full..])?;
        self.buffer.truncate(full + got);
        if got == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
    }
}
