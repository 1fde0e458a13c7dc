-- Schemas. `public` is older than we are, and can be changed like any other.
SELECT 'schema' AS class, quote_ident(n.nspname) AS identity, '' AS definition, NULL AS secret
FROM pg_catalog.pg_namespace AS n
WHERE (n.oid >= 16384 OR n.nspname = 'public') AND n.nspname !~ '^pg_(temp|toast_temp)_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_namespace'::regclass AND d.objid = n.oid AND d.deptype = 'e');

-- Extensions. What they bring is counted and named by a hash, with what its functions and views
-- do: it follows from their version, but somebody may have replaced one, and a dump leaves that out.
SELECT 'extension', quote_ident(e.extname),
  concat_ws('; ', 'version ' || e.extversion, 'schema ' || e.extnamespace::regnamespace,
    CASE WHEN e.extrelocatable THEN 'relocatable' END,
    (SELECT 'config ' || string_agg(config.relation::regclass || ' '
        || coalesce(e.extcondition[config.number], ''), ', ' ORDER BY config.number)
      FROM unnest(e.extconfig) WITH ORDINALITY AS config (relation, number)),
    (SELECT format('members %s %s', count(*),
        md5(string_agg(concat_ws(' ', o.type, o.identity, p.prosrc, p.probin, p.prosecdef,
            p.proconfig, v.definition), ',' ORDER BY o.type COLLATE "C", o.identity COLLATE "C")))
      FROM pg_catalog.pg_depend AS d
      CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, 0) AS o
      LEFT JOIN pg_catalog.pg_proc AS p
        ON d.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = d.objid
      LEFT JOIN LATERAL (SELECT pg_catalog.pg_get_viewdef(c.oid) AS definition
        FROM pg_catalog.pg_class AS c
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
          AND c.relkind IN ('v', 'm')) AS v ON true
      WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
        AND d.deptype = 'e')), NULL
FROM pg_catalog.pg_extension AS e;

-- ALTER ... DEPENDS ON EXTENSION.
SELECT 'depends on extension', o.type || ' ' || o.identity, quote_ident(e.extname), NULL
FROM pg_catalog.pg_depend AS d
JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) AS o
WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'x';

SELECT 'large object', m.oid::text, '', NULL FROM pg_catalog.pg_largeobject_metadata AS m;

-- Comments on what is not the system's own. PostgreSQL 15 names a transform `for x on language y`,
-- 17 leaves the `on` out.
SELECT 'comment', o.type || ' ' || CASE o.type
    WHEN 'transform' THEN regexp_replace(o.identity, '^(for .*) on (language )', '\1 \2')
    ELSE o.identity END, c.description, NULL
FROM pg_catalog.pg_description AS c
CROSS JOIN LATERAL pg_catalog.pg_identify_object(c.classoid, c.objoid, c.objsubid) AS o
WHERE (c.objoid >= 16384 OR c.classoid = 'pg_catalog.pg_extension'::regclass
    OR c.classoid = 'pg_catalog.pg_largeobject'::regclass
    OR c.classoid = 'pg_catalog.pg_namespace'::regclass AND c.objoid = to_regnamespace('public'))
  AND coalesce(o.schema, '') !~ '^pg_(temp|toast)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = c.classoid AND d.objid = c.objoid AND d.deptype = 'e');

SELECT 'security label', l.provider || ' on ' || o.type || ' ' || o.identity, l.label, NULL
FROM pg_catalog.pg_seclabel AS l
CROSS JOIN LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) AS o;

-- Owners of everything that has one. The system's own objects are told once they belong to
-- another than the first superuser. Arrays, row types and multiranges follow what they are of.
SELECT 'owner', o.type || ' ' || o.identity, quote_ident(pg_get_userbyid(x.owner)), NULL
FROM (
  SELECT 'pg_catalog.pg_class'::regclass AS class, oid, relowner AS owner
  FROM pg_catalog.pg_class WHERE relkind NOT IN ('i', 'I', 't')
  UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, proowner FROM pg_catalog.pg_proc
  UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid, nspowner FROM pg_catalog.pg_namespace
  UNION ALL SELECT 'pg_catalog.pg_type'::regclass, t.oid, typowner FROM pg_catalog.pg_type AS t
    WHERE t.typtype <> 'm'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
      AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class AS c
        WHERE c.oid = t.typrelid AND c.relkind = 'c'))
  UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, oid, oprowner FROM pg_catalog.pg_operator
  UNION ALL SELECT 'pg_catalog.pg_opclass'::regclass, oid, opcowner FROM pg_catalog.pg_opclass
  UNION ALL SELECT 'pg_catalog.pg_opfamily'::regclass, oid, opfowner FROM pg_catalog.pg_opfamily
  UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, oid, collowner FROM pg_catalog.pg_collation
  UNION ALL SELECT 'pg_catalog.pg_conversion'::regclass, oid, conowner FROM pg_catalog.pg_conversion
  UNION ALL SELECT 'pg_catalog.pg_language'::regclass, oid, lanowner FROM pg_catalog.pg_language
  UNION ALL SELECT 'pg_catalog.pg_extension'::regclass, oid, extowner FROM pg_catalog.pg_extension
  UNION ALL SELECT 'pg_catalog.pg_event_trigger'::regclass, oid, evtowner
    FROM pg_catalog.pg_event_trigger
  UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid, fdwowner
    FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_catalog.pg_foreign_server'::regclass, oid, srvowner
    FROM pg_catalog.pg_foreign_server
  UNION ALL SELECT 'pg_catalog.pg_publication'::regclass, oid, pubowner
    FROM pg_catalog.pg_publication
  UNION ALL SELECT 'pg_catalog.pg_subscription'::regclass, oid, subowner
    FROM pg_catalog.pg_subscription
    WHERE subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
  UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::regclass, oid, stxowner
    FROM pg_catalog.pg_statistic_ext
  UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, oid, dictowner FROM pg_catalog.pg_ts_dict
  UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, oid, cfgowner FROM pg_catalog.pg_ts_config
  UNION ALL SELECT 'pg_catalog.pg_largeobject'::regclass, oid, lomowner
    FROM pg_catalog.pg_largeobject_metadata
) AS x
CROSS JOIN LATERAL pg_catalog.pg_identify_object(x.class, x.oid, 0) AS o
WHERE (x.oid >= 16384 OR x.owner <> 10 OR x.class = 'pg_catalog.pg_largeobject'::regclass)
  AND coalesce(o.schema, o.identity) !~ '^pg_(temp|toast)'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = x.class AND d.objid = x.oid AND d.deptype = 'e'
      AND x.owner = (SELECT extowner FROM pg_catalog.pg_extension WHERE oid = d.refobjid));
