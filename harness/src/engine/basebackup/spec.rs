//! What a scenario can say of `pg_basebackup`. What it does not say stays the tool's own default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first major version that takes incremental backups.
const INCREMENTAL_SINCE: u32 = 17;
/// The first major version that compresses otherwise than with gzip, and on the server.
const METHODS_SINCE: u32 = 15;

/// `pg_basebackup` with its own defaults, but for what is said here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PgBaseBackup {
    /// `--format`: a folder like the data directory, or tar files.
    pub format: Format,
    /// `--compress`: how tar files are compressed; not at all where this is left out.
    pub compress: Option<Compression>,
    /// The level of `compress`; what numbers there are depends on it.
    pub compress_level: Option<i32>,
    /// Where tar files are compressed.
    pub compress_on: Option<Side>,
    /// `--checkpoint`: whether the checkpoint before a backup is spread or made at once.
    pub checkpoint: Option<Checkpoint>,
    /// `--manifest-checksums`: what the manifest knows of each file.
    pub manifest_checksums: Option<Digest>,
    /// Whether `pg_verifybackup` looks at what was put in place before a server starts on it.
    pub verify: bool,
}

impl Default for PgBaseBackup {
    fn default() -> PgBaseBackup {
        PgBaseBackup {
            format: Format::Plain,
            compress: None,
            compress_level: None,
            compress_on: None,
            checkpoint: None,
            manifest_checksums: None,
            verify: true,
        }
    }
}

/// The form of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Files and folders.
    Plain,
    /// One tar file a tablespace.
    Tar,
}

/// A way to compress, by the tool's own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// lz4.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Where something is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// By the tool, as it receives it: the default.
    Client,
    /// By the server, before it sends it.
    Server,
}

/// How the checkpoint before a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Checkpoint {
    /// At once.
    Fast,
    /// Spread over time: the default.
    Spread,
}

/// A checksum of the manifest's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Digest {
    /// None: only the sizes of files are known.
    None,
    /// CRC-32C: the default.
    Crc32c,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// The word of a setting, as it is written in a scenario and said to the tool.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

impl PgBaseBackup {
    pub(crate) const SUMMARY: &'static str =
        "pg_basebackup: full and incremental copies of the data directory, and an archive of WAL";
    pub(crate) const EXAMPLE: &'static str =
        "pg_basebackup: { format: tar, compress: zstd, checkpoint: fast }";

    /// What the scenario says, in the tool's words.
    pub(super) fn options(&self) -> Vec<String> {
        let mut options = vec![format!("--format={}", word(self.format))];
        options.extend(self.compression().map(|how| format!("--compress={how}")));
        options.extend(self.checkpoint.map(|how| format!("--checkpoint={}", word(how))));
        let digest = self.manifest_checksums.map(word);
        options.extend(digest.map(|digest| format!("--manifest-checksums={digest}")));
        options
    }

    fn compression(&self) -> Option<String> {
        let how = self.compress?;
        let side = self.compress_on.map(|side| format!("{}-", word(side))).unwrap_or_default();
        let level = self.compress_level.map(|level| format!(":{level}")).unwrap_or_default();
        match how {
            Compression::None => Some("none".to_owned()),
            how => Some(format!("{side}{}{level}", word(how))),
        }
    }

    /// What cannot be done with a server of this major version.
    pub(super) fn missing(&self, kind: Option<&str>, major: u32) -> Option<String> {
        if let Some(kind) = kind {
            return (kind == "incr" && major < INCREMENTAL_SINCE).then(|| {
                format!(
                    "`pg_basebackup` of PostgreSQL {major} takes no incremental backup: \
                     {INCREMENTAL_SINCE} is the first that does"
                )
            });
        }
        let packed = self.compress.is_some_and(|how| how != Compression::None);
        let lone = [
            ("compress_level", self.compress_level.is_some()),
            ("compress_on", self.compress_on.is_some()),
        ];
        if let Some((name, _)) = lone.into_iter().find(|(_, said)| *said && !packed) {
            return Some(format!("`{name}` says nothing without `compress`"));
        }
        if packed && self.format == Format::Plain {
            return Some("`compress` needs `format: tar`: plain files stay as they are".to_owned());
        }
        // Older ones know but a number, the level of gzip.
        if self.compress.is_some() && major < METHODS_SINCE {
            return Some(format!(
                "`pg_basebackup` of PostgreSQL {major} has no choice of `compress`: \
                 {METHODS_SINCE} is the first that does"
            ));
        }
        None
    }

