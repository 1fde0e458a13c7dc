-- (object, entries, tuples, bytes). The size is that of the table, with its partitions: what has
-- no rows has no statistics.
WITH sized AS (
  SELECT c.oid, c.relkind, c.reltuples, format('%I.%I', n.nspname, c.relname) AS name,
    CASE c.relkind
      WHEN 'p' THEN (SELECT coalesce(sum(pg_catalog.pg_relation_size(t.relid)), 0)
        FROM pg_catalog.pg_partition_tree(c.oid) AS t WHERE t.isleaf)
      WHEN 'f' THEN NULL
      ELSE pg_catalog.pg_relation_size(c.oid)
    END AS bytes
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm', 'p', 'f') AND c.relpersistence <> 't' AND c.oid >= 16384
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
)
SELECT 'table ' || s.name AS object,
  (SELECT count(*) FROM pg_catalog.pg_statistic AS e WHERE e.starelid = s.oid) AS entries,
  s.reltuples::pg_catalog.int8 AS tuples, s.bytes
FROM sized AS s
UNION ALL
SELECT format('index %I.%I', n.nspname, c.relname),
  (SELECT count(*) FROM pg_catalog.pg_statistic AS e WHERE e.starelid = c.oid), NULL, s.bytes
FROM pg_catalog.pg_index AS i
JOIN sized AS s ON s.oid = i.indrelid
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indexprs IS NOT NULL
UNION ALL
SELECT format('statistics object %I.%I', n.nspname, e.stxname),
  (SELECT count(*) FROM pg_catalog.pg_statistic_ext_data AS d WHERE d.stxoid = e.oid), NULL,
  s.bytes
FROM pg_catalog.pg_statistic_ext AS e
JOIN sized AS s ON s.oid = e.stxrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.stxnamespace
ORDER BY 1
