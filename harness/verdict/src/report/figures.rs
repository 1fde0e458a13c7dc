//! Figures for people. Lower ends are rounded down and upper ends up: no interval that is shown
//! is narrower than the one that was measured.

use crate::objective::{Exposure, Measured};

const US: u128 = 1_000;
const MS: u128 = 1_000_000;
const SECOND: u128 = 1_000_000_000;
const MINUTE: u128 = 60 * SECOND;
const HOUR: u128 = 60 * MINUTE;
const DAY: u128 = 24 * HOUR;
/// Times up to this are shown in hours: a nightly backup allows 24 h and a little, not 1 d 1 h.
const TWO_DAYS: u128 = 2 * DAY;

/// What is shown for a number that is none.
const NO_NUMBER: &str = "not a number";

#[derive(Clone, Copy)]
enum Round {
    Down,
    Nearest,
    Up,
}

/// A time as it was measured: `12 ms`, `3.2 s`, `4 min 10 s`, `1 h 4 min`, `2 d 3 h`.
pub fn duration(seconds: f64) -> String {
    rounded(seconds, Round::Nearest)
}

/// The upper end of a time, rounded up.
pub fn at_most(seconds: f64) -> String {
    rounded(seconds, Round::Up)
}

/// An interval of times; one figure where its ends read the same.
pub fn interval((low, high): (f64, f64)) -> String {
    let ends = (rounded(low, Round::Down), rounded(high, Round::Up));
    if ends.0 == ends.1 { ends.0 } else { format!("{} … {}", ends.0, ends.1) }
}

/// The acknowledged work that the chosen target gave up; `None` where it gave up none.
pub fn given_up(measured: &Measured) -> Option<String> {
    let (before, after) = measured.given_up;
    let said = format!("{} from before the strike, {} from after it", count(before), count(after));
    (before + after > 0).then_some(said)
}

/// A time as a scenario writes it: `500ms`, `90s`, `5m`, `1h30m`, `4h`, `2d`.
pub fn limit(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NO_NUMBER.to_owned();
    }
    let ns = nanoseconds(seconds);
    let units = [(DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (MS, "ms")];
    let mut rest = ns;
    let mut text = String::new();
    for (unit, name) in units {
        // A scenario rather says 90s and 36h than 1m30s and 1d12h.
        let kept_small = rest == ns && !ns.is_multiple_of(unit) && ns < 2 * unit && unit != HOUR;
        if rest >= unit && !kept_small {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if text.is_empty() { format!("{seconds}s") } else { text }
}

/// A size: `512 B`, `41.2 MB`, `800 GB`; a kB is 1000 bytes.
pub fn size(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut unit = 1000_u64;
    let mut at = 0;
    // What would be shown as 1000.0 of a unit is shown as 1 of the next.
    while at + 1 < units.len() && u128::from(bytes) * 20 >= u128::from(unit) * 19_999 {
        unit *= 1000;
        at += 1;
    }
    let tenths = (u128::from(bytes) * 10 + u128::from(unit) / 2) / u128::from(unit);
    format!("{} {}", decimal(tenths, 1), units[at])
}

/// A number of things: `12,034`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An interval of numbers of things; one number where its ends are the same.
pub fn counts((low, high): (u64, u64)) -> String {
    if low == high { count(low) } else { format!("{} … {}", count(low), count(high)) }
}

/// What this drill was seen to lose. That nothing was seen to be lost is not a loss of 0: it is
/// known only as closely as acknowledgements followed one another.
pub fn observed_loss(measured: &Measured) -> String {
    let Some((low, high)) = measured.observed_loss_s else {
        return "unknown".to_owned();
    };
    match measured.lost_transactions {
        Some((0, 0)) if high > 0.0 => {
            format!("0 observed (≤ {} between acks)", at_most(high))
        }
        Some((0, 0)) => "0 observed".to_owned(),
        None if high <= 0.0 => "0 observed".to_owned(),
        Some(lost) => {
            format!("{} ({} transactions)", interval((low, high)), counts(lost))
        }
        None => interval((low, high)),
    }
}

/// The worst that the protection allows by its own cadence.
pub fn exposure(measured: &Measured) -> String {
    match measured.exposure {
        None => "unknown".to_owned(),
        Some(Exposure::Unbounded) => "unbounded".to_owned(),
        Some(Exposure::Seconds(seconds)) if seconds <= 0.0 => "none by its cadence".to_owned(),
        Some(Exposure::Seconds(seconds)) => at_most(seconds),
    }
}

/// The recovery time.
pub fn recovery_time(measured: &Measured) -> String {
    measured.rto_s.map_or_else(|| "not measured".to_owned(), interval)
}

fn nanoseconds(seconds: f64) -> u128 {
    // Below 100 days a float holds more digits than nanoseconds; above, none are shown.
    (seconds * 1e9).round() as u128
}

fn rounded(seconds: f64, round: Round) -> String {
    if !seconds.is_finite() {
        return NO_NUMBER.to_owned();
    }
    if seconds < 0.0 {
        let away = match round {
            Round::Down => Round::Up,
            Round::Nearest => Round::Nearest,
            Round::Up => Round::Down,
        };
        return format!("-{}", rounded(-seconds, away));
    }
    let ns = nanoseconds(seconds);
    if ns == 0 {
        return "0 s".to_owned();
    }
    // Rounding can carry a figure into the next range: it is then shown as that range is.
    let first = to_step(ns, step(ns), round);
    spelled(to_step(first, step(first), round))
}

/// The smallest difference that is shown at this size.
fn step(ns: u128) -> u128 {
    match ns {
        0..MS => US,
        MS..SECOND => MS,
        SECOND..10_000_000_000 => 10 * MS,
        10_000_000_000..MINUTE => 100 * MS,
        MINUTE..HOUR => SECOND,
        HOUR..TWO_DAYS => MINUTE,
        _ => HOUR,
    }
}

fn to_step(ns: u128, step: u128, round: Round) -> u128 {
    let steps = match round {
        Round::Down => ns / step,
        Round::Nearest => (ns + step / 2) / step,
        Round::Up => ns.div_ceil(step),
    };
    steps * step
}

fn spelled(ns: u128) -> String {
    let pair = |high: u128, high_name: &str, low: u128, low_name: &str| {
        let (whole, rest) = (ns / high, ns % high / low);
        if rest == 0 {
            format!("{whole} {high_name}")
        } else {
            format!("{whole} {high_name} {rest} {low_name}")
        }
    };
    match ns {
        0..MS => format!("{} ms", decimal(ns / US, 3)),
        MS..SECOND => format!("{} ms", ns / MS),
        SECOND..MINUTE => format!("{} s", decimal(ns / (10 * MS), 2)),
        MINUTE..HOUR => pair(MINUTE, "min", SECOND, "s"),
        HOUR..TWO_DAYS => pair(HOUR, "h", MINUTE, "min"),
        _ => pair(DAY, "d", HOUR, "h"),
    }
}

/// `number` with its last `places` digits behind the point, without zeros at the end.
fn decimal(number: u128, places: u32) -> String {
    let unit = 10_u128.pow(places);
    let text = format!("{}.{:0width$}", number / unit, number % unit, width = places as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
