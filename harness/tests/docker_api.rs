//! What reaches the container engine, and what becomes of us when it fails. Between us and the
//! real engine stands a proxy; without an engine these tests fail.
//!
//! testcontainers reads DOCKER_HOST from the environment: each test runs in a process of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pgrehearse::app::block_on;
use pgrehearse::rig::clean::clean;
use pgrehearse::rig::docker::{DockerRig, Options, Reach, image, left_over};
use pgrehearse::rig::lease::Lease;
use pgrehearse::rig::{Command, NodeSpec, Place, Rig, Trouble, reaper};
use pgrehearse_testkit::{Dice, Started, full};
use pgrehearse_verdict::journal::{Cause, RigCause};
use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{UnixListener, UnixStream};

/// The engine behind the proxy.
const ENGINE: &str = "/var/run/docker.sock";
/// How long any part of a rig's life may take, whatever the engine does.
const BOUND: Duration = Duration::from_secs(60);
const CALL_LIMIT: Duration = Duration::from_secs(3);
/// The API of Docker 20.10, the oldest engine we support.
const OLDEST_API: u32 = 41;

/// What testcontainers asks for and goes on without.
const UNUSED: &str = "/networks/bridge";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// From here on the socket closes without a word.
    Closed,
    /// From here on there is no answer at all.
    Hung,
    /// One answer is an error of the engine's.
    Refused,
    /// One answer ends in its middle.
    Cut,
    /// One request reaches the engine late, whether or not anybody still waits for the answer.
    Late,
}

/// Set for the process that a test runs apart, with the part of it that is wanted.
const PART: &str = "PGREHEARSE_TEST_PART";

/// How late.
const LATE: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Script {
    requests: Vec<String>,
    fault: Option<(Fault, usize)>,
}

#[derive(Clone)]
struct Proxy(Arc<Mutex<Script>>);

impl Proxy {
    /// Listens where DOCKER_HOST says.
    fn start() -> Proxy {
        let host = std::env::var("DOCKER_HOST").unwrap();
        let listener = UnixListener::bind(host.strip_prefix("unix://").unwrap()).unwrap();
        let proxy = Proxy(Arc::default());
        let script = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let script = script.clone();
                tokio::spawn(async move { script.pass(client).await });
            }
        });
        proxy
    }

    fn arm(&self, fault: Option<(Fault, usize)>) -> Vec<String> {
        let mut script = self.0.lock().unwrap();
        script.fault = fault;
        std::mem::take(&mut script.requests)
    }

    fn next(&self, line: &str) -> Option<Fault> {
        let mut script = self.0.lock().unwrap();
        let number = script.requests.len();
        script.requests.push(line.to_owned());
        let (fault, at) = script.fault?;
        let sticky = matches!(fault, Fault::Closed | Fault::Hung);
        (number == at || sticky && number > at).then_some(fault)
    }

    async fn pass(&self, mut client: UnixStream) -> Option<()> {
        let mut head = Vec::new();
        let end = loop {
            client.read_buf(&mut head).await.ok().filter(|got| *got > 0)?;
            if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
        };
        let text = String::from_utf8(head[..end].to_vec()).unwrap();
        let line = text.lines().next().unwrap().to_owned();
        let fault = self.next(&line);
        let upgrade = text.to_lowercase().contains("\r\nupgrade:");
        let close = if upgrade { "" } else { "\r\nConnection: close" };
        let mut engine = UnixStream::connect(ENGINE).await.expect("an engine is there");
        let body = &head[end..];
        match fault {
            None => {}
            Some(Fault::Late) => tokio::time::sleep(LATE).await,
            Some(Fault::Closed) => return None,
            Some(Fault::Hung) => std::future::pending().await,
            Some(Fault::Refused) => {
                let answer = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\
                    Content-Type: application/json\r\nContent-Length: 24\r\n\r\n\
                    {\"message\":\"on purpose\"}";
                client.write_all(answer.as_bytes()).await.ok()?;
                return client.shutdown().await.ok();
            }
            Some(Fault::Cut) => {
                engine.write_all(format!("{text}\r\nConnection: close").as_bytes()).await.ok()?;
                engine.write_all(body).await.ok()?;
                let mut answer = Vec::new();
                let whole = engine.read_to_end(&mut answer);
                tokio::time::timeout(CALL_LIMIT / 3, whole).await.ok();
                client.write_all(&answer[..answer.len() * 2 / 3]).await.ok()?;
                return client.shutdown().await.ok();
            }
        }
        engine.write_all(format!("{text}{close}").as_bytes()).await.ok()?;
        engine.write_all(body).await.ok()?;
        copy_bidirectional(&mut client, &mut engine).await.ok().map(drop)
    }
}

/// Runs a part of one of the tests below in a process whose DOCKER_HOST is a socket of its own.
fn process(test: &str, part: &str, folder: &Path) -> Process {
    let mut process = Process::new(std::env::current_exe().unwrap());
    process
        .args([test, "--exact", "--nocapture"])
        .env(PART, part)
        .env("DOCKER_HOST", format!("unix://{}", folder.join("engine").display()))
        .env("PGREHEARSE_STATE_DIR", folder)
        .env("RUST_BACKTRACE", "0");
    process
}

