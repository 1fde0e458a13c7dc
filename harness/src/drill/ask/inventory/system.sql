-- What PostgreSQL itself came with, a line for each of its catalogues: somebody may have changed
-- it. What runs by itself (statistics, vacuum) is left out; owners and privileges are told
-- elsewhere, and so is all of the schema `public` (2200): it may be dropped, and made again, like
-- any other. Numbers are compared as they are: the same major version on both sides.
SELECT 'system objects' AS class, o.catalogue AS identity,
  format('%s %s', count(*), md5(string_agg(o.line, ',' ORDER BY o.line COLLATE "C")))
    AS definition,
  NULL AS secret
FROM (
  SELECT 'pg_proc' AS catalogue, md5((to_jsonb(x) - '{proowner,proacl}'::text[])::text) AS line
  FROM pg_catalog.pg_proc AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_class', md5(ROW(relname, relnamespace, relkind, relam, reltablespace, relnatts,
    relchecks, relpersistence, relrowsecurity, relforcerowsecurity, reloptions, relhastriggers)::text)
  FROM pg_catalog.pg_class WHERE oid < 16384
  UNION ALL
  SELECT 'pg_attribute', md5((to_jsonb(x) - 'attacl')::text)
  FROM pg_catalog.pg_attribute AS x WHERE x.attrelid < 16384
  UNION ALL
  SELECT 'pg_type', md5((to_jsonb(x) - '{typowner,typacl}'::text[])::text)
  FROM pg_catalog.pg_type AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_namespace', md5(x.nspname) FROM pg_catalog.pg_namespace AS x
  WHERE x.oid < 16384 AND x.nspname <> 'public'
  UNION ALL
  SELECT 'pg_rewrite', md5(x::text)
  FROM pg_catalog.pg_rewrite AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_index', md5((to_jsonb(x) - 'indcheckxmin')::text)
  FROM pg_catalog.pg_index AS x WHERE x.indexrelid < 16384
  UNION ALL
  SELECT 'pg_constraint', md5(x::text)
  FROM pg_catalog.pg_constraint AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_cast', md5(x::text) FROM pg_catalog.pg_cast AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_operator', md5((to_jsonb(x) - 'oprowner')::text)
  FROM pg_catalog.pg_operator AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_opclass', md5((to_jsonb(x) - 'opcowner')::text)
  FROM pg_catalog.pg_opclass AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_opfamily', md5((to_jsonb(x) - 'opfowner')::text)
  FROM pg_catalog.pg_opfamily AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_amop', md5(x::text) FROM pg_catalog.pg_amop AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_amproc', md5(x::text) FROM pg_catalog.pg_amproc AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_am', md5(x::text) FROM pg_catalog.pg_am AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_aggregate', md5(x::text)
  FROM pg_catalog.pg_aggregate AS x WHERE x.aggfnoid < 16384
  UNION ALL
  SELECT 'pg_language', md5((to_jsonb(x) - '{lanowner,lanacl}'::text[])::text)
  FROM pg_catalog.pg_language AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_collation', md5((to_jsonb(x) - 'collowner')::text)
  FROM pg_catalog.pg_collation AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_conversion', md5((to_jsonb(x) - 'conowner')::text)
  FROM pg_catalog.pg_conversion AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_range', md5(x::text) FROM pg_catalog.pg_range AS x WHERE x.rngtypid < 16384
  UNION ALL
  SELECT 'pg_ts_config', md5((to_jsonb(x) - 'cfgowner')::text)
  FROM pg_catalog.pg_ts_config AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_ts_config_map', md5(x::text)
  FROM pg_catalog.pg_ts_config_map AS x WHERE x.mapcfg < 16384
  UNION ALL
  SELECT 'pg_ts_dict', md5((to_jsonb(x) - 'dictowner')::text)
  FROM pg_catalog.pg_ts_dict AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_ts_parser', md5(x::text)
  FROM pg_catalog.pg_ts_parser AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_ts_template', md5(x::text)
  FROM pg_catalog.pg_ts_template AS x WHERE x.oid < 16384
  UNION ALL
  SELECT 'pg_description', md5(x::text) FROM pg_catalog.pg_description AS x
  WHERE x.objoid < 16384 AND x.classoid <> 'pg_catalog.pg_largeobject'::regclass
    AND NOT (x.classoid = 'pg_catalog.pg_namespace'::regclass AND x.objoid = 2200)
  UNION ALL
  SELECT 'pg_init_privs', md5(x::text)
  FROM pg_catalog.pg_init_privs AS x
  WHERE x.objoid < 16384
    AND NOT (x.classoid = 'pg_catalog.pg_namespace'::regclass AND x.objoid = 2200)
) AS o
GROUP BY o.catalogue;
