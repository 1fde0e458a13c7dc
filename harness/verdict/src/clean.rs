//! Text from outside, made fit for a report: XML characters only, no terminal escapes, bounded.
