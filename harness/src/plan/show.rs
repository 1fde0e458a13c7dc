//! A plan in words, for `pgrehearse plan`: all that will happen, and all that will be looked at.

use std::fmt::Write;
use std::time::Duration;

use pgrehearse_verdict::check::Spec;

use crate::plan::lower::shown;
use crate::plan::{Fixture, Load, PasswordSource, Plan, Script};
use crate::scenario::plain;

/// The plan as text, ending with a line break. The same plan gives the same text.
pub fn show(plan: &Plan) -> String {
    let brief = &plan.brief;
    let mut text = format!("{}: {}\n", brief.id, brief.name);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "  {name:<11} {value}");
        }
    };
    line("why", brief.why.as_deref().unwrap_or_default());
    line("tags", &brief.tags.join(", "));
    line("file", &format!("{} (sha256 {})", brief.file, brief.scenario_sha256));
    line("seed", &brief.seed.to_string());
    line("rig", &brief.rig);
    let checksums = if plan.postgres.checksums { "on" } else { "off" };
    let (version, locale) = (plan.postgres.version, &plan.postgres.locale);
    line("postgres", &format!("{version}, checksums {checksums}, locale {locale}"));
    line("image", plan.postgres.image.as_deref().unwrap_or_default());
    for (name, value) in &plan.postgres.settings {
        line("setting", &format!("{name} = {value}"));
    }
    line("engine", &engine_line(plan));
    line("limit", &shown(plan.limit));
    text.push_str(&fixture(&plan.fixture));
    text.push_str("steps\n");
    for (number, step) in (1..).zip(&brief.steps) {
        let _ = writeln!(text, "  {number:>2}. {step}");
    }
    text.push_str(&objectives(plan));
    text.push_str("checks\n");
    for check in &brief.checks {
        let _ = writeln!(text, "  {}", check_line(check));
    }
    text.push_str(&controls(plan));
    if let Some(by) = &brief.must_fail {
        let _ = writeln!(text, "canary\n  must fail by {}", by.join(", "));
    }
    // Names of roles and files are anybody's: nothing in them may move a cursor.
    text.lines().map(|line| plain(line) + "\n").collect()
}

/// The engine, and what the scenario says about it; its own defaults are left out.
fn engine_line(plan: &Plan) -> String {
    let spec = serde_json::to_value(&plan.engine).unwrap_or_default();
    let settings = spec.get(plan.engine.name()).and_then(serde_json::Value::as_object);
    let said = settings.into_iter().flatten().filter(|(_, value)| !value.is_null());
    let said: Vec<String> = said.map(|(name, value)| format!("{name} {value}")).collect();
    let name = plan.engine.name();
    if said.is_empty() { name.to_owned() } else { format!("{name}, {}", said.join(", ")) }
}

fn fixture(fixture: &Fixture) -> String {
    let mut text = format!("fixture {} at scale {}\n", fixture.name, fixture.scale);
    for role in &fixture.roles {
        let password = match role.password {
            PasswordSource::Generated => "drawn for the run",
            PasswordSource::Given(_) => "given",
        };
        let _ = writeln!(text, "  role {}, password {password}", role.name);
    }
    for script in &fixture.cluster {
        let _ = writeln!(text, "  cluster {}", script.name());
    }
    for database in &fixture.databases {
        let files = database.load.iter().map(|load| match load {
            Load::Sql(script) => script.name(),
            Load::Dump(path) => format!("{} (dump)", file_name(path)),
        });
        let files: Vec<String> = files.collect();
        let _ = writeln!(text, "  database {} from {}", database.name, files.join(", "));
    }
    for one in &fixture.application {
        let smoke: Vec<String> = one.smoke.iter().map(Script::name).collect();
        let tries = if smoke.is_empty() { "nothing".to_owned() } else { smoke.join(", ") };
        let _ = writeln!(text, "  application {} in {} tries {tries}", one.role, one.database);
    }
    text
}

/// The name alone: the same plan reads the same wherever the fixtures lie.
fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn objectives(plan: &Plan) -> String {
    let wanted = &plan.brief.objectives;
    let times = [
        ("rto", wanted.rto_s, ""),
        ("rpo", wanted.rpo_s, ""),
        ("detection", wanted.assumed_detection_s, " assumed"),
        ("decision", wanted.assumed_decision_s, " assumed"),
    ];
    let mut text = String::new();
    for (name, seconds, how) in times {
        if let Some(seconds) = seconds {
            let time = Duration::from_secs_f64(seconds);
            let _ = writeln!(text, "  {name} {}{how}", shown(time));
        }
    }
    if let Some(bytes) = wanted.production_bytes {
        let _ = writeln!(text, "  rto is judged for {bytes} bytes in production");
    }
    let none = "  none: times are measured, not judged\n";
    format!("objectives\n{}", if text.is_empty() { none } else { &text })
}

fn check_line(check: &Spec) -> String {
    match check {
        Spec::Sql(sql) => {
            let query = sql.query.split_whitespace().collect::<Vec<_>>().join(" ");
            let (query, equals) = (plain(&query), plain(&sql.equals));
            format!("sql in {}: {query} = {equals}", sql.database)
        }
        other => other.name().to_owned(),
    }
}

fn controls(plan: &Plan) -> String {
    let mut text = "controls\n".to_owned();
    for control in &plan.brief.controls {
        let by = control.caught_by.join(" or ");
        let _ = writeln!(text, "  {}: {}; {by} must catch it", control.id, control.harm);
    }
    if plan.brief.controls.is_empty() {
        text.push_str("  none: this drill will not be shown able to fail\n");
    }
    text
}
