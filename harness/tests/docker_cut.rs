//! The connection to the container engine fails under a whole drill: it is cut, it hangs, it is
//! late. The drill ends, says why, is not green, and what it could not give back is found by
//! `clean` as soon as the engine can be reached.

use std::time::Duration;

use pgrehearse_testkit::{
    Bench, Dice, Line, Needs, Proxy, engine_answers, full, set_up, until_none,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");

/// The drill's exit status and all it said, when its connections became so after so many lines.
fn under(line: Line, lines: usize) -> (Option<i32>, String) {
    let bench = Bench::new(PROGRAM);
    let socket = bench.path().join("engine");
    let proxy = Proxy::listen(&socket).expect("a socket");
    let words = ["run", "--setup", "--rig", "docker", "--timeout", "100s", "tiny.yaml"];
    let mut command = bench.command(&words);
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    let mut drill = pgrehearse_testkit::Started::new(command);
    let pid = drill.pid();
    let drill_says = |drill: &pgrehearse_testkit::Started| {
        drill.said().iter().filter(|line| line.starts_with("tiny  ")).count()
    };
    assert!(drill.wait_for("a phase", |drill| drill_says(drill) >= lines), "it goes on");
    proxy.set(line);
    let (status, out, err) = drill.ended();
    let said = format!("{line:?} after {lines}: {:?}\n{out}\n{err}", status.code());
    // The reaper may be at it, through the same connection, in vain.
    proxy.set(Line::Sound);
    let left = until_none(Duration::from_secs(90), || {
        let (code, cleaned, err) = bench.run(&["clean"]);
        assert!(matches!(code, Some(0 | 1)), "{cleaned}{err}\n{said}");
        bench.left(&[pid])
    });
    assert!(left.is_empty(), "{left:#?}\n{said}");
    (status.code(), said)
}

#[rstest::rstest]
#[case::cut(Line::Cut)]
#[ignore = "one of the full matrix"]
#[case::hung(Line::Hung)]
fn a_drill_that_loses_the_engine_is_not_green_and_leaves_nothing(#[case] line: Line) {
    if !engine_answers() {
        return;
    }
    set_up(&[Needs::Mmdebstrap]);
    let mut dice = Dice::thrown();
    for _ in 0..if full() { 4 } else { 1 } {
        let (code, said) = under(line, 1 + dice.below(8));
        assert!(matches!(code, Some(1 | 3)), "{said}");
        assert!(!said.contains("PASSED"), "{said}");
        assert!(said.contains("engine"), "the cause is not named: {said}");
    }
}

#[test]
#[ignore = "one of the full matrix"]
fn a_drill_whose_engine_is_late_ends_and_is_judged_by_what_it_saw() {
    if !engine_answers() {
        return;
    }
    set_up(&[Needs::Mmdebstrap]);
    let (code, said) = under(Line::Late, 1 + Dice::thrown().below(8));
    assert!(matches!(code, Some(0 | 1 | 3)), "{said}");
}
