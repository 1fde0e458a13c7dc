//! A stream that takes the rows of a COPY out of what a server sends, and gives them to their sink
//! as they lie in the buffer. Handed on one by one through the library's channels, a short row
//! would cost several times what its digest costs.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::rig::CopySink;

/// Bytes read at once.
const BUFFER_BYTES: usize = 64 << 10;
/// A message begins with its kind and its length, which counts itself but not the kind.
const HEAD_BYTES: usize = 5;
/// A command's tag is never longer.
const TAG_BYTES_MAX: usize = 64;

/// Where rows go while a COPY runs.
pub(super) struct Tap {
    /// Takes the rows.
    pub sink: Box<dyn CopySink>,
    /// How many rows it was given.
    pub rows: u64,
    /// How many rows the server says it sent, once it has.
    pub announced: Option<u64>,
    /// The beginning of a row whose end is still to come.
    begun: Vec<u8>,
}

impl Tap {
    fn row(&mut self, part: &[u8], whole: bool) {
        if !whole {
            self.begun.extend_from_slice(part);
            return;
        }
        self.rows += 1;
        if self.begun.is_empty() {
            return self.sink.row(part);
        }
        self.begun.extend_from_slice(part);
        // Its memory goes as well: one row may be as long as all others.
        self.sink.row(&std::mem::take(&mut self.begun));
    }
}

/// The place of a tap, shared by the stream and whoever runs the COPY.
#[derive(Clone, Default)]
pub(super) struct Place(Arc<Mutex<Option<Tap>>>);

impl Place {
    /// Gives the rows that follow to `sink`.
    pub fn open(&self, sink: Box<dyn CopySink>) {
        *self.lock() = Some(Tap { sink, rows: 0, announced: None, begun: vec![] });
    }

    /// Takes the tap away.
    pub fn close(&self) -> Option<Tap> {
        self.lock().take()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Tap>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the next byte belongs to, and how many bytes of it are still to come.
#[derive(Debug, Clone, Copy)]
enum Inside {
    Nothing,
    Row(usize),
    Other(usize),
}

/// The stream.
pub(super) struct Tapped<S> {
    stream: S,
    place: Place,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    inside: Inside,
    ended: bool,
}

impl<S> Tapped<S> {
    /// `stream`, from its very beginning.
    pub fn new(stream: S, place: Place) -> Tapped<S> {
        let buffer = vec![0; BUFFER_BYTES].into_boxed_slice();
        Tapped { stream, place, buffer, from: 0, to: 0, inside: Inside::Nothing, ended: false }
    }

    /// Works through the buffer until it is used up, or `out` is full.
    fn advance(&mut self, out: &mut ReadBuf<'_>) {
        let mut tap = self.place.lock();
        loop {
            let here = &self.buffer[self.from..self.to];
            match self.inside {
                Inside::Nothing => match begin(here, &mut tap) {
                    Some(Inside::Row(length)) => {
                        self.from += HEAD_BYTES;
                        self.inside = Inside::Row(length);
                    }
                    Some(inside) => self.inside = inside,
                    // What ends in the middle of a head ends so for the library as well.
                    None if self.ended => self.inside = Inside::Other(usize::MAX),
                    None => return,
                },
                Inside::Row(left) => {
                    let part = left.min(here.len());
                    if let Some(tap) = tap.as_mut() {
                        tap.row(&here[..part], part == left);
                    }
                    self.from += part;
                    self.inside = Inside::Row(left - part);
                    if part < left {
                        return;
                    }
                    self.inside = Inside::Nothing;
                }
                Inside::Other(left) => {
                    let part = left.min(here.len()).min(out.remaining());
                    out.put_slice(&here[..part]);
                    self.from += part;
                    self.inside = Inside::Other(left - part);
                    if part < left {
                        return;
                    }
                    self.inside = Inside::Nothing;
                }
            }
        }
    }
}

/// What the message is that begins here; `None` until enough of it is there.
fn begin(here: &[u8], tap: &mut Option<Tap>) -> Option<Inside> {
    let head = here.get(..HEAD_BYTES)?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
    // A length that cannot be is the library's to refuse.
    let length = usize::try_from(length).ok()?.saturating_sub(HEAD_BYTES - 1);
    match (head[0], tap) {
        (b'd', Some(_)) => Some(Inside::Row(length)),
        (b'C', Some(tap)) if length <= TAG_BYTES_MAX => {
            let tag = here.get(HEAD_BYTES..HEAD_BYTES + length)?;
            tap.announced = copied(tag);
            Some(Inside::Other(HEAD_BYTES + length))
        }
        _ => Some(Inside::Other(HEAD_BYTES + length)),
    }
}

/// The number in the tag of a COPY.
fn copied(tag: &[u8]) -> Option<u64> {
    let tag = std::str::from_utf8(tag.strip_suffix(b"\0")?).ok()?;
    tag.strip_prefix("COPY ")?.parse().ok()
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = out.filled().len();
        loop {
            this.advance(out);
            if out.filled().len() > before || this.ended {
                return Poll::Ready(Ok(()));
            }
            // Hardly anything is ever left: the beginning of a head, or of a tag.
            this.buffer.copy_within(this.from..this.to, 0);
            (this.from, this.to) = (0, this.to - this.from);
            let mut space = ReadBuf::new(&mut this.buffer[this.to..]);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut space))?;
            let got = space.filled().len();
            this.to += got;
            this.ended = got == 0;
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::io::AsyncReadExt;

    use super::*;

    struct Told(mpsc::Sender<Vec<u8>>);

    impl CopySink for Told {
        fn row(&mut self, row: &[u8]) {
            self.0.send(row.to_vec()).expect("somebody listens");
        }
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).expect("it is short").to_be_bytes();
        [&[kind], &length[..], body].concat()
    }

