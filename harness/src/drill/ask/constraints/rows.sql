-- What every row of a table must satisfy by itself: (kind, name, schema, table, when a row
-- breaches it). A column is asked for by num_nulls: of IS NULL, a server may believe that it
-- cannot be, and a row of nothing but nulls is null to it.
WITH RECURSIVE tables AS (
  SELECT c.oid, n.nspname AS schema, format('%I.%I', n.nspname, c.relname) AS name,
    c.relispartition
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384
    AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
), cols AS (
  SELECT t.oid, t.schema, t.name, a.attname, a.attnotnull, a.atttypid
  FROM tables AS t
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
), chain AS (
  -- A domain, and the domains it stands over.
  SELECT d.oid AS root, d.oid AS domain FROM pg_catalog.pg_type AS d WHERE d.typtype = 'd'
  UNION
  SELECT chain.root, d.typbasetype FROM chain
  JOIN pg_catalog.pg_type AS d ON d.oid = chain.domain
  JOIN pg_catalog.pg_type AS below ON below.oid = d.typbasetype AND below.typtype = 'd'
)
SELECT * FROM (
SELECT 'check' AS kind, format('%I on %s', k.conname, t.name) AS name, t.schema, t.name AS relation,
  format('NOT (%s)', pg_catalog.pg_get_expr(k.conbin, k.conrelid)) AS breached
FROM pg_catalog.pg_constraint AS k JOIN tables AS t ON t.oid = k.conrelid
WHERE k.contype = 'c' AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
UNION ALL
SELECT 'not null', format('%I of %s', c.attname, c.name), c.schema, c.name,
  format('pg_catalog.num_nulls(%I) > 0', c.attname)
FROM cols AS c WHERE c.attnotnull
UNION ALL
SELECT 'partition', t.name, t.schema, t.name,
  format('NOT (%s)', pg_catalog.pg_get_partition_constraintdef(t.oid))
FROM tables AS t
WHERE t.relispartition AND pg_catalog.pg_get_partition_constraintdef(t.oid) IS NOT NULL
UNION ALL
SELECT 'domain', format('not null of %s in %I of %s', d.oid::regtype, c.attname, c.name), c.schema,
  c.name, format('pg_catalog.num_nulls(%I) > 0', c.attname)
FROM cols AS c JOIN chain ON chain.root = c.atttypid
JOIN pg_catalog.pg_type AS d ON d.oid = chain.domain AND d.typnotnull
UNION ALL
-- In the text of a domain's constraint the value is called VALUE: here it is a column.
SELECT 'domain', format('%I of %s in %I of %s', k.conname, d.oid::regtype, c.attname, c.name),
  c.schema, c.name,
  format('NOT (SELECT %s FROM (SELECT (%I)::%s AS value) AS pgrehearse)',
    pg_catalog.pg_get_expr(k.conbin, 0), c.attname,
    pg_catalog.format_type(d.typbasetype, -1))
FROM cols AS c JOIN chain ON chain.root = c.atttypid
JOIN pg_catalog.pg_type AS d ON d.oid = chain.domain
JOIN pg_catalog.pg_constraint AS k ON k.contypid = d.oid AND k.contype = 'c'
) AS lines
ORDER BY relation COLLATE "C", kind COLLATE "C", name COLLATE "C"
