//! What a scenario can say of dumps by pg_dump.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Dumps by pg_dump. Nothing of owners and privileges is ever left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PgDump {
    /// The format of the archives.
    #[serde(default)]
    pub format: DumpFormat,
    /// How they are compressed; pg_dump's own default for the format where nothing is said.
    #[serde(default)]
    pub compress: Option<DumpCompression>,
    /// Tables dumped at once (`directory` only) and restored at once (`custom` and `directory`).
    #[serde(default)]
    pub jobs: Option<u8>,
    /// Whether roles, memberships, settings of roles and tablespaces are dumped beside the
    /// databases, by `pg_dumpall --globals-only`; they are where nothing is said.
    #[serde(default = "yes")]
    pub globals: bool,
    /// Whether the schema is restored first, then the rows, then indexes and constraints, in three
    /// commands rather than one: the last by one job, however many `jobs` are wanted. Where a
    /// foreign key refers to a partitioned table, pg_restore 17 and 18 with several jobs deadlock
    /// now and then (`ATTACH PARTITION` of an index against the foreign key: 9 of 150 and 4 of 60
    /// restores of `shop`; none of 150 with 16).
    #[serde(default)]
    pub sections: bool,
    /// The role that dumps the databases, over the network where the rig has one; the superuser
    /// where nothing is said. It has to read everything, the workload's ledger too: grant it
    /// `pg_read_all_data`, and BYPASSRLS where policies hold rows back.
    #[serde(rename = "as", default)]
    pub role: Option<String>,
    /// Whether statistics are gathered after the restore: a dump holds none before PostgreSQL 18.
    /// They are where nothing is said.
    #[serde(default = "yes")]
    pub analyze: bool,
}

fn yes() -> bool {
    true
}

/// A format of pg_dump's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DumpFormat {
    /// `-Fc`: one file, for pg_restore.
    #[default]
    Custom,
    /// `-Fp`: a script, for psql.
    Plain,
    /// `-Fd`: a folder, for pg_restore; dumped and restored by several at once.
    Directory,
    /// `-Ft`: a tar file, for pg_restore.
    Tar,
}

impl DumpFormat {
    /// The option of pg_dump.
    pub(super) fn option(self) -> &'static str {
        match self {
            DumpFormat::Custom => "--format=custom",
            DumpFormat::Plain => "--format=plain",
            DumpFormat::Directory => "--format=directory",
            DumpFormat::Tar => "--format=tar",
        }
    }
}

/// A compression of pg_dump's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DumpCompression {
    /// None. A flipped bit in such an archive is not noticed by pg_restore.
    None,
    /// gzip.
    Gzip,
    /// LZ4, from PostgreSQL 16 on.
    Lz4,
    /// Zstandard, from PostgreSQL 16 on.
    Zstd,
}

impl DumpCompression {
    /// The option of a pg_dump of this major version.
    pub(super) fn option(self, major: u32) -> String {
        let name = match self {
            DumpCompression::None => "none",
            DumpCompression::Gzip => "gzip",
            DumpCompression::Lz4 => "lz4",
            DumpCompression::Zstd => "zstd",
        };
        // Before 16 there is only a level.
        match (self, major) {
            (DumpCompression::None, ..16) => "--compress=0".to_owned(),
            (DumpCompression::Gzip, ..16) => "--compress=6".to_owned(),
            _ => format!("--compress={name}"),
        }
    }
}

impl PgDump {
    pub(crate) const SUMMARY: &'static str =
        "pg_dump of every database in one snapshot, with the globals of the cluster beside them";
    pub(crate) const EXAMPLE: &'static str = "pg_dump: { format: directory, jobs: 2 }";

    /// What a script ends with in its name when it is compressed: whoever reads it must unpack it.
    pub(super) fn suffix(&self) -> &'static str {
        match (self.format, self.compress) {
            (DumpFormat::Plain, Some(DumpCompression::Gzip)) => ".gz",
            (DumpFormat::Plain, Some(DumpCompression::Lz4)) => ".lz4",
            (DumpFormat::Plain, Some(DumpCompression::Zstd)) => ".zst",
            _ => "",
        }
    }

    /// What of it cannot be, with a pg_dump of this major version.
    pub(super) fn contradictions(&self, major: u32) -> Vec<String> {
        let mut said = vec![];
        let packed = self.compress.filter(|compress| *compress != DumpCompression::None);
        if let (DumpFormat::Tar, Some(_)) = (self.format, packed) {
            said.push("pg_dump cannot compress a tar file: leave `compress` out".to_owned());
        }
        if matches!(packed, Some(DumpCompression::Lz4 | DumpCompression::Zstd)) && major < 16 {
            said.push(format!(
                "pg_dump {major} compresses by gzip only: lz4 and zstd came with PostgreSQL 16"
            ));
        }
        if self.jobs == Some(0) {
            said.push("`jobs` is 0, wanted at least 1".to_owned());
        }
        if self.jobs.is_some() && matches!(self.format, DumpFormat::Plain | DumpFormat::Tar) {
            let said_of = "`jobs` fits the formats `custom` and `directory` only";
            said.push(said_of.to_owned());
        }
        if self.sections && self.format == DumpFormat::Plain {
            said.push(
                "`sections` fits archives only: a script is restored as it stands".to_owned(),
            );
        }
        said
    }

    /// What of it costs time or safety.
    pub(super) fn costs(&self) -> Vec<String> {
        let mut costs = vec![];
        if !self.globals {
            costs.push(
                "`globals` is off: roles, passwords, memberships and tablespaces are in no backup"
                    .to_owned(),
            );
        }
        let silent = self.format == DumpFormat::Tar || self.compress == Some(DumpCompression::None);
        if silent && self.format != DumpFormat::Plain {
            costs.push(
                "nothing in these archives has a checksum: pg_restore does not notice a changed \
                 byte in them"
                    .to_owned(),
            );
        }
        if !self.analyze {
            costs.push(
                "`analyze` is off: before PostgreSQL 18 the restored database has no statistics, \
                 and its first queries are slow"
                    .to_owned(),
            );
        }
        costs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> PgDump {
        serde_json::from_str(text).expect("a spec")
    }

    #[test]
    fn what_the_scenario_does_not_say_is_whole_and_safe() {
        let spec = read("{}");
        assert!(spec.globals && spec.analyze && !spec.sections);
        assert_eq!((spec.format, spec.compress, spec.role), (DumpFormat::Custom, None, None));
        assert_eq!(read("{}").costs(), Vec::<String>::new());
    }

    #[test]
    fn what_costs_safety_is_named() {
        let costs = read(r#"{"globals": false, "compress": "none", "analyze": false}"#).costs();
        assert_eq!(costs.len(), 3, "{costs:?}");
        assert_eq!(
            read(r#"{"format": "plain", "compress": "none"}"#).costs(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_pg_dump_before_16_knows_a_level_only() {
        assert_eq!(DumpCompression::None.option(15), "--compress=0");
        assert_eq!(DumpCompression::Gzip.option(15), "--compress=6");
        assert_eq!(DumpCompression::Gzip.option(16), "--compress=gzip");
        assert_eq!(DumpCompression::Zstd.option(17), "--compress=zstd");
    }

    #[test]
    fn a_word_that_is_not_known_is_refused() {
        assert!(serde_json::from_str::<PgDump>(r#"{"fromat": "custom"}"#).is_err());
        assert!(serde_json::from_str::<PgDump>(r#"{"format": "zip"}"#).is_err());
    }
}
