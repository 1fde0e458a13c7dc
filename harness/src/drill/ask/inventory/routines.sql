-- Functions, procedures and window functions, whole.
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS class,
  p.oid::regprocedure::text AS identity, pg_catalog.pg_get_functiondef(p.oid) AS definition,
  NULL AS secret
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname !~ '^pg_temp_'
WHERE p.oid >= 16384 AND p.prokind <> 'a'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid
      AND d.deptype IN ('e', 'i'));

-- Aggregates, which the server does not print.
SELECT 'aggregate', p.oid::regprocedure::text,
  concat_ws('; ', 'returns ' || format_type(p.prorettype, NULL),
    'arguments ' || pg_catalog.pg_get_function_arguments(p.oid),
    'kind ' || a.aggkind::text || ' direct ' || a.aggnumdirectargs,
    'parallel ' || p.proparallel::text,
    'state ' || a.aggtransfn::oid::regprocedure || ' ' || format_type(a.aggtranstype, NULL)
      || ' space ' || a.aggtransspace,
    'final ' || nullif(a.aggfinalfn::oid, 0)::regprocedure || ' extra ' || a.aggfinalextra
      || ' modify ' || a.aggfinalmodify::text,
    'combine ' || nullif(a.aggcombinefn::oid, 0)::regprocedure,
    'serial ' || nullif(a.aggserialfn::oid, 0)::regprocedure,
    'deserial ' || nullif(a.aggdeserialfn::oid, 0)::regprocedure,
    'moving ' || nullif(a.aggmtransfn::oid, 0)::regprocedure || ' '
      || nullif(a.aggminvtransfn::oid, 0)::regprocedure || ' ' || format_type(a.aggmtranstype, NULL)
      || ' space ' || a.aggmtransspace
      || ' start ' || coalesce(quote_literal(a.aggminitval), 'null'),
    'moving final ' || nullif(a.aggmfinalfn::oid, 0)::regprocedure || ' extra ' || a.aggmfinalextra
      || ' modify ' || a.aggmfinalmodify::text,
    'sorts by ' || nullif(a.aggsortop, 0)::regoperator,
    'starts at ' || quote_literal(a.agginitval)), NULL
FROM pg_catalog.pg_proc AS p
JOIN pg_catalog.pg_aggregate AS a ON a.aggfnoid = p.oid
WHERE p.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e');

SELECT 'language', quote_ident(l.lanname),
  concat_ws('; ', CASE WHEN l.lanpltrusted THEN 'trusted' END,
    'handler ' || nullif(l.lanplcallfoid, 0)::regprocedure,
    'inline ' || nullif(l.laninline, 0)::regprocedure,
    'validator ' || nullif(l.lanvalidator, 0)::regprocedure), NULL
FROM pg_catalog.pg_language AS l WHERE l.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_language'::regclass AND d.objid = l.oid AND d.deptype = 'e');

SELECT 'transform', format('for %s language %I', format_type(x.trftype, NULL), l.lanname),
  concat_ws('; ', 'from sql ' || nullif(x.trffromsql::oid, 0)::regprocedure,
    'to sql ' || nullif(x.trftosql::oid, 0)::regprocedure), NULL
FROM pg_catalog.pg_transform AS x JOIN pg_catalog.pg_language AS l ON l.oid = x.trflang
WHERE x.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_transform'::regclass AND d.objid = x.oid AND d.deptype = 'e');
