//! The asking: all questions of a moment in one snapshot, then what leaves traces, and a line in
//! the journal for each, whatever came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use pgrehearse_verdict::journal::{Event, Scope};
use pgrehearse_verdict::question::{Answer, Moment, Question, Table, columns};

use crate::drill::ask::access::{Access, logins, smoke};
use crate::drill::ask::keys::Keys;
use crate::drill::ask::visit::{Visit, connect};
use crate::drill::ask::{
    activity, artifacts, catalogue, constraints, doors, indexes, large_objects, ledger, pages,
    paperwork, secrecy, sequences, statistics, text,
};
use crate::drill::bracket::full_by;
use crate::drill::digest::{Contents, PINNED, fingerprint};
use crate::drill::{QUERY_LIMIT, Server};
use crate::rig::{SqlTrouble, Stage, Trouble};
use crate::secret::Secret;

/// How long a query of the scenario may take.
const SCENARIO_QUERY_LIMIT: Duration = Duration::from_secs(600);

/// What the asking needs beside the server.
#[derive(Debug, Clone)]
pub struct Asker {
    /// The key of the run.
    pub keys: Keys,
    /// How the application gets in.
    pub accesses: Vec<Access>,
    /// The folder of the repository below which finished backups lie; empty for all of it.
    pub artifacts: String,
    /// The passwords that are known, by role.
    pub passwords: BTreeMap<String, Secret>,
    /// Whether the inventory tells the catalogues row for row, too: a copy of the files has them
    /// again, and nothing else has.
    pub numbers: bool,
}

/// Asks `server` all of `questions` and writes an answer to the journal for each: a question
/// that fails, or that a lost server no longer hears, is answered with a refusal.
///
/// Everything that only reads is read in one snapshot per database, all of them taken before the
/// first answer; the caller sees to it that commits stand still meanwhile. Logins and smoke
/// queries come after that, then, on a recovered server, the trial of its sequences, and last
/// whatever its indexes say: that needs an extension and steers the planner.
///
/// # Errors
/// Only where the journal cannot be written.
pub async fn ask(
    stage: &Stage,
    server: &Server,
    asker: &Asker,
    moment: &Moment,
    questions: &[Question],
) -> Result<(), Trouble> {
    let mut asking = Asking { stage, server, asker, moment };
    // What lies on the node is looked at whatever the server does.
    let of_the_node =
        |it: &Question| matches!(it, Question::ServerLog | Question::Artifacts | Question::Secrecy);
    let mut visit = if questions.iter().all(of_the_node) {
        Err("the server was not asked".to_owned())
    } else {
        Visit::open(server).await.map_err(|trouble| trouble.to_string())
    };
    if let Err(said) = &visit
        && let Some(full) = full_by(said, "the opening of sessions")
    {
        stage.scoped(Scope::Source).note(Event::Fault(full))?;
    }
    let mut stands = None;
    let mut once: Vec<&Question> = vec![];
    for question in questions {
        if once.contains(&question) {
            continue;
        }
        once.push(question);
        match question {
            // The drill asks the archive itself: see `chain`.
            Question::Wal => {}
            Question::Logins | Question::Smoke | Question::Access | Question::Indexes => {}
            Question::Sequences => {
                stands = Some(match &mut visit {
                    Ok(visit) => sequences::sequences(visit).await.map_err(|t| t.to_string()),
                    Err(said) => Err(said.clone()),
                });
            }
            _ => {
                let found = asking.read(visit.as_mut(), question).await;
                asking.note(question, found)?;
            }
        }
    }
    // The snapshots are let go: nothing that follows is to wait for them.
    let databases = visit.map(|visit| visit.names());
    for question in &once {
        match question {
            Question::Logins => {
                let table = logins(server, &asker.accesses).await;
                asking.note(question, Ok(table))?;
            }
            Question::Smoke => {
                let table = smoke(server, &asker.accesses).await;
                asking.note(question, Ok(table))?;
            }
            Question::Access => {
                asking.note(question, doors::doors(server, &asker.passwords).await)?;
            }
            _ => {}
        }
    }
    if let Some(found) = stands {
        asking.try_sequences(found).await?;
    }
    if once.contains(&&Question::Indexes) {
        asking.indexes(databases).await?;
    }
    Ok(())
}

/// Asks all of `questions` of the files of `server`, which was stopped in order.
///
/// # Errors
/// Only where the journal cannot be written.
pub async fn ask_files(
    stage: &Stage,
    server: &Server,
    asker: &Asker,
    questions: &[Question],
) -> Result<(), Trouble> {
    let asking = Asking { stage, server, asker, moment: &Moment::Stopped };
    for question in questions {
        let found = match question {
            Question::Checksums => pages::checksums(server).await,
            _ => Err(format!("`{question}` is not asked of a stopped server")),
        };
        asking.note(question, found)?;
    }
    Ok(())
}

struct Asking<'a> {
    stage: &'a Stage,
    server: &'a Server,
    asker: &'a Asker,
    moment: &'a Moment,
}

