//! The shop fixture on local ground, and the answers its server gives.

#[expect(dead_code, reason = "these tests need only a part of it")]
#[path = "../local/mod.rs"]
mod local;

pub mod judging;

use std::path::{Path, PathBuf};

pub use local::LIMIT;
use local::{Ground, PASSWORD};
use pgrehearse::drill::{Access, Asker, Keys, SUPERUSER, Server, ask, quote_ident, quote_literal};
use pgrehearse::plan::{Fixture, Load, Script};
use pgrehearse::rig::{Command, Place, Rig, Session};
use pgrehearse::secret::Secret;
use pgrehearse_verdict::journal::{Event, Line};
use pgrehearse_verdict::question::{Answer, Moment, Question, Table};

/// What the passwords of the roles begin with: to be searched for where it must not be.
pub const PASSWORD_CANARY: &str = "canary-of-a-password";
/// How long the fixture may take to load, and a dump to be restored.
const LOAD_LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// A server with the shop on it.
pub struct Shop {
    ground: Ground,
    pub server: Server,
    pub asker: Asker,
}

impl Shop {
    /// Makes a server and loads the fixture as the harness does.
    pub async fn open() -> Shop {
        Shop::seeded("1").await
    }

    /// The same with another seed.
    pub async fn seeded(seed: &str) -> Shop {
        let shop = Shop::empty().await;
        for role in roles() {
            let password = quote_literal(&password(&role));
            let sql = format!("CREATE ROLE {} LOGIN PASSWORD {password}", quote_ident(&role));
            shop.sql("postgres", &sql).await;
        }
        let tablespaces = format!("{}/shop", shop.server.node.place(Place::Tablespaces));
        shop.run(&["mkdir", "-p", "--", &tablespaces], vec![]).await;
        shop.file("postgres", "cluster.sql", seed).await;
        shop.sql("postgres", "CREATE DATABASE shop").await;
        for file in ["schema.sql", "tables.sql", "data.sql", "guards.sql", "oddities.sql"] {
            shop.file("shop", file, seed).await;
        }
        shop
    }

    /// A server with a fixture that lies in no file.
    pub async fn drawn(fixture: &Fixture) -> Shop {
        let mut shop = Shop::empty().await;
        for role in &fixture.roles {
            let password = quote_literal(&password(&role.name));
            let sql = format!("CREATE ROLE {} LOGIN PASSWORD {password}", quote_ident(&role.name));
            shop.sql("postgres", &sql).await;
        }
        let folder = format!("{}/{}", shop.server.node.place(Place::Tablespaces), fixture.name);
        shop.run(&["mkdir", "-p", "--", &folder], vec![]).await;
        for script in &fixture.cluster {
            shop.script("postgres", script).await;
        }
        for database in &fixture.databases {
            let name = quote_ident(&database.name);
            shop.sql("postgres", &format!("CREATE DATABASE {name} {}", database.options)).await;
            for load in &database.load {
                let Load::Sql(script) = load else { panic!("not SQL: {load:?}") };
                shop.script(&database.name, script).await;
            }
        }
        let text = |script: &Script| String::from_utf8(script.bytes().unwrap()).unwrap();
        let accesses = fixture.application.iter().map(|one| Access {
            database: one.database.clone(),
            role: one.role.clone(),
            password: Secret::new(password(&one.role)),
            smoke: one.smoke.iter().map(|script| (script.name(), text(script))).collect(),
        });
        shop.asker.accesses = accesses.collect();
        shop
    }

    async fn script(&self, database: &str, script: &Script) {
        let tablespaces = format!("tablespaces={}", self.server.node.place(Place::Tablespaces));
        let database = format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"));
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-v"];
        let mut arguments = arguments.to_vec();
        arguments.extend([&*tablespaces, "-d", &*database, "-f", "-"]);
        eprintln!("{}", script.name());
        self.client("psql", &arguments, script.bytes().unwrap()).await;
    }

    /// A server without a fixture.
    pub async fn empty() -> Shop {
        let ground = Ground::new();
        let server = ground.running("source").await;
        let access = |role: &str, smoke: &str| Access {
            database: "shop".to_owned(),
            role: role.to_owned(),
            password: Secret::new(password(role)),
            smoke: smoke_files(smoke),
        };
        let accesses = vec![
            access("shop_app", "app"),
            access("shop_report", "report"),
            access("Ünïcode rôle", "unicode"),
        ];
        let known = roles().into_iter().map(|role| (role.clone(), Secret::new(password(&role))));
        let own = (SUPERUSER.to_owned(), server.password.clone());
        let passwords = known.chain([own]).collect();
        let artifacts = String::new();
        let keys = Keys::draw().unwrap();
        let asker = Asker { keys, accesses, artifacts, passwords, numbers: true };
        Shop { ground, server, asker }
    }

    /// Gives the ground back.
    pub async fn close(self) {
        assert_eq!(self.ground.rig.release().await, Vec::<String>::new());
    }

