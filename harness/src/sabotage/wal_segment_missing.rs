//! To be written.
use crate::rig::{Stage, Trouble};
use crate::sabotage::{Bench, Sabotage};
use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
/// stub
pub struct WalSegmentMissing;
#[async_trait]
impl Sabotage for WalSegmentMissing {
    fn name(&self) -> &'static str {
        todo!()
    }
    fn harm(&self) -> &'static str {
        todo!()
    }
    fn class(&self) -> &'static str {
        todo!()
    }
    fn caught_by(&self) -> &'static [&'static str] {
        todo!()
    }
    fn engines(&self) -> &'static [&'static str] {
        todo!()
    }
    async fn spoil(&self, _stage: &Stage, _bench: &Bench<'_>) -> Result<Sabotaged, Trouble> {
        todo!()
    }
}
