//! Output kept with a bound: its beginning and its end.

use std::collections::VecDeque;

use crate::rig::command::OUTPUT_KEPT;

/// The beginning and the end of a stream.
#[derive(Default)]
pub(super) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: bool,
}

impl Capture {
    /// Takes what came next.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = OUTPUT_KEPT - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        let rest = &rest[rest.len().saturating_sub(OUTPUT_KEPT)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(OUTPUT_KEPT);
        self.cut |= over > 0 || bytes.len() > first.len() + rest.len();
        self.tail.drain(..over.min(self.tail.len()));
        self.tail.extend(rest);
    }

    /// What was kept, and whether anything between was not.
    pub fn into_kept(self) -> (Vec<u8>, bool) {
        let mut kept = self.head;
        kept.extend(self.tail);
        (kept, self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(chunks: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut capture = Capture::default();
        for chunk in chunks {
            capture.push(chunk);
        }
        capture.into_kept()
    }

    #[test]
    fn what_fits_is_kept_whole() {
        let bytes: Vec<u8> = (0..2 * OUTPUT_KEPT).map(|n| (n % 251) as u8).collect();
        assert_eq!(kept(&[&bytes]), (bytes.clone(), false));
        let chunks: Vec<&[u8]> = bytes.chunks(777).collect();
        assert_eq!(kept(&chunks), (bytes.clone(), false));
    }

    #[test]
    fn one_byte_too_many_is_cut_from_the_middle_and_said() {
        let bytes: Vec<u8> = (0..=2 * OUTPUT_KEPT).map(|n| (n % 251) as u8).collect();
        let mut wanted = bytes.clone();
        wanted.remove(OUTPUT_KEPT);
        assert_eq!(kept(&[&bytes]), (wanted.clone(), true));
        let chunks: Vec<&[u8]> = bytes.chunks(70_000).collect();
        assert_eq!(kept(&chunks), (wanted, true));
    }
}
