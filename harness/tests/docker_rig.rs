//! The docker rig on a real engine. Without one these tests fail: they are not skipped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pgrehearse::rig::docker::{DockerRig, Options, Reach, answers, image, left_over};
use pgrehearse::rig::lease::Lease;
use pgrehearse::rig::{Command, Login, Mount, Node, NodeSpec, Output, Place, Rig};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::{Cause, RigCause, SubjectCause};
use testcontainers::bollard::Docker;
use testcontainers::bollard::models::ContainerUpdateBody;

const LIMIT: Duration = Duration::from_secs(60);

/// A rig of a run of its own, and the folder its lease lies in.
struct Ground {
    run: String,
    rig: DockerRig,
    state: tempfile::TempDir,
}

impl Ground {
    async fn new(name: &str) -> Ground {
        Ground::with(name, Options::default()).await
    }

    async fn with(name: &str, options: Options) -> Ground {
        image::ensure(17, true, &|line| eprintln!("{line}")).await.unwrap();
        let run = format!("test-{name}-{}", std::process::id());
        let state = tempfile::tempdir().unwrap();
        let lease = Arc::new(Lease::open_in(state.path(), &run).unwrap());
        let rig = DockerRig::connect_with(&run, "drill", lease, options).await.unwrap();
        Ground { run, rig, state }
    }

    async fn node(&self, name: &str) -> Arc<dyn Node> {
        self.rig.node(spec(name, vec![])).await.unwrap()
    }

    async fn end(self) {
        assert_eq!(self.rig.release().await, Vec::<String>::new());
        assert_eq!(self.rig.release().await, Vec::<String>::new());
        assert!(left_over().await.unwrap().iter().all(|left| left.run != self.run));
        drop(self.rig);
        let (left, _) = pgrehearse::rig::lease::abandoned_in(self.state.path()).unwrap();
        assert!(left.iter().all(|lease| lease.leased.is_empty()), "all was given back");
    }
}

fn spec(name: &str, volumes: Vec<Mount>) -> NodeSpec {
    NodeSpec { name: name.to_owned(), postgres: 17, image: None, volumes }
}

fn command(argv: &[&str]) -> Command {
    Command::new("try", LIMIT, argv.iter().copied())
}

