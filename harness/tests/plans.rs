//! Every shipped scenario and the plan it becomes; the schema and the starter scenario.
//!
//! With `PGREHEARSE_BLESS=1` the plans and the schema are written anew: read them then.

use std::fs;
use std::path::{Path, PathBuf};

use pgrehearse::plan::{self, Ground, Plan, lower, show};
use pgrehearse::scenario::{File, Source, parse, read, schema};
use pgrehearse::{disaster, engine, explain, sabotage};
use pgrehearse_verdict::check;
use pgrehearse_verdict::question::{Moment, Question};
use serde_json::Value;

fn ground(rig: &'static str, majors: &[u32]) -> Ground {
    Ground {
        rig,
        majors: majors.to_vec(),
        default_major: majors[0],
        seed: 7,
        fixtures_dir: "../fixtures".into(),
    }
}

fn shipped() -> Vec<PathBuf> {
    let mut found = vec![];
    for folder in ["../scenarios", "../scenarios/canary"] {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")));
    }
    found.sort();
    assert!(found.len() >= 3, "only {} scenarios were found", found.len());
    found
}

fn planned(path: &Path, ground: &Ground) -> Vec<Plan> {
    let scenario = read(path).unwrap_or_else(|complaint| panic!("{complaint}"));
    lower(&scenario, ground).unwrap_or_else(|complaints| {
        let text: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        panic!("{}", text.join("\n\n"))
    })
}

fn golden(path: &str, found: &str) {
    if std::env::var_os("PGREHEARSE_BLESS").is_some() {
        fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
        fs::write(path, found).unwrap();
    }
    let wanted = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(wanted, found, "{path} is not current");
}

#[test]
fn every_shipped_scenario_becomes_the_plan_we_expect() {
    for path in shipped() {
        let plans = planned(&path, &ground("docker", &[17, 15]));
        let text = plans.iter().map(show).collect::<Vec<_>>().join("\n");
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        golden(&format!("tests/plans/{stem}.txt"), &text);
    }
}

#[test]
fn every_shipped_scenario_runs_on_every_rig() {
    for path in shipped() {
        assert_eq!(planned(&path, &ground("local", &[15]))[0].postgres.version, 15);
        assert_eq!(planned(&path, &ground("docker", &[17]))[0].postgres.version, 17);
    }
}

#[test]
fn the_same_seed_gives_the_same_plan_and_another_seed_is_in_it() {
    for path in shipped() {
        let one = planned(&path, &ground("docker", &[17]));
        assert_eq!(one, planned(&path, &ground("docker", &[17])));
        assert_eq!(show(&one[0]), show(&planned(&path, &ground("docker", &[17]))[0]));
        let other = Ground { seed: 8, ..ground("docker", &[17]) };
        assert_ne!(show(&one[0]), show(&planned(&path, &other)[0]));
    }
}

#[test]
fn a_canary_must_fail_and_nothing_else_must() {
    for path in shipped() {
        let canary = path.components().any(|part| part.as_os_str() == "canary");
        let plans = planned(&path, &ground("docker", &[17]));
        assert!(plans.iter().all(|plan| plan.brief.must_fail.is_some() == canary));
    }
}

#[test]
fn the_brief_says_what_a_verdict_needs() {
    let plan = &planned(Path::new("../scenarios/dropped-table.yaml"), &ground("docker", &[17]))[0];
    let brief = &plan.brief;
    assert_eq!((brief.id.as_str(), brief.seed, brief.postgres), ("dropped-table", 7, 17));
    assert_eq!(brief.scenario_sha256.len(), 64);
    assert_eq!(brief.steps.len(), plan.steps.len());
    assert_eq!(brief.harmed, ["shop.orders"]);
    assert!(brief.recoveries[0].undoes && brief.recoveries[0].chosen);
    assert!(brief.application.contains(&("shop".to_owned(), "shop_app".to_owned())));
    assert_eq!(brief.controls.len(), plan.controls.len());
    let lost = Path::new("../scenarios/lost-data-directory.yaml");
    let lost = &planned(lost, &ground("docker", &[17]))[0].brief;
    assert!(!lost.recoveries[0].undoes && !lost.recoveries[0].chosen);
    assert!(!lost.disasters[0].leaves_wal);
}

#[test]
fn a_matrix_becomes_a_plan_for_each_cell_with_a_name_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bank $(x).yaml");
    let text = fs::read_to_string("../scenarios/dropped-table.yaml").unwrap();
    let engine = "engine:\n  pgbackrest: { start_fast: true }\n";
    assert!(text.contains(engine));
    let matrix = "matrix:\n  engine: [ pgbackrest: {}, pgbackrest: { compress: zst } ]\n  \
                  postgres.version: [15, 17]\n";
    fs::write(&path, text.replace(engine, matrix)).unwrap();
    let plans = planned(&path, &ground("docker", &[17, 15]));
    let ids: Vec<&str> = plans.iter().map(|plan| plan.brief.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "bank---x--pgbackrest1-pg15",
            "bank---x--pgbackrest1-pg17",
            "bank---x--pgbackrest2-pg15",
            "bank---x--pgbackrest2-pg17",
        ]
    );
    assert_eq!(plans[0].brief.name, "an accidental DROP TABLE is undone [pgbackrest1, pg15]");
    assert_eq!((plans[2].postgres.version, plans[3].postgres.version), (15, 17));
}

