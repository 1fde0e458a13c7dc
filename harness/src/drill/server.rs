//! A PostgreSQL server on a node: made, started, asked who it is, stopped, killed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pgrehearse_verdict::journal::SubjectCause;
use tokio::time::Instant;

use crate::plan::Postgres;
use crate::rig::{
    Command, HOUSEKEEPING_LIMIT, Login, Node, Place, Session, SqlTrouble, Stage, Trouble,
};
use crate::secret::Secret;

/// How long `initdb` may take.
const INITDB_LIMIT: Duration = Duration::from_secs(300);
/// How long a server may take to shut down, its last segments archived.
const STOP_LIMIT: Duration = Duration::from_secs(300);
/// How long one question of ours to a healthy server may take.
pub const QUERY_LIMIT: Duration = Duration::from_secs(60);
/// The time between two looks at whether a server is there.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// One in this many looks also asks whether the server's process is there.
const LOOK_ONE_IN: u32 = 20;

/// The superuser of every server we make.
pub const SUPERUSER: &str = "postgres";

/// A server we made: on a node of this run, bearing a nonce of this run.
pub struct Server {
    /// Where it runs.
    pub node: Arc<dyn Node>,
    /// What it is.
    pub postgres: Postgres,
    /// The superuser's password.
    pub password: Secret,
    /// The text that proves on any connection that this is the server we started.
    pub nonce: String,
    pid: Mutex<Option<u32>>,
}

impl Server {
    /// A server that is not there yet.
    pub fn new(node: Arc<dyn Node>, postgres: Postgres, password: Secret, nonce: String) -> Server {
        Server { node, postgres, password, nonce, pid: Mutex::new(None) }
    }

    /// The path of the server's log on its node.
    pub fn log(&self) -> String {
        format!("{}/postgres.log", self.node.place(Place::Log))
    }

