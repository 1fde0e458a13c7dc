-- Columns, in the order that `SELECT *` has. What a type brings by itself is not repeated.
-- `pg_attver` is no option but a stamp that the server itself puts on a column as it is made (from
-- the minor releases of November 2026 on): pg_dump does not write it, and every restore has another.
SELECT 'column' AS class, format('%I.%I.%I', n.nspname, c.relname, a.attname) AS identity,
  concat_ws('; ',
    'number ' || count(*) OVER (PARTITION BY a.attrelid ORDER BY a.attnum),
    pg_catalog.format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attcollation <> t.typcollation
      THEN 'collation ' || a.attcollation::regcollation END,
    CASE WHEN a.attnotnull THEN 'not null' END,
    CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
    CASE a.attgenerated WHEN '' THEN 'default ' WHEN 's' THEN 'generated and stored '
      ELSE 'generated ' || a.attgenerated::text || ' ' END
      || pg_catalog.pg_get_expr(d.adbin, d.adrelid),
    CASE WHEN a.atthasdef <> (d.adrelid IS NOT NULL) THEN 'DEFAULT NOT IN FORCE' END,
    CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
    'compression ' || nullif(a.attcompression::text, ''),
    CASE WHEN a.attstattarget >= 0 THEN 'statistics ' || a.attstattarget END,
    (SELECT 'options ' || string_agg(option, ', ' ORDER BY option COLLATE "C")
      FROM unnest(a.attoptions) AS option WHERE option NOT LIKE 'pg\_attver=%'),
    CASE WHEN a.attinhcount > 0 THEN CASE WHEN a.attislocal THEN 'inherited and local'
      ELSE 'inherited' END END
  ) AS definition, NULL AS secret
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.oid >= 16384 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND c.relpersistence <> 't'
  AND a.attnum > 0 AND NOT a.attisdropped;
