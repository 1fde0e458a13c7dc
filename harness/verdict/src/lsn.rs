//! Positions in the write-ahead log, and the segment files that hold them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A byte position in the write-ahead log, written `16/B374D848` as PostgreSQL's `pg_lsn` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// Why a text is not a log position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a log position such as 16/B374D848")]
pub struct LsnError(String);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = LsnError;

    fn from_str(text: &str) -> Result<Self, LsnError> {
        let wrong = || LsnError(text.chars().take(40).collect());
        let (high, low) = text.split_once('/').ok_or_else(wrong)?;
        let half = |part: &str| {
            let digits =
                (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
            if digits { u64::from_str_radix(part, 16).ok() } else { None }
        };
        Ok(Lsn(half(high).ok_or_else(wrong)? << 32 | half(low).ok_or_else(wrong)?))
    }
}

impl Serialize for Lsn {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The name of a write-ahead log segment: timeline, and the position at which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Segment {
    /// The timeline the segment belongs to.
    pub timeline: u32,
    /// The first position in the segment.
    pub start: Lsn,
    /// The length of a segment in bytes (`wal_segment_size`).
    pub size: u64,
}

impl Segment {
    /// The segment of `timeline` that holds `lsn`; `size` is `wal_segment_size` in bytes.
    pub fn holding(timeline: u32, lsn: Lsn, size: u64) -> Segment {
        Segment { timeline, start: Lsn(lsn.0 / size * size), size }
    }

    /// Reads a 24-digit segment name such as `000000010000000000000003`.
    /// Anything else (`.partial`, `.history`, a backup label) is `None`.
    pub fn parse(name: &str, size: u64) -> Option<Segment> {
        if name.len() != 24 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |range: std::ops::Range<usize>| u64::from_str_radix(&name[range], 16).ok();
        let (timeline, log, number) = (part(0..8)?, part(8..16)?, part(16..24)?);
        let start = log.checked_mul(1 << 32)?.checked_add(number.checked_mul(size)?)?;
        Some(Segment { timeline: u32::try_from(timeline).ok()?, start: Lsn(start), size })
    }

    /// The first position after the segment.
    pub fn end(&self) -> Lsn {
        Lsn(self.start.0 + self.size)
    }

    /// The segment that follows on the same timeline.
    pub fn next(&self) -> Segment {
        Segment { start: self.end(), ..*self }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (log, number) = (self.start.0 >> 32, (self.start.0 & 0xFFFF_FFFF) / self.size);
        write!(f, "{:08X}{:08X}{:08X}", self.timeline, log, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_as_it_was_written() {
        for text in ["0/0", "0/3000060", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Lsn>().map(|lsn| lsn.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_a_position_is_refused() {
        for text in ["", "/", "0/", "/0", "0/100000000", "+1/0", "0/ 1", "g/0", "0/0/0", "é/0"] {
            assert!(text.parse::<Lsn>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_segment_name_gives_its_span() {
        let segment = Segment::parse("000000020000000A000000FF", 16 << 20).expect("a segment");
        assert_eq!(segment.timeline, 2);
        assert_eq!(segment.start.to_string(), "A/FF000000");
        assert_eq!(segment.end().to_string(), "B/0");
        assert_eq!(segment.to_string(), "000000020000000A000000FF");
        assert_eq!(segment.next().to_string(), "000000020000000B00000000");
        assert_eq!(Segment::holding(2, Lsn(0xAFF000123), 16 << 20), segment);
    }

    #[test]
    fn files_that_are_not_whole_segments_are_not_segments() {
        for name in ["00000002.history", "000000020000000A000000FF.partial", "", "zz"] {
            assert_eq!(Segment::parse(name, 16 << 20), None, "{name}");
        }
    }
}
