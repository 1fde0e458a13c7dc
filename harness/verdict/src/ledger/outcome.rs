//! What became of every transaction: the outcome table.

use crate::ledger::{
    Boundary, DifferenceKind, Fate, Inspection, Ledger, Loss, Presence, Tally, Told, Transaction,
    TxId, Zone,
};
use crate::lsn::Lsn;

/// What can become of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Acknowledged, and there.
    Kept,
    /// Acknowledged after what could be recovered, and not there.
    RpoLoss,
    /// Acknowledged about where the recovery ended, and not there: lost at the most.
    RpoLossUpper,
    /// Acknowledged not later than the strike, and left out by the chosen target.
    GivenUpBefore,
    /// Acknowledged after the strike, and left out by the chosen target.
    GivenUpAfter,
    /// In doubt, and there.
    Recovered,
    /// In doubt, and not there.
    Vanished,
    /// Aborted or never sent, and not there.
    Undone,
    /// Acknowledged and promised, or within what was recovered, and not there.
    LostAcked,
    /// There, and it must not be.
    Resurrected,
    /// There, and no one ever intended it.
    Phantom,
    /// Partly there.
    Torn,
    /// There with other content.
    Altered,
    /// There more than once.
    Duplicate,
    /// Not there, though one that came after it is.
    Gap,
}

impl Outcome {
    /// Every outcome that is wrong whatever the objectives are.
    pub const RED: [Outcome; 7] = [
        Outcome::LostAcked,
        Outcome::Resurrected,
        Outcome::Phantom,
        Outcome::Torn,
        Outcome::Altered,
        Outcome::Duplicate,
        Outcome::Gap,
    ];

    /// Whether it is wrong whatever the objectives are.
    pub fn is_red(self) -> bool {
        Outcome::RED.contains(&self)
    }

    /// The word for it in findings.
    pub fn code(self) -> &'static str {
        match self {
            Outcome::Kept => "kept",
            Outcome::RpoLoss | Outcome::RpoLossUpper => "rpo_loss",
            Outcome::GivenUpBefore | Outcome::GivenUpAfter => "given_up",
            Outcome::Recovered => "recovered",
            Outcome::Vanished => "vanished",
            Outcome::Undone => "undone",
            Outcome::LostAcked => "lost_acked",
            Outcome::Resurrected => "resurrected",
            Outcome::Phantom => "phantom",
            Outcome::Torn => "torn",
            Outcome::Altered => "altered",
            Outcome::Duplicate => "duplicate",
            Outcome::Gap => "gap",
        }
    }
}

/// What became of every transaction of `ledger`, given what was found: the whole table.
pub fn classify(ledger: &Ledger, boundary: &Boundary, found: &Inspection) -> Tally {
    let mut tally = Tally::default();
    for (tx, transaction) in &ledger.transactions {
        let presence = found.presence(tx);
        let outcome = outcome(boundary, transaction, presence);
        let loss = loss(boundary, transaction, presence);
        tally.told.insert(tx.clone(), Told { outcome, loss });
        tally.see(outcome, || match found.about(tx) {
            Some(said) => format!("{}: {said}", name(tx, transaction)),
            None => name(tx, transaction),
        });
    }
    for difference in found.differences.iter().filter(|difference| difference.tx.is_none()) {
        let outcome = match difference.kind {
            DifferenceKind::Torn => Outcome::Torn,
            DifferenceKind::Altered => Outcome::Altered,
            DifferenceKind::Duplicate => Outcome::Duplicate,
            DifferenceKind::Phantom => Outcome::Phantom,
        };
        tally.see(outcome, || difference.said.clone());
    }
    gaps(ledger, boundary, found, &mut tally);
    tally
}

/// One cell of the table.
fn outcome(boundary: &Boundary, transaction: &Transaction, presence: Presence) -> Outcome {
    let zone = boundary.zone(transaction);
    match (presence, transaction.fate) {
        (Presence::Torn, _) => Outcome::Torn,
        (Presence::Altered, _) => Outcome::Altered,
        (Presence::Duplicate, _) => Outcome::Duplicate,
        (Presence::Whole, Fate::Aborted) => Outcome::Resurrected,
        (Presence::Whole, _) if zone == Zone::MustNot => Outcome::Resurrected,
        (Presence::Whole, Fate::Acked) => Outcome::Kept,
        (Presence::Whole, Fate::Indeterminate) => Outcome::Recovered,
        (Presence::Absent, Fate::Aborted) => Outcome::Undone,
        (Presence::Absent, Fate::Indeterminate) => Outcome::Vanished,
        (Presence::Absent, Fate::Acked) => absent(boundary, transaction, zone),
    }
}

