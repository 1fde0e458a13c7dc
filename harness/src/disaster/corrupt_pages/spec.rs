//! What a scenario can say of damaged pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::TableName;

/// Which pages are damaged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorruptPages {
    /// The table, as `schema.name`; one with files of its own, and a primary key.
    pub table: TableName,
    /// The database it is in; left out, it is looked for in all of them and must be in just one.
    #[serde(default)]
    pub database: Option<String>,
    /// Which of its files: the rows (`heap`, where nothing is said), the primary key's `index`, or
    /// the long values (`toast`).
    #[serde(default)]
    pub of: Of,
    /// What becomes of the last page that holds something: `zero` where nothing is said.
    #[serde(default)]
    pub mode: Mode,
}

/// A file of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Its rows.
    #[default]
    Heap,
    /// The index of its primary key.
    Index,
    /// Its long values.
    Toast,
}

/// What becomes of a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is filled with zeros, which PostgreSQL takes for a page that was never used.
    #[default]
    Zero,
    /// One bit of what it holds is flipped.
    Flip,
    /// The file ends before it.
    Truncate,
}

impl CorruptPages {
    pub(crate) const SUMMARY: &'static str =
        "a page of a table is damaged on the disk, and the server reads it from there";
    pub(crate) const EXAMPLE: &'static str =
        "corrupt_pages: { table: shop.documents, of: heap, mode: zero }";
}

impl Of {
    pub(super) fn word(self) -> &'static str {
        match self {
            Of::Heap => "rows",
            Of::Index => "primary key's index",
            Of::Toast => "long values",
        }
    }
}

impl Mode {
    pub(super) fn words(self) -> &'static str {
        match self {
            Mode::Zero => "fill a page with zeros",
            Mode::Flip => "flip a bit in a page",
            Mode::Truncate => "cut off a page",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_is_a_page_of_rows_filled_with_zeros() {
        let spec: CorruptPages = serde_json::from_str(r#"{"table": "a.b"}"#).expect("a spec");
        assert_eq!((spec.of, spec.mode, spec.database), (Of::Heap, Mode::Zero, None));
        let wrong = r#"{"table": "a.b", "mode": "burn"}"#;
        assert!(serde_json::from_str::<CorruptPages>(wrong).is_err());
    }
}
