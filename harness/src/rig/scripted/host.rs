//! What a scripted node does by itself where no rule matches: files can be read back, servers
//! start, answer who they are, stop and die. Everything else is unknown to it, and it says so.

use tokio::time::Instant;

use super::call::{Call, one_line};
use super::reply::Reply;
use super::script::ServerScript;
use super::world::{ServerState, World};
use crate::rig::Command;

/// What `initdb` leaves in postgresql.conf.
const FRESH_CONF: &str = "# made by initdb\n";

/// The reply to a call that no rule matches; changes the world accordingly.
pub(super) fn usual(world: &mut World, call: &Call, server: &ServerScript) -> Reply {
    match call {
        Call::Run { node, command } => run(world, node, command),
        Call::Start { node, command, .. } => start(world, node, command, server),
        Call::Write { node, path, bytes, .. } => {
            world.put(node, path, bytes.clone());
            Reply::ok()
        }
        Call::Connect { node, .. } => connect(world, node),
        Call::Query { node, sql, copy, .. } => query(world, node, sql, *copy),
        // The rig itself sees to these.
        Call::Volume(_) | Call::Node(_) | Call::Destroy(_) | Call::Release => Reply::ok(),
    }
}

fn run(world: &mut World, node: &str, command: &Command) -> Reply {
    let argv: Vec<&str> = command.argv.iter().map(String::as_str).collect();
    let program = argv.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    match (program, argv.get(1..).unwrap_or_default()) {
        ("initdb", rest) => initdb(world, node, rest),
        ("cat", ["--", path]) => match world.file(node, path) {
            Some(bytes) => Reply::says(&String::from_utf8_lossy(bytes)),
            None => Reply::exits(1, &format!("cat: {path}: No such file or directory")),
        },
        ("rm", ["-f", "--", paths @ ..]) => {
            for path in paths {
                world.remove(node, path);
            }
            Reply::ok()
        }
        ("ps", ["-o", "stat=", "-p", pids]) => {
            let there = pids.split(',').filter(|pid| alive(world, pid)).count();
            if there > 0 { Reply::says(&"S\n".repeat(there)) } else { Reply::exits(1, "") }
        }
        ("kill", ["-STOP", pid]) => exit_by(alive(world, pid)),
        ("kill", ["-0", pid]) => exit_by(alive(world, pid)),
        ("kill", ["-KILL", pids @ ..]) => {
            let killed = pids.iter().filter(|pid| pid.parse().is_ok_and(|pid| world.kill(pid)));
            exit_by(killed.count() == pids.len())
        }
        ("pgrep", ["-P", _]) => Reply::exits(1, ""),
        ("pg_ctl", ["stop", ..]) => match world.server(node).map(|server| server.pid) {
            Some(pid) => exit_by(world.kill(pid)),
            None => Reply::exits(1, "pg_ctl: no server is running"),
        },
        _ => Reply::exits(127, &format!("the script has no command `{}`", argv.join(" "))),
    }
}

fn initdb(world: &mut World, node: &str, rest: &[&str]) -> Reply {
    let Some(data) = rest.iter().find_map(|word| word.strip_prefix("--pgdata=")) else {
        return Reply::exits(1, "initdb: no data directory specified");
    };
    world.put(node, &format!("{data}/postgresql.conf"), FRESH_CONF);
    Reply::ok()
}

fn start(world: &mut World, node: &str, command: &Command, script: &ServerScript) -> Reply {
    let pid = u32::try_from(world.fresh()).unwrap_or(u32::MAX);
    let program = command.argv.first().map(String::as_str).unwrap_or_default();
    world.processes.insert(pid, format!("{node}: {program}"));
    if program.rsplit('/').next() == Some("postgres") {
        let pairs = command.argv.iter().zip(command.argv.iter().skip(1));
        let set =
            pairs.filter(|(flag, _)| *flag == "-c").filter_map(|(_, set)| set.split_once('='));
        let state = ServerState {
            pid,
            up: true,
            settings: set.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            started: Instant::now(),
            ready_after: script.ready_after,
            in_recovery: script.in_recovery,
        };
        world.servers.insert(node.to_owned(), state);
    }
    Reply::says(&pid.to_string())
}

fn connect(world: &mut World, node: &str) -> Reply {
    match world.server(node) {
        None => Reply::lost(&format!("no server listens on {node}")),
        Some(server) if server.ready() => Reply::ok(),
        Some(_) => Reply::refused("57P03", "the database system is starting up"),
    }
}

fn query(world: &mut World, node: &str, sql: &str, copy: bool) -> Reply {
    let Some(server) = world.server(node) else {
        return Reply::lost(&format!("the server on {node} is gone"));
    };
    let text = one_line(sql).to_lowercase();
    match text.trim_end_matches(';') {
        "show pgrehearse.nonce" if !copy => match server.settings.get("pgrehearse.nonce") {
            Some(nonce) => Reply::table(&["pgrehearse.nonce"], &[&[nonce]]),
            None => Reply::refused("42704", "unrecognized configuration parameter"),
        },
        "select pg_is_in_recovery()" if !copy => {
            let so = server.in_recovery > 0;
            server.in_recovery = server.in_recovery.saturating_sub(1);
            Reply::table(&["pg_is_in_recovery"], &[&[if so { "t" } else { "f" }]])
        }
        _ => Reply::refused("XX000", &format!("the script has no answer to `{}`", one_line(sql))),
    }
}

fn alive(world: &World, pid: &str) -> bool {
    pid.parse().is_ok_and(|pid| world.processes.contains_key(&pid))
}

fn exit_by(well: bool) -> Reply {
    if well { Reply::ok() } else { Reply::exits(1, "No such process") }
}
