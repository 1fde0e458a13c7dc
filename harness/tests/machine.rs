//! The machine fails under the drill: its disk is full, its clock is set. The drill ends, says why,
//! and is not green; nothing is left of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pgrehearse_testkit::{Bench, Dice, Needs, faketime, full, set_up};

const PROGRAM: &str = env!("CARGO_BIN_EXE_pgrehearse");

/// A small file system of its own, while this lives.
struct Small(PathBuf);

impl Small {
    fn mount(at: &Path, size: &str) -> Small {
        fs::create_dir_all(at).expect("a folder");
        let options = format!("{size},mode=0755");
        let words = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let mounted = Command::new("mount").args(words).arg(at).status().expect("mount");
        assert!(mounted.success(), "a tmpfs with {size} at {}", at.display());
        Small(at.to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Mounting takes root; in CI the tests are root.
fn may_mount() -> bool {
    let root = rustix::process::geteuid().is_root();
    assert!(root || std::env::var_os("CI").is_none(), "tests are root in CI");
    if !root {
        eprintln!("NOT TESTED: only root mounts a small file system");
    }
    root
}

/// The drill ended, named the cause, was not green, and left nothing.
fn ends_as_it_must(bench: &Bench, what: &str, ended: (Option<i32>, String, String)) {
    let (code, out, err) = ended;
    let said = format!("{what}: {code:?}\n{out}\n{err}");
    assert!(matches!(code, Some(1..=4)), "{said}");
    assert!(!out.contains("PASSED"), "{said}");
    let causes = ["No space left on device", "is full", "MiB free"];
    assert!(causes.iter().any(|cause| said.contains(cause)), "the cause is not named: {said}");
    // Local processes leave nothing at an engine: what is named there died without a lease here.
    let (code, _, err) = bench.run(&["clean"]);
    let other = |line: &str| line.contains("no lease here") || line.starts_with("hint:");
    let others = code == Some(1) && !err.is_empty() && err.lines().all(other);
    assert!(code == Some(0) || others, "clean: {code:?} {err}\n{said}");
    let processes = bench.processes();
    assert!(processes.is_empty(), "{processes:?}\n{said}");
}

/// The disk that the servers are on becomes full when the drill has said so many lines.
fn with_a_disk_that_becomes_full(lines: usize) {
    let bench = Bench::new(PROGRAM);
    let disk = Small::mount(&bench.path().join("tmp"), "size=2200m");
    let mut drill = bench.start(&["run", "--rig", "local", "--timeout", "90s", "tiny.yaml"]);
    assert!(drill.wait_for("a phase", |drill| drill.said().len() >= lines), "it goes on");
    // As much as there is, in pieces that become smaller: a byte more is too much.
    for size in [8 << 20, 1 << 20, 64 << 10, 4 << 10_u32] {
        let piece = |number: u32| disk.0.join(format!("filling-{size}-{number}"));
        let fill = |number: &u32| {
            let size = format!("--length={size}");
            let mut fallocate = Command::new("fallocate");
            fallocate.arg(size).arg(piece(*number)).stderr(std::process::Stdio::null());
            number < &10_000 && fallocate.status().is_ok_and(|status| status.success())
        };
        (0..).take_while(fill).for_each(drop);
    }
    let (status, out, err) = drill.ended();
    ends_as_it_must(&bench, &format!("full after {lines}"), (status.code(), out, err));
}

#[test]
fn a_disk_that_becomes_full_is_named_and_never_green() {
    if may_mount() {
        set_up(&[Needs::Postgres, Needs::PgBackRest]);
        let mut dice = Dice::thrown();
        // Later than in the ninth phase nothing is written any more.
        for _ in 0..if full() { 10 } else { 1 } {
            with_a_disk_that_becomes_full(1 + dice.below(8));
        }
    }
}

#[rstest::rstest]
#[case::for_the_servers("tmp", "size=64m")]
#[case::for_the_reports("reports", "size=64k")]
#[case::for_the_leases("state", "nr_inodes=2")]
fn a_disk_that_is_full_to_begin_with_is_named(#[case] folder: &str, #[case] size: &str) {
    if may_mount() {
        set_up(&[Needs::Postgres, Needs::PgBackRest]);
        let bench = Bench::new(PROGRAM);
        let _disk = Small::mount(&bench.path().join(folder), size);
        let ended = bench.run(&["run", "--rig", "local", "--timeout", "90s", "tiny.yaml"]);
        ends_as_it_must(&bench, &format!("{folder} with {size}"), ended);
    }
}

/// A drill of local processes for which the wall clock is set by `step` while it is under way.
fn with_a_clock_set(step: &str) -> (Option<i32>, String) {
    let bench = Bench::new(PROGRAM);
    bench.write("clock", "+0\n");
    let mut command = bench.command(&["run", "--rig", "local", "tiny.yaml"]);
    command
        .env("LD_PRELOAD", faketime().expect("libfaketime"))
        .env("FAKETIME_TIMESTAMP_FILE", bench.path().join("clock"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut drill = pgrehearse_testkit::Started::new(command);
    assert!(drill.wait_for("the work", |drill| drill.said().len() >= 4), "it goes on");
    bench.write("clock", &format!("{step}\n"));
    let (status, out, err) = drill.ended();
    (status.code(), format!("{out}\n{err}"))
}

#[rstest::rstest]
#[case::back("-1h", "wall clock was set by -36")]
#[ignore = "one of the full matrix"]
#[case::forth("+1d", "wall clock was set by 8640")]
fn a_clock_that_is_set_is_named_and_never_green(#[case] step: &str, #[case] wanted: &str) {
    set_up(&[Needs::Postgres, Needs::PgBackRest, Needs::Faketime]);
    let (code, said) = with_a_clock_set(step);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains(wanted), "{said}");
}

#[test]
#[ignore = "one of the full matrix"]
fn a_clock_that_is_not_set_is_no_fault() {
    set_up(&[Needs::Postgres, Needs::PgBackRest, Needs::Faketime]);
    let (code, said) = with_a_clock_set("+0");
    assert_eq!(code, Some(0), "{said}");
}
