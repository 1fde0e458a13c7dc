//! A scenario file, read: every mistake is pinned to its place.
