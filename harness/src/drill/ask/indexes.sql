-- Every index, with what is needed to read its table through it: the predicate, the first key,
-- and an operator that the index answers. For that operator either a value that every row is
-- compared with (so that the whole index is read), or the type that values of the rows have.
SELECT c.oid::text, format('%I.%I', n.nspname, c.relname), c.relname, t.oid::text,
  format('%I.%I', tn.nspname, t.relname), am.amname,
  CASE WHEN NOT (i.indisvalid AND i.indisready AND i.indislive) THEN 'unused'
    WHEN NOT t.relispopulated THEN 'unfilled'
    WHEN t.oid < 16384 OR tn.nspname = 'pg_toast' THEN 'system' ELSE 'used' END,
  pg_catalog.pg_get_expr(i.indpred, i.indrelid), pg_catalog.pg_get_indexdef(c.oid, 1, false),
  asked.operator, asked.value || coalesce(sorted.clause, ''), asked.type, sorted.clause
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
JOIN pg_catalog.pg_namespace AS tn ON tn.oid = t.relnamespace
JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
LEFT JOIN LATERAL (
  SELECT format(' COLLATE %I.%I', cn.nspname, co.collname) AS clause
  FROM pg_catalog.pg_collation AS co
  JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
  WHERE co.oid = i.indcollation[0]
) AS sorted ON true
LEFT JOIN LATERAL (
  SELECT * FROM (
    SELECT format('OPERATOR(%I.%s)', so.nspname, s.oprname) AS operator,
      CASE WHEN am.amname <> 'gin' THEN NULL
        WHEN s.oprname = '~~' AND right_type.typname = 'text' THEN '''%''::pg_catalog.text'
        WHEN right_type.typname = 'tsquery' THEN '''!pgrehearse''::pg_catalog.tsquery'
        WHEN s.oprname <> '@>' THEN NULL
        WHEN right_type.typname = 'jsonb' THEN '''{}''::pg_catalog.jsonb'
        WHEN right_type.typname = 'anyarray' THEN '''{}''::' || key.type
        WHEN right_type.typname = 'hstore' THEN '''''::' || a.amoprighttype::regtype::text
      END AS value,
      CASE WHEN a.amoprighttype <> a.amoplefttype THEN NULL
        WHEN right_type.typtype = 'p' THEN key.type
        ELSE a.amoprighttype::regtype::text
      END AS type,
      s.oprname, a.amopstrategy
    FROM pg_catalog.pg_opclass AS oc
    JOIN pg_catalog.pg_amop AS a ON a.amopfamily = oc.opcfamily
      AND a.amoplefttype = oc.opcintype AND a.amoppurpose = 's'
    JOIN pg_catalog.pg_operator AS s ON s.oid = a.amopopr
    JOIN pg_catalog.pg_namespace AS so ON so.oid = s.oprnamespace
    JOIN pg_catalog.pg_type AS right_type ON right_type.oid = a.amoprighttype
    LEFT JOIN LATERAL (
      SELECT pg_catalog.format_type(att.atttypid, NULL) AS type
      FROM pg_catalog.pg_attribute AS att
      WHERE att.attrelid = i.indrelid AND att.attnum = i.indkey[0] AND att.attnum > 0
    ) AS key ON true
    WHERE oc.oid = i.indclass[0]
  ) AS known
  WHERE known.value IS NOT NULL OR known.type IS NOT NULL
  ORDER BY known.value IS NULL, known.oprname <> '=', known.oprname <> '&&', known.amopstrategy
  LIMIT 1
) AS asked ON true
WHERE c.relkind = 'i' AND c.relpersistence <> 't'
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