#[test]
fn ones_own_database_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("2 My Shop.sql"), "create table t (a int);").unwrap();
    let path = folder.path().join("own.yaml");
    let text = fs::read_to_string("../scenarios/lost-data-directory.yaml").unwrap();
    let own = text.replace("fixture: shop\n", "fixture: { sql: 2 My Shop.sql }\n");
    fs::write(&path, own).unwrap();
    let plan = &planned(&path, &ground("local", &[15]))[0];
    assert_eq!(plan.fixture.name, "db_2_my_shop");
    assert_eq!(plan.fixture.databases[0].name, "db_2_my_shop");
    assert_eq!(plan.brief.application, [("db_2_my_shop".into(), "pgrehearse_app".into())]);
}

#[test]
fn what_must_be_asked_is_asked_once_and_always_who_the_server_is() {
    let path = Path::new("../scenarios/dropped-table.yaml");
    let brief = planned(path, &ground("docker", &[17]))[0].brief.clone();
    let asks = plan::asks(&brief);
    let mut sorted = asks.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(asks, sorted);
    for check in &brief.checks {
        for pair in check.asks(&brief) {
            assert!(asks.contains(&pair), "`{}` asks {}", check.name(), pair.1);
        }
    }
    let nothing = pgrehearse_verdict::brief::Brief { checks: vec![], ..brief };
    let always = [(Moment::Baseline, Question::Server), (Moment::Recovered, Question::Server)];
    assert_eq!(plan::asks(&nothing), always);
}

#[test]
fn the_schema_is_current() {
    golden("schema/scenario.schema.json", &schema());
}

#[test]
fn every_shipped_scenario_and_the_starter_fit_the_schema() {
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    for path in shipped() {
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
            "enum" => wanted.as_array().unwrap().contains(value),
            "const" => wanted == value,
            "anyOf" | "oneOf" => {
                let all = wanted.as_array().unwrap().iter();
                let fitting =
                    all.filter(|schema| misfit(root, schema, value, at).is_none()).count();
                if rule == "anyOf" { fitting > 0 } else { fitting == 1 }
            }
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

#[test]
fn every_example_is_read_as_what_it_is_an_example_of() {
    let sound = fs::read_to_string("../scenarios/dropped-table.yaml").unwrap();
    let read = |text: String| {
        let source = Source { name: "example".to_owned(), text };
        parse::<File>(&source.into()).unwrap_or_else(|complaint| panic!("{complaint}"))
    };
    for (name, summary, example) in disaster::KINDS {
        let line = "drop_table: { table: shop.orders }";
        let file = read(sound.replace(line, example));
        assert!(format!("{:?}", file.steps).contains("Disaster"), "{name}");
        assert!(example.starts_with(name) && !summary.is_empty(), "{name}");
    }
    for (name, summary, example) in engine::KINDS {
        let file = read(sound.replace("pgbackrest: { start_fast: true }", example));
        assert_eq!(file.engine.unwrap().value.0.name(), *name);
        assert!(!summary.is_empty());
    }
    for kind in check::KINDS {
        let example = kind.example.trim_start_matches("- ");
        let file = read(sound.replace("  - standard", &format!("  - {example}")));
        assert_eq!(file.checks.unwrap().value.len(), 2, "{}", kind.name);
        assert!(!kind.summary.is_empty(), "{}", kind.name);
    }
    for control in sabotage::KINDS {
        let list = format!("controls: [{}]", control.name());
        read(sound.replace("controls: standard", &list));
    }
}

#[test]
fn the_starter_is_a_sound_scenario() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["mine", "a: \"b\" # c", "", "x\ny", "- \u{202E}"] {
        let path = folder.path().join("starter.yaml");
        fs::write(&path, explain::starter(name)).unwrap();
        let plans = planned(&path, &ground("local", &[15]));
        assert_eq!(plans.len(), 1, "{name:?}");
    }
}

/// The codes that the checks and the verdict give to what is broken or unknown, as they are
/// written in the source: a new one without a text shows up here.
#[test]
fn every_finding_has_a_text() {
    let mut files = vec![PathBuf::from("verdict/src")];
    let mut codes = vec![];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        for call in ["Finding::broken(", "Finding::unknown("] {
            for after in text.split(call).skip(1) {
                let code = after.split(',').nth(1).unwrap_or_default().trim().trim_matches('"');
                let literal = after.split(',').nth(1).unwrap_or_default().contains('"');
                codes.extend(literal.then(|| code.to_owned()));
            }
        }
    }
    assert!(codes.len() > 40, "only {} codes were found", codes.len());
    let unknown: Vec<_> = codes.iter().filter(|code| explain::explain(code).is_err()).collect();
    assert!(unknown.is_empty(), "no text explains {unknown:?}");
}

#[test]
fn every_text_says_something_and_fits_a_terminal() {
    for name in explain::names() {
        let text = explain::explain(name).unwrap();
        assert!(text.lines().count() >= 5, "{name} says too little");
        assert!(text.lines().count() <= 60, "{name} says too much");
        let long = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{name}");
    }
    let all = explain::everything();
    for name in explain::names() {
        assert!(all.contains(name), "`{name}` is not in the list");
    }
    let said = explain::explain("lost_aked").unwrap_err();
    assert_eq!(said, "nothing is known about `lost_aked`\nhint: did you mean `lost_acked`?");
}
