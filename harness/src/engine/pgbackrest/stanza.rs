//! Reads `pgbackrest info --output=json`, and finds the backup that was just made in it.

use pgrehearse_verdict::journal::{Backup, SubjectCause};
use pgrehearse_verdict::lsn::Lsn;
use serde::Deserialize;

use crate::engine::pgbackrest::config::STANZA;
use crate::rig::Trouble;

/// What `info` says of one stanza; fields that are not needed are left unread.
#[derive(Debug, Deserialize)]
struct Stanza {
    name: String,
    status: Status,
    #[serde(default)]
    backup: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Status {
    code: i64,
    message: String,
}

#[derive(Debug, Deserialize)]
struct Entry {
    label: String,
    #[serde(rename = "type")]
    kind: String,
    /// Whether pages with wrong checksums were found.
    error: Option<bool>,
    lsn: Option<Span>,
    info: Size,
}

#[derive(Debug, Deserialize)]
struct Span {
    start: Option<String>,
    stop: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Size {
    size: u64,
}

/// The backup that a `backup` command made, from that command's own words and from `info`, which
/// must agree.
pub(super) fn made(words: &str, info: &str, took_ns: u64) -> Result<Backup, Trouble> {
    let label = words
        .lines()
        .find_map(|line| line.split_once("INFO: new backup label = "))
        .map(|(_, label)| label.trim())
        .ok_or_else(|| refuse("`pgbackrest backup` does not say what it made"))?;
    let stanzas: Vec<Stanza> = serde_json::from_str(info)
        .map_err(|error| refuse(format!("`pgbackrest info` cannot be read: {error}")))?;
    let stanza = stanzas
        .into_iter()
        .find(|stanza| stanza.name == STANZA)
        .ok_or_else(|| refuse("`pgbackrest info` does not know the stanza"))?;
    if stanza.status.code != 0 {
        let Status { code, message } = stanza.status;
        return Err(refuse(format!("`pgbackrest info` has status {code}: {message}")));
    }
    let last = stanza.backup.into_iter().next_back();
    let entry = last
        .filter(|entry| entry.label == label)
        .ok_or_else(|| refuse(format!("the last backup of `pgbackrest info` is not `{label}`")))?;
    if entry.error == Some(true) {
        return Err(refuse(format!("backup `{label}` holds pages whose checksums are wrong")));
    }
    let position = |text: Option<String>| -> Result<Option<Lsn>, Trouble> {
        let lsn = text.map(|text| text.parse().map_err(|error| refuse(format!("{error}"))));
        lsn.transpose()
    };
    let span = entry.lsn.unwrap_or(Span { start: None, stop: None });
    Ok(Backup {
        label: entry.label,
        kind: entry.kind,
        start: position(span.start)?,
        stop: position(span.stop)?,
        bytes: Some(entry.info.size),
        took_ns,
        every_s: None,
        snapshot: None,
    })
}

fn refuse(said: impl Into<String>) -> Trouble {
    Trouble::subject(SubjectCause::Command, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As pgBackRest 2.45 printed it after a full and an incremental backup, dates changed.
    const INFO: &str = r#"[{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1",
"max":"000000010000000000000005","min":"000000010000000000000001"}],"backup":[
{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000003"},
"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,
"info":{"delta":22992313,"repository":{"delta":4522792,"size":4522792},"size":22992313},
"label":"20240101-190615F","lsn":{"start":"0/2000028","stop":"0/3000050"},"prior":null,
"reference":null,"timestamp":{"start":1795460775,"stop":1795460778},"type":"full"},
{"archive":{"start":"000000010000000000000004","stop":"000000010000000000000005"},
"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,
"info":{"delta":8458,"repository":{"delta":493,"size":4522792},"size":22992313},
"label":"20240101-190615F_20240101-190618I","lsn":{"start":"0/4000028","stop":"0/5000050"},
"prior":"20240101-190615F","reference":["20240101-190615F"],
"timestamp":{"start":1795460778,"stop":1795460780},"type":"incr"}],"cipher":"none",
"db":[{"id":1,"repo-key":1,"system-id":7711445301391908814,"version":"15"}],"name":"main",
"repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],
"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]"#;
    const WORDS: &str = "P00   INFO: backup stop archive = 000000010000000000000005\n\
                         P00   INFO: new backup label = 20240101-190615F_20240101-190618I\n";

    #[test]
    fn the_new_backup_is_read_with_its_positions_and_its_size() {
        let backup = made(WORDS, INFO, 7).expect("a backup");
        let wanted = Backup {
            label: "20240101-190615F_20240101-190618I".to_owned(),
            kind: "incr".to_owned(),
            start: "0/4000028".parse().ok(),
            stop: "0/5000050".parse().ok(),
            bytes: Some(22_992_313),
            took_ns: 7,
            every_s: None,
            snapshot: None,
        };
        assert_eq!(backup, wanted);
    }

    #[rstest::rstest]
    #[case::another_label(WORDS.replace("618I", "619I"), INFO.to_owned(), "is not `2024")]
    #[case::no_label(String::new(), INFO.to_owned(), "does not say what it made")]
    #[case::a_bad_status(WORDS.to_owned(), INFO.replace(r#""status":{"code":0,"lock"#,
        r#""status":{"code":4,"lock"#), "has status 4")]
    #[case::bad_pages(WORDS.to_owned(), INFO.replace(r#""error":false"#, r#""error":true"#),
        "checksums are wrong")]
    #[case::no_stanza(WORDS.to_owned(), "[]".to_owned(), "does not know the stanza")]
    #[case::not_json(WORDS.to_owned(), "ERROR".to_owned(), "cannot be read")]
    #[case::a_bad_position(WORDS.to_owned(), INFO.replace("0/5000050", "x"), "`x` is not a log")]
    fn what_does_not_agree_is_refused(
        #[case] words: String,
        #[case] info: String,
        #[case] wanted: &str,
    ) {
        let trouble = made(&words, &info, 0).expect_err("refused");
        assert!(trouble.said.contains(wanted), "{}", trouble.said);
    }
}
