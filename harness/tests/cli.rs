//! The command line: what each verb answers, how it ends, and that nothing is started by a run
//! that is refused.

use std::io::Read;
use std::process::{Command, Stdio};

use pgrehearse_testkit::{Bench, Needs, TINY, engine_answers, set_up, told};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");
/// A container engine that is not there.
const NOWHERE: &str = "unix:///nonexistent/docker.sock";

/// Nothing was started: no folder of a run, no lease, no ground.
fn nothing_started(bench: &Bench) {
    assert_eq!(bench.runs(), Vec::<std::path::PathBuf>::new());
    assert_eq!(bench.left(&[]), Vec::<String>::new());
}

#[test]
fn a_wrong_scenario_or_argument_is_2_and_nothing_was_started() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    bench.write("broken.yaml", &TINY.replace("disaster:", "disastre:"));
    bench.write("both/good.yaml", &TINY.replace("tiny.sql", "../tiny.sql"));
    bench.write("both/bad.yaml", &TINY.replace("before_disaster", "{ mark: nowhere }"));
    for (words, said) in [
        (vec!["run", "--rig", "local", "broken.yaml"], "broken.yaml:8:"),
        // One good scenario beside a bad one is not run either.
        (vec!["run", "--rig", "local", "both"], "bad.yaml:"),
        (vec!["run", "--rig", "local", "gone.yaml"], "gone.yaml"),
        (vec!["run", "--rig", "local", "gone/"], "gone"),
        (vec!["run", "--rig", "space", "tiny.yaml"], "--rig"),
        (vec!["run", "--rig", "local", "--controls", "sample:0", "tiny.yaml"], "sample:N"),
        (vec!["run", "--rig", "local", "--timeout", "soon", "tiny.yaml"], "--timeout"),
        (vec!["run", "--sede", "1"], "--sede"),
        (vec!["validate", "broken.yaml"], "broken.yaml:8:"),
        (vec!["plan", "--rig", "local", "broken.yaml"], "broken.yaml:8:"),
        (vec!["judge", "nowhere"], "nowhere"),
        (vec!["explain", "drop_tabel"], "drop_table"),
        (vec!["rehearse"], "rehearse"),
        (vec![], "Usage"),
    ] {
        let (code, out, err) = bench.run(&words);
        assert_eq!(code, Some(2), "{words:?}: {out}{err}");
        assert!(err.contains(said) && out.is_empty(), "{words:?}: `{said}` in {err}\nnot {out}");
        assert!(!err.contains("panicked"), "{words:?}: {err}");
    }
    nothing_started(&bench);
}

#[test]
fn an_empty_selection_is_4_and_never_a_success() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    bench.write("empty/README", "no scenario here");
    bench.write("all/tiny.yaml", &TINY.replace("tiny.sql", "../tiny.sql"));
    bench.write("all/canary/red.yaml", &TINY.replace("tiny.sql", "../../tiny.sql"));
    for words in [
        &["run", "--rig", "local", "empty"][..],
        &["run", "--rig", "local", "all", "--tag", "nobody"],
        &["run", "--rig", "local", "all", "--filter", "nothing has this"],
        &["plan", "--rig", "local", "all", "--tag", "nobody"],
        &["list", "--rig", "local", "empty"],
        &["validate", "empty"],
        // What stays behind is named, and nothing is run for it.
        &["run", "--rig", "local", "all", "--require-all"],
    ] {
        let (code, out, err) = bench.run(words);
        assert_eq!(code, Some(4), "{words:?}: {out}{err}");
        assert!(!err.is_empty(), "{words:?} says why");
    }
    nothing_started(&bench);
    let (code, out, _) = bench.run(&["list", "--rig", "local", "all"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("all/tiny.yaml") && !out.contains("red.yaml"), "{out}");
    assert!(out.contains("canary: left out: 1 that must fail"), "{out}");
}

