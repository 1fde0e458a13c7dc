//! One side of a drill, as the checks see it: the source, and one recovery or one control.

use std::collections::BTreeMap;

use crate::brief::{Brief, RecoveryBrief};
use crate::journal::{Aim, Event, Fault, Line, Promise, Scope};
use crate::ledger::{Ledger, LedgerError};
use crate::lsn::Lsn;
use crate::question::{Answer, Moment, Question, Table};

/// All that a drill left behind, read and checked against its seals.
#[derive(Debug, Clone)]
pub struct Record {
    /// What was promised.
    pub brief: Brief,
    /// The SHA-256 of the text the brief was read from, 64 hex digits.
    pub brief_sha256: String,
    /// What was observed, verdict lines left out.
    pub lines: Vec<Line>,
    /// The ledger, or why it cannot be believed.
    pub ledger: Result<Ledger, LedgerError>,
    /// The stored answers by digest; an answer whose file is missing or altered is not here.
    pub answers: BTreeMap<String, Table>,
}

/// The record seen from one recovery or one control: what belongs to the source, and what
/// belongs to that scope, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The whole record.
    pub record: &'a Record,
    /// The recovery or control that is judged.
    pub scope: &'a Scope,
}

/// What is known about a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// It was answered.
    Rows(&'a Table),
    /// It was asked, and refused.
    Refused(&'a str),
    /// The journal says it was answered, but the answer's file is missing or altered.
    Lost,
    /// It was never asked.
    NeverAsked,
}

impl<'a> Case<'a> {
    /// The brief.
    pub fn brief(&self) -> &'a Brief {
        &self.record.brief
    }

    /// The events of the source and of this scope, in order, each with its time.
    pub fn events(&self) -> impl Iterator<Item = (u64, &'a Scope, &'a Event)> + use<'a> {
        let scope = self.scope;
        let record = self.record;
        record
            .lines
            .iter()
            .filter(move |line| line.scope == Scope::Source || line.scope == *scope)
            .map(|line| (line.at_ns, &line.scope, &line.event))
    }

    /// The events of this scope alone.
    pub fn own_events(&self) -> impl Iterator<Item = (u64, &'a Event)> + use<'a> {
        let scope = self.scope;
        self.record
            .lines
            .iter()
            .filter(move |line| line.scope == *scope)
            .map(|line| (line.at_ns, &line.event))
    }

    /// The last answer to a question at a moment. Moments of the source are looked up in the
    /// source, moments of a recovered server in this scope only.
    pub fn answer(&self, moment: &Moment, question: &Question) -> Known<'a> {
        let wanted = match moment {
            Moment::Baseline | Moment::Mark(_) | Moment::BackedUp => &Scope::Source,
            Moment::Aside
            | Moment::Standing
            | Moment::Recovered
            | Moment::Restarted
            | Moment::Stopped => self.scope,
        };
        let found = self.record.lines.iter().rev().find_map(|line| match &line.event {
            Event::Answered { moment: at, question: asked, answer }
                if line.scope == *wanted && at == moment && asked == question =>
            {
                Some(answer)
            }
            _ => None,
        });
        match found {
            None => Known::NeverAsked,
            Some(Answer::Rows(table)) => Known::Rows(table),
            Some(Answer::Refused(said)) => Known::Refused(said),
            Some(Answer::Stored { sha256, .. }) => match self.record.answers.get(sha256) {
                Some(table) => Known::Rows(table),
                None => Known::Lost,
            },
        }
    }

    /// The last promise made before the strike that this scope recovers from.
    pub fn promise(&self) -> Option<&'a Promise> {
        self.until_done().iter().rev().find_map(|line| match &line.event {
            Event::Promised(promise) => Some(promise),
            _ => None,
        })
    }

    /// When the disaster that this scope recovers from was issued.
    pub fn struck_ns(&self) -> Option<u64> {
        self.until_done().iter().rev().find_map(|line| match &line.event {
            Event::Struck { .. } => Some(line.at_ns),
            _ => None,
        })
    }

    /// The journal up to the last line of this scope: a disaster after that is for the next
    /// recovery.
    fn until_done(&self) -> &'a [Line] {
        let lines = &self.record.lines;
        let last = lines.iter().rposition(|line| line.scope == *self.scope);
        &lines[..last.map_or(lines.len(), |last| last + 1)]
    }

    /// What this recovery aimed at.
    pub fn aim(&self) -> Option<&'a Aim> {
        self.own_events().find_map(|(_, event)| match event {
            Event::Aimed(aim) => Some(aim),
            _ => None,
        })
    }

    /// The table that is put back into the living database, if that is all this recovery does.
    /// A must-fail twin ends with the server recovered aside, and is judged as any recovery.
    pub fn salvage(&self) -> Option<&'a str> {
        self.recovery()?.salvage.as_deref()
    }

    /// The database that is made anew on the server that goes on serving, if that is all this
    /// recovery does. A must-fail twin fills a new cluster, and is judged as any recovery.
    pub fn new_database(&self) -> Option<&'a str> {
        self.recovery()?.new_database.as_deref()
    }

    /// Whether what answers in the end is the server that was struck, which went on all the while.
    pub fn goes_on(&self) -> bool {
        self.salvage().is_some() || self.new_database().is_some()
    }

    /// What was promised of this recovery; nothing for anything but a recovery.
    fn recovery(&self) -> Option<&'a RecoveryBrief> {
        let Scope::Recovery(number) = self.scope else { return None };
        let at = usize::try_from(number.checked_sub(1)?).ok()?;
        self.brief().recoveries.get(at)
    }

    /// When the server is asked that was restored from the backup.
    pub fn restored(&self) -> Moment {
        if self.salvage().is_some() { Moment::Aside } else { Moment::Recovered }
    }

    /// Where the living database's WAL ended that a table was put back into.
    fn salvaged(&self) -> Option<Lsn> {
        self.own_events().find_map(|(_, event)| match event {
            Event::Salvaged { until, .. } => Some(*until),
            _ => None,
        })
    }

    /// The position before which records were selected: the chosen one, or where the new
    /// timeline left the old. A living database has all there is.
    pub fn boundary(&self) -> Option<Lsn> {
        if self.salvage().is_some() {
            return self.salvaged();
        }
        match self.aim() {
            Some(aim) if aim.snapshot.is_some() => None,
            Some(aim) if aim.boundary.is_some() => aim.boundary,
            Some(_) => self.switch(),
            None => None,
        }
    }

    /// Where commit records start, as the archived WAL had it about the end of this recovery.
    pub fn commits(&self) -> BTreeMap<u32, Lsn> {
        let read = self.own_events().filter_map(|(_, event)| match event {
            Event::Commits(commits) => Some(commits),
            _ => None,
        });
        read.flatten().copied().collect()
    }

    /// Where the recovered server's timeline left its parent, from its history file.
    pub fn switch(&self) -> Option<Lsn> {
        match self.answer(&self.restored(), &Question::History) {
            Known::Rows(table) => {
                table.get(table.rows.len().checked_sub(1)?, "switch")?.parse().ok()
            }
            _ => None,
        }
    }

    /// The faults of the source and of this scope.
    pub fn faults(&self) -> impl Iterator<Item = &'a Fault> + use<'a> {
        self.events().filter_map(|(_, _, event)| match event {
            Event::Fault(fault) => Some(fault),
            _ => None,
        })
    }
}
