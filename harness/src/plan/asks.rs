//! What the drill must ask, and when.

use std::collections::BTreeSet;

use pgrehearse_verdict::brief::Brief;
use pgrehearse_verdict::check::{LedgerCheck, Spec};
use pgrehearse_verdict::question::{Moment, Question};

/// Every pair that some check of the brief needs, each once, in a fixed order; what an objective of
/// loss is measured by; and always who the server is, before the disaster and after the recovery.
pub fn asks(brief: &Brief) -> Vec<(Moment, Question)> {
    let always = [Moment::Baseline, Moment::Recovered].map(|moment| (moment, Question::Server));
    let wanted = brief.checks.iter().flat_map(|check| check.asks(brief));
    let loss = brief.objectives.rpo_s.map(|_| Spec::Ledger(LedgerCheck::default()).asks(brief));
    let wanted = wanted.chain(loss.into_iter().flatten()).chain(always);
    wanted.collect::<BTreeSet<_>>().into_iter().collect()
}
