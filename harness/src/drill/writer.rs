//! A writer of the workload: one transaction after another, each in the ledger before and after.

use std::sync::Arc;
use std::time::Duration;

use pgrehearse_verdict::ledger::{Effect, Entry, TxId};
use pgrehearse_verdict::lsn::Lsn;
use pgrehearse_verdict::question::Table;
use tokio::time::Instant;

use crate::drill::book::Book;
use crate::drill::chance::{Chance, unguessable};
use crate::drill::pace::Pace;
use crate::drill::{Server, hex};
use crate::rig::{Login, Session, SqlTrouble, Trouble};

/// How long a statement of the workload may take. A disaster may hold locks for a while.
const STATEMENT_LIMIT: Duration = Duration::from_secs(30);
/// The pause before a writer tries to connect again.
const RECONNECT_AFTER: Duration = Duration::from_millis(20);
/// How long the long transaction stays open when nobody holds it.
const LONG_TIME: Duration = Duration::from_millis(400);
/// One in this many transactions deletes the entries of an earlier one.
const DELETE_ONE_IN: u64 = 4;

/// What a writer needs.
pub struct Writer {
    /// Its number, from 0.
    pub number: u32,
    /// How many accounts it owns.
    pub accounts: u32,
    /// The time between two of its transactions; `None` for the writer of long transactions.
    pub every: Option<Duration>,
    /// When its first transaction is due. Writers that all began at once would commit at once.
    pub first: Instant,
    /// The server it writes to.
    pub server: Arc<Server>,
    /// Who it is there.
    pub login: Login,
    /// The ledger.
    pub book: Arc<Book>,
    /// What holds it.
    pub pace: Arc<Pace>,
    /// Its choices.
    pub chance: Chance,
}

/// What became of an attempt to commit.
enum Answer {
    Acked(Lsn),
    Aborted(String),
    Indeterminate(String),
}

impl Writer {
    /// Writes until the workload is over. Only the failure of the ledger ends it before.
    pub async fn run(mut self) -> Result<(), Trouble> {
        let (mut seq, mut deletable) = (0, Vec::new());
        let mut session: Option<Box<dyn Session>> = None;
        let mut due = self.first;
        while !self.pace.stopped() {
            let Some(open) = session.as_mut() else {
                match self.server.node.connect(&self.login).await {
                    Ok(opened) => session = Some(opened),
                    Err(trouble) => {
                        self.pace.refused(trouble.to_string());
                        self.pace.sleep(RECONNECT_AFTER).await;
                    }
                }
                continue;
            };
            if let Some(every) = self.every {
                let now = Instant::now();
                if due > now && !self.pace.sleep(due - now).await {
                    break;
                }
                due = next_due(due, every, now);
            }
            seq += 1;
            if !self.transact(seq, open, &mut deletable).await? {
                session = None;
            }
        }
        Ok(())
    }

    /// One transaction. `false` if the connection should not be used again.
    async fn transact(
        &mut self,
        seq: u64,
        session: &mut Box<dyn Session>,
        deletable: &mut Vec<TxId>,
    ) -> Result<bool, Trouble> {
        let tx = transaction_name()?;
        let note = format!("writer {} transaction {seq}", self.number);
        let effects = self.draw(deletable);
        let writer = self.number;
        let intent = Entry::Intent {
            tx: tx.clone(),
            writer,
            seq,
            note: note.clone(),
            effects: effects.clone(),
        };
        if !self.book.write(intent)? {
            return Ok(true);
        }
        let work = statements(&tx, writer, seq, &note, &effects);
        let mut aborted = session.query(&work, STATEMENT_LIMIT).await.err();
        let mut answer = None;
        if aborted.is_none() {
            if self.every.is_none() {
                self.pace.long_is_open(true);
                self.pace.sleep(LONG_TIME).await;
                self.pace.await_long_release().await;
            }
            match self.commit(&tx, session).await? {
                Ok(given) => answer = Some(given),
                Err(trouble) => aborted = Some(trouble),
            }
            if self.every.is_none() {
                self.pace.long_is_open(false);
            }
        }
        let (entry, usable) = match (answer, aborted) {
            (Some(Answer::Acked(hi)), _) => {
                deletable.extend(effects.iter().any(is_insert).then(|| tx.clone()));
                (Entry::Acked { tx, hi }, true)
            }
            (Some(Answer::Aborted(said)), _) => (Entry::Aborted { tx, said }, false),
            (Some(Answer::Indeterminate(said)), _) => (Entry::Indeterminate { tx, said }, false),
            (None, trouble) => {
                let said = trouble.map(|trouble| trouble.to_string()).unwrap_or_default();
                self.pace.refused(said.clone());
                (Entry::Aborted { tx, said }, false)
            }
        };
        self.book.write(entry)?;
        Ok(usable)
    }

