//! The output of a command, its beginning and its end, however much it was.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::rig::command::OUTPUT_KEPT;

/// Bytes read from a pipe at a time.
const READ_BYTES: usize = 64 << 10;

/// What is kept of a stream.
#[derive(Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    /// Whether the middle is missing.
    pub cut: bool,
}

impl Kept {
    /// Adds what came next.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = OUTPUT_KEPT - self.head.len();
        let (first, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(OUTPUT_KEPT);
        self.cut |= over > 0;
        self.tail.drain(..over);
    }

    /// Reads a stream to its end, or until it fails: what came before is kept.
    pub async fn drain(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut bytes = vec![0; READ_BYTES];
        while let Ok(read) = stream.read(&mut bytes).await
            && read > 0
        {
            self.push(&bytes[..read]);
        }
    }

    /// The bytes that were kept.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.head.extend(self.tail);
        self.head
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(chunks: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut kept = Kept::default();
        chunks.iter().for_each(|chunk| kept.push(chunk));
        let cut = kept.cut;
        (kept.into_bytes(), cut)
    }

    #[test]
    fn output_up_to_twice_the_bound_is_kept_whole() {
        let bytes: Vec<u8> = (0..2 * OUTPUT_KEPT).map(|at| (at % 251) as u8).collect();
        assert_eq!(kept(&[&bytes[..7], &bytes[7..]]), (bytes, false));
    }

    #[test]
    fn the_middle_of_longer_output_is_cut_and_both_ends_are_kept() {
        let head = vec![b'h'; OUTPUT_KEPT];
        let tail = vec![b't'; OUTPUT_KEPT];
        let (bytes, cut) = kept(&[&head, b"lost", &tail]);
        assert!(cut);
        assert!(bytes == [head, tail].concat());
    }
}
