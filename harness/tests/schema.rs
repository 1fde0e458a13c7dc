//! The JSON Schema of the scenario file: current, and of one mind with the parser.
//!
//! With `PGREHEARSE_BLESS=1` the schema is written anew.

use std::fs;
use std::path::PathBuf;

use pgrehearse::explain;
use pgrehearse::scenario::{Source, parse, schema};
use serde_json::Value;

/// The shipped scenarios, and the one in which everything is said.
fn sound() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["../scenarios", "../scenarios/canary", "tests/plans"] {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    assert!(found.len() >= 4, "only {} scenarios were found", found.len());
    found
}

#[test]
fn the_schema_is_current() {
    let path = "schema/scenario.schema.json";
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        fs::write(path, schema()).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == schema(), "{path} is not current: bless it and read what changed");
}

#[test]
fn every_sound_scenario_and_the_starter_fit_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    for path in sound() {
        let text = fs::read_to_string(&path).unwrap();
        let found = misfit(&schema, &schema, &value(&text), "");
        assert_eq!(found, None, "{}", path.display());
    }
    assert_eq!(misfit(&schema, &schema, &value(&explain::starter("mine")), ""), None);
}

#[test]
fn the_schema_refuses_what_the_parser_refuses() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    for name in [
        "unknown_key",
        "unknown_step",
        "unknown_engine_setting",
        "missing_name",
        "missing_table",
        "two_kinds_in_a_step",
        "two_engines",
        "wrong_type_steps",
        "wrong_type_boolean",
        "wrong_type_writers",
        "unknown_sql_key",
        "wrong_type_target",
    ] {
        let text = fs::read_to_string(format!("tests/diagnostics/{name}.yaml")).unwrap();
        assert!(misfit(&schema, &schema, &value(&text), "").is_some(), "{name}");
    }
}

fn value(text: &str) -> Value {
    let source = Source { name: "x".to_owned(), text: text.to_owned() };
    parse(&source.into()).unwrap_or_else(|complaint| panic!("{complaint}"))
}

fn number(wanted: &Value) -> u64 {
    wanted.as_u64().expect("a whole number")
}

/// Where a value does not fit a schema: as much of JSON Schema as ours uses, all else refused.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let rules = match schema {
        Value::Bool(true) => return None,
        Value::Bool(false) => return Some(format!("{at}: not allowed")),
        other => other.as_object().expect("a schema is a map"),
    };
    let object = value.as_object();
    for (rule, wanted) in rules {
        let fits = match rule.as_str() {
            "$ref" => {
                let name = wanted.as_str().unwrap().strip_prefix('#').unwrap();
                misfit(root, root.pointer(name).unwrap(), value, at).is_none()
            }
            "type" => types(wanted).iter().any(|name| is(name, value)),
            "properties" => {
                for (name, schema) in wanted.as_object().unwrap() {
                    let inner = object.and_then(|object| object.get(name));
                    let inner = inner
                        .and_then(|inner| misfit(root, schema, inner, &format!("{at}/{name}")));
                    if inner.is_some() {
                        return inner;
                    }
                }
                true
            }
            "additionalProperties" => object.is_none_or(|object| {
                let known = rules.get("properties").and_then(Value::as_object);
                let unknown = object
                    .iter()
                    .filter(|(name, _)| known.is_none_or(|known| !known.contains_key(*name)));
                unknown.into_iter().all(|(_, value)| misfit(root, wanted, value, at).is_none())
            }),
            "required" => object.is_none_or(|object| {
                wanted
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "items" => value.as_array().is_none_or(|list| {
                list.iter().all(|value| misfit(root, wanted, value, at).is_none())
            }),
            "minItems" => value.as_array().is_none_or(|list| list.len() as u64 >= number(wanted)),
            "maxItems" => value.as_array().is_none_or(|list| list.len() as u64 <= number(wanted)),
            "enum" => wanted.as_array().unwrap().contains(value),
            "const" => wanted == value,
            "anyOf" | "oneOf" => {
                let all = wanted.as_array().unwrap().iter();
                let fitting =
                    all.filter(|schema| misfit(root, schema, value, at).is_none()).count();
                if rule == "anyOf" { fitting > 0 } else { fitting == 1 }
            }
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
            other => panic!("the test does not know the rule `{other}`"),
        };
        if !fits {
            return Some(format!("{at}: {value} does not fit {rule} {wanted}"));
        }
    }
    None
}

fn types(wanted: &Value) -> Vec<&str> {
    match wanted {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    }
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "null" => value.is_null(),
        other => panic!("the test does not know the type `{other}`"),
    }
}