    /// Sends COMMIT while no mark is being taken. The inner `Err`: it was never sent.
    async fn commit(
        &self,
        tx: &TxId,
        session: &mut Box<dyn Session>,
    ) -> Result<Result<Answer, SqlTrouble>, Trouble> {
        let _gate = self.pace.committing().await;
        let asked = session
            .query("SELECT pg_current_xact_id(), pg_current_wal_insert_lsn()", STATEMENT_LIMIT)
            .await;
        let (xid, lo) = match asked.map(|tables| position(&tables)) {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(Err(said("the server did not say its position"))),
            Err(trouble) => return Ok(Err(trouble)),
        };
        session.notices();
        if !self.book.write(Entry::Sent { tx: tx.clone(), xid, lo })? {
            return Ok(Err(said("the workload is over")));
        }
        // The position rides on the same message: one answer, or none.
        let sent = "COMMIT; SELECT '0', pg_current_wal_insert_lsn()";
        let answered = session.query(sent, STATEMENT_LIMIT).await;
        let warned = session.notices();
        Ok(Ok(match answered.map(|tables| position(&tables)) {
            Ok(Some((_, hi))) if warned.is_empty() => {
                self.pace.acked(xid);
                Answer::Acked(hi)
            }
            Ok(_) => Answer::Indeterminate(
                warned.first().map(|(code, said)| format!("{code}: {said}")).unwrap_or_default(),
            ),
            Err(trouble) if surely_aborted(&trouble) => Answer::Aborted(trouble.to_string()),
            Err(trouble) => Answer::Indeterminate(trouble.to_string()),
        }))
    }

    /// What the next transaction does: money moves between two of the writer's own accounts, two
    /// entries say so, and now and then an earlier transaction's entries go.
    fn draw(&mut self, deletable: &mut Vec<TxId>) -> Vec<Effect> {
        let from = self.chance.below(u64::from(self.accounts));
        let to =
            (from + 1 + self.chance.below(u64::from(self.accounts) - 1)) % u64::from(self.accounts);
        let amount = i64::try_from(1 + self.chance.below(1000)).unwrap_or(1);
        let number = |account: u64| u32::try_from(account).unwrap_or(0);
        let (from, to) = (number(from), number(to));
        let entry = |line, account, amount| Effect::Insert {
            line,
            account,
            amount,
            note: format!("{amount:+} on {account}"),
        };
        let mut effects = vec![
            Effect::Account { account: from, by: -amount },
            Effect::Account { account: to, by: amount },
            entry(1, from, -amount),
            entry(2, to, amount),
        ];
        if !deletable.is_empty() && self.chance.below(DELETE_ONE_IN) == 0 {
            let at = usize::try_from(self.chance.below(deletable.len() as u64)).unwrap_or(0);
            effects.push(Effect::Delete { tx: deletable.swap_remove(at) });
        }
        effects
    }
}

