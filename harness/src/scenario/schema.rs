//! The JSON Schema of the scenario file, for editors.

use crate::scenario::File;

/// The schema as text, ending with a line break.
pub fn schema() -> String {
    let schema = schemars::schema_for!(File);
    let text = serde_json::to_string_pretty(&schema).expect("a schema is made of plain values");
    text + "\n"
}
