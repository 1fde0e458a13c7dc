//! G10: how finely the ledger tells what is lost, and what its keeping costs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pgrehearse::drill::{Book, Server, WRITER, Workload, lay_out, quote_literal};
use pgrehearse::plan;
use pgrehearse_verdict::ledger::{
    Content, Ledger, Presence, Transaction, expected, inspect, parse,
};
use pgrehearse_verdict::question::{Table, columns};

use crate::figures::{Figures, Outcome, Wanted};
use crate::ground::{Circumstances, Kind, LIMIT, Site, own_cpu_s, sql};

/// Transactions a second.
const RATE: f64 = 1000.0;
const WRITERS: u32 = 4;
/// How long the workload runs in each round.
const RUN: Duration = Duration::from_secs(5);
/// How many of the last transactions are taken away.
const LOST: &[usize] = &[0, 1, 2, 10, 1000];

pub async fn measure(circumstances: &Circumstances) -> Vec<Outcome> {
    let (mut gap, mut share, mut rate) =
        (Figures::default(), Figures::default(), Figures::default());
    let mut exact = Figures::default();
    for _ in 0..circumstances.rounds {
        circumstances.quiet().await;
        let site = Site::new(Kind::Local).await.expect("local ground");
        let server = Arc::new(site.running(site.node(vec![]).await).await);
        let password = quote_literal(server.password.reveal());
        let role = format!("CREATE ROLE {WRITER} LOGIN PASSWORD {password}");
        sql(&server, "postgres", &role).await;
        let path = site.folder.path().join("ledger.jsonl");
        let (took, cpu) = work(&site, &server, &path).await;
        let text = std::fs::read_to_string(&path).expect("a ledger");
        let ledger = parse(&text).expect("a ledger");
        let acked = acks(&ledger);
        let between = acked.windows(2).map(|pair| (pair[1].0 - pair[0].0) as f64 / 1e6);
        gap.0.push(Figures(between.collect()).at(0.99));
        rate.0.push(acked.len() as f64 / took.as_secs_f64());
        share.0.push(100.0 * cpu / took.as_secs_f64());
        let right = LOST.iter().filter(|lost| tells(&ledger, &acked, **lost));
        let whole = in_place(&server, &ledger).await;
        exact.0.push((right.count() + usize::from(whole)) as f64);
        site.end().await;
    }
    let measured = format!("{RATE}/s over {WRITERS} writers, {RUN:?}: {rate} a second");
    let outcome = |what: &str, floor: &str, figures, unit, wanted| Outcome {
        goal: "G10",
        measured: format!("{what}; {measured}"),
        floor: floor.to_owned(),
        figures: Some(figures),
        unit,
        wanted,
        note: String::new(),
    };
    let all = LOST.len() + 1;
    let counted = format!("losses told to the row: of {LOST:?}, and none of what is there");
    vec![
        outcome(
            "99 of 100 gaps between two acknowledgements",
            "1 ms",
            gap,
            " ms",
            Wanted::AtMost(2.0),
        ),
        outcome("our share of a core", "0", share, " %", Wanted::AtMost(50.0)),
        outcome(&counted, "all", exact, "", Wanted::AtLeast(all as f64)),
    ]
}

async fn work(site: &Site, server: &Arc<Server>, path: &std::path::Path) -> (Duration, f64) {
    let opening = lay_out(server, "postgres", WRITERS).await.expect("the workload's tables");
    let book = Book::create(path, site.stage.notebook.origin()).expect("a ledger");
    let spec = plan::Workload { writers: WRITERS, rate: RATE };
    let password = server.password.clone();
    let started = Workload::start(server, "postgres", &password, &spec, 1, book, opening);
    let workload = started.expect("a workload");
    workload.pace.await_first().await.expect("an acknowledgement");
    let (began, cpu) = (Instant::now(), own_cpu_s());
    tokio::time::sleep(RUN).await;
    let used = (began.elapsed(), own_cpu_s() - cpu);
    workload.stop(&site.stage).await.expect("it ends");
    used
}

/// Every acknowledged transaction, by the time of its acknowledgement in nanoseconds.
fn acks(ledger: &Ledger) -> Vec<(u64, String)> {
    let acked = |(tx, transaction): (&String, &Transaction)| {
        transaction.acked.map(|(at_ns, _)| (at_ns, tx.clone()))
    };
    let mut acked: Vec<_> = ledger.transactions.iter().filter_map(acked).collect();
    acked.sort();
    acked
}

/// Whether just the `lost` last ones are told missing, and nothing else is amiss.
fn tells(ledger: &Ledger, acked: &[(u64, String)], lost: usize) -> bool {
    let kept = &acked[..acked.len().saturating_sub(lost)];
    let kept: BTreeSet<String> = kept.iter().map(|(_, tx)| tx.clone()).collect();
    let inspection = inspect(ledger, &expected(ledger, &kept));
    let missing = |tx: &String| inspection.presence(tx) == Presence::Absent;
    let told = acked.iter().filter(|(_, tx)| missing(tx)).count();
    told == lost && inspection.differences.is_empty()
}

/// Whether the server holds every acknowledged transaction, whole.
async fn in_place(server: &Server, ledger: &Ledger) -> bool {
    let mut session = server.connect("postgres").await.expect("a session");
    let mut read = async |table: &str, names: &[&str]| {
        let asked = format!("SELECT {} FROM ledger.{table}", names.join(", "));
        let mut tables = session.query(&asked, LIMIT).await.expect("an answer");
        tables.pop().unwrap_or_else(Table::default)
    };
    let found = Content {
        transactions: read("tx", columns::LEDGER_TX).await,
        entries: read("entry", columns::LEDGER_ENTRY).await,
        accounts: read("account", columns::LEDGER_ACCOUNT).await,
    };
    let inspection = inspect(ledger, &found);
    let whole = |(_, tx): &(u64, String)| inspection.presence(tx) == Presence::Whole;
    inspection.differences.is_empty() && acks(ledger).iter().all(whole)
}
