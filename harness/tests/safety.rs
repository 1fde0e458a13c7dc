//! Nobody is harmed: no server but our own is ever met, runs do not meet each other, no secret
//! gets out, and a name is only ever a name.

mod safety {
    pub mod production;
    pub mod secrets;
}

use std::process::Command;
use std::thread::JoinHandle;
use std::time::Duration;

use pgrehearse_testkit::{Bench, Decoy, Needs, Started, TINY, engine_answers, set_up, until_none};
use safety::production::{Intruder, pretend};
use safety::secrets::{ODD, forms, watch};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");
/// How long the reaper may take to notice that there is nothing to do.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);

fn set_up_local() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
}

/// Ends a drill that has to pass, and leaves nothing; what it said, both streams.
fn passes(bench: &Bench, drill: Started) -> String {
    let pid = drill.pid();
    let (status, out, said) = drill.ended();
    assert_eq!(status.code(), Some(0), "{out}\n{said}");
    assert!(out.contains("PASSED"), "{out}");
    let left = until_none(NOTICE_LIMIT, || bench.left(&[pid]));
    assert!(left.is_empty(), "there is left {left:#?}\n{said}");
    out + &said
}

fn start(mut command: Command, change: impl FnOnce(&mut Command)) -> Started {
    change(&mut command);
    Started::new(command)
}

#[test]
fn processes_never_meet_the_server_that_the_environment_names() {
    set_up_local();
    let (bench, decoy) = (Bench::new(PROGRAM), Decoy::listen().expect("a decoy"));
    let command = bench.command(&["run", "--rig", "local", "tiny.yaml"]);
    let drill = start(command, |command| pretend(&bench, command, decoy.port()));
    passes(&bench, drill);
    assert_eq!(decoy.visits(), 0);
}

#[test]
fn containers_never_meet_another_server_by_environment_or_by_name() {
    if !engine_answers() {
        return;
    }
    set_up(&[Needs::Mmdebstrap]);
    let (bench, decoy) = (Bench::new(PROGRAM), Decoy::listen().expect("a decoy"));
    let command = bench.command(&["run", "--rig", "docker", "tiny.yaml"]);
    let mut drill = start(command, |command| pretend(&bench, command, decoy.port()));
    // The names of our nodes are taken by another container of the very network.
    drill.wait_for("a network with a container", |drill| Intruder::can_enter(drill.pid()));
    let intruder = Intruder::enter(drill.pid());
    let is_early = drill.said().iter().all(|line| !line.contains("disaster:"));
    assert!(is_early, "the intruder came too late to be met: {:?}", drill.said());
    drill.wait_for("the end", |drill| {
        drill.said().iter().any(|line| line.contains("give everything back"))
    });
    let visits = intruder.visits();
    assert_eq!(visits, 0, "connections to the intruder");
    intruder.visit();
    assert_eq!(intruder.visits(), 1, "it can count");
    drop(intruder);
    passes(&bench, drill);
    assert_eq!(decoy.visits(), 0);
}

/// Two runs at once, of the same scenario, with the same state and the same folder of reports.
fn two_at_once(rig: &str) {
    let bench = Bench::new(PROGRAM);
    let words = ["run", "--rig", rig, "tiny.yaml"];
    let (first, mut second) = (bench.start(&words), bench.start(&words));
    let pids = [first.pid(), second.pid()];
    let both = second.wait_for("two leases", |_| bench.leases().len() == 2);
    assert!(both, "they were not there at once");
    for drill in [first, second] {
        let (status, out, said) = drill.ended();
        assert_eq!(status.code(), Some(0), "{out}\n{said}");
    }
    let left = until_none(NOTICE_LIMIT, || bench.left(&pids));
    assert!(left.is_empty(), "there is left {left:#?}");
    let runs = bench.runs();
    assert_eq!(runs.len(), 2, "{runs:?}");
    // Where each server stood, by what it said of itself.
    let ground = |run: &std::path::Path| -> Vec<String> {
        let journal = bench.drills(run)[0].join("journal.jsonl");
        let journal = std::fs::read_to_string(journal).expect("a journal");
        let host = if rig == "docker" { " host: " } else { " folder: " };
        let facts = journal.lines().filter(|line| line.contains(host));
        facts.map(|line| line.split(host).nth(1).unwrap_or_default().to_owned()).collect()
    };
    let (one, other) = (ground(&runs[0]), ground(&runs[1]));
    assert!(!one.is_empty() && one.iter().all(|place| !other.contains(place)), "{one:?} {other:?}");
}