    /// Runs SQL as the superuser; it must work.
    pub async fn sql(&self, database: &str, sql: &str) -> Vec<Table> {
        let mut session = self.session(database).await;
        let tables = session.query(sql, LOAD_LIMIT).await;
        tables.unwrap_or_else(|trouble| panic!("{sql}: {trouble}"))
    }

    pub async fn session(&self, database: &str) -> Box<dyn Session> {
        self.server.connect(database).await.unwrap()
    }

    /// The text of the first value of a query.
    pub async fn value(&self, database: &str, sql: &str) -> String {
        let tables = self.sql(database, sql).await;
        tables[0].rows[0][0].clone().unwrap()
    }

    /// Runs a program on the node; it must work.
    pub async fn run(&self, argv: &[&str], stdin: Vec<u8>) -> Vec<u8> {
        let argv = argv.iter().copied();
        let command = Command::new("test", LOAD_LIMIT, argv).reading(stdin);
        let command = command.env("PGPASSWORD", PASSWORD);
        self.server.node.run(&command).await.unwrap().expect_ok("test").unwrap().stdout
    }

    /// Runs a client program of PostgreSQL's as the superuser.
    pub async fn client(&self, tool: &str, arguments: &[&str], stdin: Vec<u8>) -> Vec<u8> {
        let (tool, socket) = (self.server.node.tool(tool), self.server.node.place(Place::Socket));
        let mut argv = vec![&*tool, "-h", &socket, "-p", "5432", "-U", SUPERUSER];
        argv.extend_from_slice(arguments);
        self.run(&argv, stdin).await
    }

    async fn file(&self, database: &str, name: &str, seed: &str) {
        let seed = format!("seed={seed}");
        let text = std::fs::read(fixture().join(name)).unwrap();
        let tablespaces = format!("tablespaces={}", self.server.node.place(Place::Tablespaces));
        let arguments = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "scale=1", "-v", &*seed, "-v"];
        let mut arguments = arguments.to_vec();
        arguments.extend([&*tablespaces, "-d", database, "-f", "-"]);
        self.client("psql", &arguments, text).await;
    }

    /// Asks, and reads the answers back from the journal.
    pub async fn ask(&self, moment: Moment, questions: &[Question]) -> Vec<Answer> {
        let stage = &self.ground.stage;
        ask(stage, &self.server, &self.asker, &moment, questions).await.unwrap();
        let lines = self.journal();
        let answer = |question: &Question| {
            lines.iter().rev().find_map(|line| match &line.event {
                Event::Answered { question: asked, answer, .. } if asked == question => {
                    Some(answer.clone())
                }
                _ => None,
            })
        };
        questions.iter().map(|question| answer(question).unwrap()).collect()
    }

    /// Asks one question that must be answered.
    pub async fn table(&self, moment: Moment, question: Question) -> Table {
        let answers = self.ask(moment, std::slice::from_ref(&question)).await;
        self.rows(&answers[0])
    }

    /// The rows of an answer, wherever they lie.
    pub fn rows(&self, answer: &Answer) -> Table {
        match answer {
            Answer::Rows(table) => table.clone(),
            Answer::Stored { sha256, .. } => {
                let path = self.ground.state.path().join("answers").join(sha256);
                serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
            }
            Answer::Refused(said) => panic!("refused: {said}"),
        }
    }

    pub fn journal(&self) -> Vec<Line> {
        let path = self.ground.state.path().join("journal.jsonl");
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Everything that the journal and the answers beside it hold, as one text.
    pub fn all_that_was_written(&self) -> String {
        let folder = self.ground.state.path();
        let mut all = std::fs::read_to_string(folder.join("journal.jsonl")).unwrap();
        for entry in std::fs::read_dir(folder.join("answers")).unwrap() {
            all.push_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap());
        }
        all
    }

    /// Starts the stopped server again.
    pub async fn start(&self) {
        self.server.start(self.stage(), &[]).await.unwrap();
        self.server.await_ready(LIMIT).await.unwrap();
    }

    pub fn major(&self) -> u32 {
        self.server.postgres.version
    }

    pub fn stage(&self) -> &pgrehearse::rig::Stage {
        &self.ground.stage
    }
}

pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/shop")
}

fn roles() -> Vec<String> {
    let yaml = std::fs::read_to_string(fixture().join("fixture.yaml")).unwrap();
    let names = yaml.lines().filter_map(|line| line.trim().strip_prefix("- { name: "));
    let named = names.filter(|rest| rest.contains("password:"));
    named.map(|rest| rest.split(',').next().unwrap().trim_matches('"').to_owned()).collect()
}

fn password(role: &str) -> String {
    format!("{PASSWORD_CANARY}-{role}")
}

fn smoke_files(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(fixture().join("smoke").join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let named = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        (format!("smoke/{folder}/{name}"), std::fs::read_to_string(path).unwrap())
    };
    paths.iter().map(named).collect()
}
