//! Spans of time and sizes in words.

/// A span in seconds, as a reader wants it.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 120.0 => format!("{s:.3} s"),
        s if s < 7200.0 => format!("{:.2} min", s / 60.0),
        s => format!("{:.2} h", s / 3600.0),
    }
}

/// An interval in seconds; one figure where both ends read the same.
pub(super) fn interval(lower: f64, upper: f64) -> String {
    let (lower, upper) = (span(lower), span(upper));
    if lower == upper { lower } else { format!("{lower} to {upper}") }
}

/// A size in bytes, in decimal units.
pub(super) fn size(bytes: u64) -> String {
    let bytes = bytes as f64;
    match bytes {
        b if b < 1e6 => format!("{:.1} kB", b / 1e3),
        b if b < 1e9 => format!("{:.1} MB", b / 1e6),
        b if b < 1e12 => format!("{:.1} GB", b / 1e9),
        b => format!("{:.1} TB", b / 1e12),
    }
}

/// Nanoseconds of the drill's clock as seconds.
pub(super) fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_in_the_unit_that_it_fills() {
        let all = [(0.0123, "12.3 ms"), (1.0, "1.000 s"), (120.0, "2.00 min"), (7200.0, "2.00 h")];
        for (seconds, said) in all {
            assert_eq!(span(seconds), said);
        }
        assert_eq!(interval(1.0, 1.0001), "1.000 s");
        assert_eq!(interval(1.0, 1.5), "1.000 s to 1.500 s");
    }

    #[test]
    fn a_size_is_in_the_unit_that_it_fills() {
        let all = [
            (999, "1.0 kB"),
            (1_000_000, "1.0 MB"),
            (1_000_000_000, "1.0 GB"),
            (1_000_000_000_000, "1.0 TB"),
        ];
        for (bytes, said) in all {
            assert_eq!(size(bytes), said);
        }
    }
}
