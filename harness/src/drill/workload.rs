//! The workload: its tables, its writers, its beginning and its end.

use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::journal::{Event, RigCause};
use pgrehearse_verdict::ledger::{Entry, Opening};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::drill::book::Book;
use crate::drill::chance::Chance;
use crate::drill::pace::Pace;
use crate::drill::writer::Writer;
use crate::drill::{QUERY_LIMIT, Server, quote_ident};
use crate::plan;
use crate::rig::{Login, Stage, Trouble};
use crate::secret::Secret;

/// The role of the writers.
pub const WRITER: &str = "pgrehearse_writer";
/// How many accounts each writer owns.
const ACCOUNTS: u32 = 16;
/// What each account holds at first.
const BALANCE: i64 = 1_000_000;
/// How long the writers may take to finish the transaction they are in.
const STOP_LIMIT: Duration = Duration::from_secs(60);

/// The tables of the workload and of the probe. They are the harness's own, and known by name.
const TABLES: &str = "
    CREATE SCHEMA ledger;
    CREATE TABLE ledger.tx (
        id uuid PRIMARY KEY, writer int NOT NULL, seq bigint NOT NULL, note text NOT NULL);
    CREATE TABLE ledger.account (
        writer int, account int, balance bigint NOT NULL, version bigint NOT NULL,
        PRIMARY KEY (writer, account));
    CREATE TABLE ledger.entry (
        tx uuid, line int, writer int NOT NULL, account int NOT NULL, amount bigint NOT NULL,
        note text NOT NULL, PRIMARY KEY (tx, line));
    GRANT USAGE ON SCHEMA ledger TO pgrehearse_writer;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ledger TO pgrehearse_writer;
    CREATE SCHEMA pgrehearse;
    CREATE TABLE pgrehearse.probe (note text PRIMARY KEY);
";

/// A workload that goes on by itself. Dropping it ends its tasks at once.
pub struct Workload {
    /// What holds the writers.
    pub pace: Arc<Pace>,
    book: Arc<Book>,
    writers: JoinSet<Result<(), Trouble>>,
    syncing: JoinSet<()>,
}

/// Makes the tables and their ground state, in `database`. `writers` take part in the rate; one
/// more holds the long transaction.
pub async fn lay_out(
    server: &Server,
    database: &str,
    writers: u32,
) -> Result<Opening, crate::rig::SqlTrouble> {
    let mut session = server.connect(database).await?;
    // A database may be closed to everybody but those it names.
    let admit = format!("GRANT CONNECT ON DATABASE {} TO {WRITER};", quote_ident(database));
    session.query(&format!("{admit}{TABLES}"), QUERY_LIMIT).await?;
    let fill = format!(
        "INSERT INTO ledger.account SELECT w, a, {BALANCE}, 0 \
         FROM generate_series(0, {}) w, generate_series(0, {}) a",
        writers,
        ACCOUNTS - 1
    );
    session.query(&fill, QUERY_LIMIT).await?;
    Ok(Opening {
        format: 1,
        drill: String::new(),
        writers: writers + 1,
        accounts: ACCOUNTS,
        balance: BALANCE,
    })
}

impl Workload {
    /// Starts the writers. The ledger must be new.
    pub fn start(
        server: &Arc<Server>,
        database: &str,
        password: &Secret,
        spec: &plan::Workload,
        seed: u64,
        book: Arc<Book>,
        opening: Opening,
    ) -> Result<Workload, Trouble> {
        book.write(Entry::Opened(opening))?;
        let pace = Arc::new(Pace::default());
        let mut writers = JoinSet::new();
        let every = Duration::from_secs_f64(f64::from(spec.writers) / spec.rate);
        let (began, apart) = (Instant::now(), every / spec.writers.max(1));
        for number in 0..=spec.writers {
            let writer = Writer {
                number,
                accounts: ACCOUNTS,
                every: (number < spec.writers).then_some(every),
                first: began + apart * number,
                server: server.clone(),
                login: Login {
                    user: WRITER.to_owned(),
                    password: password.clone(),
                    database: database.to_owned(),
                    settings: vec![("application_name".to_owned(), format!("writer {number}"))],
                },
                book: book.clone(),
                pace: pace.clone(),
                chance: Chance::new(seed, &format!("writer {number}")),
            };
            writers.spawn(writer.run());
        }
        let mut syncing = JoinSet::new();
        syncing.spawn(book.clone().keep_synced());
        Ok(Workload { pace, book, writers, syncing })
    }

    /// Forces the ledger to disk: before a mark, before the strike.
    pub fn sync(&self) -> Result<(), Trouble> {
        self.book.sync()
    }

    /// Ends the workload: each writer finishes the transaction it is in. A writer that does not
    /// within the bound is dropped, and its transaction is in doubt or aborted, as the ledger says.
    pub async fn stop(mut self, stage: &Stage) -> Result<(), Trouble> {
        self.pace.stop();
        let all = async {
            while let Some(ended) = self.writers.join_next().await {
                ended.map_err(|error| {
                    Trouble::rig(RigCause::Panic, format!("a writer ended badly: {error}"))
                })??;
            }
            Ok::<(), Trouble>(())
        };
        let in_time = tokio::time::timeout(STOP_LIMIT, all).await;
        self.writers.abort_all();
        self.syncing.abort_all();
        if let Ok(ended) = in_time {
            ended?;
        } else {
            stage.remark(format!("a writer did not end within {STOP_LIMIT:?} and was dropped"))?;
        }
        let (bytes, sha256) = self.book.close()?;
        stage.note(Event::Sealed { bytes, sha256 })
    }
}
