//! G9: the interval in which a recovered server became writable, and its error against the first
//! write that the server would have taken from a session that was already open.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pgrehearse::drill::{SUPERUSER, Server, await_writable};
use pgrehearse::rig::{Login, Place, Stage};
use pgrehearse_verdict::journal::{Event, Line};

use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::{Circumstances, Kind, LIMIT, Site, run, sql};
use crate::raw::{At, Raw};

/// The time between two attempts of the observer.
const OBSERVE_EVERY: Duration = Duration::from_micros(200);
/// Work to be replayed, in rows.
const REPLAY_ROWS: u64 = 400_000;

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    let site = Site::new(Kind::Local).await.expect("local ground");
    let server = site.running(site.node(vec![]).await).await;
    let data = server.node.place(Place::Data);
    let crashed = format!("{}/crashed", server.node.place(Place::Scratch));
    let work = format!(
        "CREATE SCHEMA pgrehearse; CREATE TABLE pgrehearse.probe (note text PRIMARY KEY);
         CREATE TABLE observed (n int); CHECKPOINT;
         CREATE TABLE work AS SELECT i, md5(i::text) FROM generate_series(1, {REPLAY_ROWS}) i"
    );
    sql(&server, "postgres", &work).await;
    server.kill(&site.stage).await.expect("it dies");
    run(&*server.node, &["touch", "--", &format!("{data}/recovery.signal")]).await;
    run(&*server.node, &["rm", "-f", "--", &format!("{data}/postmaster.pid")]).await;
    run(&*server.node, &["mv", "--", &data, &crashed]).await;
    let found = rounds(&site, &server, &crashed, circumstances).await;
    site.end().await;
    let [width, error, login, reads] = found;
    let measured = "a server of this machine that replays WAL and is promoted".to_owned();
    let outcome = |what: &str, floor: String, figures: Figures, most, note: String| Outcome {
        goal: "G9",
        measured: format!("{what}; {measured}"),
        floor,
        figures: Some(figures.scaled(1e3)),
        unit: " ms",
        wanted: Wanted::AtMost(most),
        note,
    };
    let login = login.scaled(1e3);
    let most = 5.0 + login.median();
    vec![
        outcome("width of the interval", "0".to_owned(), width, 15.0, String::new()),
        outcome(
            "end of the interval, less the first write taken",
            "an INSERT every 0.2 ms on a session that is open".to_owned(),
            error,
            (most * 10.0).round() / 10.0,
            format!("one login, its nonce and its write: {login} ms; 5 ms are allowed beside it"),
        ),
        Outcome {
            wanted: Wanted::Told,
            ..outcome(
                "the first read taken, before the first write",
                "where a clock that asks `pg_isready` would stop".to_owned(),
                reads,
                0.0,
                String::new(),
            )
        },
    ]
}

/// Width, error, cost of a login, and how much earlier the server read; each in seconds.
async fn rounds(
    site: &Site,
    server: &Server,
    crashed: &str,
    circumstances: &Circumstances,
) -> [Figures; 4] {
    let mut found = [const { Figures(vec![]) }; 4];
    let data = server.node.place(Place::Data);
    let login = Login {
        user: SUPERUSER.to_owned(),
        password: server.password.clone(),
        database: "postgres".to_owned(),
        settings: vec![],
    };
    let origin = site.stage.notebook.origin().into_std();
    for round in 0..circumstances.rounds {
        circumstances.quiet().await;
        run(&*server.node, &["cp", "-a", "--", crashed, &data]).await;
        let begun = tokio::time::Instant::now();
        server.start(&site.stage, &[("restore_command", "false")]).await.expect("a server");
        let stop = Arc::new(AtomicBool::new(false));
        let (at, stopped) = (At::of(server), stop.clone());
        let observer = std::thread::spawn(move || observe(&at, &stopped));
        let note = format!("round {round}");
        let watched = await_writable(&site.stage, server, &login, &note, begun, LIMIT);
        watched.await.expect("it becomes writable");
        tokio::time::sleep(Duration::from_millis(20)).await;
        stop.store(true, Ordering::SeqCst);
        let seen = observer.join().expect("the observer").expect("it saw a write taken");
        let (lower, upper) = interval(&site.stage, site);
        found[0].0.push((upper - lower) as f64 / 1e9);
        let upper = origin + Duration::from_nanos(upper);
        let signed = |late: Instant, early: Instant| match late.checked_duration_since(early) {
            Some(time) => time.as_secs_f64(),
            None => -early.duration_since(late).as_secs_f64(),
        };
        found[1].0.push(signed(upper, seen.wrote));
        let began = Instant::now();
        let mut session = server.node.connect(&login).await.expect("a session");
        session.query("SHOW pgrehearse.nonce", LIMIT).await.expect("an answer");
        let insert = "INSERT INTO pgrehearse.probe VALUES ('again')";
        session.query(insert, LIMIT).await.expect("a write");
        found[2].push(began.elapsed());
        found[3].0.push(signed(seen.wrote, seen.read));
        drop(session);
        server.kill(&site.stage).await.expect("it dies");
        run(&*server.node, &["rm", "-rf", "--", &data]).await;
    }
    found
}

struct Seen {
    read: Instant,
    wrote: Instant,
}

/// Connects as soon as there is a server, and writes until a write is taken.
fn observe(at: &At, stop: &AtomicBool) -> Option<Seen> {
    while !stop.load(Ordering::SeqCst) {
        std::thread::sleep(OBSERVE_EVERY);
        let Ok(mut raw) = Raw::connect(at, "postgres", &[]) else { continue };
        if !raw.drain("SELECT 1").is_ok_and(|(_, good)| good) {
            continue;
        }
        let read = Instant::now();
        while let Ok((_, good)) = raw.drain("INSERT INTO observed VALUES (1)") {
            if good {
                return Some(Seen { read, wrote: Instant::now() });
            }
            std::thread::sleep(OBSERVE_EVERY);
        }
    }
    None
}

/// The last interval in the journal, in nanoseconds since its origin.
fn interval(_: &Stage, site: &Site) -> (u64, u64) {
    let path = site.folder.path().join("journal.jsonl");
    let text = std::fs::read_to_string(path).expect("a journal");
    let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    let writable = lines.map(|line| line.event).find_map(|event| match event {
        Event::Writable { last_failed_began_ns, first_good_ended_ns } => {
            Some((last_failed_began_ns, first_good_ended_ns))
        }
        _ => None,
    });
    writable.expect("it became writable")
}
