//! The verb `clean`: removes what runs that died have left behind, and nothing else.

use crate::app::Ended;
use crate::rig::clean;

/// Something was found that could not be removed.
const LEFT: u8 = 1;

/// Removes it, and says what was removed.
pub async fn clean(run: Option<&str>) -> Result<u8, Ended> {
    let report = clean::clean(run).await;
    for what in &report.removed {
        println!("removed {what}");
    }
    for what in &report.left {
        eprintln!("left: {what}");
    }
    if report.removed.is_empty() && report.left.is_empty() {
        println!("nothing to remove");
    }
    Ok(if report.left.is_empty() { 0 } else { LEFT })
}
