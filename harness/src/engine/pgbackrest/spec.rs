//! What a scenario can say of pgBackRest. What it does not say stays pgBackRest's own default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::pgbackrest::key::Key;

/// pgBackRest with its own defaults, but for what is said here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PgBackRest {
    /// `compress-type`: how files in the repository are compressed.
    pub compress: Option<Compress>,
    /// `compress-level`: from fast to small; what numbers there are depends on `compress`.
    pub compress_level: Option<i32>,
    /// `process-max`: processes that copy at the same time.
    pub process_max: Option<u32>,
    /// `start-fast`: a checkpoint at once before a backup, instead of a spread one.
    pub start_fast: Option<bool>,
    /// `archive-async`: WAL is pushed and fetched ahead, in the background.
    pub archive_async: Option<bool>,
    /// `checksum-page`: page checksums are looked at while a backup copies.
    pub checksum_page: Option<bool>,
    /// `repo1-cipher-type`: everything in the repository is encrypted, with a key that is drawn for
    /// the drill and kept apart from it. With it the check `secrecy` is one of the drill's.
    pub cipher: Option<Cipher>,
    /// `repo1-cipher-pass`.
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) key: Key,
    /// `repo1-bundle`: small files lie together in the repository.
    pub bundle: Option<bool>,
}

/// A way to compress, by pgBackRest's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    /// Not at all.
    None,
    /// gzip, pgBackRest's own default.
    Gz,
    /// lz4.
    Lz4,
    /// Zstandard.
    Zst,
    /// bzip2.
    Bz2,
}

/// A way to encrypt, by pgBackRest's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Cipher {
    /// AES in the CBC mode, 256 bits: the only one there is.
    #[serde(rename = "aes-256-cbc")]
    Aes256Cbc,
}

impl Compress {
    fn name(self) -> &'static str {
        match self {
            Compress::None => "none",
            Compress::Gz => "gz",
            Compress::Lz4 => "lz4",
            Compress::Zst => "zst",
            Compress::Bz2 => "bz2",
        }
    }
}

impl PgBackRest {
    pub(crate) const SUMMARY: &'static str =
        "pgBackRest: full, differential and incremental backups with continuous archiving";
    pub(crate) const EXAMPLE: &'static str = "pgbackrest: { compress: zst, start_fast: true }";

    /// What the scenario says, as (option, value) of pgBackRest's.
    pub(super) fn options(&self) -> Vec<(&'static str, String)> {
        let switch = |on: bool| if on { "y" } else { "n" }.to_owned();
        let said = [
            ("compress-type", self.compress.map(|kind| kind.name().to_owned())),
            ("compress-level", self.compress_level.map(|level| level.to_string())),
            ("process-max", self.process_max.map(|count| count.to_string())),
            ("start-fast", self.start_fast.map(switch)),
            ("archive-async", self.archive_async.map(switch)),
            ("checksum-page", self.checksum_page.map(switch)),
            ("repo1-cipher-type", self.cipher.map(|_| "aes-256-cbc".to_owned())),
            ("repo1-bundle", self.bundle.map(switch)),
        ];
        said.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// What of it costs time or safety.
    pub(super) fn costs(&self) -> Vec<String> {
        let mut costs = vec![];
        if !self.start_fast.unwrap_or(false) {
            costs.push(
                "`start-fast` is off: before it copies anything, a backup waits for a spread \
                 checkpoint, which can take most of `checkpoint_timeout`"
                    .to_owned(),
            );
        }
        if self.process_max.unwrap_or(1) <= 1 {
            costs.push(
                "`process-max` is 1: backup and restore copy one file at a time, which is in the \
                 recovery time"
                    .to_owned(),
            );
        }
        if self.checksum_page == Some(false) {
            costs.push(
                "`checksum-page` is off: a damaged page goes into the backup unnoticed".to_owned(),
            );
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scenario_does_not_say_is_left_to_pgbackrest() {
        assert_eq!(PgBackRest::default().options(), vec![]);
    }

    #[test]
    fn what_the_scenario_says_is_said_to_pgbackrest() {
        let text = r#"{"compress": "zst", "compress_level": -1, "start_fast": true,
                       "archive_async": false, "bundle": true}"#;
        let spec: PgBackRest = serde_json::from_str(text).expect("a spec");
        let options: Vec<_> =
            spec.options().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        let wanted = [
            "compress-type=zst",
            "compress-level=-1",
            "start-fast=y",
            "archive-async=n",
            "repo1-bundle=y",
        ];
        assert_eq!(options, wanted);
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        assert!(serde_json::from_str::<PgBackRest>(r#"{"compres": "zst"}"#).is_err());
        assert!(serde_json::from_str::<PgBackRest>(r#"{"compress": "zip"}"#).is_err());
    }

    #[test]
    fn costly_defaults_are_named() {
        let costs = PgBackRest::default().costs();
        assert!(costs[0].contains("`start-fast`") && costs[1].contains("`process-max`"));
        let quick =
            PgBackRest { start_fast: Some(true), process_max: Some(2), ..PgBackRest::default() };
        assert_eq!(quick.costs(), Vec::<String>::new());
    }
}
