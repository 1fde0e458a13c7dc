//! What a scenario can say of a bad migration.

use schemars::JsonSchema;
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

use crate::disaster::{Hold, OwnFile, TableName};

/// Which migration is run, and what it ruins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadMigration {
    /// The SQL file, from the scenario's folder on. It is run by the superuser as one transaction.
    pub file: OwnFile,
    /// The tables that it ruins, each as `schema.name`: by these it is found in WAL, and each of
    /// them has to be another after it.
    #[serde(deserialize_with = "some")]
    #[schemars(length(min = 1, max = 100))]
    pub harms: Vec<TableName>,
    /// The database it is run in; left out, it is the one that has the first of the tables.
    #[serde(default)]
    pub database: Option<String>,
    /// How long the transaction stays open between the last statement and its COMMIT, at most
    /// 60 s, so that others commit while the harm is under way.
    #[serde(default)]
    pub hold: Hold,
}

/// The tables that one migration can be said to ruin.
const HARMS_MAX: usize = 100;

/// One table at least: nothing else says where the harm is.
fn some<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<TableName>, D::Error> {
    let tables = Vec::deserialize(from)?;
    if tables.is_empty() || tables.len() > HARMS_MAX {
        let (found, wanted) = (format!("{} tables", tables.len()), "from 1 to 100 tables");
        return Err(D::Error::invalid_value(Unexpected::Other(&found), &wanted));
    }
    Ok(tables)
}

impl BadMigration {
    pub(crate) const SUMMARY: &'static str =
        "a migration, a SQL file, ruins tables; good work goes on after it";
    pub(crate) const EXAMPLE: &'static str =
        "bad_migration: { file: migrations/discount.sql, harms: [shop.products] }";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_that_ruins_nothing_is_refused() {
        let read = |text: &str| serde_json::from_str::<BadMigration>(text);
        let said = read(r#"{"file": "a.sql", "harms": []}"#).expect_err("refused").to_string();
        assert!(said.contains("expected from 1 to 100 tables"), "{said}");
        assert!(read(r#"{"file": "a.sql"}"#).is_err());
        let spec = read(r#"{"file": "a.sql", "harms": ["a.b"]}"#).expect("a spec");
        assert_eq!((spec.file.named(), spec.hold), ("a.sql", Hold::default()));
    }
}
