//! A row is gone that others refer to, and no key noticed.

use crate::sabotage::edit::Edit;

/// A row is gone that others refer to, and no key noticed.
pub(super) const REFERENCE_BROKEN: Edit = Edit {
    name: "reference_broken",
    harm: "rows refer to one that did not come back",
    class: "content",
    caught_by: &["constraints"],
    candidates: "\
SELECT k.conname || ' of ' || k.conrelid::regclass,
  format('SELECT count(*) FROM %s', k.confrelid::regclass),
  'SET session_replication_role = replica',
  format('DELETE FROM %1$s WHERE ctid = '
    '(SELECT p.ctid FROM %1$s AS p JOIN %2$s AS c ON %3$s LIMIT 1)',
    k.confrelid::regclass, k.conrelid::regclass,
    (SELECT string_agg(format('p.%I = c.%I', f.attname, a.attname), ' AND ')
     FROM unnest(k.conkey, k.confkey) AS pair(own, other)
     JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = pair.own
     JOIN pg_attribute AS f ON f.attrelid = k.confrelid AND f.attnum = pair.other))
FROM pg_constraint AS k JOIN ours AS n ON n.oid = k.connamespace
JOIN pg_class AS c ON c.oid = k.confrelid
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.convalidated AND c.relkind = 'r'
  AND pg_relation_size(c.oid) BETWEEN 1 AND 64 << 20
ORDER BY k.conrelid::regclass::text, k.conname",
};
