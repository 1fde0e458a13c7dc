//! The relay itself, as a child process of ours: what it promises on any node.

use std::process::Stdio;
use std::time::Duration;

use pgrehearse_verdict::journal::{Cause, RigCause, SubjectCause};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command as Process};

use super::*;
use crate::rig::command::OUTPUT_KEPT;
use crate::rig::{Command, Output, Trouble};

const LIMIT: Duration = Duration::from_secs(30);

async fn relay() -> (Relay, Child) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/images/relay.pl");
    let mut child = Process::new("perl")
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let (from, into) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let env = vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    (Relay::begin(from, into, env).await.unwrap(), child)
}

fn command(argv: &[&str]) -> Command {
    Command::new("try", LIMIT, argv.iter().copied())
}

async fn run(relay: &Relay, argv: &[&str]) -> Output {
    relay.run(&command(argv)).await.unwrap()
}

/// Perl as the body of a command: it is there wherever the relay is.
async fn perl(relay: &Relay, text: &str) -> Output {
    run(relay, &["perl", "-e", text]).await
}

#[tokio::test]
async fn a_command_gives_its_streams_and_its_exit_status() {
    let (relay, _child) = relay().await;
    let out = perl(&relay, "print 'out'; print STDERR 'err'; exit 7").await;
    assert_eq!((out.exit, out.signal), (Some(7), None));
    assert_eq!((&*out.stdout, &*out.stderr), (&b"out"[..], &b"err"[..]));
    for exit in [0, 1, 126, 127, 255] {
        assert_eq!(perl(&relay, &format!("exit {exit}")).await.exit, Some(exit));
    }
}

#[tokio::test]
async fn a_command_that_dies_of_a_signal_has_no_exit_status() {
    let (relay, _child) = relay().await;
    for signal in [6, 9, 11, 15] {
        let out = perl(&relay, &format!("kill {signal}, $$; sleep 30")).await;
        assert_eq!((out.exit, out.signal), (None, Some(signal)));
    }
}

#[tokio::test]
async fn what_cannot_be_executed_is_the_rigs_fault() {
    let (relay, _child) = relay().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    for argv in [&["no-such-program"][..], &[path], &["/etc/passwd"], &[], &["ls", "a\0b"]] {
        let trouble = relay.run(&command(argv)).await.unwrap_err();
        assert_eq!(trouble.cause, Cause::Rig(RigCause::NotExecutable), "{argv:?}");
        let trouble = relay.start(&command(argv), &format!("{path}/log")).await.unwrap_err();
        assert_eq!(trouble.cause, Cause::Rig(RigCause::NotExecutable), "{argv:?}");
    }
}

#[tokio::test]
async fn no_argument_is_ever_read_by_a_shell() {
    let (relay, _child) = relay().await;
    let words = ["$(id)", "; id", "`id`", "a b", "*", "", "'\"", "\n", "\u{1f418}"];
    for word in words {
        let out = run(&relay, &["printf", "%s", word]).await;
        assert_eq!(out.stdout, word.as_bytes());
    }
    let only = relay.run(&command(&["id; id"])).await.unwrap_err();
    assert_eq!(only.cause, Cause::Rig(RigCause::NotExecutable));
}

#[tokio::test]
async fn the_environment_is_what_we_say_and_no_more() {
    let (relay, _child) = relay().await;
    let wanted = command(&["env"]).env("PGTZ", "UTC").env("PATH", "/bin:/usr/bin");
    let text = relay.run(&wanted).await.unwrap().text();
    let mut names: Vec<&str> = text.lines().filter(|l| !l.starts_with("PGREHEARSE_")).collect();
    names.sort_unstable();
    assert_eq!(names, ["PATH=/bin:/usr/bin", "PGTZ=UTC"]);
}

#[tokio::test]
async fn bytes_pass_unchanged_both_ways() {
    let (relay, _child) = relay().await;
    let bytes: Vec<u8> = (0..2 * OUTPUT_KEPT).map(|n| (n * 7 % 256) as u8).collect();
    let out = relay.run(&command(&["cat"]).reading(bytes.clone())).await.unwrap();
    assert!(out.ok() && !out.cut);
    assert!(out.stdout == bytes);
}

#[tokio::test]
async fn a_command_that_does_not_read_its_input_ends_all_the_same() {
    let (relay, _child) = relay().await;
    let much = vec![b'x'; 4 << 20];
    let out = relay.run(&command(&["true"]).reading(much)).await.unwrap();
    assert_eq!(out.exit, Some(0));
    assert_eq!(run(&relay, &["cat"]).await.exit, Some(0));
}

