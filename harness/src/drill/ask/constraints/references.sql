-- Foreign keys: (kind, name, schema, query). Each query counts the rows that refer to none. The
-- copies that partitions have of one are told with it.
WITH pairs AS (
  SELECT k.oid, k.conname, k.confmatchtype, pair.number, array_length(k.conkey, 1) AS pairs,
    coalesce((to_jsonb(k) ->> 'conperiod')::boolean, false) AS temporal,
    fn.nspname AS schema, format('%I.%I', fn.nspname, f.relname) AS name,
    CASE f.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', fn.nspname, f.relname)
      AS referring,
    CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END || format('%I.%I', pn.nspname, p.relname)
      AS referred,
    format('%I', fa.attname) AS f_column, format('%I', pa.attname) AS p_column,
    format('OPERATOR(%I.%s)', o_n.nspname, o.oprname) AS operator,
    CASE WHEN lt.typtype <> 'p' THEN '::' || pg_catalog.format_type(lt.oid, -1) END AS p_cast,
    CASE WHEN rt.typtype <> 'p' THEN '::' || pg_catalog.format_type(rt.oid, -1) END AS f_cast,
    -- Equality is that of the key that is referred to.
    (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation AS co
      JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
      WHERE co.oid = pa.attcollation AND pa.attcollation <> fa.attcollation) AS sorted_by
  FROM pg_catalog.pg_constraint AS k
  JOIN pg_catalog.pg_class AS f ON f.oid = k.conrelid
  JOIN pg_catalog.pg_namespace AS fn ON fn.oid = f.relnamespace
  JOIN pg_catalog.pg_class AS p ON p.oid = k.confrelid
  JOIN pg_catalog.pg_namespace AS pn ON pn.oid = p.relnamespace
  CROSS JOIN LATERAL generate_series(1, array_length(k.conkey, 1)) AS pair (number)
  JOIN pg_catalog.pg_attribute AS fa ON fa.attrelid = f.oid AND fa.attnum = k.conkey[pair.number]
  JOIN pg_catalog.pg_attribute AS pa ON pa.attrelid = p.oid AND pa.attnum = k.confkey[pair.number]
  JOIN pg_catalog.pg_operator AS o ON o.oid = k.conpfeqop[pair.number]
  JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
  JOIN pg_catalog.pg_type AS lt ON lt.oid = o.oprleft
  JOIN pg_catalog.pg_type AS rt ON rt.oid = o.oprright
  WHERE k.contype = 'f' AND k.conparentid = 0 AND f.relkind IN ('r', 'p')
    AND f.relpersistence <> 't' AND f.oid >= 16384
    AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
), said AS (
  SELECT conname, confmatchtype, temporal, schema, name, referring, referred, pairs,
    string_agg('f.' || f_column, ', ' ORDER BY number) AS f_columns,
    string_agg(format('(p.%s)%s%s %s (f.%s)%s', p_column, p_cast, sorted_by, operator, f_column,
      f_cast), ' AND ' ORDER BY number) AS matched,
    string_agg(format('%s AS k%s', CASE WHEN number = pairs
      THEN format('pg_catalog.range_agg(p.%s)', p_column) ELSE 'p.' || p_column END, number), ', '
      ORDER BY number) AS whole,
    string_agg('p.' || p_column, ', ' ORDER BY number) FILTER (WHERE number < pairs) AS grouped,
    string_agg(format('(p.k%s)%s%s %s (f.%s)%s', number, p_cast, sorted_by, operator, f_column,
      f_cast), ' AND ' ORDER BY number) FILTER (WHERE number < pairs) AS same,
    max(f_column) FILTER (WHERE number = pairs) AS period
  FROM pairs
  GROUP BY oid, conname, confmatchtype, temporal, schema, name, referring, referred, pairs
)
SELECT 'foreign key' AS kind, format('%I on %s', conname, name) AS name, schema,
  CASE WHEN temporal THEN format(
    'SELECT count(*) FROM %s AS f LEFT JOIN (SELECT %s FROM %s AS p GROUP BY %s) AS p ON %s
    WHERE pg_catalog.num_nulls(%s) = 0
      AND NOT coalesce(f.%s OPERATOR(pg_catalog.<@) p.k%s, false)',
    referring, whole, referred, grouped, same, f_columns, period, pairs)
  ELSE format(
    'SELECT (SELECT count(*) FROM %s AS f WHERE pg_catalog.num_nulls(%s) = 0
      AND NOT EXISTS (SELECT FROM %s AS p WHERE %s))', referring, f_columns, referred, matched)
  || CASE confmatchtype WHEN 'f' THEN format(
    ' + (SELECT count(*) FROM %s AS f WHERE pg_catalog.num_nulls(%s) BETWEEN 1 AND %s)',
    referring, f_columns, pairs - 1) ELSE '' END END
FROM said AS s
ORDER BY s.conname COLLATE "C", s.name COLLATE "C"
