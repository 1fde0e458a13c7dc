//! One WAL segment that the recovery needs is missing from the archive.

use crate::rig::{Stage, Trouble};
use crate::sabotage::{Bench, Sabotage};
use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
/// A segment is taken out of the copied archive.
pub struct WalSegmentMissing;
#[async_trait]
impl Sabotage for WalSegmentMissing {
    fn name(&self) -> &'static str {
        "wal_segment_missing"
    }
    fn harm(&self) -> &'static str {
        "one WAL segment that the recovery needs is missing from the archive"
    }
    fn class(&self) -> &'static str {
        "wal"
    }
    fn caught_by(&self) -> &'static [&'static str] {
        &["target", "ledger"]
    }
    fn engines(&self) -> &'static [&'static str] {
        &["pgbackrest"]
    }
    async fn spoil(&self, _stage: &Stage, _bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        todo!()
    }
}