/// Performs a test in a process of its own, which comes back here and performs it indeed.
fn apart(test: &str, indeed: impl Future<Output = ()>) {
    if std::env::var_os(PART).is_some() {
        return block_on(indeed).unwrap();
    }
    // Making the image takes its own time: it is no part of what is bounded here.
    block_on(image::ensure(17, true, &|_| {})).unwrap().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let started = Started::new(process(test, "all", folder.path()));
    let (status, out, err) = started.ended();
    assert!(status.success(), "{out}\n{err}");
    // A name that nobody has would be no test, and a success.
    assert!(out.contains("1 passed"), "{out}\n{err}");
}

async fn rig(run: &str, lease: Arc<Lease>) -> Result<DockerRig, Trouble> {
    let options = Options { call_limit: CALL_LIMIT, reach: Reach::Relay };
    DockerRig::connect_with(run, "drill", lease, options).await
}

/// Everything a rig does with its engine, but for its release.
async fn life(rig: &DockerRig) -> Result<(), Trouble> {
    rig.volume("one").await?;
    let want = NodeSpec { name: "node".to_owned(), postgres: 17, image: None, volumes: Vec::new() };
    let node = rig.node(want).await?;
    let file = format!("{}/file", node.place(Place::Scratch));
    node.write(&file, b"bytes", 0o600).await?;
    let read = Command::new("read", BOUND / 6, ["cat", "--", &file]);
    assert_eq!(node.run(&read).await?.expect_ok("read")?.text(), "bytes");
    node.destroy().await
}

fn new_lease(run: &str) -> Arc<Lease> {
    Arc::new(Lease::open(run).unwrap())
}

fn own_run(name: &str) -> String {
    format!("test-{name}-{}", std::process::id())
}

#[test]
fn every_request_is_one_that_an_older_engine_knows() {
    apart("every_request_is_one_that_an_older_engine_knows", requests());
}

async fn requests() {
    let proxy = Proxy::start();
    let run = own_run("requests");
    image::ensure(17, true, &|_| {}).await.unwrap();
    let rig = rig(&run, new_lease(&run)).await.unwrap();
    life(&rig).await.unwrap();
    assert_eq!(rig.release().await, Vec::<String>::new());
    left_over().await.unwrap();
    let lines = proxy.arm(None);
    assert!(lines.len() > 15, "the life of a rig was seen: {lines:#?}");
    for line in lines {
        let path = line.split(' ').nth(1).unwrap();
        let Some(version) = path.strip_prefix("/v1.") else {
            continue;
        };
        let minor: u32 = version.split('/').next().unwrap().parse().unwrap();
        assert!(minor <= OLDEST_API, "{line}");
    }
}

#[rstest]
#[case::closed("case_1_closed", Fault::Closed)]
#[case::hung("case_2_hung", Fault::Hung)]
#[case::refused("case_3_refused", Fault::Refused)]
#[case::cut("case_4_cut", Fault::Cut)]
fn an_engine_that_fails_anywhere_is_the_rigs_fault_and_never_a_hang(
    #[case] name: &str,
    #[case] fault: Fault,
) {
    let test = "an_engine_that_fails_anywhere_is_the_rigs_fault_and_never_a_hang";
    apart(&format!("{test}::{name}"), faults(fault));
}

async fn faults(fault: Fault) {
    let proxy = Proxy::start();
    // Without the full matrix every third call meets it, another third each time; a silent engine
    // costs the limit of a call, and every fifth call meets that.
    let stride = match fault {
        _ if full() => 1,
        Fault::Hung => 5,
        Fault::Closed | Fault::Refused | Fault::Cut | Fault::Late => 3,
    };
    let mut at = Dice::thrown().below(stride);
    while struck(&proxy, fault, at).await {
        at += stride;
    }
    assert!(at > 10, "{fault:?} was met often");
    let ours = format!("-{}", std::process::id());
    assert!(left_over().await.unwrap().iter().all(|left| !left.run.ends_with(&ours)));
}

/// Lives the life of a rig whose engine fails at call `at`; whether there was such a call.
async fn struck(proxy: &Proxy, fault: Fault, at: usize) -> bool {
    // What a run that does not end said last is what it hangs at.
    eprintln!("{fault:?} at {at}");
    let run = own_run(&format!("{fault:?}-{at}").to_lowercase());
    proxy.arm(Some((fault, at)));
    let lease = new_lease(&run);
    let ended = tokio::time::timeout(BOUND, async {
        let rig = rig(&run, lease.clone()).await.map_err(|trouble| (None, trouble))?;
        match life(&rig).await {
            Ok(()) => Ok(rig),
            Err(trouble) => Err((Some(rig), trouble)),
        }
    });
    let ended = ended.await.expect("never a hang");
    let lines = proxy.arm(None);
    let struck = lines.len() > at;
    let rig = match ended {
        Ok(rig) => {
            let line = lines.get(at).map_or("", String::as_str);
            assert!(!struck || line.contains(UNUSED), "{fault:?} at {at} {line}");
            Some(rig)
        }
        Err((rig, trouble)) => {
            let cause = Cause::Rig(RigCause::EngineApi);
            assert_eq!(trouble.cause, cause, "{fault:?} at {at}: {trouble}");
            rig
        }
    };
    if let Some(rig) = rig {
        let left = tokio::time::timeout(BOUND, rig.release()).await.expect("never a hang");
        assert_eq!(left, Vec::<String>::new(), "{fault:?} at {at}");
    }
    lease.close().unwrap();
    struck
}