async fn run(node: &dyn Node, argv: &[&str]) -> Output {
    node.run(&command(argv)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_what_it_promises() {
    let ground = Ground::new("promise").await;
    let node = ground.node("source").await;
    let node = &*node;
    assert_eq!(run(node, &["id", "-un"]).await.text(), "postgres\n");
    assert_eq!(run(node, &["cat", "/proc/1/comm"]).await.text(), "docker-init\n");
    assert_eq!(run(node, &["hostname"]).await.text(), "source\n");
    let size = run(node, &["df", "--output=size", "-B1", "/dev/shm"]).await.text();
    let size: u64 = size.split_whitespace().last().unwrap().parse().unwrap();
    assert!(size >= 256 << 20);
    for tool in ["postgres", "initdb", "psql", "pg_dump", "pg_waldump", "pg_verifybackup"] {
        let said = run(node, &[&node.tool(tool), "--version"]).await.text();
        assert!(said.contains(" 17."), "{tool}: {said}");
    }
    for tool in ["pgbackrest", "barman", "gpg", "ssh", "rsync", "ps"] {
        let flag = if tool == "pgbackrest" { "version" } else { "--version" };
        let flag = if tool == "ssh" { "-V" } else { flag };
        assert!(run(node, &[&node.tool(tool), flag]).await.ok(), "{tool}");
    }
    assert_eq!(run(node, &["ls", &node.place(Place::Data)]).await.exit, Some(2));
    for place in [Place::Socket, Place::Log, Place::Tablespaces, Place::Repository] {
        assert_eq!(run(node, &["ls", "-A", &node.place(place)]).await.text(), "");
        let file = format!("{}/file", node.place(place));
        node.write(&file, b"x", 0o600).await.unwrap();
        assert_eq!(run(node, &["stat", "-c", "%U %a", &file]).await.text(), "postgres 600\n");
    }
    let env = run(node, &["env"]).await.text();
    let mut names: Vec<&str> = env.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "LANG", "PATH", "PGREHEARSE_COMMAND"]);
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_as_they_would_anywhere() {
    let ground = Ground::new("commands").await;
    let node = ground.node("source").await;
    let node = &*node;
    let out = run(node, &["perl", "-e", "print 'out'; print STDERR 'err'; exit 9"]).await;
    assert_eq!((out.exit, &*out.stdout, &*out.stderr), (Some(9), &b"out"[..], &b"err"[..]));
    assert_eq!(run(node, &["perl", "-e", "kill 11, $$; sleep 9"]).await.signal, Some(11));
    let none = node.run(&command(&["no-such-program"])).await.unwrap_err();
    assert_eq!(none.cause, Cause::Rig(RigCause::NotExecutable));
    let bytes: Vec<u8> = (0..1_000_000u32).map(|n| (n % 256) as u8).collect();
    let out = node.run(&command(&["cat"]).reading(bytes.clone())).await.unwrap();
    assert!(out.stdout == bytes && !out.cut);
    let out = run(node, &["head", "-c", "100000000", "/dev/zero"]).await;
    assert!(out.ok() && out.cut && out.stdout.len() == 2 << 20);
    let all = (0..30).map(|n| async move {
        let n = n.to_string();
        assert_eq!(run(node, &["echo", &n]).await.text(), format!("{n}\n"));
    });
    futures_util::future::join_all(all).await;
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_over_its_limit_is_gone_from_the_container() {
    let ground = Ground::new("limit").await;
    let node = ground.node("source").await;
    let deaf = "$SIG{TERM} = 'IGNORE'; fork; sleep 77 while 1";
    let mut asked = command(&["perl", "-e", deaf]);
    asked.limit = Duration::from_millis(500);
    let trouble = node.run(&asked).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Subject(SubjectCause::TimeLimit));
    assert_eq!(run(&*node, &["pgrep", "-f", "sleep 77"]).await.text(), "");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_process_goes_on_until_it_is_killed() {
    let ground = Ground::new("start").await;
    let node = ground.node("source").await;
    let log = format!("{}/log", node.place(Place::Log));
    let text = "$| = 1; print qq(here\n); sleep 100";
    let pid = node.start(&command(&["perl", "-e", text]), &log).await.unwrap().to_string();
    let deadline = Instant::now() + LIMIT;
    while run(&*node, &["cat", &log]).await.text() != "here\n" {
        assert!(Instant::now() < deadline);
    }
    assert!(run(&*node, &["kill", "-KILL", &pid]).await.ok());
    while run(&*node, &["kill", "-0", &pid]).await.ok() {
        assert!(Instant::now() < deadline, "nothing is left of it, not even a zombie");
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_volume_outlives_its_node_and_can_be_read_only() {
    let ground = Ground::new("volume").await;
    let volume = ground.rig.volume("repo").await.unwrap();
    let at = |at, read_only| Mount { volume: volume.clone(), at, read_only };
    let first = ground.rig.node(spec("a", vec![at(Place::Repository, false)])).await.unwrap();
    let file = |node: &dyn Node, place| format!("{}/file", node.place(place));
    first.write(&file(&*first, Place::Repository), b"kept", 0o600).await.unwrap();
    first.write(&file(&*first, Place::Scratch), b"lost", 0o600).await.unwrap();
    first.destroy().await.unwrap();
    let later = first.run(&command(&["true"])).await.unwrap_err();
    assert_eq!(later.cause, Cause::Rig(RigCause::Signal));
    let mounts = vec![at(Place::Original, true)];
    let second = ground.rig.node(spec("b", mounts)).await.unwrap();
    let path = file(&*second, Place::Original);
    assert_eq!(run(&*second, &["cat", &path]).await.text(), "kept");
    assert!(second.write(&path, b"x", 0o600).await.unwrap_err().said.contains("Read-only"));
    assert!(!run(&*second, &["cat", &file(&*second, Place::Scratch)]).await.ok());
    assert!(ground.rig.volume("repo").await.is_err(), "never an old volume in place of a new");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_out_of_the_network() {
    let ground = Ground::new("network").await;
    let (a, b) = (ground.node("a").await, ground.node("b").await);
    let routes = run(&*a, &["cat", "/proc/net/route"]).await.text();
    let defaults = routes.lines().filter(|line| line.split_whitespace().nth(1) == Some("00000000"));
    assert_eq!(defaults.count(), 0, "{routes}");
    let dial = "use Socket; socket S, AF_INET, SOCK_STREAM, 0; alarm 20;
        exit 0 if connect S, pack_sockaddr_in(53, inet_aton($ARGV[0])); print $!; exit 1";
    let began = Instant::now();
    let out = run(&*a, &["perl", "-e", dial, "192.0.2.1"]).await;
    assert_eq!((out.exit, out.text()), (Some(1), "Network is unreachable".to_owned()));
    assert!(began.elapsed() < Duration::from_secs(10));
    let host = b.facts().into_iter().find(|(name, _)| name == "host").unwrap().1;
    assert!(run(&*a, &["getent", "hosts", &host]).await.ok(), "nodes know each other");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rigs_at_once_do_not_meet() {
    let (one, two) = tokio::join!(Ground::new("one"), Ground::new("two"));
    let (a, b) = tokio::join!(one.node("source"), two.node("source"));
    let address =
        |node: &dyn Node| node.facts().into_iter().find(|(name, _)| name == "address").unwrap().1;
    let dial = "use Socket; socket S, AF_INET, SOCK_STREAM, 0; alarm 5;
        connect S, pack_sockaddr_in(9, inet_aton($ARGV[0])); print $!";
    let said = run(&*a, &["perl", "-e", dial, &address(&*b)]).await.text();
    assert_eq!(said, "Network is unreachable");
    one.end().await;
    assert!(run(&*b, &["true"]).await.ok());
    two.end().await;
}

fn login(password: &str) -> Login {
    Login {
        user: "postgres".to_owned(),
        password: Secret::new(password),
        database: "postgres".to_owned(),
        settings: vec![],
    }
}

/// A server on a node of the rig, and a query over a fresh connection.
async fn server(ground: &Ground, way: &str) {
    let node = ground.node("source").await;
    let data = node.place(Place::Data);
    let file = format!("{}/pw", node.place(Place::Scratch));
    node.write(&file, b"secret", 0o600).await.unwrap();
    let (initdb, pwfile) = (node.tool("initdb"), format!("--pwfile={file}"));
    let auth = "--auth=scram-sha-256";
    let argv = [&initdb, "-D", &data, "-U", "postgres", auth, &pwfile, "--no-sync"];
    assert!(run(&*node, &argv).await.ok());
    let hba = "host all all samenet scram-sha-256\n";
    node.write(&format!("{data}/pg_hba.conf"), hba.as_bytes(), 0o600).await.unwrap();
    let early = node.connect(&login("secret")).await.err().unwrap();
    assert!(early.lost && early.code.is_none(), "{early:?}");
    let log = format!("{}/log", node.place(Place::Log));
    let argv = [&node.tool("postgres"), "-D", &data, "-c", "listen_addresses=*"];
    node.start(&command(&argv.map(|word| word as &str)), &log).await.unwrap();
    let deadline = Instant::now() + LIMIT;
    let mut session = loop {
        match node.connect(&login("secret")).await {
            Ok(session) => break session,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    let tables = session.query("select repeat('x', 3000000), 42", LIMIT).await.unwrap();
    assert_eq!(tables[0].rows[0][1].as_deref(), Some("42"));
    assert_eq!(tables[0].rows[0][0].as_ref().unwrap().len(), 3_000_000);
    let wrong = node.connect(&login("wrong")).await.err().unwrap();
    assert_eq!(wrong.code.as_deref(), Some("28P01"));
    let facts = node.facts();
    assert!(facts.contains(&("connections".to_owned(), way.to_owned())), "{facts:?}");
    node.destroy().await.unwrap();
    assert!(session.query("select 1", LIMIT).await.unwrap_err().lost);
    assert!(node.connect(&login("secret")).await.err().unwrap().lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_at_the_containers_address() {
    let ground = Ground::new("direct").await;
    server(&ground, "to the container's address").await;
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_reached_through_the_relay() {
    let options = Options { reach: Reach::Relay, ..Options::default() };
    let ground = Ground::with("tunnel", options).await;
    server(&ground, "through the relay").await;
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_out_of_memory_killer_is_the_rigs_fault_once() {
    let ground = Ground::new("oom").await;
    let node = ground.node("source").await;
    let host = node.facts().into_iter().find(|(name, _)| name == "host").unwrap().1;
    let most = Some(64 << 20);
    let limits = ContainerUpdateBody { memory: most, memory_swap: most, ..Default::default() };
    let docker = Docker::connect_with_defaults().unwrap();
    docker.update_container(&host, limits).await.unwrap();
    let greedy = command(&["perl", "-e", "my $x = 'x' x 300_000_000; print length $x"]);
    let trouble = node.run(&greedy).await.unwrap_err();
    assert_eq!(trouble.cause, Cause::Rig(RigCause::OutOfMemory));
    assert_eq!(run(&*node, &["false"]).await.exit, Some(1), "a later failure is the subject's");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_is_not_there_is_named_with_what_to_do() {
    let ground = Ground::new("image").await;
    let mut want = spec("source", vec![]);
    want.image = Some("pgrehearse/none:1".to_owned());
    let trouble = ground.rig.node(want).await.err().unwrap();
    assert_eq!(trouble.cause, Cause::Rig(RigCause::EngineApi));
    assert!(trouble.said.contains("`pgrehearse/none:1` is not on this engine"), "{trouble}");
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_the_users_own_becomes_a_node() {
    let ground = Ground::new("foreign").await;
    let mut want = spec("source", vec![]);
    want.image = Some(image::tag(17));
    let node = ground.rig.node(want).await.unwrap();
    let file = format!("{}/file", node.place(Place::Scratch));
    node.write(&file, b"x", 0o600).await.unwrap();
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_wrote_another_reads_whatever_image_each_has() {
    let ground = Ground::new("owners").await;
    let mut foreign = spec("foreign", vec![]);
    foreign.image = Some(image::tag(17));
    for want in [spec("own", vec![]), foreign] {
        let node = ground.rig.node(want).await.unwrap();
        for which in ["-u", "-g"] {
            assert_eq!(run(&*node, &["id", which]).await.stdout, b"5432\n");
        }
    }
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_costs_milliseconds() {
    let ground = Ground::new("speed").await;
    let node = ground.node("source").await;
    let mut all = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        assert!(run(&*node, &["true"]).await.ok());
        all.push(began.elapsed());
    }
    all.sort();
    eprintln!("round trip: median {:?}, best {:?}", all[100], all[0]);
    // A twentieth of what an exec of the engine costs, on any machine.
    assert!(all[100] < Duration::from_millis(30));
    ground.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_engine_says_what_it_is() {
    let facts = answers().await.unwrap();
    assert!(!facts.version.is_empty() && !facts.api.is_empty(), "{facts:?}");
}
