-- Unique keys and exclusion constraints: (kind, name, schema, query). Each query counts the rows
-- that are refused by their neighbour once all are sorted as the index would sort them, by its own
-- operators and collations; no index is read. One that is not valid promises nothing.
--
-- Ranges sorted by their beginnings overlap somewhere only if two neighbours do, so most exclusion
-- constraints are told in the same way. Of the others each row is held against each, if they are
-- few; else the query answers null.
WITH keys AS (
  SELECT i.indexrelid, i.indrelid, n.nspname AS schema, ic.relname,
    format('%I.%I', n.nspname, c.relname) AS relation,
    CASE WHEN i.indpred IS NULL THEN 'true'
      ELSE pg_catalog.pg_get_expr(i.indpred, i.indrelid) END AS predicate,
    coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false) AS nulls_alike,
    i.indisexclusion, k.conname, key.number,
    pg_catalog.pg_get_indexdef(i.indexrelid, key.number::int, false) AS expression,
    CASE WHEN ot.typtype <> 'p' THEN '::' || pg_catalog.format_type(oc.opcintype, -1) END AS typed,
    (SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
      FROM pg_catalog.pg_collation AS co
      JOIN pg_catalog.pg_namespace AS cn ON cn.oid = co.collnamespace
      WHERE co.oid = i.indcollation[key.number - 1]) AS sorted_by,
    sorts.family, sorts.type, refused.operator AS refuses,
    refused.oprname = '&&' AND refused.nspname = 'pg_catalog'
      AND refused.oprleft = 'pg_catalog.anyrange'::regtype
      AND refused.oprright = 'pg_catalog.anyrange'::regtype AS overlapping
  FROM pg_catalog.pg_index AS i
  JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.indrelid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS key (number)
  JOIN pg_catalog.pg_opclass AS oc ON oc.oid = i.indclass[key.number - 1]
  JOIN pg_catalog.pg_type AS ot ON ot.oid = oc.opcintype
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.conexclop IS NOT NULL
  LEFT JOIN LATERAL (
    SELECT format('OPERATOR(%I.%s)', o_n.nspname, o.oprname) AS operator, o.*, o_n.nspname
    FROM pg_catalog.pg_operator AS o
    JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
    WHERE o.oid = k.conexclop[key.number]
  ) AS refused ON true
  LEFT JOIN LATERAL (
    -- The family that sorts: of a unique key its own, of an exclusion one whose equality is the
    -- operator, or the family of ranges.
    SELECT oc.opcfamily AS family, oc.opcintype AS type WHERE NOT i.indisexclusion
    UNION ALL
    (SELECT a.amopfamily, a.amoplefttype FROM pg_catalog.pg_amop AS a
    JOIN pg_catalog.pg_am AS am ON am.oid = a.amopmethod AND am.amname = 'btree'
    WHERE i.indisexclusion AND a.amopopr = k.conexclop[key.number] AND a.amopstrategy = 3
      AND a.amoplefttype = a.amoprighttype ORDER BY a.oid LIMIT 1)
    UNION ALL
    (SELECT d.opcfamily, d.opcintype FROM pg_catalog.pg_opclass AS d
    JOIN pg_catalog.pg_am AS am ON am.oid = d.opcmethod AND am.amname = 'btree'
    WHERE i.indisexclusion AND refused.oprname = '&&'
      AND refused.oprleft = 'pg_catalog.anyrange'::regtype AND d.opcdefault
      AND d.opcintype = 'pg_catalog.anyrange'::regtype)
    LIMIT 1
  ) AS sorts ON true
  WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND i.indislive AND ic.relkind = 'i'
    AND c.relkind IN ('r', 'm') AND c.relispopulated AND c.relpersistence <> 't'
    AND c.oid >= 16384 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
), sorted AS (
  SELECT keys.*,
    (SELECT format('OPERATOR(%I.%s)', o_n.nspname, o.oprname) FROM pg_catalog.pg_amop AS a
      JOIN pg_catalog.pg_operator AS o ON o.oid = a.amopopr
      JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
      WHERE a.amopfamily = keys.family AND a.amoplefttype = keys.type
        AND a.amoprighttype = keys.type AND a.amopstrategy = 1) AS less,
    coalesce(keys.refuses, (SELECT format('OPERATOR(%I.%s)', o_n.nspname, o.oprname)
      FROM pg_catalog.pg_amop AS a
      JOIN pg_catalog.pg_operator AS o ON o.oid = a.amopopr
      JOIN pg_catalog.pg_namespace AS o_n ON o_n.oid = o.oprnamespace
      WHERE a.amopfamily = keys.family AND a.amoplefttype = keys.type
        AND a.amoprighttype = keys.type AND a.amopstrategy = 3)) AS same
  FROM keys
), said AS (
  SELECT CASE WHEN indisexclusion THEN 'exclusion' ELSE 'unique' END AS kind,
    CASE WHEN indisexclusion THEN format('%I on %s', min(conname), relation)
      ELSE format('%I.%I', schema, relname) END AS name,
    schema, relation, predicate,
    count(*) FILTER (WHERE less IS NULL) = 0
      AND count(*) FILTER (WHERE overlapping) <= 1 AS sortable,
    string_agg(format('(%s)%s%s AS k%s', expression, typed, sorted_by, number), ', '
      ORDER BY number) AS taken,
    string_agg(format('k%s, pg_catalog.lag(k%s) OVER w AS p%s', number, number, number), ', '
      ORDER BY number) AS lined,
    string_agg(format('k%s USING %s', number, less), ', '
      ORDER BY coalesce(overlapping, false), number) AS ordered,
    string_agg(format('k%s', number), ', ' ORDER BY number) AS names,
    CASE WHEN nulls_alike THEN 'true' ELSE format('pg_catalog.num_nulls(%s) = 0',
      string_agg(format('k%s', number), ', ' ORDER BY number)) END AS counted,
    string_agg(CASE WHEN nulls_alike
      THEN format('(k%s %s p%s OR pg_catalog.num_nulls(k%s, p%s) = 2)', number, same, number,
        number, number)
      ELSE format('k%s %s p%s', number, same, number) END, ' AND ' ORDER BY number) AS twin,
    string_agg(format('one.k%s %s other.k%s', number, same, number), ' AND ' ORDER BY number)
      AS pair
  FROM sorted
  GROUP BY indexrelid, schema, relname, relation, predicate, nulls_alike, indisexclusion
)
SELECT kind, name, schema, CASE WHEN sortable THEN format(
    'SELECT count(*) FROM (SELECT %s, pg_catalog.row_number() OVER w AS place
      FROM (SELECT %s FROM ONLY %s WHERE %s) AS keys WHERE %s WINDOW w AS (ORDER BY %s)) AS lined
    WHERE place > 1 AND %s', lined, taken, relation, predicate, counted, ordered, twin)
  ELSE format(
    'WITH keys AS MATERIALIZED (SELECT pg_catalog.row_number() OVER () AS place, %s
      FROM ONLY %s WHERE %s LIMIT 10001)
    SELECT CASE WHEN (SELECT count(*) FROM keys) <= 10000 THEN
      (SELECT count(*) FROM keys AS one JOIN keys AS other ON one.place < other.place AND %s) END',
    taken, relation, predicate, pair) END
FROM said AS s
ORDER BY s.kind COLLATE "C", s.name COLLATE "C"