#[test]
fn what_is_being_made_when_a_drill_is_interrupted_is_given_back() {
    apart("what_is_being_made_when_a_drill_is_interrupted_is_given_back", interrupted());
}

async fn interrupted() {
    let proxy = Proxy::start();
    image::ensure(17, true, &|_| {}).await.unwrap();
    let run = own_run("whole");
    let whole = rig(&run, new_lease(&run)).await.unwrap();
    proxy.arm(None);
    life(&whole).await.unwrap();
    let lines = proxy.arm(None);
    assert_eq!(whole.release().await, Vec::<String>::new());
    let makes = |line: &&String| line.starts_with("POST ") && line.contains("/create");
    assert_eq!(lines.iter().filter(makes).count(), 3, "{lines:#?}");
    for (number, at) in (0..lines.len()).filter(|at| makes(&&lines[*at])).enumerate() {
        let run = own_run(&format!("interrupted-{number}"));
        let rig = rig(&run, new_lease(&run)).await.unwrap();
        proxy.arm(Some((Fault::Late, at)));
        // The request is on its way when nobody wants its answer any more.
        let on_its_way = async {
            while proxy.0.lock().unwrap().requests.len() <= at {
                tokio::time::sleep(LATE / 100).await;
            }
        };
        tokio::select! {
            done = life(&rig) => panic!("it was not interrupted: {done:?}"),
            () = on_its_way => {}
        }
        assert_eq!(rig.release().await, Vec::<String>::new(), "{}", lines[at]);
        tokio::time::sleep(LATE * 2).await;
        let left = left_over().await.unwrap();
        assert!(left.iter().all(|left| left.run != run), "{}: {left:#?}", lines[at]);
    }
}

#[test]
fn a_living_run_is_left_alone_and_a_dead_one_is_cleaned_up() {
    apart("a_living_run_is_left_alone_and_a_dead_one_is_cleaned_up", cleaning());
}

async fn cleaning() {
    let _proxy = Proxy::start();
    let run = own_run("clean");
    let lease = new_lease(&run);
    let rig = rig(&run, lease.clone()).await.unwrap();
    rig.volume("one").await.unwrap();
    let here = async || left_over().await.unwrap().iter().any(|left| left.run == run);
    for report in [clean(None).await, clean(Some(&run)).await] {
        assert!(report.removed.is_empty(), "{report:?}");
        assert!(here().await);
    }
    drop((lease, rig));
    let report = clean(None).await;
    assert!(report.removed.iter().any(|line| line.contains("volume `")), "{report:?}");
    assert!(!here().await);
    let report = clean(Some(&run)).await;
    assert!(report.removed.is_empty() && report.left.is_empty(), "{report:?}");
}

#[test]
fn the_reaper_cleans_up_after_a_dead_owner_unless_told_to_keep() {
    const NAME: &str = "the_reaper_cleans_up_after_a_dead_owner_unless_told_to_keep";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    match std::env::var(PART).as_deref() {
        Ok("dying") => return runtime.block_on(dying()),
        Ok("reaping") => return runtime.block_on(reaping()),
        _ => {}
    }
    let folder = tempfile::tempdir().unwrap();
    let reap = |word: &[u8]| {
        let mut process = process(NAME, "reaping", folder.path());
        let mut child = process.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(word).unwrap();
        child.wait().unwrap().success()
    };
    assert!(process(NAME, "dying", folder.path()).status().unwrap().success());
    std::fs::remove_file(folder.path().join("engine")).unwrap();
    assert!(!reap(b"k"), "nothing was removed, as it was told");
    std::fs::remove_file(folder.path().join("engine")).ok();
    assert!(reap(b""), "the volume was removed");
}

/// The run of the two parts below, which are two processes.
const DEAD: &str = "test-dead";

async fn dying() {
    let _proxy = Proxy::start();
    let rig = rig(DEAD, new_lease(DEAD)).await.unwrap();
    rig.volume("one").await.unwrap();
}

async fn reaping() {
    let _proxy = Proxy::start();
    let report = reaper::reap(DEAD).await;
    assert!(report.left.is_empty(), "{report:?}");
    assert!(report.removed.iter().any(|line| line.contains("volume `")), "{report:?}");
}

/// The socket of a test is short enough for a socket's address.
#[test]
fn the_folder_of_a_test_is_short_enough() {
    let path: PathBuf = tempfile::tempdir().unwrap().path().join("engine");
    assert!(path.as_os_str().len() < 100);
}
