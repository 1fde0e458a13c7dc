//! A drill told by hand: a brief, a journal and a ledger that pass, to be changed in one place.

mod answers;
mod ground;

pub use answers::{pkey, startup};

use std::collections::BTreeMap;

use pgrehearse_verdict::brief::Brief;
use pgrehearse_verdict::case::Record;
use pgrehearse_verdict::finding::{Finding, Status};
use pgrehearse_verdict::journal::{Event, Line, Scope};
use pgrehearse_verdict::ledger::Row;
use pgrehearse_verdict::question::{Answer, Moment, Question, Table};
use pgrehearse_verdict::record::RecordError;
use pgrehearse_verdict::verdict::{Judgement, judge};
use sha2::{Digest, Sha256};

/// A drill that can be told again with something changed.
#[derive(Clone)]
pub struct Story {
    pub brief: Brief,
    pub lines: Vec<(Scope, Event)>,
    pub ledger: Vec<Row>,
    pub answers: BTreeMap<String, Vec<u8>>,
}

/// When the baseline was taken, in seconds.
const BASELINE_S: u64 = 9;

/// The scope of the only recovery.
pub const RECOVERY: Scope = Scope::Recovery(1);

/// The scope of the only control.
pub fn control() -> Scope {
    Scope::Control("wal_segment_missing".to_owned())
}

impl Story {
    /// A table is dropped, and recovered from to just before; a control is caught. It passes.
    pub fn before_disaster() -> Story {
        ground::before_disaster()
    }

    /// The server is lost, and recovered to all there is. It passes.
    pub fn latest() -> Story {
        ground::latest()
    }

    /// The journal as text, one line a second; whatever was asked at the baseline took no time.
    pub fn journal(&self) -> String {
        let mut text = String::new();
        let mut at_s = BASELINE_S;
        for (n, (scope, event)) in (1..).zip(&self.lines) {
            let (scope, mut event) = (scope.clone(), event.clone());
            if let Event::Began(began) = &mut event {
                began.brief_sha256 = Some(digest(self.brief().as_bytes()));
            }
            // What is asked of the intact server takes no time: another question moves nothing.
            let intact = |it: &Moment| matches!(it, Moment::Baseline | Moment::BackedUp);
            if !matches!(&event, Event::Answered { moment, .. } if intact(moment)) {
                at_s += 1;
            }
            let line = Line { n, at_ns: at_s * 1_000_000_000, scope, event };
            text.push_str(&serde_json::to_string(&line).expect("a line is JSON"));
            text.push('\n');
        }
        text
    }

    /// The brief as text.
    pub fn brief(&self) -> String {
        serde_json::to_string(&self.brief).expect("a brief is JSON")
    }

    /// The ledger as text.
    pub fn ledger(&self) -> String {
        let row = |row| serde_json::to_string(row).expect("a row is JSON") + "\n";
        self.ledger.iter().map(row).collect()
    }

    /// The last seal put right after the ledger was changed.
    pub fn seal(&mut self) {
        let ledger = self.ledger();
        let seal = Event::Sealed { bytes: ledger.len() as u64, sha256: digest(ledger.as_bytes()) };
        for (_, event) in &mut self.lines {
            if matches!(event, Event::Sealed { .. }) {
                *event = seal.clone();
            }
        }
    }

    /// The record, read from text as any other.
    pub fn record(&self) -> Record {
        self.read(&self.journal()).expect("the story can be read")
    }

    /// The record with another text for its journal.
    pub fn read(&self, journal: &str) -> Result<Record, RecordError> {
        let ledger = self.ledger();
        Record::read(&self.brief(), journal, Some(ledger.as_bytes()), &|sha256| {
            self.answers.get(sha256).cloned()
        })
    }

    pub fn judge(&self) -> Judgement {
        judge(&self.record())
    }

    /// What the check or pseudo-check of this name found.
    pub fn findings(&self, check: &str) -> Vec<Finding> {
        let found = self.judge().findings;
        found.into_iter().filter(|finding| finding.check == check).collect()
    }

    /// The worst status of a check, and the codes of that status.
    #[track_caller]
    pub fn expect(&self, check: &str, status: Status, codes: &[&str]) {
        let found = self.findings(check);
        let worst = found.iter().map(|finding| finding.status).max();
        assert_eq!(worst, Some(status), "{found:#?}");
        let of_worst = found.iter().filter(|finding| finding.status == status);
        let mut said: Vec<&str> = of_worst.map(|finding| finding.code.as_str()).collect();
        said.dedup();
        if status != Status::Held {
            assert_eq!(said, codes, "{found:#?}");
        }
    }

