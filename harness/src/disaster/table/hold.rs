//! How long a harmful transaction stays open.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A length of time such as `200ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Hold(pub(in crate::disaster) Duration);

/// How long the transaction stays open where the scenario does not say: long enough for
/// a few transactions of the workload, so that every drill holds some of them.
const HOLD_USUAL: Duration = Duration::from_millis(200);
/// The longest a scenario can have it stay open: its lock would stall the workload.
const HOLD_MAX: Duration = Duration::from_secs(60);

impl Default for Hold {
    fn default() -> Hold {
        Hold(HOLD_USUAL)
    }
}

impl TryFrom<String> for Hold {
    type Error = String;

    fn try_from(text: String) -> Result<Hold, String> {
        let wrong = || format!("`{text}` is not a time from 0s to 60s such as `200ms`");
        let span: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
        let span = Duration::try_from(span).map_err(|_| wrong())?;
        if span > HOLD_MAX { Err(wrong()) } else { Ok(Hold(span)) }
    }
}

impl From<Hold> for String {
    fn from(hold: Hold) -> String {
        format!("{}ms", hold.0.as_millis())
    }
}
