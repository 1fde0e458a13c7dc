//! Times, sizes, rates and moments, as people write them. What could mean two things is refused.

use std::time::Duration;

/// The longest time a scenario can name: a year and a day, in milliseconds.
const TIME_MAX_MS: u64 = 366 * 86_400_000;
/// The largest size a scenario can name, in bytes: beyond it a typing error is likelier.
const SIZE_MAX: u64 = 1 << 60;
/// Letters of the longest text that is looked at.
const TEXT_MAX: usize = 40;

/// Units of time, the longest first, in milliseconds.
const TIMES: &[(&str, u64)] =
    &[("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Units of size in bytes; `GB` is 10⁹, `GiB` is 2³⁰.
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("PB", 1_000_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

/// A time such as `5s`, `10ms`, `4h` or `1h30m`: whole numbers, each with a unit, the longer
/// first. Never zero. The error says what is wrong with it, to be read after the text.
pub fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut total = 0_u64;
    let mut after = 0;
    if text.is_empty() || text.len() > TEXT_MAX {
        return Err("is not a time such as `5s`, `10ms` or `1h30m`".to_owned());
    }
    while !rest.is_empty() {
        let (number, unit, left) = number_and_unit(rest)
            .ok_or_else(|| "is not a time such as `5s`, `10ms` or `1h30m`".to_owned())?;
        if unit.is_empty() {
            return Err("has no unit: `ms`, `s`, `m`, `h` or `d`".to_owned());
        }
        let place = TIMES.iter().position(|(name, _)| *name == unit);
        let place = place.ok_or_else(|| {
            format!("has an unknown unit `{unit}`: it is `ms`, `s`, `m`, `h` or `d`")
        })?;
        if place < after {
            return Err("has its units out of order, or one twice".to_owned());
        }
        after = place + 1;
        total = number
            .checked_mul(TIMES[place].1)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= TIME_MAX_MS)
            .ok_or_else(|| "is longer than a year".to_owned())?;
        rest = left;
    }
    if total == 0 {
        return Err("is no time at all".to_owned());
    }
    Ok(Duration::from_millis(total))
}

/// A size such as `800GB` or `1.5TiB`, in bytes. Never zero; `800G` and `800gb` are refused, for
/// they leave open which thousand is meant.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || "is not a size such as `800GB` or `64GiB`".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let well = |digits: &str, most: usize| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    };
    if !well(whole, 18) || !well(part, 3) {
        return Err(wrong());
    }
    let one = SIZES.iter().find(|(name, _)| *name == unit).map(|(_, one)| *one);
    let one = one.ok_or_else(|| match unit {
        "" => "has no unit such as `GB` or `GiB`".to_owned(),
        _ => format!("has an unknown unit `{unit}`: write `GB` for 10⁹ or `GiB` for 2³⁰"),
    })?;
    let scale = 10_u128.pow(u32::try_from(part.len()).unwrap_or(3));
    let digits = |text: &str| text.parse::<u128>().map_err(|_| wrong());
    let bytes = (digits(whole)? * scale + digits(part)?) * u128::from(one) / scale;
    match u64::try_from(bytes) {
        Ok(0) => Err("is no size at all".to_owned()),
        Ok(bytes) if bytes <= SIZE_MAX => Ok(bytes),
        _ => Err("is larger than an exbibyte".to_owned()),
    }
}

/// A rate such as `200/s` or `30/m`, in events a second, above zero and at most `max`.
pub fn rate(text: &str, max: f64) -> Result<f64, String> {
    let wrong = || "is not a rate such as `200/s` or `30/m`".to_owned();
    let (number, unit) = text.split_once('/').ok_or_else(wrong)?;
    let plain = !number.is_empty()
        && number.len() <= 12
        && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = if plain { number.parse().map_err(|_| wrong())? } else { Err(wrong())? };
    let rate = number / seconds;
    if rate <= 0.0 {
        return Err("is no rate at all".to_owned());
    }
    if rate > max {
        return Err(format!("is more than {max} a second"));
    }
    Ok(rate)
}

/// A moment with its offset from UTC, as `2026-03-01T12:00:00+01:00`: returned as it was written.
pub fn moment(text: &str) -> Result<String, String> {
    if text.len() > TEXT_MAX {
        return Err("is not a moment such as `2026-03-01T12:00:00+01:00`".to_owned());
    }
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    if text.parse::<jiff::civil::DateTime>().is_ok() {
        return Err("has no offset from UTC: it could be 26 hours apart".to_owned());
    }
    Err("is not a moment such as `2026-03-01T12:00:00+01:00`".to_owned())
}

/// The same moment in UTC, to the microsecond, as `2026-03-01 11:00:00.000000`.
pub fn moment_in_utc(text: &str) -> Option<String> {
    let stamp = text.parse::<jiff::Timestamp>().ok()?;
    Some(stamp.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

fn number_and_unit(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse().ok()?;
    let rest = &text[digits..];
    let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    Some((number, &rest[..letters], &rest[letters..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_numbers_with_units() {
        assert_eq!(duration("5s").unwrap(), Duration::from_secs(5));
        assert_eq!(duration("10ms").unwrap(), Duration::from_millis(10));
        assert_eq!(duration("1h30m").unwrap(), Duration::from_secs(5400));
        assert_eq!(duration("1d").unwrap(), Duration::from_secs(86_400));
    }

    #[test]
    fn times_that_could_mean_something_else_are_refused() {
        for text in [
            "",
            "5",
            "s",
            "5 s",
            "-5s",
            "+5s",
            "1.5h",
            "5S",
            "5M",
            "5min",
            "0s",
            "30m1h",
            "1s1s",
            "9999999d",
            "99999999999999999999s",
            "18446744073709551615h",
            "5s\n",
            "５s",
            "1e3s",
            "5s5",
            "∞s",
            "PT5S",
        ] {
            assert!(duration(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn sizes_know_both_thousands() {
        assert_eq!(size("800GB").unwrap(), 800_000_000_000);
        assert_eq!(size("64GiB").unwrap(), 64 << 30);
        assert_eq!(size("1.5TiB").unwrap(), 3 << 39);
        for text in ["", "800", "800G", "800gb", "0GB", "-1GB", "1.GB", ".5GB", "2000PB", "1e3GB"] {
            assert!(size(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn rates_have_a_bound() {
        assert_eq!(rate("200/s", 1e4).unwrap(), 200.0);
        assert_eq!(rate("30/m", 1e4).unwrap(), 0.5);
        for text in ["200", "0/s", "-1/s", "inf/s", "NaN/s", "20000/s", "1/d", "/s", "1/s/s", "."] {
            assert!(rate(text, 1e4).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_moment_without_an_offset_is_refused() {
        assert!(moment("2026-03-01T12:00:00+01:00").is_ok());
        assert!(moment("2026-03-01T12:00:00Z").is_ok());
        assert!(moment("2026-03-01 12:00:00").unwrap_err().contains("no offset"));
        assert!(moment("yesterday").is_err());
    }
}