    /// The rows of an answer of the recovery, or of the source where the moment is one of its, to
    /// be changed. A stored answer is stored anew.
    pub fn edit(&mut self, moment: Moment, question: &Question, edit: impl FnOnce(&mut Table)) {
        let at = self.at(&moment, question);
        let Event::Answered { answer, .. } = &mut self.lines[at].1 else { unreachable!() };
        let mut table = match &*answer {
            Answer::Rows(table) => table.clone(),
            Answer::Stored { sha256, .. } => {
                serde_json::from_slice(&self.answers[sha256]).expect("a table is stored")
            }
            Answer::Refused(said) => panic!("refused: {said}"),
        };
        edit(&mut table);
        *answer = match answer {
            Answer::Stored { .. } => stored(&mut self.answers, &table),
            _ => Answer::Rows(table),
        };
    }

    /// The value beside `name` in an answer of pairs, changed; `None` takes the pair out.
    pub fn set(&mut self, moment: Moment, name: &str, value: Option<&str>) {
        self.edit(moment, &Question::Server, |table| {
            table.rows.retain(|row| row[0].as_deref() != Some(name));
            if let Some(value) = value {
                table.rows.push(vec![Some(name.to_owned()), Some(value.to_owned())]);
            }
        });
    }

    /// The log of the recovered server with its lines changed.
    pub fn log(&mut self, edit: impl FnOnce(&mut Vec<String>)) {
        self.edit(Moment::Recovered, &Question::ServerLog, |table| {
            let mut lines: Vec<String> = table.rows.drain(..).flatten().flatten().collect();
            edit(&mut lines);
            table.rows = lines.into_iter().map(|line| vec![Some(line)]).collect();
        });
    }

    /// The question was refused with these words.
    pub fn refuse(&mut self, moment: Moment, question: &Question, words: &str) {
        let at = self.at(&moment, question);
        let Event::Answered { answer, .. } = &mut self.lines[at].1 else { unreachable!() };
        *answer = Answer::Refused(words.to_owned());
    }

    /// The question was never asked.
    pub fn forget(&mut self, moment: Moment, question: &Question) {
        let at = self.at(&moment, question);
        self.lines.remove(at);
    }

    fn at(&self, moment: &Moment, question: &Question) -> usize {
        let scope = match moment {
            Moment::Baseline | Moment::Mark(_) | Moment::BackedUp => Scope::Source,
            Moment::Aside
            | Moment::Standing
            | Moment::Recovered
            | Moment::Restarted
            | Moment::Stopped => RECOVERY,
        };
        let asked = |(of, event): &(Scope, Event)| {
            *of == scope
                && matches!(event, Event::Answered { moment: at, question: asked, .. }
                    if at == moment && asked == question)
        };
        self.lines.iter().position(asked).expect("the question was asked")
    }

    /// Every event of a scope for which `change` gives another; `None` takes it out.
    pub fn change(&mut self, scope: &Scope, change: impl Fn(Event) -> Option<Event>) {
        let lines = std::mem::take(&mut self.lines).into_iter();
        let changed = |(of, event): (Scope, Event)| {
            let event = if of == *scope { change(event) } else { Some(event) };
            Some((of, event?))
        };
        self.lines = lines.filter_map(changed).collect();
    }

    /// An event put just before the first that fits.
    pub fn put_before(&mut self, scope: Scope, event: Event, before: impl Fn(&Event) -> bool) {
        let at = self.lines.iter().position(|(_, event)| before(event)).expect("an event fits");
        self.lines.insert(at, (scope, event));
    }
}

/// A table of these columns and values; `~` is null.
pub fn table(columns: &[&str], rows: &[&[&str]]) -> Table {
    let value = |text: &&str| (*text != "~").then(|| (*text).to_owned());
    let row = |row: &&[&str]| row.iter().map(value).collect();
    let mut table = Table::new(columns);
    table.rows = rows.iter().map(row).collect();
    table
}

/// The answer that names a stored table.
pub fn stored(answers: &mut BTreeMap<String, Vec<u8>>, table: &Table) -> Answer {
    let bytes = serde_json::to_vec(table).expect("a table is JSON");
    let answer = Answer::Stored { sha256: digest(&bytes), bytes: bytes.len() as u64 };
    answers.insert(digest(&bytes), bytes);
    answer
}

pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