    /// Gives at most so many bytes at a time.
    struct Drip(Vec<u8>, usize, usize);

    impl AsyncRead for Drip {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            out: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            let this = self.get_mut();
            let end = this.0.len().min(this.1 + this.2.min(out.remaining()));
            out.put_slice(&this.0[this.1..end]);
            this.1 = end;
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn rows_go_to_the_sink_and_all_else_goes_on_however_the_bytes_are_cut() {
        let long = vec![b'x'; 3 * BUFFER_BYTES];
        let rows: [&[u8]; 5] = [b"1\n", b"", b"two\n", &long, b"last\n"];
        let (before, notice) = (message(b'H', b"abc"), message(b'N', b"notice"));
        let after = [message(b'c', b""), message(b'C', b"COPY 5\0"), message(b'Z', b"I")].concat();
        let mut sent = before.clone();
        for (at, row) in rows.iter().enumerate() {
            sent.extend(message(b'd', row));
            if at == 1 {
                sent.extend(&notice);
            }
        }
        sent.extend(&after);
        for cut in [1, 2, 3, 7, 64, 1000, usize::MAX] {
            let (send, receive) = mpsc::channel();
            let place = Place::default();
            place.open(Box::new(Told(send)));
            let mut passed = vec![];
            let mut stream = Tapped::new(Drip(sent.clone(), 0, cut), place.clone());
            stream.read_to_end(&mut passed).await.expect("it reads");
            assert_eq!(passed, [&before[..], &notice, &after].concat(), "cut at {cut}");
            let tap = place.close().expect("it is open");
            assert_eq!((tap.rows, tap.announced), (5, Some(5)), "cut at {cut}");
            drop(tap);
            assert!(receive.iter().eq(rows.iter().map(|row| row.to_vec())), "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn without_a_tap_every_byte_goes_on_and_so_does_the_rest_of_a_message_cut_off() {
        let sent = [message(b'd', b"row"), message(b'C', b"COPY 1\0"), b"d\0\0".to_vec()].concat();
        let mut passed = vec![];
        let mut stream = Tapped::new(Drip(sent.clone(), 0, 4), Place::default());
        stream.read_to_end(&mut passed).await.expect("it reads");
        assert_eq!(passed, sent);
    }

    #[test]
    fn only_the_tag_of_a_copy_tells_a_number_of_rows() {
        for (tag, told) in [("COPY 0\0", Some(0)), ("COPY 12", None), ("SELECT 1\0", None)] {
            assert_eq!(copied(tag.as_bytes()), told, "{tag}");
        }
    }
}