#[test]
fn two_runs_at_once_do_not_meet() {
    set_up_local();
    two_at_once("local");
}

#[test]
#[ignore = "one of the full matrix"]
fn two_runs_at_once_do_not_meet_in_containers() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        two_at_once("docker");
    }
}

fn keeps_its_secrets(rig: &str) {
    let bench = Bench::new(PROGRAM);
    let mut roles = String::new();
    let mut application = String::new();
    for (number, secret) in ODD.iter().enumerate() {
        let source = if number % 2 == 0 {
            format!("{{ env: ODD_{number} }}")
        } else {
            bench.write(&format!("fixtures/odd/secret-{number}"), &format!("{secret}\n"));
            format!("{{ file: secret-{number} }}")
        };
        roles += &format!("  - {{ name: odd_{number}, password: {source} }}\n");
        application += &format!("  - {{ database: odd, role: odd_{number}, smoke: smoke.sql }}\n");
    }
    let databases = "databases:\n  - { name: odd, load: [{ sql: tiny.sql }] }\n";
    let fixture = format!("roles:\n{roles}{databases}application:\n{application}");
    bench.write("fixtures/odd/fixture.yaml", &fixture);
    bench.write("fixtures/odd/smoke.sql", "select 1;\n");
    let tiny = std::fs::read_to_string(bench.path().join("tiny.sql")).expect("the tiny fixture");
    bench.write("fixtures/odd/tiny.sql", &tiny);
    bench.write("odd.yaml", &TINY.replace("{ sql: tiny.sql }", "odd"));
    let command = bench.command(&["run", "--rig", rig, "odd.yaml"]);
    let mut drill = start(command, |command| {
        for (number, secret) in ODD.iter().enumerate().filter(|(number, _)| number % 2 == 0) {
            command.env(format!("ODD_{number}"), secret);
        }
    });
    let seen: JoinHandle<Vec<String>> = watch(drill.pid(), rig == "docker");
    drill.wait_for("its end", |_| false);
    // That it passes says that each of the roles logged in with its password.
    let said = passes(&bench, drill);
    let mut places: Vec<(String, String)> = vec![("the terminal".to_owned(), said)];
    let seen = seen.join().expect("the watch");
    assert!(!seen.is_empty());
    places.extend(seen.into_iter().map(|text| ("a process or a container".to_owned(), text)));
    let mut folders = bench.runs();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                let bytes = std::fs::read(entry.path()).expect("a file");
                let text = String::from_utf8_lossy(&bytes).into_owned();
                places.push((entry.path().display().to_string(), text));
            }
        }
    }
    assert!(places.iter().any(|(name, _)| name.ends_with("journal.jsonl")));
    for secret in ODD {
        for form in forms(secret) {
            for (name, text) in &places {
                assert!(!text.contains(&form), "`{form}` is in {name}");
            }
        }
    }
}

#[test]
fn no_secret_gets_out_of_processes() {
    set_up_local();
    keeps_its_secrets("local");
}

#[test]
fn no_secret_gets_out_of_containers() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        keeps_its_secrets("docker");
    }
}

/// A fixture whose every name would do harm if it were ever more than a name. `marker` is a path
/// that must never come to be; `port` is where a server listens that must never be met.
fn hostile(bench: &Bench, marker: &str, port: u16) {
    let conninfo = format!("host=127.0.0.1 port={port} dbname=postgres");
    let quoted = |text: &str| serde_json::to_string(text).expect("a text");
    let roles = [
        "\"; drop table kept; --".to_owned(),
        format!("$(touch {marker})"),
        format!("\\! touch {marker}"),
        format!("`touch {marker}`"),
        format!("'; copy kept to program 'touch {marker}'; --"),
        "--help".to_owned(),
    ];
    let files = ["\"; drop table kept; --.sql", "$(touch pwned).sql", "--version", "a b'c.sql"];
    let mut text = "roles:\n".to_owned();
    for role in &roles {
        text += &format!("  - {{ name: {}, password: generated }}\n", quoted(role));
    }
    text += "databases:\n";
    for (name, files) in [(conninfo.as_str(), &files[..2]), ("-d '\\\" %s", &files[2..])] {
        let load: Vec<_> = files.iter().map(|f| format!("{{ sql: {} }}", quoted(f))).collect();
        text += &format!("  - {{ name: {}, load: [{}] }}\n", quoted(name), load.join(", "));
    }
    text += "application:\n";
    for role in &roles {
        let (database, role) = (quoted(&conninfo), quoted(role));
        text += &format!("  - {{ database: {database}, role: {role}, smoke: smoke.sql }}\n");
    }
    bench.write("fixtures/hostile/fixture.yaml", &text);
    bench.write("fixtures/hostile/smoke.sql", "select 1;");
    for (number, file) in files.iter().enumerate() {
        let tables = format!(
            "create table \"$(touch {marker}) {number}\" (\"'; drop table kept; --\" int);\n\
             insert into \"$(touch {marker}) {number}\" values (1);\n\
             create table \"a\"\"b\\! touch {marker}\n{number}\" (id serial primary key);\n\
             create table \"; drop table kept; -- {number}\" (\"\\\\\" text);\n"
        );
        bench.write(&format!("fixtures/hostile/{file}"), &tables);
    }
    let table = format!("public.$(touch {marker}) 0");
    let scenario = TINY
        .replace("{ sql: tiny.sql }", "hostile")
        .replace("public.dropped", &quoted(&table))
        .replace("a tiny table is dropped", &quoted(&format!("\\! touch {marker}")));
    bench.write("$(touch pwned).yaml", &scenario);
}

