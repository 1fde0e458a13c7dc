//! The wire to a container's relay: one exec of the engine, its streams taken apart.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use pgrehearse_verdict::journal::RigCause;
use testcontainers::bollard::container::LogOutput;
use testcontainers::bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use tokio::io::{AsyncWriteExt, DuplexStream};

use super::engine::{Engine, api_trouble};
use crate::rig::relay::Relay;
use crate::rig::{Command, Trouble};

/// Where our programs lie in every container.
pub(super) const FOLDER: &str = "/usr/local/lib/pgrehearse";
/// The user that everything on a node runs as.
pub(super) const USER: &str = "postgres";
/// Its number, and its group's, whatever the image called it.
pub(super) const USER_ID: &str = "5432";
/// Bytes of the exec's streams under way.
const WIRE_BYTES: usize = 256 << 10;
/// Bytes kept of what the relay says beside its protocol: the reason, if it cannot run.
const COMPLAINT_MAX: usize = 4 << 10;
/// Looks at whether an exec has ended, and the time between two.
const LOOKS_MAX: u32 = 50;
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Starts the relay in a container and takes up the link.
pub(super) async fn begin(
    engine: &Engine,
    container: &str,
    env: Vec<(String, String)>,
) -> Result<Relay, Trouble> {
    let options = CreateExecOptions {
        user: Some(USER.to_owned()),
        cmd: Some(vec!["perl".to_owned(), format!("{FOLDER}/relay.pl")]),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let made = engine.docker.create_exec(container, options);
    let exec = engine.call("make an exec for the relay", made).await?.id;
    let how = StartExecOptions { output_capacity: Some(WIRE_BYTES), ..Default::default() };
    let started = engine.docker.start_exec(&exec, Some(how));
    let started = engine.call("start the relay", started).await?;
    let StartExecResults::Attached { mut output, input } = started else {
        return Err(api_trouble("start the relay", "the engine did not attach to it"));
    };
    let (near, mut far) = tokio::io::duplex(WIRE_BYTES);
    let complaint = Arc::new(Mutex::new(Vec::new()));
    let heard = complaint.clone();
    tokio::spawn(async move {
        while let Some(Ok(chunk)) = output.next().await {
            if let LogOutput::StdOut { message } = chunk {
                if pass(&mut far, &message).await.is_none() {
                    return;
                }
                continue;
            }
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = COMPLAINT_MAX.saturating_sub(heard.len());
            let bytes = chunk.into_bytes();
            heard.extend_from_slice(&bytes[..room.min(bytes.len())]);
        }
    });
    match Relay::begin(near, input, env).await {
        Ok(relay) => Ok(relay),
        Err(lost) => {
            let complaint = complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let said = format!("{lost} {}", String::from_utf8_lossy(&complaint));
            match exit_code(engine, &exec).await? {
                Some(126 | 127 | 2) => Err(Trouble::rig(
                    RigCause::NotExecutable,
                    format!("`{FOLDER}/relay.pl` cannot be run in the container: {}", said.trim()),
                )),
                _ => Err(api_trouble("begin with the relay", &said)),
            }
        }
    }
}

async fn pass(into: &mut DuplexStream, bytes: &[u8]) -> Option<()> {
    into.write_all(bytes).await.ok()
}

/// The exit code of an exec, `None` if it does not end. It counts only when the engine says that
/// the exec no longer runs: Podman reports 0 for one that does.
pub(super) async fn exit_code(engine: &Engine, exec: &str) -> Result<Option<i64>, Trouble> {
    for _ in 0..LOOKS_MAX {
        let found = engine.call("look at an exec", engine.docker.inspect_exec(exec)).await?;
        if found.running == Some(false) {
            return Ok(found.exit_code);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(None)
}

/// Runs a fixed command of ours as root, before the relay is there; its output's end and its code.
pub(super) async fn exec_as_root(
    engine: &Engine,
    container: &str,
    argv: &[&str],
    env: &[&str],
    heard: &mut (dyn FnMut(&str) + Send),
) -> Result<Option<i64>, Trouble> {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    let options = CreateExecOptions {
        user: Some("root".to_owned()),
        cmd: Some(words(argv)),
        env: Some(words(env)),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let made = engine.docker.create_exec(container, options);
    let exec = engine.call("make an exec", made).await?.id;
    let started = engine.docker.start_exec(&exec, None::<StartExecOptions>);
    if let StartExecResults::Attached { mut output, .. } =
        engine.call("start an exec", started).await?
    {
        while let Some(chunk) = output.next().await {
            let chunk = chunk.map_err(|error| api_trouble("hear an exec", &error.to_string()))?;
            heard(&String::from_utf8_lossy(&chunk.into_bytes()));
        }
    }
    exit_code(engine, &exec).await
}

/// Takes the default route from a container that has one; whether it has none now.
pub(super) async fn close_way_out(
    engine: &Engine,
    container: &str,
    relay: &Relay,
) -> Result<bool, Trouble> {
    if !has_default_route(relay).await? {
        return Ok(true);
    }
    let program = format!("{FOLDER}/unroute.pl");
    exec_as_root(engine, container, &["perl", &program], &[], &mut |_| {}).await?;
    Ok(!has_default_route(relay).await?)
}

async fn has_default_route(relay: &Relay) -> Result<bool, Trouble> {
    let look = Command::housekeeping("look at the routes", ["cat", "/proc/net/route"]);
    let routes = relay.run(&look).await?.expect_ok("look at the routes")?.text();
    Ok(routes.lines().any(|line| line.split_whitespace().nth(1) == Some("00000000")))
}

/// How often the out-of-memory killer was in the container, as its control group counts. The
/// engine's own flag speaks of the first process alone.
pub(super) async fn oom_kills(relay: &Relay) -> Option<u64> {
    let files = ["/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"];
    let mut argv = vec!["cat", "--"];
    argv.extend(files);
    let look = Command::housekeeping("ask for the out-of-memory killer", argv);
    let text = relay.run(&look).await.ok()?.text();
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}
