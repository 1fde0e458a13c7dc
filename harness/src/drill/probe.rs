//! The end of the recovery time: watched on one persistent connection until the server leaves
//! recovery, then asked by the application itself, on fresh connections, until its write is
//! acknowledged.

use std::time::Duration;

use pgrehearse_verdict::journal::{Event, SubjectCause, Tick};
use pgrehearse_verdict::question::Table;
use tokio::time::Instant;

use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{Login, Session, SqlTrouble, Stage, Trouble};

/// The time between two attempts to connect while the server starts. Each costs the server a
/// process: more often would disturb what is measured.
const CONNECT_EVERY: Duration = Duration::from_millis(5);
/// The time between two questions on the persistent connection.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// One in this many failed attempts also looks whether the server process is still there.
const LOOK_ONE_IN: u32 = 20;

/// One in this many questions also asks whether replay was paused: such a server stays as it is.
const PAUSE_ONE_IN: u32 = 50;
/// SQLSTATE classes of answers that waiting does not change: invalid authorization, no such
/// database, no such schema, no such object or no right to it.
const FOR_GOOD: [&str; 4] = ["28", "3D", "3F", "42"];
/// How long a server that takes writes may give such an answer: a restore may still be at it.
const REFUSED_LIMIT: Duration = Duration::from_secs(10);

/// Whether replay stands still by a pause; nothing on a server that has left recovery meanwhile.
const PAUSED: &str = "SELECT CASE WHEN pg_is_in_recovery() \
                      THEN pg_get_wal_replay_pause_state() = 'paused' END";

/// Waits until the application can write to the recovered server, and notes the interval in which
/// that became so. `begun` is when the recovery began; `note` is the text that is written.
pub async fn await_writable(
    stage: &Stage,
    server: &Server,
    application: &Login,
    note: &str,
    begun: Instant,
    limit: Duration,
) -> Result<(), Trouble> {
    let watch = Watch { stage, server, deadline: Instant::now() + limit, limit };
    let done = async {
        let failed = watch.promoted(begun).await?;
        watch.written(application, note, failed).await
    };
    watch.rested(done).await
}

/// Waits until the server has left recovery.
pub async fn await_promoted(
    stage: &Stage,
    server: &Server,
    begun: Instant,
    limit: Duration,
) -> Result<(), Trouble> {
    let watch = Watch { stage, server, deadline: Instant::now() + limit, limit };
    watch.rested(watch.promoted(begun)).await.map(|_| ())
}

/// Waits until the application can write to a server that has been serving all along, and notes
/// when that was. `begun` is the instant from which on it counts.
pub async fn await_write(
    stage: &Stage,
    server: &Server,
    application: &Login,
    note: &str,
    begun: Instant,
    limit: Duration,
) -> Result<(), Trouble> {
    let watch = Watch { stage, server, deadline: Instant::now() + limit, limit };
    watch.rested(watch.written(application, note, begun)).await
}

/// One write of the application's: identity and row on the same fresh connection.
async fn write(server: &Server, application: &Login, note: &str) -> Result<(), SqlTrouble> {
    let mut session = server.node.connect(application).await?;
    let asked = session.query("SHOW pgrehearse.nonce", ATTEMPT_LIMIT).await?;
    if first(&asked) != Some(server.nonce.as_str()) {
        let said = "another server answered in its place".to_owned();
        return Err(SqlTrouble { code: None, said, lost: false });
    }
    // The note is hexadecimal digits and plain words of our own.
    let insert = format!("INSERT INTO pgrehearse.probe VALUES ('{note}')");
    session.query(&insert, ATTEMPT_LIMIT).await.map(|_| ())
}

/// Whether the server has an answer that waiting does not change: who asks is not let in, or what
/// is asked for is not there.
fn for_good(trouble: &SqlTrouble) -> bool {
    let code = trouble.code.as_deref().unwrap_or_default();
    FOR_GOOD.iter().any(|class| code.starts_with(class))
}

fn turned_away(trouble: &SqlTrouble) -> Trouble {
    let said = format!("the application cannot write, and waiting would not help: {trouble}");
    Trouble::subject(SubjectCause::Server, said)
}

/// A server that pauses at its target takes no writes until somebody promotes it: nobody does.
async fn unpaused(session: &mut Box<dyn Session>) -> Result<(), Trouble> {
    let paused = session.query(PAUSED, QUERY_LIMIT).await;
    if paused.is_ok_and(|tables| first(&tables) == Some("t")) {
        let said = "recovery paused at its target and was not promoted: the server takes no writes";
        return Err(Trouble::subject(SubjectCause::Server, said));
    }
    Ok(())
}

fn first(tables: &[Table]) -> Option<&str> {
    tables.first()?.rows.first()?.first()?.as_deref()
}