/// An acknowledged transaction that is not there. What was replayed and is gone was lost, not
/// given up, whether the end was chosen or not.
fn absent(boundary: &Boundary, transaction: &Transaction, zone: Zone) -> Outcome {
    match (boundary.chosen, zone) {
        (_, Zone::Must) => Outcome::LostAcked,
        (false, _) if boundary.promised(transaction) => Outcome::LostAcked,
        (_, Zone::May) => Outcome::RpoLossUpper,
        (false, Zone::MustNot) => Outcome::RpoLoss,
        (true, Zone::MustNot) => {
            let acked_ns = Boundary::done_ns(transaction);
            if acked_ns.is_some_and(|at| boundary.before_strike(at)) {
                Outcome::GivenUpBefore
            } else {
                Outcome::GivenUpAfter
            }
        }
    }
}

/// Whether the transaction counts as lost work: it does unless it is there as it was.
fn loss(boundary: &Boundary, transaction: &Transaction, presence: Presence) -> Loss {
    if matches!(presence, Presence::Whole | Presence::Duplicate) {
        return Loss::None;
    }
    let zone = boundary.zone(transaction);
    match transaction.fate {
        Fate::Aborted => Loss::None,
        Fate::Acked => match absent(boundary, transaction, zone) {
            Outcome::RpoLossUpper => Loss::Upper,
            Outcome::GivenUpAfter => Loss::None,
            _ => Loss::Exact,
        },
        Fate::Indeterminate => {
            let sent_ns = Boundary::done_ns(transaction);
            let after = sent_ns.is_some_and(|at| !boundary.before_strike(at));
            if boundary.chosen && zone == Zone::MustNot && after { Loss::None } else { Loss::Upper }
        }
    }
}

/// What is missing though something that came after it is there. What is red anyway is not
/// counted once more.
fn gaps(ledger: &Ledger, boundary: &Boundary, found: &Inspection, tally: &mut Tally) {
    let there = |tx: &TxId| {
        found.has_row(tx)
            && tally.told.get(tx).map(|told| told.outcome) != Some(Outcome::Resurrected)
    };
    let mut last_intended: Option<(u64, &TxId)> = None;
    let mut last_position: Option<(Lsn, &TxId)> = None;
    for (tx, transaction) in ledger.transactions.iter().filter(|(tx, _)| there(tx)) {
        last_intended = last_intended.max(Some((transaction.intended_ns, tx)));
        if let Some((_, lo)) = transaction.sent.filter(|_| boundary.wal_prefix) {
            last_position = last_position.max(Some((lo, tx)));
        }
    }
    let mut missing: Vec<String> = vec![];
    for (tx, transaction) in &ledger.transactions {
        let red = tally.told.get(tx).is_some_and(|told| told.outcome.is_red());
        let (false, Presence::Absent, Some((acked_ns, hi))) =
            (red, found.presence(tx), transaction.acked)
        else {
            continue;
        };
        let caused = last_intended.filter(|(intended_ns, _)| acked_ns < *intended_ns);
        let passed = last_position.filter(|(lo, _)| hi <= *lo);
        let name = name(tx, transaction);
        if let Some((_, later)) = caused {
            missing.push(format!("{name} is not there, `{later}` was intended after it and is"));
        } else if let Some((_, later)) = passed {
            missing.push(format!("{name} is not there, `{later}` was committed after it and is"));
        }
    }
    for said in missing {
        tally.see(Outcome::Gap, || said);
    }
}

/// A transaction as a reader finds it again in the ledger.
fn name(tx: &TxId, transaction: &Transaction) -> String {
    let (writer, seq) = (transaction.writer, transaction.seq);
    let state = match (transaction.fate, transaction.sent, transaction.acked) {
        (Fate::Acked, Some((_, lo)), Some((at_ns, hi))) => {
            format!("acknowledged at {:.3} s between {lo} and {hi}", at_ns as f64 / 1e9)
        }
        (Fate::Indeterminate, Some((at_ns, lo)), _) => {
            format!("sent at {:.3} s from {lo} on, not answered", at_ns as f64 / 1e9)
        }
        _ => "not committed".to_owned(),
    };
    format!("`{tx}` (number {seq} of writer {writer}, {state})")
}
