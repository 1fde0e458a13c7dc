//! The ways to spoil a copy of what a recovery needs. One file a way, one line here.

mod artifact;
mod artifact_flipped;
mod artifact_truncated;
mod heap_page_zeroed;
mod original;
mod wal_segment_missing;

pub use artifact_flipped::ArtifactFlipped;
pub use artifact_truncated::ArtifactTruncated;
pub use heap_page_zeroed::HeapPageZeroed;
pub(crate) use heap_page_zeroed::{
    PAGE_BYTES, bytes as page_bytes, read as read_page, zero as zero_page,
};
pub use wal_segment_missing::WalSegmentMissing;

use async_trait::async_trait;
use pgrehearse_verdict::journal::Sabotaged;
use pgrehearse_verdict::lsn::Segment;

use crate::engine::Engine;
use crate::rig::{Node, Stage, Trouble};

/// What a sabotage has to work with: a node with the spoiled copy in `Place::Repository` and the
/// original, read-only, in `Place::Original`.
pub struct Bench<'a> {
    /// The node.
    pub node: &'a dyn Node,
    /// The engine of the drill.
    pub engine: &'a dyn Engine,
    /// The segments that the recovery read beyond the end of its backup, in order, first to last.
    pub needed: &'a [Segment],
    /// The backup that the recovery began with, by its label, where it is not left to the engine.
    pub backup: Option<&'a str>,
    /// Which place to try: the seed's choice and the number of the attempt, from 0.
    pub place: u64,
}

/// The behaviour of a sabotage.
#[async_trait]
pub trait Sabotage: Send + Sync {
    /// The identifier, as in a scenario.
    fn name(&self) -> &'static str;
    /// What harm it does, in a sentence.
    fn harm(&self) -> &'static str;
    /// The class of harm.
    fn class(&self) -> &'static str;
    /// The checks one of which must catch it.
    fn caught_by(&self) -> &'static [&'static str];
    /// The engines it fits, by name.
    fn engines(&self) -> &'static [&'static str];

    /// Makes exactly one change to the copy, and proves by an oracle of its own that it matters.
    async fn spoil(&self, stage: &Stage, bench: &Bench<'_>) -> Result<Sabotaged, Trouble>;
}

/// Every kind.
pub const KINDS: &[&dyn Sabotage] =
    &[&WalSegmentMissing, &HeapPageZeroed, &ArtifactFlipped, &ArtifactTruncated];

/// The sabotage of this name.
pub fn named(name: &str) -> Option<&'static dyn Sabotage> {
    KINDS.iter().copied().find(|kind| kind.name() == name)
}
