//! The local rig against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod local;

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use local::{Ground, LIMIT, command, major, processes};
use pgrehearse::drill::QUERY_LIMIT;
use pgrehearse::rig::lease::{Leased, take};
use pgrehearse::rig::local::sweep;
use pgrehearse::rig::{Command, Mount, NodeSpec, Place, Rig};
use pgrehearse_verdict::journal::{Cause, RigCause, SubjectCause};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_made_started_stopped_started_again_and_killed() {
    let ground = Ground::new();
    let (server, stage) = (ground.server("source").await, &ground.stage);
    server.start(stage, &[("work_mem", "5MB")]).await.unwrap();
    server.await_ready(LIMIT).await.unwrap();
    let sql = "create table kept (n int); insert into kept values (7); show work_mem";
    let tables = server.connect("postgres").await.unwrap().query(sql, QUERY_LIMIT).await.unwrap();
    assert_eq!(tables[2].get(0, "work_mem"), Some("5MB"));
    server.stop(stage).await.unwrap();
    assert!(server.connect("postgres").await.err().unwrap().lost);
    server.start(stage, &[]).await.unwrap();
    server.await_ready(LIMIT).await.unwrap();
    server.kill(stage).await.unwrap();
    none_left(&ground).await;

    // A killed server leaves its socket and its pid file behind.
    let socket = format!("{}/.s.PGSQL.5432", server.node.place(Place::Socket));
    assert!(Path::new(&socket).exists());
    let refused = server.connect("postgres").await.err().unwrap();
    assert!(refused.lost && refused.code.is_none(), "{refused:?}");
    server.start(stage, &[]).await.unwrap();
    server.await_ready(LIMIT).await.unwrap();
    let mut session = server.connect("postgres").await.unwrap();
    let kept = session.query("select n from kept", QUERY_LIMIT).await.unwrap();
    assert_eq!(kept[0].get(0, "n"), Some("7"));
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_release_and_releasing_again_is_well() {
    let ground = Ground::new();
    let server = ground.running("source").await;
    let _session = server.connect("postgres").await.unwrap();
    // One stray stands elsewhere and bears the mark, the other stands here and bears none.
    for stray in [&["env", "-C", "/", "sleep"][..], &["env", "-i", "sleep"]] {
        let argv = [&["setsid", "--fork"], stray, &["3600"]].concat();
        server.node.run(&command(&argv)).await.unwrap();
    }
    assert!(processes(ground.folder(), &ground.run).len() > 5);
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
    assert_eq!(processes(ground.folder(), &ground.run), Vec::<String>::new());
    assert!(!ground.folder().exists());
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
    let want = NodeSpec { name: "late".into(), postgres: major(), image: None, volumes: vec![] };
    assert!(ground.rig.node(want).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lease_holds_the_folder_until_it_is_gone() {
    let ground = Ground::new();
    let folder = Leased::Folder { path: ground.folder().to_owned() };
    assert_eq!(leased(&ground), [folder]);
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
    assert_eq!(leased(&ground), []);
}

/// What a cleaner would find in the lease: a copy of its file has no living owner.
fn leased(ground: &Ground) -> Vec<Leased> {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("leases")).unwrap();
    let name = format!("leases/{}.jsonl", ground.run);
    std::fs::copy(ground.state.path().join(&name), copy.path().join(&name)).unwrap();
    take(copy.path(), &ground.run).unwrap().unwrap().leased
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rig_that_is_dropped_gives_back_what_it_has() {
    let Ground { rig, stage, run, state: _state } = Ground::new();
    let folder = rig.folder().to_owned();
    let want = NodeSpec { name: "n".into(), postgres: major(), image: None, volumes: vec![] };
    let node = rig.node(want).await.unwrap();
    let log = format!("{}/sleep.log", node.place(Place::Log));
    node.start(&command(&["sleep", "3600"]), &log).await.unwrap();
    assert_eq!(processes(&folder, &run).len(), 1);
    drop((node, stage, rig));
    assert_eq!(processes(&folder, &run), Vec::<String>::new());
    assert!(!folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_run_is_swept_by_its_folder_alone() {
    let Ground { rig, stage, run, state } = Ground::new();
    let folder = rig.folder().to_owned();
    let want = NodeSpec { name: "n".into(), postgres: major(), image: None, volumes: vec![] };
    let node = rig.node(want).await.unwrap();
    let scratch = node.place(Place::Scratch);
    let precious = state.path().join("precious");
    std::fs::write(&precious, "kept").unwrap();
    symlink(state.path(), format!("{scratch}/link")).unwrap();
    std::fs::set_permissions(&scratch, PermissionsExt::from_mode(0o000)).unwrap();
    let log = format!("{}/sleep.log", node.place(Place::Log));
    node.start(&command(&["sleep", "3600"]), &log).await.unwrap();
    std::mem::forget((rig, stage, node));
    assert_eq!(sweep(&folder), Vec::<String>::new());
    assert_eq!(processes(&folder, &run), Vec::<String>::new());
    assert!(!folder.exists());
    assert_eq!(std::fs::read(precious).unwrap(), b"kept");
    assert_eq!(sweep(&folder), Vec::<String>::new(), "sweeping again is well");
}

#[test]
fn what_is_not_surely_ours_is_not_swept() {
    let home = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let path = home.path().join(name);
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("precious"), "kept").unwrap();
        path
    };
    let marker = r#"{"run":"r","drill":"d","uid":4000000000}"#;
    let other_name = make("something-else");
    std::fs::write(other_name.join("pgrehearse-run"), marker).unwrap();
    let unmarked = make("pgrehearse-unmarked");
    let damaged = make("pgrehearse-damaged");
    std::fs::write(damaged.join("pgrehearse-run"), "{").unwrap();
    let mark_is_a_link = make("pgrehearse-mark-is-a-link");
    symlink(other_name.join("pgrehearse-run"), mark_is_a_link.join("pgrehearse-run")).unwrap();
    let good = make("pgrehearse-good");
    std::fs::write(good.join("pgrehearse-run"), marker).unwrap();
    let link = home.path().join("pgrehearse-link");
    symlink(&good, &link).unwrap();
    let through = good.join("../pgrehearse-good");
    let relative = PathBuf::from("pgrehearse-relative");
    for path in [&other_name, &unmarked, &damaged, &mark_is_a_link, &link, &through, &relative] {
        let left = sweep(path);
        assert!(matches!(left.as_slice(), [one] if one.contains("left alone")), "{left:?}");
    }
    assert!(through.join("precious").exists() && link.exists());
    for path in [&other_name, &unmarked, &damaged, &mark_is_a_link] {
        assert!(path.join("precious").exists(), "{}", path.display());
    }
    assert_eq!(sweep(&good), Vec::<String>::new(), "the last one really is swept");
    assert!(!good.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_host_takes_its_own_with_it_and_nothing_else() {
    let ground = Ground::new();
    let volume = ground.rig.volume("repo").await.unwrap();
    let want = |name: &str, read_only: bool| NodeSpec {
        name: name.to_owned(),
        postgres: major(),
        image: None,
        volumes: vec![Mount { volume: volume.clone(), at: Place::Repository, read_only }],
    };
    let lost = ground.rig.node(want("lost", false)).await.unwrap();
    let kept = ground.rig.node(want("kept", true)).await.unwrap();
    let repository = lost.place(Place::Repository);
    assert_eq!(repository, kept.place(Place::Repository));
    lost.write(&format!("{repository}/backup"), b"safe", 0o600).await.unwrap();
    let refused = kept.write(&format!("{repository}/backup"), b"harm", 0o600).await.unwrap_err();
    assert!(refused.said.contains("read-only"), "{refused}");
    for node in [&lost, &kept] {
        let log = format!("{}/sleep.log", node.place(Place::Log));
        node.start(&command(&["sleep", "3600"]), &log).await.unwrap();
    }
    let scratch = lost.place(Place::Scratch);
    lost.destroy().await.unwrap();
    assert!(!Path::new(&scratch).exists());
    assert_eq!(processes(ground.folder(), &ground.run).len(), 1, "the other node's goes on");
    assert_eq!(std::fs::read(format!("{repository}/backup")).unwrap(), b"safe");
    let lost_cause = Cause::Rig(RigCause::EngineApi);
    let after = lost.run(&command(&["true"])).await.unwrap_err();
    assert_eq!((after.cause, after.said.as_str()), (lost_cause, "test: node `lost` is lost"));
    lost.destroy().await.unwrap();
    assert_eq!(ground.rig.release().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_over_its_limit_is_killed_with_all_it_started() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let script = "echo begun >&2; trap '' TERM; sleep 3600 & sleep 3600";
    let mut slow = command(&["sh", "-c", script]);
    slow.limit = Duration::from_millis(300);
    let trouble = node.run(&slow).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Subject(SubjectCause::TimeLimit));
    assert!(trouble.said.ends_with("begun"), "{trouble}");
    none_left(&ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_over_its_limit_is_asked_to_end_before_it_is_made_to() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let farewell = format!("{}/farewell", node.place(Place::Scratch));
    let script = format!("trap 'touch {farewell}; exit' TERM; sleep 3600");
    let mut slow = command(&["sh", "-c", &script]);
    slow.limit = Duration::from_millis(300);
    node.run(&slow).await.unwrap_err();
    assert!(Path::new(&farewell).exists());
}

/// Killed processes may take a moment to be gone.
async fn none_left(ground: &Ground) {
    let gone = async {
        while !processes(ground.folder(), &ground.run).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.expect("none of its processes is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nobody_waits_for_any_more_is_killed() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let long = command(&["sh", "-c", "sleep 3600 & sleep 3600"]);
    {
        let mut running = node.run(&long);
        while processes(ground.folder(), &ground.run).len() < 3 {
            let poll = tokio::time::timeout(Duration::from_millis(5), &mut running).await;
            assert!(poll.is_err(), "it ended by itself: {poll:?}");
        }
    }
    none_left(&ground).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_megabytes_of_output_keep_both_ends_and_little_else() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let script = "echo first; head -c 100000000 /dev/zero; echo last";
    let output = node.run(&command(&["sh", "-c", script])).await.unwrap();
    assert!(output.ok() && output.cut);
    assert_eq!(output.stdout.len(), 2 << 20);
    assert!(output.stdout.starts_with(b"first\n") && output.stdout.ends_with(b"last\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_is_the_grounds_fault_and_one_that_fails_is_not() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    for program in ["no-such-program", "/etc/passwd"] {
        let trouble = node.run(&command(&[program])).await.unwrap_err();
        assert_eq!(trouble.cause, Cause::Rig(RigCause::NotExecutable), "{trouble}");
    }
    let output = node.run(&command(&["sh", "-c", "cat; exit 3"]).reading("heard")).await.unwrap();
    assert_eq!((output.exit, output.text().as_str()), (Some(3), "heard"));
    let killed = node.run(&command(&["sh", "-c", "kill -9 $$"])).await.unwrap();
    assert_eq!((killed.exit, killed.signal), (None, Some(9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_sees_nothing_of_the_callers_environment_and_is_never_root() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    assert!(std::env::vars_os().any(|(name, _)| name == "CARGO_MANIFEST_DIR"));
    let output = node.run(&command(&["env"]).env("GIVEN", "1")).await.unwrap().text();
    let mut names: Vec<_> = output.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    let allowed = [
        "GIVEN",
        "HOME",
        "LANG",
        "LOGNAME",
        "PATH",
        "PGPASSFILE",
        "PGREHEARSE_NODE",
        "PGREHEARSE_RUN",
        "PGSERVICEFILE",
        "PGSYSCONFDIR",
        "TMPDIR",
        "TZ",
        "USER",
    ];
    assert_eq!(names, allowed);
    let user = node.run(&command(&["id", "-u"])).await.unwrap().text();
    assert_ne!(user.trim(), "0");
    let groups = node.run(&command(&["id", "-G"])).await.unwrap().text();
    assert!(!groups.split_whitespace().any(|group| group == "0"), "{groups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_is_never_read_by_a_shell() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let hostile = "\"; touch harm; $(touch harm) `touch harm`\n\\! touch harm";
    let output = node.run(&command(&["printf", "%s", hostile])).await.unwrap();
    assert_eq!(output.text(), hostile);
    let home = Path::new(&node.place(Place::Scratch)).parent().unwrap().to_owned();
    assert!(!home.join("harm").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_written_for_the_nodes_user_and_never_outside() {
    let ground = Ground::new();
    let node = ground.node("n").await;
    let scratch = node.place(Place::Scratch);
    let path = format!("{scratch}/file");
    node.write(&path, b"one", 0o640).await.unwrap();
    node.write(&path, b"two", 0o600).await.unwrap();
    let found = std::fs::metadata(&path).unwrap();
    assert_eq!(found.mode() & 0o777, 0o600);
    assert_eq!(found.uid(), std::fs::metadata(&scratch).unwrap().uid());
    assert_eq!(node.run(&command(&["cat", "--", &path])).await.unwrap().text(), "two");

    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious");
    std::fs::write(&precious, "kept").unwrap();
    symlink(outside.path(), format!("{scratch}/away")).unwrap();
    for path in [
        precious.to_str().unwrap().to_owned(),
        format!("{scratch}/../../../precious"),
        format!("{scratch}/away/precious"),
        "precious".to_owned(),
    ] {
        assert!(node.write(&path, b"harm", 0o600).await.is_err(), "{path}");
        assert!(node.start(&command(&["true"]), &path).await.is_err(), "{path}");
    }
    symlink(&precious, format!("{scratch}/link")).unwrap();
    node.write(&format!("{scratch}/link"), b"replaced", 0o600).await.unwrap();
    assert_eq!(std::fs::read(&precious).unwrap(), b"kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_taken_once_and_versions_must_be_there() {
    let ground = Ground::new();
    let want = |name: &str, postgres: u32| NodeSpec {
        name: name.to_owned(),
        postgres,
        image: None,
        volumes: vec![],
    };
    ground.rig.node(want("a", major())).await.unwrap();
    let refused = async |spec: NodeSpec| ground.rig.node(spec).await.err().unwrap();
    assert!(refused(want("a", major())).await.said.contains("already"));
    for name in ["", ".", "..", "a/b", "a b"] {
        refused(want(name, major())).await;
        assert!(ground.rig.volume(name).await.is_err(), "`{name}`");
    }
    let missing = refused(want("b", 7)).await;
    assert_eq!(missing.cause, Cause::Rig(RigCause::NotExecutable));
    assert!(missing.said.starts_with("no PostgreSQL 7 on this machine: there is "), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_node_name_still_has_a_short_socket() {
    let ground = Ground::new();
    let node = ground.node("control-wal_segment_missing-with-a-long-name").await;
    assert!(node.place(Place::Socket).len() < 80);
    let tool = node.tool("initdb");
    assert!(Path::new(&tool).is_absolute(), "{tool}");
    let purpose = Command::new("version", LIMIT, [tool, "--version".to_owned()]);
    assert!(node.run(&purpose).await.unwrap().ok());
}
