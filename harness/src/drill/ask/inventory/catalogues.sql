-- What somebody made, a line for each catalogue, as the server itself goes by it: dependencies,
-- flags, the numbers by which one row knows another. A copy of the files has all of it again; a
-- dump makes each object anew under another number, and is not compared by this. What runs by
-- itself (vacuum, statistics, toast) is left out, and what may be a password is told elsewhere.
WITH passing AS (
  SELECT oid FROM pg_catalog.pg_class
  WHERE relpersistence = 't' OR relnamespace = 'pg_toast'::regnamespace
  UNION ALL
  SELECT oid FROM pg_catalog.pg_namespace WHERE nspname ~ '^pg_(temp|toast_temp)_'
), content AS (
  SELECT 'pg_class' AS catalogue, x.oid AS of, x.relnamespace AS within, (to_jsonb(x) -
    ('{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,relfilenode,'
      'reltoastrelid,relhasindex,relhasrules,relhastriggers,relhassubclass}')::text[])::text
    AS content
  FROM pg_catalog.pg_class AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_attribute', x.attrelid, 0, (to_jsonb(x) - 'attfdwoptions')::text
  FROM pg_catalog.pg_attribute AS x WHERE x.attrelid >= 16384
  UNION ALL
  SELECT 'pg_attrdef', x.adrelid, 0, x::text FROM pg_catalog.pg_attrdef AS x
  UNION ALL
  SELECT 'pg_index', x.indrelid, 0, (to_jsonb(x) - 'indcheckxmin')::text
  FROM pg_catalog.pg_index AS x WHERE x.indexrelid >= 16384
  UNION ALL
  SELECT 'pg_inherits', x.inhrelid, 0, x::text FROM pg_catalog.pg_inherits AS x
  UNION ALL
  SELECT 'pg_partitioned_table', x.partrelid, 0, x::text
  FROM pg_catalog.pg_partitioned_table AS x
  UNION ALL
  SELECT 'pg_sequence', x.seqrelid, 0, x::text FROM pg_catalog.pg_sequence AS x
  UNION ALL
  SELECT 'pg_constraint', x.conrelid, x.connamespace, x::text
  FROM pg_catalog.pg_constraint AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_trigger', x.tgrelid, 0, x::text
  FROM pg_catalog.pg_trigger AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_rewrite', x.ev_class, 0, x::text
  FROM pg_catalog.pg_rewrite AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_policy', x.polrelid, 0, x::text FROM pg_catalog.pg_policy AS x
  UNION ALL
  SELECT 'pg_statistic_ext', x.stxrelid, 0, x::text FROM pg_catalog.pg_statistic_ext AS x
  UNION ALL
  SELECT 'pg_foreign_table', x.ftrelid, 0, (to_jsonb(x) - 'ftoptions')::text
  FROM pg_catalog.pg_foreign_table AS x
  UNION ALL
  SELECT 'pg_publication_rel', x.prrelid, 0, x::text FROM pg_catalog.pg_publication_rel AS x
  UNION ALL
  SELECT 'pg_type', x.typrelid, x.typnamespace, x::text
  FROM pg_catalog.pg_type AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_proc', 0, x.pronamespace, x::text
  FROM pg_catalog.pg_proc AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_aggregate', 0, 0, x::text
  FROM pg_catalog.pg_aggregate AS x WHERE x.aggfnoid >= 16384
  UNION ALL
  SELECT 'pg_namespace', x.oid, 0, x::text
  FROM pg_catalog.pg_namespace AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_enum', 0, 0, x::text FROM pg_catalog.pg_enum AS x
  UNION ALL
  SELECT 'pg_range', 0, 0, x::text FROM pg_catalog.pg_range AS x WHERE x.rngtypid >= 16384
  UNION ALL
  SELECT 'pg_cast', 0, 0, x::text FROM pg_catalog.pg_cast AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_operator', 0, 0, x::text FROM pg_catalog.pg_operator AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_opclass', 0, 0, x::text FROM pg_catalog.pg_opclass AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_opfamily', 0, 0, x::text FROM pg_catalog.pg_opfamily AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_amop', 0, 0, x::text FROM pg_catalog.pg_amop AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_amproc', 0, 0, x::text FROM pg_catalog.pg_amproc AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_am', 0, 0, x::text FROM pg_catalog.pg_am AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_language', 0, 0, x::text FROM pg_catalog.pg_language AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_transform', 0, 0, x::text FROM pg_catalog.pg_transform AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_collation', 0, 0, x::text FROM pg_catalog.pg_collation AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_conversion', 0, 0, x::text
  FROM pg_catalog.pg_conversion AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_ts_config', 0, 0, x::text FROM pg_catalog.pg_ts_config AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_ts_config_map', 0, 0, x::text
  FROM pg_catalog.pg_ts_config_map AS x WHERE x.mapcfg >= 16384
  UNION ALL
  SELECT 'pg_ts_dict', 0, 0, x::text FROM pg_catalog.pg_ts_dict AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_ts_parser', 0, 0, x::text FROM pg_catalog.pg_ts_parser AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_ts_template', 0, 0, x::text
  FROM pg_catalog.pg_ts_template AS x WHERE x.oid >= 16384
  UNION ALL
  SELECT 'pg_extension', 0, 0, x::text FROM pg_catalog.pg_extension AS x
  UNION ALL
  SELECT 'pg_event_trigger', 0, 0, x::text FROM pg_catalog.pg_event_trigger AS x
  UNION ALL
  SELECT 'pg_foreign_data_wrapper', 0, 0, (to_jsonb(x) - 'fdwoptions')::text
  FROM pg_catalog.pg_foreign_data_wrapper AS x
  UNION ALL
  SELECT 'pg_foreign_server', 0, 0, (to_jsonb(x) - 'srvoptions')::text
  FROM pg_catalog.pg_foreign_server AS x
  UNION ALL
  SELECT 'pg_user_mapping', 0, 0, (to_jsonb(x) - 'umoptions')::text FROM pg_catalog.pg_user_mapping AS x
  UNION ALL
  SELECT 'pg_publication', 0, 0, x::text FROM pg_catalog.pg_publication AS x
  UNION ALL
  SELECT 'pg_publication_namespace', 0, 0, x::text
  FROM pg_catalog.pg_publication_namespace AS x
  UNION ALL
  SELECT 'pg_default_acl', 0, 0, x::text FROM pg_catalog.pg_default_acl AS x
  UNION ALL
  SELECT 'pg_init_privs', 0, 0, x::text
  FROM pg_catalog.pg_init_privs AS x WHERE x.objoid >= 16384
  UNION ALL
  SELECT 'pg_largeobject_metadata', 0, 0, x::text
  FROM pg_catalog.pg_largeobject_metadata AS x
  UNION ALL
  SELECT 'pg_depend', x.objid, x.refobjid, x::text FROM pg_catalog.pg_depend AS x
  UNION ALL
  SELECT 'pg_shdepend', x.objid, 0, x::text FROM pg_catalog.pg_shdepend AS x
  WHERE x.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
)
SELECT 'catalogue' AS class, l.catalogue AS identity,
  format('%s %s', count(*), md5(string_agg(l.line, ',' ORDER BY l.line COLLATE "C")))
    AS definition,
  NULL AS secret
FROM (
  SELECT c.catalogue, md5(c.content) AS line FROM content AS c
  WHERE c.of NOT IN (SELECT oid FROM passing) AND c.within NOT IN (SELECT oid FROM passing)
) AS l
GROUP BY l.catalogue;
