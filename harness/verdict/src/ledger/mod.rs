//! The outside witness: every transaction the workload intended, sent, and had acknowledged,
//! kept outside the database; and what must be true of any database that holds them.

mod balance;
mod fold;
mod inspect;
mod outcome;
mod read;
mod reckon;
mod record;
mod seal;
mod tally;
mod zone;

pub use fold::{Content, expected};
pub use inspect::{Difference, DifferenceKind, Inspection, Invariant, Presence, inspect};
pub use outcome::{Outcome, classify};
pub use read::{LEDGER_BYTES_MAX, Ledger, LedgerError, Transaction, parse};
pub use reckon::{Reckoning, Unreckoned, reckon};
pub use record::{Effect, Entry, Fate, Opening, Row, TxId};
pub use seal::{unseal, verify_seal};
pub use tally::{Loss, Seen, Tally, Told};
pub use zone::{Boundary, Zone};
