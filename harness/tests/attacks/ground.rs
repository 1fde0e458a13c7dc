//! The ground of an attack: a folder of programs in which `pgbackrest` is the attacker.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::list::Attack;

/// What came of a drill.
pub struct Outcome {
    pub exit: Option<i32>,
    /// Whether the attack was carried out.
    pub done: bool,
    /// What was printed, by the attack and by the drill.
    pub said: String,
    /// The checks and objectives that did not hold.
    pub worst: Vec<String>,
}

/// Performs a drill of `attacks/<scenario>.yaml`, spoiled by `attack`.
pub fn perform(scenario: &str, attack: Option<&Attack>) -> Outcome {
    // The server's user reads it, and writes what it did.
    let folder = tempfile::Builder::new().prefix("pgra-").tempdir().unwrap();
    let path = folder.path();
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    for program in fs::read_dir(programs()).unwrap() {
        let program = program.unwrap().path();
        symlink(&program, path.join(program.file_name().unwrap())).unwrap();
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks");
    let wrapper = path.join("pgbackrest");
    fs::copy(here.join("wrapper.sh"), &wrapper).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    let (on, when, attack) =
        attack.map_or(("nothing", "never", ""), |attack| (attack.on, attack.when, attack.script));
    for (name, text) in [("on", on), ("when", when), ("attack", attack)] {
        fs::write(path.join(name), format!("{text}\n")).unwrap();
    }
    let reports = path.join("reports");
    let output = Command::new(env!("CARGO_BIN_EXE_pgrehearse"))
        .args(["run", "--rig", "local", "--timeout", "90s", "--report-dir"])
        .arg(&reports)
        .arg(here.join(format!("{scenario}.yaml")))
        .env("PGREHEARSE_PG_BIN", path)
        .output()
        .unwrap();
    let mut said = fs::read_to_string(path.join("said")).unwrap_or_default();
    for text in [output.stdout, output.stderr] {
        said.push_str(&String::from_utf8_lossy(&text));
    }
    Outcome {
        exit: output.status.code(),
        done: path.join("done").exists(),
        said,
        worst: worst(&reports),
    }
}

/// The programs of the first PostgreSQL there is.
fn programs() -> PathBuf {
    let majors = fs::read_dir("/usr/lib/postgresql").unwrap();
    let mut found: Vec<PathBuf> = majors.map(|major| major.unwrap().path().join("bin")).collect();
    found.retain(|bin| bin.join("initdb").is_file());
    found.sort();
    found.pop().unwrap()
}

/// Everything in the results that bears a status that is not held, by name.
fn worst(reports: &Path) -> Vec<String> {
    let runs = fs::read_dir(reports).into_iter().flatten();
    let results = runs.map(|run| run.unwrap().path().join("results.json"));
    let Some(text) = results.filter_map(|path| fs::read(path).ok()).next() else {
        return vec![];
    };
    let mut found = vec![];
    collect(&serde_json::from_slice(&text).unwrap(), &mut found);
    found.sort();
    found.dedup();
    found
}

fn collect(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Object(map) => {
            let name = map.get("check").or(map.get("name")).and_then(Value::as_str);
            let status = map.get("status").and_then(Value::as_str);
            if let (Some(name), Some("broken" | "unknown")) = (name, status) {
                into.push(name.to_owned());
            }
            map.values().for_each(|value| collect(value, into));
        }
        _ => {}
    }
}