#[test]
fn every_verb_answers() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    let fine = |words: &[&str]| {
        let (code, out, err) = bench.run(words);
        assert_eq!(code, Some(0), "{words:?}: {out}{err}");
        assert!(!out.contains('\u{1b}'), "no colours where there is no terminal: {out}");
        out
    };
    assert!(fine(&["validate", "tiny.yaml"]).contains("1 scenario"));
    let plan = fine(&["plan", "--rig", "local", "--seed", "7", "tiny.yaml"]);
    assert!(plan.contains("drop table public.dropped"), "{plan}");
    assert_eq!(plan, fine(&["plan", "--rig", "local", "--seed", "7", "tiny.yaml"]));
    for words in [
        &["plan", "--rig", "local", "--format", "json", "tiny.yaml"][..],
        &["list", "--rig", "local", "--format", "json", "tiny.yaml"],
        &["schema"],
    ] {
        let text = fine(words);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{words:?}: {text}");
    }
    assert!(fine(&["list", "--rig", "local", "tiny.yaml"]).contains("a tiny table is dropped"));
    assert!(fine(&["explain"]).contains("drop_table"));
    assert!(fine(&["explain", "drop_table"]).contains("drop_table"));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(fine(&["completions", shell]).contains("pgrehearse"), "{shell}");
    }
    assert!(fine(&["--help"]).contains("Exit status"));
    assert!(fine(&["--version"]).starts_with("pgrehearse "));
    let new = fine(&["new", "my \"own\": {name} # of it"]);
    bench.write("new.yaml", &new);
    let (code, out, err) = bench.run(&["validate", "new.yaml"]);
    // Its fixture is one of those that are shipped; where it is missing, only that is said.
    assert!(code == Some(0) || err.contains("fixture"), "{code:?} {out}{err}\n{new}");
    nothing_started(&bench);
}

/// Runs the program where a folder is hidden by an empty one, which takes root.
fn without(bench: &Bench, hidden: &[&str], words: &[&str]) -> (Option<i32>, String, String) {
    // The arguments are handed over as arguments; the script is a fixed one.
    let script = "while [ \"$1\" != -- ]; do mount -t tmpfs none \"$1\" || exit 99; shift; done; \
                  shift; exec \"$@\"";
    let model = bench.command(words);
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).args(hidden).arg("--");
    command.arg(model.get_program()).args(model.get_args());
    command.current_dir(bench.path()).stdin(Stdio::null());
    for (name, value) in model.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("DOCKER_HOST", NOWHERE);
    told(&mut command)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn without_any_rig_a_run_is_4_and_says_what_gets_one() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    let mut docker = bench.command(&["run", "--rig", "docker", "tiny.yaml"]);
    let (code, out, err) = told(docker.env("DOCKER_HOST", NOWHERE));
    assert_eq!(code, Some(4), "{out}{err}");
    assert!(err.contains("container engine"), "{err}");
    if !is_root() {
        eprintln!("NOT TESTED: hiding PostgreSQL takes root");
        return;
    }
    for rig in ["auto", "local"] {
        let words = ["run", "--rig", rig, "tiny.yaml"];
        let (code, out, err) = without(&bench, &["/usr/lib/postgresql"], &words);
        assert_eq!(code, Some(4), "{rig}: {out}{err}");
        assert!(
            err.contains("no PostgreSQL from 15 on is installed") && err.contains("hint:"),
            "{err}"
        );
        assert!(err.contains("apt-get install"), "{err}");
        assert_eq!(rig == "auto", err.contains("no container engine answers"), "{err}");
    }
    nothing_started(&bench);
}

#[test]
fn without_an_engine_a_run_goes_on_processes_and_says_so() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    let mut plan = bench.command(&["list", "--format", "json", "tiny.yaml"]);
    assert_eq!(told(plan.env("DOCKER_HOST", NOWHERE)).0, Some(0));
    // It is refused only after the ground was chosen, so that this takes no time.
    let mut run = bench.command(&["run", "tiny.yaml", "--filter", "nothing has this"]);
    let (code, _, err) = told(run.env("DOCKER_HOST", NOWHERE));
    assert_eq!(code, Some(4));
    assert!(err.contains("on local processes"), "{err}");
}

