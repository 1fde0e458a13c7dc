//! A transaction that was acknowledged is not there.

use crate::sabotage::edit::Edit;

/// A transaction that was acknowledged is not there.
pub(super) const TRANSACTION_LOST: Edit = Edit {
    name: "transaction_lost",
    harm: "work that had been acknowledged did not come back",
    class: "ledger",
    caught_by: &["ledger"],
    candidates: "\
SELECT 'transaction ' || id, format('SELECT count(*) FROM ledger.tx WHERE id = %L', id),
  format('DELETE FROM ledger.tx WHERE id = %L', id)
FROM ledger.tx
ORDER BY id
LIMIT 100",
};
