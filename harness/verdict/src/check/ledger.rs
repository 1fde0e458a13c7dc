//! `ledger`: every acknowledged transaction, held outside the database, against what came back.

use serde::{Deserialize, Serialize};

use crate::brief::{Brief, Protection};
use crate::case::Case;
use crate::check::Check;
use crate::finding::Finding;
use crate::ledger::{Invariant, Outcome, Reckoning, Unreckoned, reckon};
use crate::question::{Moment, Question};

/// The check's name.
const NAME: &str = "ledger";

/// What the workload was told and what came back agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerCheck {}

impl Check for LedgerCheck {
    const SUMMARY: &'static str =
        "every acknowledged transaction is there whole, once, unaltered, and none that must not be";
    const EXAMPLE: &'static str = "ledger";

    fn asks(&self, _brief: &Brief) -> Vec<(Moment, Question)> {
        [
            Question::LedgerTransactions,
            Question::LedgerEntries,
            Question::LedgerAccounts,
            Question::History,
        ]
        .map(|question| (Moment::Recovered, question))
        .to_vec()
    }

    fn judge(&self, case: &Case<'_>) -> Vec<Finding> {
        let reckoning = match reckon(case) {
            Ok(reckoning) => reckoning,
            Err(why) => return vec![unreckoned(&why)],
        };
        let mut findings = red(&reckoning);
        let whole = findings.is_empty();
        findings.extend(reckoning.inspection.invariant.as_ref().map(invariant));
        findings.extend(doubts(case, &reckoning));
        if acknowledged(&reckoning) == 0 {
            let said = "no transaction was acknowledged: there is nothing to compare";
            findings.push(Finding::unknown(NAME, "vacuous", said));
        } else if whole {
            findings.push(kept(&reckoning));
        }
        findings
    }
}

fn unreckoned(why: &Unreckoned) -> Finding {
    match why {
        Unreckoned::Damaged(error) => {
            Finding::unknown(NAME, "ledger_damaged", error.to_string()).of_the_rig()
        }
        Unreckoned::Unanswered(said) => Finding::unknown(NAME, "unanswered", said),
        Unreckoned::Unreadable(said) => {
            let said = format!("the recovered server cannot read its own table: {said}");
            Finding::broken(NAME, "unreadable", said)
        }
    }
}

fn acknowledged(reckoning: &Reckoning<'_>) -> u64 {
    reckoning.ledger.transactions.values().filter(|it| it.acked.is_some()).count() as u64
}

/// One finding for every outcome that must not be.
fn red(reckoning: &Reckoning<'_>) -> Vec<Finding> {
    let (tally, acked) = (&reckoning.tally, acknowledged(reckoning));
    let mut findings = vec![];
    for outcome in Outcome::RED {
        let count = tally.count(outcome);
        if count == 0 {
            continue;
        }
        let said = match outcome {
            Outcome::LostAcked => format!(
                "lost, of {acked} acknowledged transactions: {count} that must be there are not"
            ),
            Outcome::Resurrected => format!("there, though they must not be: {count} transactions"),
            Outcome::Phantom => format!("there, though no one intended them: {count} rows"),
            Outcome::Torn => format!("only partly there: {count} transactions or accounts"),
            Outcome::Altered => format!("with other content: {count} transactions or accounts"),
            Outcome::Duplicate => format!("more than once: {count} transactions or accounts"),
            Outcome::Gap => {
                format!("missing, though what came after them is there: {count} transactions")
            }
            _ => format!("{}: {count} transactions", outcome.code()),
        };
        let mut details = tally.examples(outcome).to_vec();
        if count > details.len() as u64 {
            details.push(format!("and {} more", count - details.len() as u64));
        }
        findings.push(Finding::broken(NAME, outcome.code(), said).with(details));
    }
    findings
}

fn invariant(invariant: &Invariant) -> Finding {
    let Invariant { accounts: (found, rows), accounts_wanted, sum, sum_wanted } = invariant;
    let sum = sum.map_or("no number".to_owned(), |sum| sum.to_string());
    if invariant.holds() {
        let said = format!("the balances of all {found} accounts sum to {sum}, as they always did");
        return Finding::held(NAME, "invariant", said);
    }
    let said = format!(
        "the balances of {found} accounts in {rows} rows sum to {sum}, wanted {sum_wanted} in \
         {accounts_wanted} accounts"
    );
    Finding::broken(NAME, "invariant", said)
}

/// What keeps the table from being walked to its end.
fn doubts(case: &Case<'_>, reckoning: &Reckoning<'_>) -> Vec<Finding> {
    let boundary = &reckoning.boundary;
    let lost =
        reckoning.tally.count(Outcome::RpoLoss) + reckoning.tally.count(Outcome::RpoLossUpper);
    let mut said = vec![];
    if case.brief().protection == Protection::Snapshots && boundary.snapshot.is_none() {
        said.push("it is not known which snapshot was recovered".to_owned());
    } else if boundary.at.is_none() && boundary.snapshot.is_none() {
        said.push("it is not known where the recovery ended: no boundary, no history file".into());
    }
    if boundary.struck_ns.is_none() {
        said.push("the journal holds no strike".to_owned());
    }
    let promised = boundary.snapshot.is_some() || case.promise().is_some();
    if !boundary.chosen && !promised && lost > 0 {
        said.push(format!(
            "{lost} acknowledged transactions are not there, and the journal does not say whether \
             they had been promised"
        ));
    }
    said.into_iter().map(|said| Finding::unknown(NAME, "unanswered", said)).collect()
}

/// What is there, and what became of the rest, none of it wrong by itself.
fn kept(reckoning: &Reckoning<'_>) -> Finding {
    let (tally, acked) = (&reckoning.tally, acknowledged(reckoning));
    let kept = tally.count(Outcome::Kept);
    let rest = [
        (Outcome::RpoLoss, "were acknowledged after the recoverable end and are lost"),
        (Outcome::RpoLossUpper, "were acknowledged about the end and are not there"),
        (Outcome::GivenUpBefore, "of before the strike were given up by the target"),
        (Outcome::GivenUpAfter, "of after the strike were given up by the target"),
        (Outcome::Recovered, "in doubt are there"),
        (Outcome::Vanished, "in doubt are not there"),
    ];
    let mut details = vec![];
    for (outcome, words) in rest {
        if tally.count(outcome) > 0 {
            details.push(format!("{} {words}", tally.count(outcome)));
        }
        // Whoever chose the target has to know what it cost: with these, the ledger tells the rest.
        if matches!(outcome, Outcome::GivenUpBefore | Outcome::GivenUpAfter) {
            details.extend(tally.examples(outcome).iter().map(|one| format!("given up: {one}")));
        }
    }
    if kept == 0 {
        let said = format!(
            "none of {acked} acknowledged transactions is there, and none had to be: nothing was \
             compared"
        );
        return Finding::unknown(NAME, "vacuous", said).with(details);
    }
    let said = format!("{kept} of {acked} acknowledged transactions are there, whole and once");
    Finding::held(NAME, "kept", said).with(details)
}
