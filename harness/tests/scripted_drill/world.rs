//! The world of a whole drill: a source that is written to, a repository with backups and an
//! archive, and copies of the source that are recovered from it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pgrehearse::rig::scripted::{Call, Reply, World};
use pgrehearse::rig::{Command, Place};
use pgrehearse_verdict::lsn::{Lsn, Segment};

use crate::answers::{answer, copy};
use crate::cluster::{Cluster, SEGMENT_BYTES, Work, segment, work_of};

/// The node that is struck.
const SOURCE: &str = "source";
/// The volume of the repository.
const REPOSITORY: &str = "repository";
/// How long a statement takes.
const STATEMENT: Duration = Duration::from_millis(1);
/// How long a command takes.
const COMMAND: Duration = Duration::from_millis(3);
/// How long a backup or a restore takes.
const COPY: Duration = Duration::from_millis(200);
/// A digest of something.
const DIGEST: &str = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// A backup in the repository: label, kind, start, stop.
struct Backup(String, &'static str, u64, u64);

/// What is known of a node.
#[derive(Default)]
struct Ground {
    /// The volume that is its repository.
    repository: String,
    /// Its data directory, if there is one.
    cluster: Option<Cluster>,
    /// The target of a restore that was not started yet: `None` is all there is.
    restored: Option<Option<u64>>,
    /// The data directory is lost; what its WAL held is still known here.
    lost: bool,
    log: String,
    /// The server gives up when it is asked next.
    dying: bool,
}

/// Everything that is not a matter of course.
#[derive(Default)]
pub struct Scene {
    nodes: BTreeMap<String, Ground>,
    /// The archived segments of each repository, by their starts.
    archives: BTreeMap<String, BTreeSet<u64>>,
    backups: Vec<Backup>,
    /// The open transaction of each session.
    open: BTreeMap<u64, (u64, Vec<Work>)>,
}

impl Scene {
    /// The reply to a call. `None`: what the rig does by itself.
    pub fn reply(&mut self, call: &Call, world: &mut World) -> Option<Reply> {
        match call {
            Call::Node(spec) => {
                let mount = spec.volumes.iter().find(|mount| mount.at == Place::Repository);
                let repository = mount.map(|mount| mount.volume.0.clone()).unwrap_or_default();
                let ground = Ground { repository, ..Ground::default() };
                self.nodes.insert(spec.name.clone(), ground);
                Some(Reply::usual().after(COMMAND))
            }
            Call::Volume(_) | Call::Write { .. } | Call::Destroy(_) | Call::Release => {
                Some(Reply::usual().after(COMMAND))
            }
            Call::Start { node, .. } => {
                self.start(node, world);
                Some(Reply::usual().after(COMMAND))
            }
            Call::Run { node, command } => self.run(node, command),
            Call::Connect { node, .. } => Some(self.connect(node, world).after(STATEMENT)),
            Call::Query { node, database, session, sql, copy: false, .. } => {
                self.query(node, database, *session, sql, world).map(|reply| reply.after(STATEMENT))
            }
            Call::Query { sql, copy: true, .. } => Some(copy(sql).after(STATEMENT)),
        }
    }

    fn ground(&mut self, node: &str) -> &mut Ground {
        self.nodes.get_mut(node).expect("a node that was made")
    }

    fn source(&mut self) -> &mut Cluster {
        self.ground(SOURCE).cluster.as_mut().expect("the source was made")
    }

    /// The source finishes its segment, and it is archived at once.
    fn switch(&mut self) -> u64 {
        let source = self.source();
        let (finished, end) = (segment(source.insert), source.switch());
        self.archives.entry(REPOSITORY.to_owned()).or_default().insert(finished);
        end
    }

    fn connect(&mut self, node: &str, world: &mut World) -> Reply {
        let ground = self.ground(node);
        if std::mem::take(&mut ground.dying)
            && let Some(pid) = world.server(node).map(|server| server.pid)
        {
            world.kill(pid);
        }
        Reply::usual()
    }

    fn query(
        &mut self,
        node: &str,
        database: &str,
        session: u64,
        sql: &str,
        world: &mut World,
    ) -> Option<Reply> {
        if sql.starts_with("SELECT pg_switch_wal()") {
            return Some(Reply::value(&Lsn(self.switch()).to_string()));
        }
        let last = self.archives.get(REPOSITORY).and_then(|archive| archive.last().copied());
        let settings = world.server(node).map(|server| server.settings.clone())?;
        let started = world.server(node).map(|server| server.pid)?;
        let cluster = self.nodes.get_mut(node)?.cluster.as_mut()?;
        if let Some(sql) = sql.strip_prefix("BEGIN; ") {
            let work = work_of(sql);
            work.iter().for_each(|_| {
                cluster.record();
            });
            let xid = cluster.xid();
            self.open.insert(session, (xid, work));
            let answered = sql.contains("pg_current_xact_id");
            return Some(if answered { Reply::value(&xid.to_string()) } else { Reply::ok() });
        }
        let at = |cluster: &Cluster| Lsn(cluster.insert).to_string();
        if sql.starts_with("SELECT pg_current_xact_id(), pg_current_wal_insert_lsn()") {
            let (xid, _) = self.open.get(&session)?;
            return Some(Reply::table(&["xid", "at"], &[&[&xid.to_string(), &at(cluster)]]));
        }
        if sql.starts_with("COMMIT") {
            let (xid, work) = self.open.remove(&session)?;
            cluster.commit(xid, work);
            return Some(Reply::table(&["xid", "at"], &[&["0", &at(cluster)]]));
        }
        let work = work_of(sql);
        if !work.is_empty() {
            let xid = cluster.xid();
            cluster.commit(xid, work);
            return Some(Reply::ok());
        }
        if sql.starts_with("SELECT pg_create_restore_point") {
            cluster.record();
            let row = [at(cluster), "2024-01-01 00:00:00.000000".to_owned()];
            return Some(Reply::table(&["lsn", "utc"], &[&[&row[0], &row[1]]]));
        }
        if sql.starts_with("SELECT pg_catalog.pg_current_wal_insert_lsn()") {
            return Some(Reply::value(&at(cluster)));
        }
        if sql.contains("pg_stat_archiver") {
            let name = last.map(|start| name_of(start).to_string()).unwrap_or_default();
            let bytes = SEGMENT_BYTES.to_string();
            let row = [&name, "0", "60", "0", &bytes, &cluster.timeline.to_string()];
            return Some(Reply::table(&["a", "b", "c", "d", "e", "f"], &[&row]));
        }
        answer(cluster, node, database, sql, &settings, started)
    }

    fn run(&mut self, node: &str, command: &Command) -> Option<Reply> {
        let argv: Vec<&str> = command.argv.iter().map(String::as_str).collect();
        match argv[..] {
            ["initdb", ..] => self.ground(node).cluster = Some(Cluster::new()),
            ["pgbackrest", ..] => return Some(self.pgbackrest(node, &argv)),
            ["pg_waldump", ..] => return Some(self.waldump(&argv).after(COMMAND)),
            ["psql" | "pg_controldata" | "mkdir", ..] => return Some(Reply::ok().after(COMMAND)),
            ["cp", "-a", "--", from, to] => {
                let name = |path: &str| path.trim_end_matches("/.").replace("/volumes/", "");
                let copied = self.archives.get(&name(from)).cloned().unwrap_or_default();
                self.archives.insert(name(to), copied);
                return Some(Reply::ok().after(COPY));
            }
            ["cp", ..] => return Some(Reply::ok().after(COMMAND)),
            ["rm", "-rf", "--", path] | ["find", path, .., "-delete"] => {
                if path == format!("/{node}/data") {
                    self.ground(node).lost = true;
                }
                return Some(Reply::ok().after(COMMAND));
            }
            ["rm", "--", path] => {
                self.remove(node, path);
                return Some(Reply::ok().after(COMMAND));
            }
            ["test", "-e", _] => {
                let lost = self.ground(node).lost;
                let reply = if lost { Reply::exits(1, "") } else { Reply::ok() };
                return Some(reply.after(COMMAND));
            }
            ["find", _, "-type", "f", "-name", pattern, "-print"] => {
                return Some(self.find(node, pattern).after(COMMAND));
            }
            ["find", root, .., "sha256sum", "--", "{}", "+"] => {
                let said = format!("{DIGEST}  {root}/main/backup.info\n");
                return Some(Reply::says(&said).after(COMMAND));
            }
            ["find", ..] => return Some(Reply::ok().after(COMMAND)),
            ["sha256sum", "--", path] => {
                return Some(Reply::says(&format!("{DIGEST}  {path}\n")).after(COMMAND));
            }
            ["dd", ..] => return Some(Reply::says(&self.ground(node).log).after(COMMAND)),
            _ => {}
        }
        Some(Reply::usual().after(COMMAND))
    }

    fn pgbackrest(&mut self, node: &str, argv: &[&str]) -> Reply {
        match argv {
            ["pgbackrest", "version"] => Reply::says("pgBackRest 2.55.1\n").after(COMMAND),
            [_, _, _, "check", ..] => {
                self.switch();
                Reply::ok().after(COMMAND)
            }
            [_, _, _, "backup", kind] => self.backup(kind),
            [_, _, _, "info", ..] => Reply::says(&self.info()).after(COMMAND),
            [_, _, _, "archive-get", _, _, name, _] => {
                let ground = &self.nodes[node];
                let wanted = Segment::parse(name, SEGMENT_BYTES).expect("a segment's name");
                let archive = self.archives.get(&ground.repository);
                if archive.is_some_and(|archive| archive.contains(&wanted.start.0)) {
                    return Reply::ok().after(COMMAND);
                }
                let said = format!("P00   INFO: unable to find {name} in the archive\n");
                let mut reply = Reply::exits(1, "");
                if let pgrehearse::rig::scripted::What::Output(output) = &mut reply.what {
                    output.stdout = said.into_bytes();
                }
                reply.after(COMMAND)
            }
            [_, _, _, "restore", options @ ..] => {
                let target = options.iter().find_map(|option| option.strip_prefix("--target="));
                let target = target.map(|lsn| lsn.parse::<Lsn>().expect("a position").0);
                self.ground(node).restored = Some(target);
                Reply::ok().after(COPY)
            }
            _ => Reply::ok().after(COMMAND),
        }
    }

    fn backup(&mut self, kind: &str) -> Reply {
        self.switch();
        let source = self.source();
        let (start, _) = (source.record(), source.record());
        let stop = source.insert;
        self.switch();
        let (kind, letter) = match kind {
            "--type=full" => ("full", "F"),
            _ => ("incr", "I"),
        };
        let number = self.backups.len() + 1;
        let label = match self.backups.first() {
            None => format!("20240101-00000{number}{letter}"),
            Some(Backup(first, ..)) => format!("{first}_20240101-00000{number}{letter}"),
        };
        let said = format!("P00   INFO: new backup label = {label}\n");
        self.backups.push(Backup(label, kind, start, stop));
        Reply::says(&said).after(COPY)
    }

    fn info(&self) -> String {
        let backup = |Backup(label, kind, start, stop): &Backup| {
            serde_json::json!({
                "label": label, "type": kind, "error": false, "info": { "size": 23_000_000 },
                "lsn": { "start": Lsn(*start).to_string(), "stop": Lsn(*stop).to_string() },
            })
        };
        let backups: Vec<_> = self.backups.iter().map(backup).collect();
        let status = serde_json::json!({ "code": 0, "message": "ok" });
        serde_json::json!([{ "name": "main", "status": status, "backup": backups }]).to_string()
    }

    fn find(&mut self, node: &str, pattern: &str) -> Reply {
        let volume = self.ground(node).repository.clone();
        let name = pattern.trim_end_matches("-*");
        let wanted = Segment::parse(name, SEGMENT_BYTES).expect("a segment's name");
        if self.archives.get(&volume).is_some_and(|archive| archive.contains(&wanted.start.0)) {
            Reply::says(&format!("/volumes/{volume}/archive/main/17-1/{name}-0123.zst\n"))
        } else {
            Reply::ok()
        }
    }

    /// A file of an archive is removed.
    fn remove(&mut self, node: &str, path: &str) {
        let volume = self.ground(node).repository.clone();
        let name = path.rsplit('/').next().and_then(|file| file.get(..24)).unwrap_or_default();
        let gone = Segment::parse(name, SEGMENT_BYTES).expect("a segment's name");
        self.archives.entry(volume).or_default().remove(&gone.start.0);
    }

    fn waldump(&mut self, argv: &[&str]) -> Reply {
        let option = |name: &str| argv.iter().find_map(|word| word.strip_prefix(name));
        let position = |name: &str| option(name).and_then(|text| text.parse::<Lsn>().ok());
        let (start, end) = (position("--start="), position("--end="));
        let (start, end) = (start.expect("a start").0, end.expect("an end").0);
        let limit = option("--limit=").and_then(|text| text.parse().ok()).expect("a limit");
        let inside = |start_of: u64| start_of >= start && start_of < end;
        let mut text = String::new();
        let commits = &self.source().commits;
        for commit in commits.iter().filter(|commit| inside(commit.start)).take(limit) {
            let (at, xid) = (Lsn(commit.start), commit.xid);
            let rels = if commit.drops() { "; rels: base/16384/16400" } else { "" };
            text.push_str(&format!(
                "rmgr: Transaction len (rec/tot):     34/    34, tx: {xid:10}, lsn: {at}, \
                 prev 0/01000028, desc: COMMIT 2024-01-01 00:00:00.000000 UTC{rels}\n"
            ));
        }
        Reply::says(&text)
    }

    /// A server starts. A restored one replays what its archive has from its backup on, up to its
    /// target; one that cannot get there gives up.
    fn start(&mut self, node: &str, world: &mut World) {
        let says = |level: &str, text: &str| {
            format!("2024-01-01 00:00:00.000 UTC [1] startup 00000 {level}:  {text}\n")
        };
        let mut log = says("LOG", "starting PostgreSQL 17.0");
        let ground = self.nodes.get(node).expect("a node that was made");
        if let Some(target) = ground.restored {
            let from = |backup: &&Backup| target.is_none_or(|target| backup.3 <= target);
            let backup = self.backups.iter().rfind(from).expect("a backup to restore");
            let archive = self.archives.get(&ground.repository);
            let has = |start: &u64| archive.is_some_and(|archive| archive.contains(start));
            let segments =
                std::iter::successors(Some(segment(backup.2)), |start| Some(start + SEGMENT_BYTES));
            let end = segments.take_while(has).last().map_or(backup.3, |last| last + SEGMENT_BYTES);
            if target.is_some_and(|target| target >= end) {
                log +=
                    &says("FATAL", "recovery ended before configured recovery target was reached");
                self.ground(node).dying = true;
            } else {
                let end = target.unwrap_or(end);
                let at = Lsn(end);
                if target.is_some() {
                    let text = format!("recovery stopping before WAL location (LSN) \"{at}\"");
                    log += &says("LOG", &text);
                }
                log += &says("LOG", &format!("redo done at {at}"));
                log += &says("LOG", "archive recovery complete");
                let copy = Cluster::promoted(self.source(), end);
                let history = format!("/{node}/data/pg_wal/{:08X}.history", copy.timeline);
                world.put(node, &history, format!("1\t{at}\tas it was asked to\n"));
                self.ground(node).cluster = Some(copy);
            }
            self.ground(node).restored = None;
        }
        self.ground(node).log.push_str(&log);
    }
}

fn name_of(start: u64) -> Segment {
    Segment::holding(1, Lsn(start), SEGMENT_BYTES)
}
