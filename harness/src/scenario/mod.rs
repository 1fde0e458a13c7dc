//! A scenario file, read: every mistake is pinned to its place.

mod code;
mod diagnostic;
mod file;
mod fixture_file;
mod forms;
mod open;
mod parse;
mod schema;
mod source;
mod spelling;
mod steps;
mod units;

pub use code::Code;
pub use diagnostic::{Class, Diagnostic};
pub(crate) use diagnostic::{plain, quoted, turns_writing};
pub use file::{Assumed, BackupPlace, ExistingBackup, File, Matrix, MustFail};
pub use file::{Objectives, Postgres, Production, Text};
pub use fixture_file::{ApplicationEntry, FixtureFile, LoadEntry, PasswordEntry, RoleEntry};
pub use fixture_file::{DatabaseEntry, FixtureRead, read_fixture};
pub use forms::{CheckForm, ControlsForm, FixtureForm, GeneratedForm, KeptBy};
pub use forms::{Kind, Settings, SqlForm};
pub(crate) use open::bytes;
pub use open::{FILE_MAX, ScenarioFile, read};
pub use parse::{Pinned, parse};
pub use schema::schema;
pub use source::{Place, Source};
pub use spelling::{did_you_mean, nearest};
pub use steps::Workload;
pub use steps::{AtForm, BackupForm, BackupOptions, Recover, RunForm, RunOptions, Step, ToForm};
pub use units::{duration, moment, moment_in_utc, rate, size};
