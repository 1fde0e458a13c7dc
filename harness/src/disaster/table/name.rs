//! The name of a table with its schema.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::drill::quote_ident;

/// The name of a table with its schema, both as the catalogue has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TableName {
    schema: String,
    name: String,
}

impl TableName {
    /// The table as SQL names it.
    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name))
    }
}

impl TryFrom<String> for TableName {
    type Error = String;

    fn try_from(text: String) -> Result<TableName, String> {
        let plain = |part: &str| !part.is_empty() && !part.contains(['.', '"', '\0']);
        match text.split_once('.') {
            Some((schema, name)) if plain(schema) && plain(name) => {
                Ok(TableName { schema: schema.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("`{text}` is not a table with its schema such as `shop.orders`")),
        }
    }
}

impl From<TableName> for String {
    fn from(table: TableName) -> String {
        table.to_string()
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}
