//! A run with a text of one's choice in every place that can hold text from outside.

use pgrehearse_verdict::report::Run;
use serde_json::Value;

/// Where a text is one of our own words: another could not be read back.
const OWN_WORDS: &[&str] =
    &["verdict", "status", "blame", "result", "ended", "protection", "exposure", "checks"];

/// The run with `text` put behind every text in it. Names of objectives stay: they are ours.
pub fn spoiled(run: &Run, text: &str) -> Run {
    let mut value = serde_json::to_value(run).expect("a run is written as JSON");
    let number = spoil(&mut value, text);
    assert!(number > 100, "only {number} texts were spoiled");
    serde_json::from_value(value).expect("and read back")
}

fn spoil(value: &mut Value, text: &str) -> usize {
    match value {
        Value::String(own) => {
            own.push_str(text);
            1
        }
        Value::Array(values) => values.iter_mut().map(|value| spoil(value, text)).sum(),
        Value::Object(fields) => {
            let is_objective = fields.contains_key("wanted_s");
            let outside = fields.iter_mut().filter(|(name, _)| {
                !(OWN_WORDS.contains(&name.as_str()) || is_objective && *name == "name")
            });
            outside.map(|(_, value)| spoil(value, text)).sum()
        }
        _ => 0,
    }
}