#[tokio::test]
async fn a_hundred_megabytes_are_kept_by_their_two_ends() {
    let (relay, _child) = relay().await;
    let text = "print 'B'; print 'x' x 1000000 for 1..100; print 'E'";
    let out = perl(&relay, text).await;
    assert!(out.cut && out.ok());
    assert_eq!(out.stdout.len(), 2 * OUTPUT_KEPT);
    assert_eq!((out.stdout.first(), out.stdout.last()), (Some(&b'B'), Some(&b'E')));
}

#[tokio::test]
async fn many_commands_run_at_once_and_none_gets_anothers_answer() {
    let (relay, _child) = relay().await;
    let all = (0..40).map(|n: u32| {
        let relay = relay.clone();
        async move {
            let text = format!("$_ = <STDIN>; print $_ x 5000; exit {n}");
            let input = format!("{n:09}\n");
            let asked = command(&["perl", "-e", &text]).reading(input.clone());
            let out = relay.run(&asked).await.unwrap();
            assert_eq!(out.exit, Some(n as i32));
            assert_eq!(out.text(), input.repeat(5000));
        }
    });
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn too_many_at_once_are_refused_not_lost() {
    let (relay, _child) = relay().await;
    let all = (0..200).map(|_| {
        let relay = relay.clone();
        async move { relay.run(&command(&["cat"])).await }
    });
    let ended = futures_util::future::join_all(all).await;
    assert!(ended.iter().all(|one| match one {
        Ok(out) => out.ok(),
        Err(trouble) => trouble.said.contains("too many commands"),
    }));
    assert!(run(&relay, &["true"]).await.ok());
}

/// Whether any process bears `mark` in its arguments.
fn is_running(mark: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(mark)
    })
}

fn late(argv: &[&str]) -> Command {
    Command::new("try", Duration::from_millis(700), argv.iter().copied())
}

fn is_time_limit(trouble: &Trouble) -> bool {
    trouble.cause == Cause::Subject(SubjectCause::TimeLimit)
}

#[tokio::test]
async fn a_command_over_its_limit_leaves_no_process_however_it_hides() {
    let (relay, _child) = relay().await;
    let mark = format!("mark-{}-{}", std::process::id(), "limit");
    let deaf = "$SIG{TERM} = 'IGNORE'; fork; sleep 100 while 1";
    let daemon = "use POSIX; if (!fork) { POSIX::setsid(); sleep 100 while 1 } sleep 100";
    for text in [deaf, daemon, "sleep 100"] {
        let trouble = relay.run(&late(&["perl", "-e", text, &mark])).await.unwrap_err();
        assert!(is_time_limit(&trouble), "{trouble:?}");
        assert!(!is_running(&mark), "{text}");
    }
    assert!(run(&relay, &["true"]).await.ok());
}

#[tokio::test]
async fn a_command_nobody_waits_for_any_more_is_killed() {
    let (relay, _child) = relay().await;
    let mark = format!("mark-{}-{}", std::process::id(), "dropped");
    let asked = command(&["perl", "-e", "sleep 100", &mark]);
    let waiting = tokio::time::timeout(Duration::from_millis(700), relay.run(&asked));
    waiting.await.unwrap_err();
    let deadline = tokio::time::Instant::now() + LIMIT;
    while is_running(&mark) {
        assert!(tokio::time::Instant::now() < deadline);
        run(&relay, &["true"]).await;
    }
}

#[tokio::test]
async fn a_descendant_that_keeps_the_pipe_does_not_keep_us() {
    let (relay, _child) = relay().await;
    let began = tokio::time::Instant::now();
    let text = "use POSIX; print 'said'; close STDOUT if 0; $| = 1; print '';
        if (!fork) { POSIX::setsid(); sleep 8; exit } exit 3";
    let out = perl(&relay, text).await;
    assert_eq!((out.exit, &*out.stdout), (Some(3), &b"said"[..]));
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn a_started_command_goes_on_and_appends_to_its_log() {
    let (relay, _child) = relay().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "before\n").unwrap();
    let text = "$| = 1; print \"out\n\"; print STDERR \"err\n\"; sleep 100";
    let asked = command(&["perl", "-e", text]);
    let pid = relay.start(&asked, log.to_str().unwrap()).await.unwrap().to_string();
    let deadline = tokio::time::Instant::now() + LIMIT;
    while std::fs::read_to_string(&log).unwrap() != "before\nout\nerr\n" {
        assert!(tokio::time::Instant::now() < deadline);
        run(&relay, &["true"]).await;
    }
    assert!(run(&relay, &["kill", "-0", &pid]).await.ok());
    assert!(run(&relay, &["kill", "-KILL", &pid]).await.ok());
    while run(&relay, &["kill", "-0", &pid]).await.ok() {
        assert!(tokio::time::Instant::now() < deadline, "a killed process is reaped");
    }
}

