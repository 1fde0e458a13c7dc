//! The verb `clean`: removes what runs that died have left behind, and nothing else.

use crate::app::Ended;
use crate::rig::clean;
use crate::say;

/// Something was found that could not be removed.
const LEFT: u8 = 1;

/// Removes it, and says what was removed.
pub async fn clean(run: Option<&str>) -> Result<u8, Ended> {
    let report = clean::clean(run).await;
    for what in &report.removed {
        say::line(format_args!("removed {what}"));
    }
    for what in &report.left {
        say::aside(format_args!("left: {what}"));
    }
    if report.removed.is_empty() && report.left.is_empty() {
        say::line("nothing to remove");
    }
    Ok(if report.left.is_empty() { 0 } else { LEFT })
}
