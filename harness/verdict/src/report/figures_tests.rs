//! How figures read.

use super::*;

#[test]
fn durations_read_as_people_say_them() {
    let read = [
        (0.0, "0 s"),
        (0.000_4, "0.4 ms"),
        (0.012, "12 ms"),
        (0.999_6, "1 s"),
        (3.2, "3.2 s"),
        (3.214, "3.21 s"),
        (9.999, "10 s"),
        (12.34, "12.3 s"),
        (59.96, "1 min"),
        (250.0, "4 min 10 s"),
        (3_599.7, "1 h"),
        (3_840.0, "1 h 4 min"),
        (14_400.0, "4 h"),
        (183_600.0, "2 d 3 h"),
        (-3.2, "-3.2 s"),
        (f64::NAN, "not a number"),
        (f64::INFINITY, "not a number"),
    ];
    for (seconds, text) in read {
        assert_eq!(duration(seconds), text, "{seconds}");
    }
}

#[test]
fn an_interval_that_is_shown_is_never_narrower_than_the_one_measured() {
    assert_eq!(interval((3.214, 3.241)), "3.21 s … 3.25 s");
    assert_eq!(interval((3.21, 3.21)), "3.21 s");
    assert_eq!(interval((0.0, 0.012_1)), "0 s … 13 ms");
    assert_eq!(interval((59.99, 60.01)), "59.9 s … 1 min 1 s");
    assert_eq!(at_most(14_400.4), "4 h 1 min");
}

#[test]
fn limits_read_as_scenarios_write_them() {
    let read = [
        (0.5, "500ms"),
        (1.5, "1500ms"),
        (60.0, "1m"),
        (90.0, "90s"),
        (300.0, "5m"),
        (5400.0, "1h30m"),
        (14_400.0, "4h"),
        (86_400.0, "1d"),
        (129_600.0, "36h"),
        (172_800.0, "2d"),
        (0.0, "0s"),
    ];
    for (seconds, text) in read {
        assert_eq!(limit(seconds), text, "{seconds}");
    }
}

#[test]
fn sizes_read_in_units_of_a_thousand() {
    let read = [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (41_234_567, "41.2 MB"),
        (999_949, "999.9 kB"),
        (999_950, "1 MB"),
        (800_000_000_000, "800 GB"),
        (u64::MAX, "18.4 EB"),
    ];
    for (bytes, text) in read {
        assert_eq!(size(bytes), text, "{bytes}");
    }
}

#[test]
fn numbers_of_things_are_grouped() {
    assert_eq!([count(0), count(999), count(12_034), count(1_000_000)].join(" "), {
        "0 999 12,034 1,000,000"
    });
    assert_eq!(counts((3, 3)), "3");
    assert_eq!(counts((3, 1200)), "3 … 1,200");
}

#[test]
fn a_loss_that_was_not_seen_is_never_called_zero() {
    let seen = |observed, lost| {
        let (observed_loss_s, lost_transactions) = (observed, lost);
        observed_loss(&Measured { observed_loss_s, lost_transactions, ..Measured::default() })
    };
    assert_eq!(seen(None, None), "unknown");
    assert_eq!(seen(None, Some((0, 0))), "unknown");
    assert_eq!(seen(Some((0.0, 0.012)), Some((0, 0))), "0 observed (≤ 12 ms between acks)");
    assert_eq!(seen(Some((0.0, 0.0)), Some((0, 0))), "0 observed");
    assert_eq!(seen(Some((1.2, 1.4)), Some((3, 4))), "1.2 s … 1.4 s (3 … 4 transactions)");
    assert_eq!(seen(Some((1.2, 1.4)), None), "1.2 s … 1.4 s");
}

#[test]
fn an_exposure_without_bound_says_so() {
    let allowed = |exposure| self::exposure(&Measured { exposure, ..Measured::default() });
    assert_eq!(allowed(None), "unknown");
    assert_eq!(allowed(Some(Exposure::Unbounded)), "unbounded");
    assert_eq!(allowed(Some(Exposure::Seconds(0.0))), "none by its cadence");
    assert_eq!(allowed(Some(Exposure::Seconds(21_600.0))), "6 h");
}
