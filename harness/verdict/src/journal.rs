//! The journal: all observations of a drill, in order, one JSON object a line, only ever appended.
//! These are the types; [`read`] turns the text of a journal back into lines.

mod fault;
mod read;

pub use fault::{Cause, Fault, RigCause, SubjectCause};
pub use read::{JOURNAL_BYTES_MAX, JournalError, read};

use serde::{Deserialize, Serialize};

use crate::lsn::Lsn;
use crate::question::{Answer, Moment, Question};

/// The format of the journal; a reader refuses a greater one.
pub const FORMAT: u32 = 2;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// 1 for the first line; without gaps.
    pub n: u64,
    /// Nanoseconds since the drill's origin, on one monotonic clock.
    pub at_ns: u64,
    /// What part of the drill this belongs to.
    pub scope: Scope,
    /// What was seen.
    pub event: Event,
}

/// The part of a drill an observation belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The life of the protected server, up to and with the disaster, and the drill as a whole.
    Source,
    /// The recovery with this number, from 1.
    Recovery(u32),
    /// The must-fail twin with this identifier.
    Control(String),
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first line.
    Began(Began),
    /// A step of the plan begins; `number` counts from 1.
    Step {
        /// Its place in the plan.
        number: u32,
        /// The step as the plan prints it.
        text: String,
    },
    /// A command ended.
    Ran(Ran),
    /// A server answered, or refused to.
    Answered {
        /// When it was asked.
        moment: Moment,
        /// What was asked.
        question: Question,
        /// What came back.
        answer: Answer,
    },
    /// A mark was taken: all commits stood still at this position.
    Marked {
        /// The name the scenario gave it.
        name: String,
        /// What `pg_create_restore_point` returned.
        lsn: Lsn,
    },
    /// A backup was finished.
    BackedUp(Backup),
    /// What the set-up said was safe, just before the strike and, if it still served, at its end.
    Promised(Promise),
    /// The strike: the disaster is issued now. Time is counted from this line.
    Struck {
        /// The disaster as the plan prints it.
        disaster: String,
    },
    /// What the disaster itself reported. Only ever compared with, never used to recover.
    Noted {
        /// The transaction that did the harm.
        xid: Option<u64>,
        /// A position at or before the start of everything that the harm wrote.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<Lsn>,
        /// A position at or after the end of the first record that did harm.
        lsn: Option<Lsn>,
    },
    /// The nonce that the harness gave to the recovered server, before it was first asked.
    Planted {
        /// What `SHOW pgrehearse.nonce` must answer on it.
        nonce: String,
    },
    /// Whether the source was down, or out of reach, while the recovered server was looked at.
    SourceDown {
        /// Whether it was so.
        so: bool,
        /// What was tried, and what came of it.
        said: String,
    },
    /// Whether the harm was really there before recovery began.
    Witnessed {
        /// What was looked for.
        what: String,
        /// Whether it was so.
        so: bool,
    },
    /// The target of a recovery was decided.
    Aimed(Aim),
    /// Commits read in the archived WAL about the end of the recovery, as (transaction without its
    /// epoch, start of its record).
    Commits(Vec<(u32, Lsn)>),
    /// A stage of the recovery was reached.
    Ticked(Tick),
    /// The application's write was acknowledged by the recovered server.
    Writable {
        /// When the last probe that failed began; the start of the recovery if none failed.
        last_failed_began_ns: u64,
        /// When the first probe that succeeded ended.
        first_good_ended_ns: u64,
    },
    /// A table was put back into the living database, from a server recovered aside.
    Salvaged {
        /// Its name.
        table: String,
        /// Where the living database's WAL ended when its workload had: all that was acknowledged
        /// lies before it, and must be there.
        until: Lsn,
    },
    /// The text the probe wrote, to be found again.
    Probed {
        /// The text in `pgrehearse.probe`.
        note: String,
    },
    /// The ledger was closed and is as long as this.
    Sealed {
        /// Its length in bytes.
        bytes: u64,
        /// The SHA-256 of its bytes, 64 hex digits.
        sha256: String,
    },
    /// A copy was spoiled for a control, and an oracle confirmed that it matters.
    Sabotaged(Sabotaged),
    /// Something failed.
    Fault(Fault),
    /// Something a reader should know that judges nothing.
    Remark {
        /// One line.
        text: String,
    },
    /// The clocks of the machine did not go alike while the drill went on.
    Clocks(Clocks),
    /// The last observation.
    Ended {
        /// How it ended.
        how: End,
    },
    /// The verdict as it was given then. A judge ignores these lines.
    Judged {
        /// passed, unknown or failed.
        verdict: String,
    },
}

/// What the clocks of the machine did during a drill, beside its monotonic clock; 0 is less than a
/// second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// How far the wall clock was set forth, or, if it is negative, back; in milliseconds.
    pub stepped_ms: i64,
    /// How long the machine was suspended, in milliseconds.
    pub suspended_ms: i64,
}

