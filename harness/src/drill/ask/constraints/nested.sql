-- Columns in which a domain with a promise is a part of the type (of an array, a row, a range):
-- (kind, name, schema, query). The query makes every value anew from its text, and says what is
-- wrong by failing.
WITH RECURSIVE parts AS (
  SELECT t.oid AS root, t.oid AS part, t.typtype = 'd' AS straight FROM pg_catalog.pg_type AS t
  WHERE t.oid IN (SELECT a.atttypid FROM pg_catalog.pg_attribute AS a WHERE a.attrelid >= 16384)
  UNION
  SELECT parts.root, below.part, parts.straight AND below.straight
  FROM parts JOIN pg_catalog.pg_type AS t ON t.oid = parts.part
  CROSS JOIN LATERAL (
    SELECT t.typbasetype AS part, t.typtype = 'd' AS straight WHERE t.typtype = 'd'
    UNION ALL SELECT t.typelem, false WHERE t.typelem <> 0 AND t.typlen = -1
    UNION ALL SELECT a.atttypid, false FROM pg_catalog.pg_attribute AS a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngsubtype, false FROM pg_catalog.pg_range AS r
      WHERE t.oid IN (r.rngtypid, r.rngmultitypid)
  ) AS below
)
SELECT 'domain' AS kind, format('within %I of %I.%I', a.attname, n.nspname, c.relname) AS name,
  n.nspname, format('SELECT count(CASE WHEN pg_catalog.num_nulls(%I) = 0
      THEN pg_catalog.format(''%%s'', %I)::%s END) FROM ONLY %I.%I', a.attname, a.attname,
    pg_catalog.format_type(a.atttypid, -1), n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND c.oid >= 16384
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND EXISTS (SELECT FROM parts
    JOIN pg_catalog.pg_type AS d ON d.oid = parts.part AND d.typtype = 'd'
    WHERE parts.root = a.atttypid AND NOT parts.straight AND (d.typnotnull OR EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = d.oid AND k.contype = 'c')))
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
