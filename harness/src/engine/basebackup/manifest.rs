//! The end of a backup's manifest: between which positions of WAL the backup lies.

use pgrehearse_verdict::journal::SubjectCause;
use pgrehearse_verdict::lsn::Lsn;
use serde::Deserialize;

use crate::rig::Trouble;

/// Bytes from the end of a manifest that hold what is read here; the list of files comes before.
pub(crate) const END_BYTES: u32 = 4096;
const RANGES: &str = "\"WAL-Ranges\"";

#[derive(Debug, Deserialize)]
struct End {
    #[serde(rename = "WAL-Ranges")]
    ranges: Vec<Range>,
}

/// What of WAL a backup needs to be consistent.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Range {
    #[serde(rename = "Timeline")]
    pub(crate) timeline: u32,
    /// Where recovery begins.
    #[serde(rename = "Start-LSN")]
    pub(crate) start: Lsn,
    /// From where on it is consistent.
    #[serde(rename = "End-LSN")]
    pub(crate) stop: Lsn,
}

/// Reads the end of a manifest.
pub(crate) fn range(end: &str) -> Result<Range, Trouble> {
    let refuse = |said: String| {
        let said = format!("the manifest does not say where its WAL begins and ends: {said}");
        Trouble::subject(SubjectCause::Command, said)
    };
    let at = end.rfind(RANGES).ok_or_else(|| refuse(format!("it has no {RANGES}")))?;
    let read = serde_json::from_str(&format!("{{{}", &end[at..]));
    let End { mut ranges } = read.map_err(|error| refuse(error.to_string()))?;
    // A server that is never a standby writes but one timeline while it is copied.
    match (ranges.pop(), ranges.is_empty()) {
        (Some(range), true) if range.start < range.stop => Ok(range),
        (Some(_), true) => Err(refuse("it ends before it begins".to_owned())),
        (_, _) => Err(refuse("it has not one range".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PostgreSQL 15 wrote it, digests changed.
    const END: &str = r#"{ "Path": "global/pg_control", "Size": 8192, "Last-Modified":
"2026-11-23 19:06:15 GMT", "Checksum-Algorithm": "CRC32C", "Checksum": "bc35a2ef" }
],
"WAL-Ranges": [
{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }
],
"Manifest-Checksum": "a08b1c"}
"#;

    #[test]
    fn the_range_is_read_although_the_list_of_files_is_cut() {
        let (start, stop) = ("0/2000028".parse().unwrap(), "0/2000100".parse().unwrap());
        assert_eq!(range(END).unwrap(), Range { timeline: 1, start, stop });
    }

    #[rstest::rstest]
    #[case::no_range(END.replace("WAL-Ranges", "Ranges"), "has no")]
    #[case::cut(END.replace("\"}", ""), "does not say")]
    #[case::backwards(END.replace("0/2000100", "0/2000028"), "ends before it begins")]
    #[case::none(END.replace(r#"{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }"#, ""), "not one range")]
    fn what_says_nothing_is_refused(#[case] text: String, #[case] wanted: &str) {
        let trouble = range(&text).unwrap_err();
        assert!(trouble.said.contains(wanted), "{}", trouble.said);
    }
}
