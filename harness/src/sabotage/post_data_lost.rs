//! The last part of a dump was left out: no index, no key, no trigger came back.

use crate::sabotage::edit::Edit;

/// The last part of a dump was left out: no index, no key, no trigger came back.
pub(super) const POST_DATA_LOST: Edit = Edit {
    name: "post_data_lost",
    harm: "the last part of the restore was left out: no index, key or trigger came back",
    class: "catalogue",
    caught_by: &["inventory"],
    // Keys that refer go before those that they refer to; what went with another is passed over.
    candidates: "\
SELECT 'post-data', 'SELECT count(*) FROM pg_index', $do$DO $$ DECLARE change text; BEGIN
  FOR change IN
  WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    AND nspname NOT IN ('information_schema', 'pgrehearse', 'ledger'))
  SELECT d.change FROM (
    SELECT CASE k.contype WHEN 'f' THEN 1 ELSE 2 END AS turn,
      format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE',
        k.conrelid::regclass, k.conname) AS change
    FROM pg_constraint AS k JOIN ours AS n ON n.oid = k.connamespace
    WHERE k.contype IN ('f', 'p', 'u', 'x') AND k.conparentid = 0 AND k.coninhcount = 0
    UNION ALL SELECT 3, format('DROP INDEX IF EXISTS %s CASCADE', c.oid::regclass)
    FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('i', 'I') AND NOT c.relispartition
      AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid)
    UNION ALL SELECT 4, format('DROP TRIGGER IF EXISTS %I ON %s', t.tgname, c.oid::regclass)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN ours AS n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
  ) AS d ORDER BY d.turn, d.change
  LOOP EXECUTE change; END LOOP; END $$$do$
WHERE EXISTS (SELECT FROM pg_class AS c JOIN ours AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('i', 'I'))",
};