    /// What of it costs time or safety.
    pub(super) fn costs(&self) -> Vec<String> {
        let mut costs = vec![];
        if self.checkpoint != Some(Checkpoint::Fast) {
            costs.push(
                "`checkpoint` is spread: before it copies anything, a backup waits for a spread \
                 checkpoint, which can take most of `checkpoint_timeout`"
                    .to_owned(),
            );
        }
        if !self.verify {
            costs.push(
                "`verify` is off: a damaged or missing file of a backup is put in place unnoticed"
                    .to_owned(),
            );
        }
        if self.manifest_checksums == Some(Digest::None) {
            costs.push(
                "`manifest_checksums` is none: of a file in a backup only the size can be verified"
                    .to_owned(),
            );
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> PgBaseBackup {
        serde_json::from_str(text).expect("a spec")
    }

    #[test]
    fn what_the_scenario_does_not_say_is_left_to_the_tool() {
        assert_eq!(spec("{}").options(), ["--format=plain"]);
        assert!(spec("{}").verify);
    }

    #[test]
    fn what_the_scenario_says_is_said_to_the_tool() {
        let text = r#"{"format": "tar", "compress": "zstd", "compress_level": 3,
                       "compress_on": "server", "checkpoint": "fast",
                       "manifest_checksums": "sha256"}"#;
        let wanted = [
            "--format=tar",
            "--compress=server-zstd:3",
            "--checkpoint=fast",
            "--manifest-checksums=sha256",
        ];
        assert_eq!(spec(text).options(), wanted);
        let none = spec(r#"{"format": "tar", "compress": "none"}"#);
        assert_eq!(none.options(), ["--format=tar", "--compress=none"]);
    }

    #[rstest::rstest]
    #[case::incremental("{}", Some("incr"), 16, "no incremental")]
    #[case::plain(r#"{"compress": "gzip"}"#, None, 17, "needs `format: tar`")]
    #[case::old(r#"{"format": "tar", "compress": "gzip"}"#, None, 14, "no choice of `compress`")]
    #[case::level(r#"{"format": "tar", "compress_level": 1}"#, None, 17, "`compress_level` says")]
    #[case::side(r#"{"compress": "none", "compress_on": "server"}"#, None, 17, "`compress_on` s")]
    fn what_a_version_lacks_is_refused_by_name(
        #[case] text: &str,
        #[case] kind: Option<&str>,
        #[case] major: u32,
        #[case] wanted: &str,
    ) {
        let said = spec(text).missing(kind, major).expect("refused");
        assert!(said.contains(wanted), "{said}");
    }

    #[test]
    fn what_a_version_has_is_not_refused() {
        assert_eq!(spec("{}").missing(Some("incr"), 17), None);
        assert_eq!(spec("{}").missing(Some("full"), 14), None);
        let text = r#"{"format": "tar", "compress": "lz4", "compress_level": 9}"#;
        assert_eq!(spec(text).missing(None, 15), None);
    }

    #[test]
    fn costly_settings_are_named() {
        let costs = spec(r#"{"verify": false, "manifest_checksums": "none"}"#).costs();
        let named = ["`checkpoint`", "`verify`", "`manifest_checksums`"];
        assert!(costs.iter().zip(named).all(|(cost, name)| cost.contains(name)));
        assert_eq!(spec(r#"{"checkpoint": "fast"}"#).costs(), Vec::<String>::new());
    }
}
