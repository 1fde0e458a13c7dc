//! G5, G6 and G7: the fingerprint of a table against a reader that drops the same rows.

use std::time::{Duration, Instant};

use pgrehearse::drill::digest::{Contents, PINNED, fingerprint};
use pgrehearse::drill::{SUPERUSER, Server};
use pgrehearse::rig::{Login, Session};

use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::{Circumstances, Kind, Site, own_memory_kb, sql};
use crate::raw::{At, Raw};

/// A table to be read: the length of its rows as COPY writes them, in bytes, and how it is made.
struct Shape {
    row_bytes: u64,
    create: &'static str,
    columns: &'static str,
    goals: [f64; 2],
}

const SHAPES: &[Shape] = &[
    Shape {
        row_bytes: 98,
        create: "CREATE TABLE t (aid int, bid int, abalance int, filler char(84));
            INSERT INTO t SELECT i, 1, 0, '' FROM generate_series(1000001, 1000000 + @ROWS@) i",
        columns: "abalance, aid, bid, filler",
        goals: [0.85, 1.55],
    },
    Shape {
        row_bytes: 500,
        create: "CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
            CREATE TABLE t (id bigint, body text, price numeric(12,4), doc jsonb, at timestamptz,
                raw bytea, numbers int[], tags text[], wide float8, small float4, mood mood,
                moods mood[], name uuid, day date, nothing text, span interval);
            INSERT INTO t SELECT i, repeat(md5(i::text), 4), i / 7.0,
                jsonb_build_object('k', i, 'v', md5(i::text)), '2024-01-01Z'::timestamptz + i * '1 s'::interval,
                decode(md5(i::text), 'hex'), ARRAY[i, i + 1, i + 2], ARRAY['red', 'green', 'blue'],
                sqrt(i), sqrt(i)::float4, 'ok', '{sad,happy}', md5(i::text)::uuid,
                '2024-01-01'::date + i % 1000, NULL, i * '1 s'::interval
            FROM generate_series(1000001, 1000000 + @ROWS@) i",
        columns: "at, body, day, doc, id, mood, moods, name, nothing, numbers, price, raw, small,
            span, tags, wide",
        goals: [0.95, 1.9],
    },
];

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    let site = Site::new(Kind::Local).await.expect("local ground");
    let server = site.running(site.node(vec![]).await).await;
    let mut outcomes = vec![];
    for shape in SHAPES {
        outcomes.extend(table(&server, shape, circumstances).await);
    }
    site.end().await;
    outcomes
}

async fn table(server: &Server, shape: &Shape, circumstances: &Circumstances) -> Vec<Outcome> {
    let bytes = shape.row_bytes;
    let database = format!("rows_{bytes}");
    let rows = (circumstances.megabytes << 21) / bytes;
    sql(server, "postgres", &format!("CREATE DATABASE {database}")).await;
    sql(server, &database, &shape.create.replace("@ROWS@", &rows.to_string())).await;
    sql(server, &database, "VACUUM FREEZE t").await;
    let copy = format!("COPY (SELECT {} FROM ONLY t) TO STDOUT", shape.columns);
    let (at, drained) = (At::of(server), database.clone());
    let mut found = [const { Figures(vec![]) }; 4];
    let mut read = 0;
    // The first round warms the cache and is not counted.
    for round in 0..=circumstances.rounds {
        circumstances.quiet().await;
        let one = digest(server, &database, 1).await;
        let (at, drained, copy) = (at.clone(), drained.clone(), copy.clone());
        let floor = tokio::task::spawn_blocking(move || {
            let (floor, got) = drain(&at, &drained, &copy);
            (floor, got, drain_in_halves(&at, &drained, &copy))
        });
        let (floor, got, halves) = floor.await.expect("a drain");
        read = got;
        let many = digest(server, &database, usize::MAX).await;
        if round > 0 {
            [one, floor, many, halves]
                .into_iter()
                .zip(&mut found)
                .for_each(|(took, all)| all.push(took));
        }
    }
    let [one, floor, many, halves] = found;
    let megabytes = read as f64 / 1e6;
    let limit = floor.over(&halves);
    let note = |ours: &Figures| {
        let speed = megabytes / ours.median();
        format!("{speed:.0} MB/s of text; two drains at once, half of it each: {limit}× speed")
    };
    let outcome = |goal, how: &str, ours: &Figures, wanted| Outcome {
        goal,
        measured: format!("fingerprint of {rows} rows of {} bytes, {how}", read / rows),
        floor: format!("the same COPY, read and dropped: {floor} s"),
        figures: Some(floor.over(ours)),
        unit: "× speed",
        wanted: Wanted::AtLeast(wanted),
        note: note(ours),
    };
    let peak = Figures(vec![own_memory_kb("VmHWM:") as f64 / 1024.0]);
    vec![
        outcome("G5", "one connection", &one, shape.goals[0]),
        outcome("G6", "as many connections as it takes", &many, shape.goals[1]),
        Outcome {
            goal: "G7",
            measured: format!(
                "memory of this process after {megabytes:.0} MB of {} bytes",
                read / rows
            ),
            floor: "none".to_owned(),
            figures: Some(peak),
            unit: " MB",
            wanted: Wanted::AtMost(32.0),
            note: "the greatest it ever had, the benchmark's own included".to_owned(),
        },
    ]
}

async fn pinned(server: &Server, database: &str) -> Box<dyn Session> {
    let login = Login {
        user: SUPERUSER.to_owned(),
        password: server.password.clone(),
        database: database.to_owned(),
        settings: PINNED.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    };
    server.node.connect(&login).await.expect("a session")
}

/// How long a fingerprint takes with at most so many connections, once they are there.
async fn digest(server: &Server, database: &str, connections: usize) -> Duration {
    let mut session = pinned(server, database).await;
    let contents = Contents::list(&mut *session).await.expect("a list");
    let wanted = contents.readers().min(connections);
    let mut others = vec![];
    for _ in 1..wanted {
        others.push(pinned(server, database).await);
    }
    let mut sessions: Vec<&mut dyn Session> = vec![&mut *session];
    for other in &mut others {
        sessions.push(&mut **other);
    }
    let began = Instant::now();
    fingerprint(&mut sessions, &contents, database).await.expect("a fingerprint");
    began.elapsed()
}

/// How long two connections need that read half of the table each, and drop it: the most that this
/// machine gives at this moment.
fn drain_in_halves(at: &At, database: &str, copy: &str) -> Duration {
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (from, below) in [(0, 1), (1, 2)] {
            let cut = |half| {
                let blocks = "pg_relation_size('t') / current_setting('block_size')::int / 2";
                format!("format('(%s,0)', {half} * ({blocks}) + {half})::tid")
            };
            let last = if below == 2 { String::new() } else { format!(" AND ctid < {}", cut(1)) };
            let half = format!("FROM ONLY t WHERE ctid >= {}{last})", cut(from));
            let copy = copy.replace("FROM ONLY t)", &half);
            scope.spawn(move || drain(at, database, &copy));
        }
    });
    began.elapsed()
}

fn drain(at: &At, database: &str, copy: &str) -> (Duration, u64) {
    let settings: Vec<_> =
        PINNED.iter().copied().filter(|(name, _)| *name != "search_path").collect();
    let mut raw = Raw::connect(at, database, &settings).expect("a connection");
    let began = Instant::now();
    let (bytes, good) = raw.drain(copy).expect("an answer");
    assert!(good, "{copy}");
    (began.elapsed(), bytes)
}
