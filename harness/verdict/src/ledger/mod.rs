//! The outside witness: every transaction the workload intended, sent, and had acknowledged,
//! kept outside the database; and what must be true of any database that holds them.

mod fold;
mod outcome;
mod read;
mod record;
mod zone;

pub use fold::{Content, Difference, DifferenceKind, expected, inspect};
pub use outcome::{Outcome, Tally, classify};
pub use read::{Ledger, LedgerError, Transaction, parse};
pub use record::{Effect, Entry, Fate, Opening, Row, TxId};
pub use zone::{Boundary, Zone};
