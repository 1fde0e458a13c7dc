//! The rows of a table are there twice, as after a load that was repeated.

use crate::sabotage::edit::Edit;

/// The rows of a table are there twice, as after a load that was repeated.
pub(super) const ROWS_DOUBLED: Edit = Edit {
    name: "rows_doubled",
    harm: "all rows of a table came back twice",
    class: "content",
    caught_by: &["fingerprint"],
    candidates: "\
SELECT 'the rows of ' || c.oid::regclass, format('SELECT count(*) FROM ONLY %s', c.oid::regclass),
  'SET session_replication_role = replica',
  format('INSERT INTO %1$s SELECT * FROM ONLY %1$s', c.oid::regclass)
FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relispartition
  AND pg_relation_size(c.oid) BETWEEN 1 AND 64 << 20
  AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid
    AND (i.indisunique OR i.indisexclusion))
  AND NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid
    AND (a.attidentity <> '' OR a.attgenerated <> ''))
ORDER BY c.oid::regclass::text",
};
