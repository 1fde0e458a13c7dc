//! A stand-in for production, behind everything by which libpq finds a server.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use pgrehearse_testkit::{Bench, at_engine};

/// Points everything that libpq and its friends heed to a server at `port`.
pub fn pretend(bench: &Bench, command: &mut Command, port: u16) {
    let port = port.to_string();
    let service = format!("[production]\nhost=127.0.0.1\nport={port}\nuser=root\n");
    bench.write("home/.pg_service.conf", &service);
    bench.write("home/pg_service.conf", &service);
    bench.write("home/.pgpass", "*:*:*:*:password\n");
    let home = bench.path().join("home");
    let mode = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(home.join(".pgpass"), mode).expect("permissions");
    let here = |name: &str| home.join(name).display().to_string();
    let url = format!("postgres://root:password@127.0.0.1:{port}/production");
    for (name, value) in [
        ("PGHOST", "127.0.0.1"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGSERVICE", "production"),
        ("PGSERVICEFILE", &here(".pg_service.conf")),
        ("PGSYSCONFDIR", &here("")),
        ("PGPASSFILE", &here(".pgpass")),
        ("PGPASSWORD", "password"),
        ("PGDATABASE", "production"),
        ("PGUSER", "root"),
        ("PGOPTIONS", "-c search_path=nowhere"),
        ("PGDATA", &here("")),
        ("PGBACKREST_REPO1_PATH", &here("")),
        ("PGBACKREST_PG1_HOST", "127.0.0.1"),
        ("DATABASE_URL", &url),
    ] {
        command.env(name, value);
    }
}

/// Counts who connects to port 5432, a line each.
const LISTENER: &str = "\
use IO::Socket::INET; $| = 1;
my $l = IO::Socket::INET->new(LocalPort => 5432, Listen => 9, ReuseAddr => 1) or die;
print \"listening\\n\";
while (my $c = $l->accept) { print \"visit\\n\"; close $c }";

/// A container that bears the names of a drill's nodes, in the drill's own network.
pub struct Intruder(String);

impl Intruder {
    fn named(pid: u32, what: &str) -> Option<String> {
        let found = at_engine("pgrehearse.pid", &pid.to_string());
        found.iter().find_map(|line| line.strip_prefix(what).map(|name| name.trim().to_owned()))
    }

    /// Whether the run has a network and a container.
    pub fn can_enter(pid: u32) -> bool {
        Intruder::named(pid, "network").is_some() && Intruder::named(pid, "container").is_some()
    }

    /// Starts it in the run's network, from the image of the run's own container.
    pub fn enter(pid: u32) -> Intruder {
        let network = Intruder::named(pid, "network").expect("a network");
        let node = Intruder::named(pid, "container").expect("a container");
        let image = docker(&["inspect", "--format={{.Image}}", &node]);
        let network = format!("--network={network}");
        let mut words = vec!["run", "--detach", "--rm", "--entrypoint=perl", &network];
        words.extend(["--network-alias=source", "--network-alias=target-1"]);
        words.extend(["--hostname=source", image.trim(), "-e", LISTENER]);
        let intruder = Intruder(docker(&words).trim().to_owned());
        while !docker(&["logs", &intruder.0]).contains("listening") {}
        intruder
    }

    /// How often somebody connected to it.
    pub fn visits(&self) -> usize {
        docker(&["logs", &self.0]).matches("visit").count()
    }

    /// Connects to it, by one of the names it took.
    pub fn visit(&self) {
        let visit = "use IO::Socket::INET; my $s = IO::Socket::INET->new('source:5432') or die; \
                     <$s>;";
        docker(&["exec", &self.0, "perl", "-e", visit]);
    }
}

impl Drop for Intruder {
    fn drop(&mut self) {
        docker(&["rm", "--force", &self.0]);
    }
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).stdin(Stdio::null()).output().expect("docker");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if !std::thread::panicking() {
        assert!(output.status.success(), "docker {words:?}: {}", text(&output.stderr));
    }
    text(&output.stdout)
}