    /// Makes an empty cluster. `settings` go to the end of postgresql.conf.
    pub async fn initdb(
        &self,
        stage: &Stage,
        settings: &[(String, String)],
    ) -> Result<(), Trouble> {
        let node = &*self.node;
        let data = node.place(Place::Data);
        let password_file = format!("{}/superuser", node.place(Place::Scratch));
        node.write(&password_file, self.password.reveal().as_bytes(), 0o600).await?;
        let mut argv = vec![
            node.tool("initdb"),
            format!("--pgdata={data}"),
            format!("--username={SUPERUSER}"),
            format!("--pwfile={password_file}"),
            "--auth=scram-sha-256".to_owned(),
            "--encoding=UTF8".to_owned(),
            format!("--locale={}", self.postgres.locale),
            "--no-sync".to_owned(),
            "--no-instructions".to_owned(),
        ];
        if self.postgres.checksums {
            argv.push("--data-checksums".to_owned());
        }
        stage.must(node, Command::new("make an empty cluster", INITDB_LIMIT, argv)).await?;
        let remove = ["rm", "-f", "--", &password_file];
        stage.must(node, Command::housekeeping("forget the password file", remove)).await?;
        let mut conf = String::from("\n# pgrehearse\n");
        for (name, value) in settings {
            conf.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        let mut include = b"\ninclude 'pgrehearse.conf'\n".to_vec();
        node.write(&format!("{data}/pgrehearse.conf"), conf.as_bytes(), 0o600).await?;
        let shown = Command::housekeeping(
            "read postgresql.conf",
            ["cat", "--", &format!("{data}/postgresql.conf")],
        );
        let mut whole = node.run(&shown).await?.expect_ok("read postgresql.conf")?.stdout;
        whole.append(&mut include);
        node.write(&format!("{data}/postgresql.conf"), &whole, 0o600).await?;
        let hba = "local all all scram-sha-256\nhost all all all scram-sha-256\n";
        node.write(&format!("{data}/pg_hba.conf"), hba.as_bytes(), 0o600).await
    }

    /// Starts the server process; does not wait for it to accept connections. The settings given
    /// here stand on its command line: they win over every file, and are the ones that keep a
    /// restored server from reaching out.
    pub async fn start(&self, stage: &Stage, overrides: &[(&str, &str)]) -> Result<(), Trouble> {
        let node = &*self.node;
        let mut argv = vec![node.tool("postgres"), "-D".to_owned(), node.place(Place::Data)];
        let fixed = [
            ("pgrehearse.nonce", self.nonce.clone()),
            ("unix_socket_directories", node.place(Place::Socket)),
            ("listen_addresses", if stage.rig.kind() == "docker" { "*" } else { "" }.to_owned()),
            ("port", "5432".to_owned()),
            ("logging_collector", "off".to_owned()),
            ("log_destination", "stderr".to_owned()),
            ("log_line_prefix", "%m [%p] %b %e ".to_owned()),
            ("lc_messages", "C".to_owned()),
            ("log_timezone", "UTC".to_owned()),
        ];
        // Dynamic shared memory outside of the data directory would outlive a killed server.
        let local = (stage.rig.kind() == "local")
            .then(|| ("dynamic_shared_memory_type", "mmap".to_owned()));
        let asked = overrides.iter().map(|(name, value)| (*name, (*value).to_owned()));
        for (name, value) in fixed.into_iter().chain(local).chain(asked) {
            argv.push("-c".to_owned());
            argv.push(format!("{name}={value}"));
        }
        let command = Command::housekeeping("start the server", argv);
        let pid = node.start(&command, &self.log()).await?;
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = Some(pid);
        Ok(())
    }

    /// Waits until the server answers a query as the superuser, with the nonce we gave it.
    pub async fn await_ready(&self, limit: Duration) -> Result<(), Trouble> {
        let deadline = Instant::now() + limit;
        for attempt in 1_u32.. {
            let said = match self.whoami().await {
                Ok(nonce) if nonce == self.nonce => return Ok(()),
                Ok(_) => "another server answered in its place".to_owned(),
                Err(trouble) => trouble.to_string(),
            };
            if Instant::now() >= deadline {
                let said = format!("the server did not answer within {limit:?}: {said}");
                return Err(Trouble::subject(SubjectCause::TimeLimit, said));
            }
            if attempt.is_multiple_of(LOOK_ONE_IN) && !self.alive().await? {
                let said = format!("the server ended by itself: {said}");
                return Err(Trouble::subject(SubjectCause::Server, said));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Whether the server's first process is there. A server that was not started is not.
    pub async fn alive(&self) -> Result<bool, Trouble> {
        let pid = *self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        match pid {
            Some(pid) => self.any_left(&[pid.to_string()]).await,
            None => Ok(false),
        }
    }

    /// Whether one of these processes is left. A zombie is not: it holds nothing any more.
    async fn any_left(&self, pids: &[String]) -> Result<bool, Trouble> {
        let argv = ["ps", "-o", "stat=", "-p", &pids.join(",")];
        let look = Command::housekeeping("see whether processes are there", argv);
        let states = self.node.run(&look).await?.text();
        Ok(states.lines().any(|state| !state.trim_start().starts_with('Z')))
    }

    async fn whoami(&self) -> Result<String, SqlTrouble> {
        let mut session = self.connect("postgres").await?;
        let tables = session.query("SHOW pgrehearse.nonce", QUERY_LIMIT).await?;
        let nonce = tables.first().and_then(|table| table.rows.first()?.first()?.clone());
        Ok(nonce.unwrap_or_default())
    }

    /// A connection as the superuser.
    pub async fn connect(&self, database: &str) -> Result<Box<dyn Session>, SqlTrouble> {
        let login = Login {
            user: SUPERUSER.to_owned(),
            password: self.password.clone(),
            database: database.to_owned(),
            settings: vec![("application_name".to_owned(), "pgrehearse".to_owned())],
        };
        self.node.connect(&login).await
    }

    /// Stops the server in order (`pg_ctl stop -m fast`).
    pub async fn stop(&self, stage: &Stage) -> Result<(), Trouble> {
        let node = &*self.node;
        let limit = STOP_LIMIT.as_secs().to_string();
        let data = node.place(Place::Data);
        let argv = [&node.tool("pg_ctl"), "stop", "-D", &data, "-m", "fast", "-w", "-t", &limit];
        stage.must(node, Command::new("stop the server", STOP_LIMIT, argv)).await?;
        *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }

    /// Kills every process of the server at once, as a power cut would. The postmaster is held
    /// still first, so that it cannot start another child while its children are counted.
    pub async fn kill(&self, stage: &Stage) -> Result<(), Trouble> {
        let pid = self.pid.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(pid) = pid.map(|pid| pid.to_string()) else {
            return Ok(());
        };
        let node = &*self.node;
        let housekeeping = |purpose: &str, argv: Vec<String>| Command::housekeeping(purpose, argv);
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        stage
            .must(node, housekeeping("hold the postmaster", words(&["kill", "-STOP", &pid])))
            .await?;
        let listed = housekeeping("list its children", words(&["pgrep", "-P", &pid]));
        let children = stage.run(node, listed).await?.text();
        let mut all = vec![pid];
        all.extend(children.split_whitespace().map(str::to_owned));
        let mut argv = words(&["kill", "-KILL"]);
        argv.extend(all.iter().cloned());
        // A child may have ended by itself in between: what counts is that none is left.
        stage.run(node, housekeeping("kill the server", argv)).await?;
        self.await_gone(&all).await
    }

    /// Waits until none of these processes is left: as long as one is, it holds the shared memory
    /// that the next server must find free.
    async fn await_gone(&self, pids: &[String]) -> Result<(), Trouble> {
        let deadline = Instant::now() + HOUSEKEEPING_LIMIT;
        while self.any_left(pids).await? {
            if Instant::now() >= deadline {
                let said = "the server is still there after SIGKILL";
                return Err(Trouble::subject(SubjectCause::TimeLimit, said));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
