//! The drill as a careful user would write it: the harness's own commands, in one script for each
//! container, on as many containers, networks and volumes.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use pgrehearse::rig::docker::image;

use crate::ground::IMAGE_MAJOR;
use crate::ready::docker;

/// What both scripts begin with. Times are taken without starting a process.
const PREAMBLE: &str = r#"set -eu
at() { echo "AT $1 ${EPOCHREALTIME/,/.}"; }
B=/usr/lib/postgresql/@MAJOR@/bin D=/pgrehearse/data/cluster S=/pgrehearse/socket
C=/pgrehearse/scratch/pgbackrest.conf
export PGHOST=$S PGUSER=postgres PGBACKREST_LOG_LEVEL_CONSOLE=info
configure() { cat > $C <<END
[global]
repo1-path=/pgrehearse/repo
repo1-retention-full=9999999
log-path=/pgrehearse/log
log-level-file=detail
lock-path=/pgrehearse/scratch/lock
spool-path=/pgrehearse/scratch/spool
start-fast=y
compress-type=lz4
process-max=2
[main]
pg1-path=$D
pg1-socket-path=$S
pg1-port=5432
pg1-user=postgres
END
}
run() { pgbackrest --config=$C --stanza=main "$@" > /dev/null; }
serve() { $B/postgres -D $D -c unix_socket_directories=$S -c listen_addresses= "$@" \
  > /pgrehearse/log/server 2>&1 & }
"#;

const SOURCE: &str = r#"$B/initdb -D $D -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
  --no-sync --no-instructions --data-checksums > /dev/null
cat >> $D/postgresql.conf <<END
archive_mode = on
archive_timeout = 60s
archive_command = 'pgbackrest --config=$C --stanza=main archive-push "%p"'
END
configure
serve
until psql -qc 'SELECT 1' > /dev/null 2>&1; do sleep 0.01; done
run stanza-create
run check
psql -qc 'CREATE DATABASE seed'
cat > /pgrehearse/scratch/load <<'END'
@SEED@
END
at load
psql -X -q --set=ON_ERROR_STOP=1 --output=/dev/null --dbname=seed --file=/pgrehearse/scratch/load
at loaded
psql -q -d seed -c 'CREATE TABLE probe (note text); CREATE TABLE work (i int, t text)'
psql -q -d seed -c 'COPY (SELECT * FROM accounts) TO STDOUT' > /dev/null
at copy
cp -a $D /pgrehearse/data/copy
at copied
rm -rf /pgrehearse/data/copy
at backup
run backup --type=full
run info --output=json
at backed_up
for i in {1..900}; do
  echo "BEGIN; INSERT INTO work VALUES ($i, 'a note of some length'), (0, 'another'); COMMIT;"
done | psql -q -d seed
P=$(head -1 $D/postmaster.pid)
at strike
kill -STOP $P
ALL="$P $(pgrep -P $P)"
kill -KILL $ALL
rm -rf -- $D
find /pgrehearse/tablespaces -mindepth 1 -delete
test ! -e $D
at struck
"#;

const TARGET: &str = r#"at restore
mkdir -p -m 700 -- $D
find $D /pgrehearse/tablespaces -mindepth 1 -print -quit
configure
run restore --archive-mode=off --target-timeline=1 \
  --tablespace-map-all=/pgrehearse/tablespaces --type=default
at restored
serve -c archive_mode=off
WAIT='DO $$ BEGIN WHILE pg_is_in_recovery() LOOP PERFORM pg_sleep(0.001); END LOOP; END $$'
until psql -qc "$WAIT" 2> /dev/null; do sleep 0.005; done
psql -q -d seed -c "INSERT INTO probe VALUES ('written')"
at writable
"#;

/// When the script came where, in seconds of the container's clock.
pub type Times = BTreeMap<String, f64>;

/// Containers, a network and a volume; gone when this is dropped.
struct Ground {
    name: String,
    containers: Vec<String>,
}

impl Ground {
    fn new(round: usize) -> Ground {
        let name = format!("pgrehearse-bench-{}-{round}", std::process::id());
        docker(&["network", "create", "--internal", &name]);
        docker(&["volume", "create", &name]);
        Ground { name, containers: vec![] }
    }

    fn container(&mut self) -> String {
        let (image, volume) = (image::tag(IMAGE_MAJOR), format!("{}:/pgrehearse/repo", self.name));
        let network = format!("--network={}", self.name);
        let words =
            ["run", "-d", "--init", "--user=postgres", "--entrypoint=sleep", "--shm-size=1g"];
        let id = docker(&[&words[..], &[&network, "-v", &volume, &image, "infinity"]].concat());
        self.containers.push(id.clone());
        id
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for id in &self.containers {
            docker(&["rm", "--force", "--volumes", id]);
        }
        docker(&["volume", "rm", &self.name]);
        docker(&["network", "rm", &self.name]);
    }
}

/// Performs the drill; `seed` is what fills the database.
pub fn perform(round: usize, seed: &str) -> Times {
    let mut ground = Ground::new(round);
    let source = ground.container();
    let mut times = script(&source, &SOURCE.replace("@SEED@", seed));
    let target = ground.container();
    times.append(&mut script(&target, TARGET));
    times
}

fn script(container: &str, text: &str) -> Times {
    let mut exec = Command::new("docker");
    exec.args(["exec", "-i", container, "bash", "-s"]);
    exec.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = exec.spawn().expect("docker");
    let whole = PREAMBLE.replace("@MAJOR@", &IMAGE_MAJOR.to_string()) + text;
    child.stdin.take().expect("a pipe").write_all(whole.as_bytes()).expect("it is read");
    let ran = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "the script failed: {said}");
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    let times = out.lines().filter_map(|line| {
        let (name, at) = line.strip_prefix("AT ")?.split_once(' ')?;
        Some((name.to_owned(), at.parse().ok()?))
    });
    times.collect()
}