impl Asking<'_> {
    /// The answer to a question that leaves no trace.
    async fn read(
        &self,
        visit: Result<&mut Visit, &mut String>,
        question: &Question,
    ) -> Result<Table, String> {
        // The log can be read although the server does not answer, and then more than ever.
        if *question == Question::ServerLog {
            return paperwork::log(self.server, &self.stage.redactor).await;
        }
        // The files of the backups are there whatever the server does.
        if *question == Question::Artifacts {
            return artifacts::artifacts(self.server, &self.asker.artifacts).await;
        }
        if *question == Question::Secrecy {
            return secrecy::secrecy(self.server).await;
        }
        let visit = match visit {
            Ok(visit) => visit,
            Err(said) if *question == Question::Server => {
                return paperwork::stranger(self.server).await.ok_or_else(|| said.clone());
            }
            Err(said) => return Err(said.clone()),
        };
        if *question == Question::Server {
            return paperwork::server(visit, self.server).await;
        }
        if *question == Question::History {
            return paperwork::history(visit, self.server).await;
        }
        let found = match question {
            Question::Fingerprint => fingerprints(self.server, visit).await,
            Question::Inventory => catalogue::inventory(visit, self.asker).await,
            Question::Globals => catalogue::globals(visit, &self.asker.keys).await,
            Question::Configuration => {
                catalogue::configuration(self.server, &self.asker.keys).await
            }
            Question::Constraints => constraints::constraints(visit).await,
            Question::LargeObjects => large_objects::large_objects(visit).await,
            Question::Text => text::text(visit).await,
            Question::Activity => activity::activity(self.server).await,
            Question::Pages => pages::pages(visit).await,
            Question::Statistics => statistics::statistics(visit).await,
            Question::LedgerTransactions => {
                ledger::rows(visit, "ledger", "tx", columns::LEDGER_TX).await
            }
            Question::LedgerEntries => {
                ledger::rows(visit, "ledger", "entry", columns::LEDGER_ENTRY).await
            }
            Question::LedgerAccounts => {
                ledger::rows(visit, "ledger", "account", columns::LEDGER_ACCOUNT).await
            }
            Question::Probe => ledger::rows(visit, "pgrehearse", "probe", columns::PROBE).await,
            Question::Sql { database, query } => self.scenario_query(database, query).await,
            Question::Server
            | Question::ServerLog
            | Question::History
            | Question::Artifacts
            | Question::Secrecy
            | Question::Wal
            | Question::Sequences
            | Question::Logins
            | Question::Smoke
            | Question::Access
            | Question::Checksums
            | Question::Indexes => {
                let said = format!("`{question}` is not asked here");
                Err(SqlTrouble { code: None, said, lost: false })
            }
        };
        found.map_err(|trouble| trouble.to_string())
    }

    /// A query of the scenario's gets a connection of its own, which it may use up, and a
    /// transaction that cannot write. Names resolve as they do for whoever wrote the query.
    async fn scenario_query(&self, database: &str, query: &str) -> Result<Table, SqlTrouble> {
        let settings: Vec<(&str, &str)> = PINNED
            .iter()
            .filter(|(name, _)| *name != "search_path")
            .copied()
            .chain([("default_transaction_read_only", "on")])
            .collect();
        let mut session = connect(self.server, database, &settings).await?;
        session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", QUERY_LIMIT).await?;
        let tables = session.query(query, SCENARIO_QUERY_LIMIT).await?;
        let last = tables.into_iter().rfind(|table| !table.columns.is_empty());
        last.ok_or_else(|| SqlTrouble {
            code: None,
            said: "the query answered no rows and no columns".to_owned(),
            lost: false,
        })
    }

    /// Fills in whether each sequence can be used, where that may be tried: a recovered server
    /// is nobody's source.
    async fn try_sequences(&mut self, found: Result<Table, String>) -> Result<(), Trouble> {
        let tried = match (found, self.moment) {
            (Ok(mut table), Moment::Recovered | Moment::Restarted) => {
                let tried = sequences::try_each(self.server, &mut table).await;
                tried.map(|()| table).map_err(|trouble| trouble.to_string())
            }
            (found, _) => found,
        };
        self.note(&Question::Sequences, tried)
    }

    /// Looks at the indexes, where that may be done: no catalogue of a source is touched.
    async fn indexes(&self, databases: Result<Vec<String>, String>) -> Result<(), Trouble> {
        let found = match (databases, self.moment) {
            (Ok(databases), Moment::Recovered) => {
                let looked = indexes::indexes(self.server, &databases).await;
                looked.map_err(|trouble| trouble.to_string())
            }
            (Ok(_), moment) => Err(format!("indexes are not looked at, at {moment}")),
            (Err(said), _) => Err(said),
        };
        self.note(&Question::Indexes, found)
    }

    fn note(&self, question: &Question, found: Result<Table, String>) -> Result<(), Trouble> {
        let redactor = &self.stage.redactor;
        let answer = match found {
            Ok(mut table) => {
                if may_hold_a_secret(question) {
                    for value in table.rows.iter_mut().flatten().flatten() {
                        *value = redactor.clean(value);
                    }
                }
                self.stage.notebook.answer(table)?
            }
            Err(said) => Answer::Refused(redactor.clean(&said)),
        };
        let (moment, question) = (self.moment.clone(), question.clone());
        self.stage.note(Event::Answered { moment, question, answer })
    }
}

/// Digests and the rows of our own tables hold none. Everything else quotes texts of others.
fn may_hold_a_secret(question: &Question) -> bool {
    !matches!(
        question,
        Question::Fingerprint
            | Question::Sequences
            | Question::LedgerTransactions
            | Question::LedgerEntries
            | Question::LedgerAccounts
            | Question::ServerLog
    )
}

async fn fingerprints(server: &Server, visit: &mut Visit) -> Result<Table, SqlTrouble> {
    let mut all = Table::new(columns::FINGERPRINT);
    for visited in &mut visit.databases {
        let name = visited.name.clone();
        let listed = Contents::list(visited.before().await?).await;
        let contents = visited.after(listed).await?;
        let mut helpers = visited.helpers(server, contents.readers() - 1).await?;
        let mut sessions = vec![visited.before().await?];
        for helper in &mut helpers {
            sessions.push(&mut **helper);
        }
        let found = fingerprint(&mut sessions, &contents, &name).await;
        all.rows.extend(visited.after(found).await?.rows);
    }
    Ok(all)
}
