//! One value of one row is another, as where a trigger fired during the load.

use crate::sabotage::edit::Edit;

/// One value of one row is another, as where a trigger fired during the load.
pub(super) const VALUE_ALTERED: Edit = Edit {
    name: "value_altered",
    harm: "one value of one row is not what it was",
    class: "content",
    caught_by: &["fingerprint"],
    candidates: "\
SELECT a.attname || ' in a row of ' || c.oid::regclass,
  format('SELECT sum(length(%I)) FROM ONLY %s', a.attname, c.oid::regclass),
  'SET session_replication_role = replica',
  format('UPDATE ONLY %1$s SET %2$I = %2$I || '' '' WHERE ctid = '
    '(SELECT ctid FROM ONLY %1$s WHERE %2$I IS NOT NULL LIMIT 1)', c.oid::regclass, a.attname)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
JOIN ours AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND pg_relation_size(c.oid) BETWEEN 1 AND 64 << 20
  AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
  AND a.attgenerated = ''
  AND NOT EXISTS (SELECT FROM pg_constraint AS k
    WHERE k.conrelid = c.oid AND a.attnum = ANY (k.conkey))
  AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisunique
    AND (a.attnum = ANY (i.indkey) OR 0 = ANY (i.indkey)))
ORDER BY c.oid::regclass::text, a.attnum",
};