#[tokio::test]
async fn a_file_is_written_whole_and_with_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let (relay, _child) = relay().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a file");
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n % 253) as u8).collect();
    for (content, mode) in [(&bytes[..], 0o640), (b"short", 0o600), (b"", 0o644)] {
        relay.write(path.to_str().unwrap(), content, mode).await.unwrap();
        assert!(std::fs::read(&path).unwrap() == content);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("none/file");
    let trouble = relay.write(nowhere.to_str().unwrap(), b"x", 0o600).await.unwrap_err();
    assert!(trouble.said.contains("No such file"), "{}", trouble.said);
}

#[tokio::test]
async fn a_connection_carries_bytes_both_ways_and_its_end() {
    let (relay, _child) = relay().await;
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let unix = tokio::net::UnixListener::bind(&socket).unwrap();
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = tcp.local_addr().unwrap().port();
    let echo = tokio::spawn(async move {
        let (mut one, _) = unix.accept().await.unwrap();
        let (mut two, _) = tcp.accept().await.unwrap();
        for stream in [&mut one as &mut dyn Stream, &mut two] {
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let unix = Where::Unix(socket.to_str().unwrap().to_owned());
    let tcp = Where::Tcp(std::net::Ipv4Addr::LOCALHOST, port);
    let mut streams = Vec::new();
    for place in [&unix, &tcp] {
        streams.push(relay.connect(place, LIMIT).await.unwrap().unwrap());
    }
    let bytes: Vec<u8> = (0..3_000_000u32).map(|n| (n * 3 % 256) as u8).collect();
    for mut stream in streams {
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut back = Vec::new();
        stream.read_to_end(&mut back).await.unwrap();
        assert!(back == bytes);
    }
    echo.await.unwrap();
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send> Stream for T {}

#[tokio::test]
async fn a_connection_that_is_not_read_does_not_hold_up_the_rest() {
    let (relay, _child) = relay().await;
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Where::Tcp(std::net::Ipv4Addr::LOCALHOST, tcp.local_addr().unwrap().port());
    let flood = tokio::spawn(async move {
        let (mut peer, _) = tcp.accept().await.unwrap();
        let chunk = vec![0; 1 << 20];
        while peer.write_all(&chunk).await.is_ok() {}
    });
    let unread = relay.connect(&place, LIMIT).await.unwrap().unwrap();
    for _ in 0..50 {
        assert!(run(&relay, &["true"]).await.ok());
    }
    drop(unread);
    flood.await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_refused_says_so() {
    let (relay, _child) = relay().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Where::Tcp(std::net::Ipv4Addr::LOCALHOST, free);
    let said = relay.connect(&place, LIMIT).await.unwrap().unwrap_err();
    assert!(said.contains("refused"), "{said}");
    let place = Where::Unix("/nonexistent/socket".to_owned());
    let said = relay.connect(&place, LIMIT).await.unwrap().unwrap_err();
    assert!(said.contains("No such file"), "{said}");
}

#[tokio::test]
async fn a_listener_gives_its_token_once() {
    let (relay, _child) = relay().await;
    let port = relay.listen_once(b"token").await.unwrap();
    let mut got = Vec::new();
    let mut peer = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    peer.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"token");
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap_err();
}

#[tokio::test]
async fn a_relay_that_dies_is_the_rigs_fault_for_all_who_wait() {
    let (relay, mut child) = relay().await;
    let asked = command(&["sleep", "100"]);
    let (ended, ()) = tokio::join!(relay.run(&asked), async {
        child.start_kill().unwrap();
    });
    assert_eq!(ended.unwrap_err().cause, Cause::Rig(RigCause::EngineApi));
    let later = relay.run(&command(&["true"])).await.unwrap_err();
    assert_eq!(later.cause, Cause::Rig(RigCause::EngineApi));
    assert!(relay.lost().is_some());
}

#[tokio::test]
async fn commands_end_with_the_link() {
    let (relay, mut child) = relay().await;
    let mark = format!("mark-{}-{}", std::process::id(), "link");
    let asked = command(&["perl", "-e", "sleep 100", &mark]);
    let mut waiting = Box::pin(relay.run(&asked));
    while !is_running(&mark) {
        tokio::time::timeout(Duration::from_millis(50), &mut waiting).await.unwrap_err();
    }
    std::mem::forget(waiting);
    drop(relay);
    tokio::time::timeout(LIMIT, child.wait()).await.unwrap().unwrap();
    // Whoever was just sent SIGKILL may live a moment longer.
    let deadline = tokio::time::Instant::now() + LIMIT;
    while is_running(&mark) {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_relay_that_says_nothing_or_nonsense_is_lost() {
    for said in [&b""[..], b"hello, world", b"\0\0\0\x09h\0\0\0\0\0\0\0\x63"] {
        let lost = Relay::begin(std::io::Cursor::new(said.to_vec()), tokio::io::sink(), vec![]);
        assert!(lost.await.is_err());
    }
}