struct Watch<'a> {
    stage: &'a Stage,
    server: &'a Server,
    deadline: Instant,
    limit: Duration,
}

impl Watch<'_> {
    /// Whatever comes of it, nothing is waited for any more afterwards. What is cut off in the
    /// middle is not over, and is told.
    async fn rested<T>(&self, work: impl Future<Output = T>) -> T {
        let done = work.await;
        self.stage.notebook.rests();
        done
    }

    /// When the last attempt began that found it still in recovery.
    async fn promoted(&self, begun: Instant) -> Result<Instant, Trouble> {
        let mut failed = begun;
        self.stage.notebook.works(&self.stage.scope, "replay WAL and take connections");
        let mut session = self.connect(&mut failed).await?;
        self.stage.note(Event::Ticked(Tick::Reads))?;
        self.promotion(&mut session, &mut failed).await?;
        self.stage.note(Event::Ticked(Tick::Promoted))?;
        Ok(failed)
    }

    /// The application's first acknowledged write.
    async fn written(
        &self,
        application: &Login,
        note: &str,
        mut failed: Instant,
    ) -> Result<(), Trouble> {
        let write_of = "take a write of the application's";
        self.stage.notebook.works(&self.stage.scope, write_of);
        let (mut attempts, mut refused) = (0, None);
        loop {
            let began = Instant::now();
            match write(self.server, application, note).await {
                Ok(()) => break,
                Err(trouble) => {
                    failed = began;
                    attempts += 1;
                    let since = if for_good(&trouble) { refused.or(Some(began)) } else { None };
                    refused = since;
                    if since.is_some_and(|since| since.elapsed() >= REFUSED_LIMIT) {
                        return Err(turned_away(&trouble));
                    }
                    self.look(attempts, &trouble).await?;
                }
            }
            tokio::time::sleep(CONNECT_EVERY).await;
        }
        let ended = Instant::now();
        self.stage.note(Event::Writable {
            last_failed_began_ns: self.stage.notebook.ns(failed),
            first_good_ended_ns: self.stage.notebook.ns(ended),
        })?;
        self.stage.note(Event::Probed { note: note.to_owned() })
    }

    /// The persistent connection, as soon as the server takes one.
    async fn connect(&self, failed: &mut Instant) -> Result<Box<dyn Session>, Trouble> {
        let mut attempts = 0;
        loop {
            let began = Instant::now();
            match self.server.connect("postgres").await {
                Ok(session) => return Ok(session),
                Err(trouble) => {
                    *failed = began;
                    attempts += 1;
                    self.look(attempts, &trouble).await?;
                }
            }
            tokio::time::sleep(CONNECT_EVERY).await;
        }
    }

    /// Asks until the server has left recovery. A connection that breaks is replaced: a server
    /// may end its sessions when it is promoted.
    async fn promotion(
        &self,
        session: &mut Box<dyn Session>,
        failed: &mut Instant,
    ) -> Result<(), Trouble> {
        let (mut attempts, mut asked) = (0, 0_u32);
        loop {
            let began = Instant::now();
            match session.query("SELECT pg_is_in_recovery()", QUERY_LIMIT).await {
                Ok(tables) if first(&tables) == Some("f") => return Ok(()),
                Ok(_) => {
                    *failed = began;
                    asked += 1;
                    if asked.is_multiple_of(PAUSE_ONE_IN) {
                        unpaused(session).await?;
                    }
                    if Instant::now() >= self.deadline {
                        return Err(self.out_of_time("it is still in recovery"));
                    }
                }
                Err(trouble) => {
                    *failed = began;
                    attempts += 1;
                    self.look(attempts, &trouble).await?;
                    *session = self.connect(failed).await?;
                }
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    }

    /// After a failed attempt: whether there is any use in another.
    async fn look(&self, attempts: u32, trouble: &SqlTrouble) -> Result<(), Trouble> {
        if Instant::now() >= self.deadline {
            return Err(self.out_of_time(&trouble.to_string()));
        }
        if !attempts.is_multiple_of(LOOK_ONE_IN) {
            return Ok(());
        }
        // Looking for a process is ours: the ground is to blame if that does not end.
        let work = self.stage.notebook.work();
        self.stage.notebook.rests();
        let alive = self.server.alive().await?;
        if let Some(work) = work {
            self.stage.notebook.goes_on(work);
        }
        if !alive {
            let said = format!("the recovered server ended by itself: {trouble}");
            return Err(Trouble::subject(SubjectCause::Server, said));
        }
        Ok(())
    }

    fn out_of_time(&self, said: &str) -> Trouble {
        let said = format!("the recovered server took no write within {:?}: {said}", self.limit);
        Trouble::subject(SubjectCause::TimeLimit, said)
    }
}