/// How a drill began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Began {
    /// [`FORMAT`] of the writer.
    pub format: u32,
    /// The identifier of the run.
    pub run: String,
    /// The identifier of the drill within the run.
    pub drill: String,
    /// The version of pgrehearse.
    pub tool: String,
    /// The rig it stands on: `docker`, `local` or `scripted`.
    pub rig: String,
    /// The wall clock at the origin, RFC 3339, for display only.
    pub wall: String,
    /// The nonce that every server of the source bears.
    pub source_nonce: String,
    /// The SHA-256 of the brief's file, 64 hex digits: what was promised before anything began.
    #[serde(default)]
    pub brief_sha256: Option<String>,
}

/// A command and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ran {
    /// Where it ran.
    pub node: String,
    /// What for, in a few words.
    pub purpose: String,
    /// The command line, secrets taken out.
    pub argv: Vec<String>,
    /// Its exit status, if it exited.
    pub exit: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// How long it ran, in nanoseconds.
    pub took_ns: u64,
    /// What it wrote to its standard output, bounded.
    pub stdout: String,
    /// What it wrote to its standard error, bounded.
    pub stderr: String,
    /// Whether something was left out of either that may have told of an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// A finished backup.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The name the engine gave it.
    pub label: String,
    /// `full`, `diff`, `incr`.
    pub kind: String,
    /// Where its WAL begins.
    pub start: Option<Lsn>,
    /// From where on it is consistent.
    pub stop: Option<Lsn>,
    /// The size of the database it holds, in bytes.
    pub bytes: Option<u64>,
    /// How long the backup command ran, in nanoseconds.
    pub took_ns: u64,
    /// What the scenario says of production's cadence, in seconds.
    pub every_s: Option<f64>,
    /// For a backup that holds what one snapshot saw: when that was taken.
    #[serde(default)]
    pub snapshot: Option<Snapshot>,
}

/// When a snapshot was taken. What was acknowledged before it was asked for is in it; what was
/// sent after it was answered is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// When it was asked for, in nanoseconds since the origin.
    pub asked_ns: u64,
    /// When the server had taken it, in nanoseconds since the origin.
    pub answered_ns: u64,
}

/// What the protection of the source said of itself just before the strike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Everything before this position was said to be safe.
    pub safe: Option<Lsn>,
    /// The timeline of the source.
    pub timeline: u32,
    /// `archive_timeout` in seconds; `None` when it is off.
    pub archive_timeout_s: Option<f64>,
    /// How long the oldest finished segment had been waiting for the archive, in seconds.
    pub archive_lag_s: f64,
    /// `pg_stat_archiver.failed_count`.
    pub archive_failures: u64,
}

/// Where a recovery was to end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aim {
    /// `latest`, `before_disaster`, `mark healthy`, …
    pub target: String,
    /// Records that start before this position are selected; `None` for `latest`.
    pub boundary: Option<Lsn>,
    /// How the position was found, in words.
    pub how: String,
    /// Where the server must say that it stopped; where nothing is said, before `boundary`, or,
    /// without one, nowhere.
    #[serde(default)]
    pub stop: Option<Stop>,
    /// The backup to begin with, where it is not left to the engine.
    #[serde(default)]
    pub backup: Option<String>,
    /// For a backup that holds what one snapshot saw: when that was taken. It takes the place of
    /// `boundary`.
    #[serde(default)]
    pub snapshot: Option<Snapshot>,
}

/// Where a recovery stops, by the kind of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// As soon as the backup is consistent.
    Consistent,
    /// Before the end of this transaction, without its epoch.
    BeforeTransaction(u32),
    /// After the end of this transaction, without its epoch.
    AfterTransaction(u32),
    /// After the first record that starts at or behind this position.
    AfterPosition(Lsn),
}

/// The stages of a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tick {
    /// The harness turned from the disaster to its recovery.
    Begun,
    /// Fresh ground stands, empty.
    Provisioned,
    /// The target is known.
    Located,
    /// The engine has put the backup in place.
    Fetched,
    /// The server process runs.
    Started,
    /// The server answered a read.
    Reads,
    /// The server left recovery.
    Promoted,
    /// A table was loaded into the living database.
    Loaded,
    /// Every question was answered.
    Verified,
}

/// One spoiled copy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sabotaged {
    /// What exactly was changed, and where.
    pub change: String,
    /// What an oracle other than the checks saw before and after; `None`: it saw no difference.
    pub proof: Option<String>,
    /// Whether the original was the same, byte for byte, after as before.
    pub original_untouched: bool,
    /// Whether there is nothing in this database that could be spoiled in this way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub absent: bool,
}

/// How a drill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// All steps were done, or one failed and the drill stopped in order.
    Completed,
    /// A fault stopped it.
    Faulted,
    /// A signal stopped it.
    Interrupted,
    /// Its time was up.
    TimedOut,
    /// We panicked.
    Panicked,
}
