//! What a scenario can say of a dropped table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disaster::{Hold, TableName};

/// Which table is dropped, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DropTable {
    /// The table, as `schema.name`.
    pub table: TableName,
    /// The database it is in; left out, it is looked for in all of them and must be in just one.
    #[serde(default)]
    pub database: Option<String>,
    /// Whether what depends on the table goes with it, as it does where nothing is said; with
    /// `false` a table that anything depends on cannot be dropped, and the drill is none.
    #[serde(default = "with_all")]
    pub cascade: bool,
    /// How long the transaction stays open between the DROP and its COMMIT, at most 60 s, so
    /// that others commit while the harm is under way.
    #[serde(default)]
    pub hold: Hold,
}

/// A real accident has its CASCADE: the server's own hint names it.
fn with_all() -> bool {
    true
}

impl DropTable {
    pub(crate) const SUMMARY: &'static str =
        "a table is dropped by mistake, in a transaction that stays open for a moment";
    pub(crate) const EXAMPLE: &'static str = "drop_table: { table: shop.orders }";
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(text: &str) -> Result<DropTable, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_not_said_is_usual() {
        let spec = read(r#"{"table": "shop.orders"}"#).expect("a spec");
        assert_eq!((spec.cascade, spec.database.as_deref()), (true, None));
        assert_eq!(spec.hold, Hold::default());
        assert_eq!(spec.table.to_string(), "shop.orders");
    }

    #[test]
    fn a_spec_reads_back_as_it_was_written() {
        let text = r#"{"table":"a.B c","database":"d","cascade":true,"hold":"1500ms"}"#;
        let spec = read(text).expect("a spec");
        assert_eq!(spec.hold, Hold(Duration::from_millis(1500)));
        assert_eq!(serde_json::to_string(&spec).expect("text"), text);
    }

    #[rstest::rstest]
    #[case(r#"{"table": "orders"}"#, "`orders` is not a table with its schema")]
    #[case(r#"{"table": "a.b.c"}"#, "`a.b.c` is not a table")]
    #[case(r#"{"table": ".b"}"#, "`.b` is not a table")]
    #[case(r#"{"table": "a."b"}"#, "is not a table")]
    #[case(r#"{"table": "a.b", "hold": "61s"}"#, "`61s` is not a time from 0s to 60s")]
    #[case(r#"{"table": "a.b", "hold": "-1s"}"#, "`-1s` is not a time")]
    #[case(r#"{"table": "a.b", "hold": "long"}"#, "`long` is not a time")]
    #[case(r#"{"table": "a.b", "tabel": 1}"#, "unknown field `tabel`")]
    fn what_cannot_be_is_refused(#[case] text: &str, #[case] wanted: &str) {
        let said = read(text).expect_err("refused");
        assert!(said.contains(wanted), "{said}");
    }
}