/// The lines of the doctor about one thing.
fn symptom<'a>(out: &'a str, what: &str) -> Vec<&'a str> {
    let mut lines = out.lines().skip_while(|line| !line.contains(&format!(" {what}:")));
    let first = lines.next();
    let hint = lines.next().filter(|line| line.contains("hint:"));
    first.into_iter().chain(hint).collect()
}

fn missing(out: &str, what: &str, said: &str) {
    let lines = symptom(out, what);
    let ill = lines.len() == 2 && lines[0].starts_with("  missing");
    assert!(ill && lines.join("\n").contains(said), "`{said}` of `{what}` in\n{out}");
}

#[test]
fn the_doctor_finds_each_thing_that_is_missing() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    let (code, out, err) = bench.run(&["doctor"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(symptom(&out, "PostgreSQL")[0].starts_with("  ok"), "{out}");
    assert!(symptom(&out, "pgBackRest")[0].starts_with("  ok"), "{out}");
    assert!(symptom(&out, "runs that died")[0].starts_with("  ok"), "{out}");
    if engine_answers() {
        assert!(symptom(&out, "container engine")[0].starts_with("  ok"), "{out}");
    }

    let (code, out, _) = told(bench.command(&["doctor"]).env("DOCKER_HOST", NOWHERE));
    missing(&out, "container engine", "service docker start");
    assert!(code == Some(0) && out.contains("performed on: local\n"), "{out}");

    let mut poor = bench.command(&["doctor"]);
    let (code, out, _) = told(poor.env("DOCKER_HOST", NOWHERE).env("PATH", "/nonexistent"));
    missing(&out, "pgBackRest", "pgbackrest");
    assert!(code == Some(4) && out.contains("no drill can be performed here"), "{out}");

    bench.write("file", "where a folder is wanted");
    let nowhere = bench.path().join("file/state");
    let (code, out, _) = told(bench.command(&["doctor"]).env("PGREHEARSE_STATE_DIR", nowhere));
    missing(&out, "a place for leases", "PGREHEARSE_STATE_DIR");
    assert_eq!(code, Some(4), "{out}");
    let (code, out, _) = told(bench.command(&["doctor"]).env("PGREHEARSE_STATE_DIR", "relative"));
    missing(&out, "a place for leases", "PGREHEARSE_STATE_DIR");
    assert_eq!(code, Some(4), "{out}");

    // A lease without an owner is what a run that died leaves.
    bench.write("state/leases/dead-1.jsonl", "");
    let (code, out, _) = bench.run(&["doctor"]);
    missing(&out, "runs that died", "pgrehearse clean");
    assert_eq!(code, Some(0), "what others left keeps nobody from drilling: {out}");

    if !is_root() {
        eprintln!("NOT TESTED: hiding PostgreSQL takes root");
        return;
    }
    let (code, out, _) = without(&bench, &["/usr/lib/postgresql"], &["doctor"]);
    missing(&out, "PostgreSQL", "apt-get install");
    assert_eq!(code, Some(4), "{out}");
}

#[test]
fn a_reader_that_went_away_is_no_panic() {
    set_up(&[Needs::Postgres, Needs::PgBackRest]);
    let bench = Bench::new(PROGRAM);
    for words in [
        &["list", "--rig", "local", "tiny.yaml"][..],
        &["plan", "--rig", "local", "tiny.yaml"],
        &["validate", "tiny.yaml"],
        &["explain"],
        &["schema"],
        &["completions", "bash"],
        &["doctor"],
        &["clean"],
        &["--help"],
    ] {
        let mut command = bench.command(words);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop(child.stdout.take());
        let mut said = String::new();
        let mut err = child.stderr.take().expect("its standard error");
        err.read_to_string(&mut said).expect("text");
        let status = child.wait().expect("its end");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
        assert_ne!(status.code(), Some(70), "{words:?}: {said}");
    }
}
