//! What this machine's clocks did during a drill. Everything is measured on the monotonic clock; it
//! stands still while the machine is suspended, and what a server says of its time is of the wall
//! clock, which can be set.

use std::time::{Duration, Instant, SystemTime};

use pgrehearse_verdict::journal::Clocks;
use rustix::time::{ClockId, clock_gettime};

/// A difference that no reading of three clocks in turn explains.
const TOLD_FROM_MS: i64 = 1000;

/// The clocks at a moment.
pub(super) struct Reading {
    wall: SystemTime,
    steady: Instant,
    /// Like the monotonic clock, and goes on while the machine is suspended.
    boot: Option<Duration>,
}

impl Reading {
    pub(super) fn take() -> Reading {
        Reading { wall: SystemTime::now(), steady: Instant::now(), boot: boot() }
    }

    /// What the clocks did from then to now, if they did anything.
    pub(super) fn until(&self, now: &Reading) -> Option<Clocks> {
        let steady_ms = ms(now.steady.duration_since(self.steady));
        let wall_ms = match now.wall.duration_since(self.wall) {
            Ok(forth) => ms(forth),
            Err(back) => -ms(back.duration()),
        };
        let boot = self.boot.zip(now.boot).map(|(then, now)| ms(now.saturating_sub(then)));
        let suspended_ms = boot.map_or(0, |boot_ms| boot_ms - steady_ms);
        // While the machine was suspended the wall clock went on, as it must.
        let stepped_ms = wall_ms - steady_ms - suspended_ms;
        let told = |ms: i64| if ms.abs() < TOLD_FROM_MS { 0 } else { ms };
        let clocks = Clocks { stepped_ms: told(stepped_ms), suspended_ms: told(suspended_ms) };
        (clocks != Clocks::default()).then_some(clocks)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boot() -> Option<Duration> {
    let now = clock_gettime(ClockId::Boottime);
    Some(Duration::new(now.tv_sec.try_into().ok()?, now.tv_nsec.try_into().ok()?))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn boot() -> Option<Duration> {
    None
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From a reading to one that is so much later by each clock, in milliseconds.
    fn after(wall: i64, steady: u64, boot: u64) -> Option<Clocks> {
        let (then, epoch) = (Instant::now(), SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
        let moved = Duration::from_millis(wall.unsigned_abs());
        let wall = if wall < 0 { epoch - moved } else { epoch + moved };
        let began = Reading { wall: epoch, steady: then, boot: Some(Duration::ZERO) };
        let (steady, boot) = (Duration::from_millis(steady), Duration::from_millis(boot));
        began.until(&Reading { wall, steady: then + steady, boot: Some(boot) })
    }

    #[test]
    fn clocks_that_go_alike_are_not_told() {
        assert_eq!(after(60_000, 60_000, 60_000), None);
        assert_eq!(after(60_999, 60_000, 60_000), None);
        assert_eq!(after(59_001, 60_000, 60_000), None);
        let began = Reading::take();
        assert_eq!(began.until(&Reading::take()), None);
    }

    #[test]
    fn a_wall_clock_that_is_set_is_told() {
        let stepped = |stepped_ms| Some(Clocks { stepped_ms, suspended_ms: 0 });
        assert_eq!(after(61_000, 60_000, 60_000), stepped(1_000));
        assert_eq!(after(-3_540_000, 60_000, 60_000), stepped(-3_600_000));
    }

    #[test]
    fn a_machine_that_slept_is_told_and_its_wall_clock_was_not_set() {
        let slept = Some(Clocks { stepped_ms: 0, suspended_ms: 30_000 });
        assert_eq!(after(90_000, 60_000, 90_000), slept);
    }
}
