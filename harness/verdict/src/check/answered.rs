//! Taking an answer from a case. An answer that was never asked for, was refused, is lost, or
//! does not have the documented columns is a finding, never an empty table.

use crate::case::{Case, Known};
use crate::finding::Finding;
use crate::question::{Moment, Question, Table, columns};

/// How much of a text from a server a finding repeats, in characters.
const SHOWN_CHARS_MAX: usize = 300;

/// The classes of SQLSTATE by which a server says that it cannot read what it should hold: I/O
/// and missing files (58), internal error and corruption (XX).
const UNREADABLE_CLASSES: &[&str] = &["58", "XX"];

/// The rows that were answered, or the finding that says why there are none.
pub(crate) fn rows<'a>(
    case: &Case<'a>,
    check: &str,
    moment: &Moment,
    question: &Question,
) -> Result<&'a Table, Box<Finding>> {
    match case.answer(moment, question) {
        Known::Rows(table) => match malformed(question, table) {
            None => Ok(table),
            Some(said) => {
                let said = format!("the answer to {question} at {moment} is not one: {said}");
                let finding = Finding::unknown(check, "malformed_answer", said);
                Err(Box::new(finding.about(subject(moment, question))))
            }
        },
        known => Err(Box::new(unanswered(check, moment, question, known))),
    }
}

/// The finding for a question that has no rows.
pub(crate) fn unanswered(
    check: &str,
    moment: &Moment,
    question: &Question,
    known: Known<'_>,
) -> Finding {
    let finding = match known {
        Known::Refused(said) if recovered(moment) && unreadable(said) => {
            let said = format!("{question} cannot be read at {moment}: {}", shown(said));
            Finding::broken(check, "unreadable", said)
        }
        Known::Refused(said) => {
            let said = format!("{question} was refused at {moment}: {}", shown(said));
            Finding::unknown(check, "refused", said)
        }
        Known::Lost => {
            let said = format!("the answer to {question} at {moment} is missing or was altered");
            Finding::unknown(check, "answer_lost", said)
        }
        Known::NeverAsked | Known::Rows(_) => {
            let said = format!("{question} was never asked at {moment}");
            Finding::unknown(check, "never_asked", said)
        }
    };
    finding.about(subject(moment, question))
}

fn subject(moment: &Moment, question: &Question) -> String {
    format!("{question} at {moment}")
}

fn recovered(moment: &Moment) -> bool {
    matches!(moment, Moment::Recovered | Moment::Restarted | Moment::Stopped)
}

/// Whether a refusal, which begins with its SQLSTATE where the server gave one, says that data is
/// missing or damaged.
pub(crate) fn unreadable(said: &str) -> bool {
    let state = said.split(':').next().unwrap_or_default();
    state.len() == 5 && UNREADABLE_CLASSES.iter().any(|class| state.starts_with(class))
}

fn malformed(question: &Question, table: &Table) -> Option<String> {
    if let Some(wanted) = documented(question)
        && table.columns != wanted
    {
        return Some(format!("columns {:?}, wanted {wanted:?}", table.columns));
    }
    let wide = table.columns.len();
    let row = table.rows.iter().position(|row| row.len() != wide)?;
    Some(format!("row {} has {} values for {wide} columns", row + 1, table.rows[row].len()))
}

/// The columns an answer must have; `None` where the scenario decides.
fn documented(question: &Question) -> Option<&'static [&'static str]> {
    Some(match question {
        Question::Server => columns::SERVER,
        Question::Fingerprint => columns::FINGERPRINT,
        Question::Inventory => columns::INVENTORY,
        Question::Globals => columns::GLOBALS,
        Question::Configuration => columns::CONFIGURATION,
        Question::Sequences => columns::SEQUENCES,
        Question::Indexes => columns::INDEXES,
        Question::Constraints => columns::CONSTRAINTS,
        Question::LargeObjects => columns::LARGE_OBJECTS,
        Question::Text => columns::TEXT,
        Question::Pages => columns::PAGES,
        Question::Checksums => columns::CHECKSUMS,
        Question::Statistics => columns::STATISTICS,
        Question::Activity => columns::ACTIVITY,
        Question::Access => columns::ACCESS,
        Question::LedgerTransactions => columns::LEDGER_TX,
        Question::LedgerEntries => columns::LEDGER_ENTRY,
        Question::LedgerAccounts => columns::LEDGER_ACCOUNT,
        Question::Logins | Question::Smoke => columns::TRIALS,
        Question::Probe => columns::PROBE,
        Question::ServerLog => columns::LOG,
        Question::History => columns::HISTORY,
        Question::Artifacts => columns::ARTIFACTS,
        Question::Secrecy => columns::SECRECY,
        Question::Wal => columns::WAL,
        Question::Sql { .. } => return None,
    })
}

/// A text from a server, short enough for a finding and on one line.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}