/// When the transaction after the one that was due at `due` is due. A little lateness is made up
/// for; after a stall the rate is kept from here on, without a burst, and the writer stays in its
/// own place between the others.
fn next_due(due: Instant, every: Duration, now: Instant) -> Instant {
    let next = due + every;
    let late = now.saturating_duration_since(next).as_nanos();
    let missed = late / every.as_nanos().max(1);
    next + every * u32::try_from(missed).unwrap_or(u32::MAX)
}

fn is_insert(effect: &Effect) -> bool {
    matches!(effect, Effect::Insert { .. })
}

fn said(text: &str) -> SqlTrouble {
    SqlTrouble { code: None, said: text.to_owned(), lost: false }
}

/// The number and the position in the last table of an answer.
fn position(tables: &[Table]) -> Option<(u64, Lsn)> {
    let row = tables.last()?.rows.first()?;
    Some((row.first()?.as_deref()?.parse().ok()?, row.get(1)?.as_deref()?.parse().ok()?))
}

/// Whether an error in answer to COMMIT means that nothing was committed. An integrity
/// violation (a deferred constraint) or a serialization failure does; any other error may have
/// come after the commit record was written.
fn surely_aborted(trouble: &SqlTrouble) -> bool {
    let code = trouble.code.as_deref().unwrap_or_default();
    !trouble.lost && (code.starts_with("23") || code == "40001" || code == "40P01")
}

/// A random UUID (version 4, RFC 9562).
fn transaction_name() -> Result<TxId, Trouble> {
    use pgrehearse_verdict::journal::RigCause;
    let mut bytes = unguessable::<16>()
        .map_err(|error| Trouble::rig(RigCause::NotADrill, format!("no randomness: {error}")))?;
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let text = hex(&bytes);
    let part = |range: std::ops::Range<usize>| &text[range];
    Ok([part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-"))
}

/// The statements of a transaction up to, and without, its COMMIT. All texts are our own: digits,
/// hexadecimal digits and plain words.
fn statements(tx: &str, writer: u32, seq: u64, note: &str, effects: &[Effect]) -> String {
    let mut sql =
        format!("BEGIN; INSERT INTO ledger.tx VALUES ('{tx}', {writer}, {seq}, '{note}');");
    for effect in effects {
        sql.push_str(&match effect {
            Effect::Account { account, by } => format!(
                "UPDATE ledger.account SET balance = balance + {by}, version = {seq} \
                 WHERE writer = {writer} AND account = {account};"
            ),
            Effect::Insert { line, account, amount, note } => format!(
                "INSERT INTO ledger.entry VALUES \
                 ('{tx}', {line}, {writer}, {account}, {amount}, '{note}');"
            ),
            Effect::Delete { tx } => format!("DELETE FROM ledger.entry WHERE tx = '{tx}';"),
        });
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_random_uuid() {
        let (one, other) = (transaction_name().expect("one"), transaction_name().expect("other"));
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_is_not_made_up_for_and_does_not_move_a_writer_from_its_place() {
        let (due, every) = (Instant::now(), Duration::from_millis(4));
        let ms = Duration::from_millis;
        for (late, next) in [(0, 4), (3, 4), (5, 4), (7, 4), (8, 8), (9, 8), (4001, 4000)] {
            assert_eq!(next_due(due, every, due + ms(late)) - due, ms(next), "{late} ms late");
        }
        assert_eq!(next_due(due, Duration::ZERO, due), due);
    }

    #[test]
    fn only_an_integrity_or_serialization_error_means_that_nothing_was_committed() {
        let trouble = |code: &str, lost| SqlTrouble {
            code: Some(code.to_owned()),
            said: String::new(),
            lost,
        };
        for code in ["23505", "23503", "40001", "40P01"] {
            assert!(surely_aborted(&trouble(code, false)), "{code}");
            assert!(!surely_aborted(&trouble(code, true)), "{code} on a lost connection");
        }
        for code in ["40003", "57P01", "57014", "53100", "XX000", ""] {
            assert!(!surely_aborted(&trouble(code, false)), "{code}");
        }
    }
}
