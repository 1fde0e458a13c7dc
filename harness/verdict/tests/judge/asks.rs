//! What each check asks, and when: a check that asks nothing any more is one that sees nothing.

use std::fmt::Write;

use pgrehearse_verdict::check::{Secrecy, Spec, SqlCheck};

use crate::story::Story;

/// The checks of a drill whose server was lost, one a line: its name, and each question with its
/// moment.
const ASKED: &str = "\
usable: Recovered Server, Recovered Logins, Recovered Smoke, Recovered Probe, Restarted Probe
identity: Baseline Server, Recovered Server
target: Recovered Server, Recovered ServerLog, Recovered History
ledger: Recovered LedgerTransactions, Recovered LedgerEntries, Recovered LedgerAccounts, \
Recovered History
fingerprint: Baseline Fingerprint, Recovered Fingerprint
inventory: Baseline Inventory, Recovered Inventory
globals: Baseline Globals, Recovered Globals
configuration: Baseline Configuration, Recovered Configuration
sequences: Baseline Sequences, Recovered Sequences, Baseline Inventory
indexes: Baseline Inventory, Recovered Indexes
constraints: Baseline Constraints, Recovered Constraints
large_objects: Baseline LargeObjects, Recovered LargeObjects
text: Baseline Text, Recovered Text
artifacts: BackedUp Artifacts, Recovered Artifacts
wal_chain: Baseline Server, Recovered Wal
pages: Recovered Server, Recovered Pages, Stopped Checksums
statistics: Baseline Statistics, Recovered Statistics
access: Baseline Access, Recovered Access
side_effects: Baseline Activity, Recovered Activity
server_log: Recovered ServerLog
commands:\x20
secrecy: Recovered Secrecy
sql: Recovered Sql { database: \"shop\", query: \"SELECT 1\" }
";

#[test]
fn every_check_asks_what_it_judges() {
    let (brief, text) = (Story::latest().brief, str::to_owned);
    let sql = SqlCheck { query: text("SELECT 1"), database: text("shop"), equals: text("1") };
    let declared = [Spec::Secrecy(Secrecy::default()), Spec::Sql(sql)];
    let mut asked = String::new();
    for check in Spec::standard().into_iter().chain(declared) {
        let questions = check.asks(&brief);
        let each = questions.iter().map(|(moment, question)| format!("{moment:?} {question:?}"));
        writeln!(asked, "{}: {}", check.name(), each.collect::<Vec<_>>().join(", ")).unwrap();
    }
    assert_eq!(asked, ASKED);
}