fn takes_names_for_names(rig: &str) {
    let (bench, decoy) = (Bench::new(PROGRAM), Decoy::listen().expect("a decoy"));
    let marker = bench.path().join("tmp/pwned").display().to_string();
    hostile(&bench, &marker, decoy.port());
    let drill = bench.start(&["run", "--rig", rig, "$(touch pwned).yaml"]);
    passes(&bench, drill);
    assert!(!std::path::Path::new(&marker).exists(), "a name was carried out");
    assert!(!bench.path().join("pwned").exists(), "a name was carried out");
    assert_eq!(decoy.visits(), 0, "a database's name was taken for an address");
}

#[test]
fn hostile_names_are_only_names_to_processes() {
    set_up_local();
    takes_names_for_names("local");
}

#[test]
#[ignore = "one of the full matrix"]
fn hostile_names_are_only_names_to_containers() {
    if engine_answers() {
        set_up(&[Needs::Mmdebstrap]);
        takes_names_for_names("docker");
    }
}

#[test]
fn a_name_with_a_line_break_is_refused_with_one_message() {
    set_up_local();
    let bench = Bench::new(PROGRAM);
    bench.write("fixtures/odd/tiny.sql", "create table dropped (id int);");
    let fixture = "roles: [{ name: \"a\\nb\", password: generated }]\n\
                   databases: [{ name: odd, load: [{ sql: tiny.sql }] }]\n";
    bench.write("fixtures/odd/fixture.yaml", fixture);
    bench.write("odd.yaml", &TINY.replace("{ sql: tiny.sql }", "odd"));
    let (code, out, err) = bench.run(&["run", "--rig", "local", "odd.yaml"]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert_eq!(err.matches("is not a name").count(), 1, "{err}");
    assert!(bench.runs().is_empty() && bench.left(&[]).is_empty());
}

/// Answers that are long, and such as break a page or a list of test cases.
const HOSTILE_ANSWERS: &str = "checks:
- standard
- sql: { query: \"select repeat('x', 100000000)\", equals: t }
- sql: { query: \"select '<script>alert(1)</script>]]>' || chr(7) || chr(27)\", equals: t }
";

#[test]
#[ignore = "one of the full matrix"]
fn an_answer_of_100_mb_does_not_inflate_the_reports() {
    set_up_local();
    let bench = Bench::new(PROGRAM);
    bench.write("long.yaml", &TINY.replace("checks: [standard]\n", HOSTILE_ANSWERS));
    let (code, out, err) = bench.run(&["run", "--rig", "local", "long.yaml"]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.len() < 20_000, "{} bytes were said", out.len());
    let run = bench.runs().remove(0);
    for report in ["junit.xml", "report.html", "results.json", "summary.md"] {
        let text = std::fs::read_to_string(run.join(report)).expect("a report");
        assert!(text.len() < 200_000, "{report} has {} bytes", text.len());
        // In the others it is a text: within CDATA, or a string.
        let shown = ["report.html", "summary.md"].contains(&report);
        assert!(!shown || !text.contains("<script>alert"), "{report} holds a script");
        assert!(!text.contains(['\u{7}', '\u{1b}']), "{report} holds control characters");
    }
}
