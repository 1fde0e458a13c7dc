//! The checks, each made to say something: one that is silent, that dies, or whose question has
//! no answer says unknown.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::case::{Case, Known};
use crate::check::{Spec, unanswered};
use crate::finding::{Finding, Status};

/// What every check of the brief finds, in its order.
pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    case.brief().checks.iter().flat_map(|spec| one(case, spec)).collect()
}

/// What one check finds: at least one finding, and one for every question without an answer.
fn one(case: &Case<'_>, spec: &Spec) -> Vec<Finding> {
    let judged = catch_unwind(AssertUnwindSafe(|| (spec.judge(case), spec.asks(case.brief()))));
    let Ok((mut found, asks)) = judged else {
        let said = "the check itself failed: this is a bug of ours";
        return vec![Finding::unknown(spec.name(), "panicked", said).of_the_rig()];
    };
    if found.is_empty() {
        found.push(Finding::unknown(spec.name(), "silent", "the check found nothing to look at"));
    }
    for (moment, question) in asks {
        let known = case.answer(&moment, &question);
        let missing = match known {
            Known::Rows(_) => false,
            Known::NeverAsked | Known::Lost => true,
            // A refusal is an answer of a kind: the check may have judged it.
            Known::Refused(_) => found.iter().all(|finding| finding.status == Status::Held),
        };
        let finding = unanswered(spec.name(), &moment, &question, known);
        if missing && !found.contains(&finding) {
            found.push(finding);
        }
    }
    found
}
