-- Text search: parsers, templates, dictionaries, configurations.
SELECT 'text search configuration' AS class, c.oid::regconfig::text AS identity,
  concat_ws('; ', 'parser ' || format('%s.%I', p.prsnamespace::regnamespace, p.prsname),
    (SELECT string_agg(m.dictionaries, ', ' ORDER BY m.token) FROM (
      SELECT map.maptokentype AS token, map.maptokentype || ': '
        || string_agg(map.mapdict::regdictionary::text, ' ' ORDER BY map.mapseqno) AS dictionaries
      FROM pg_catalog.pg_ts_config_map AS map WHERE map.mapcfg = c.oid GROUP BY map.maptokentype
    ) AS m)) AS definition, NULL AS secret
FROM pg_catalog.pg_ts_config AS c JOIN pg_catalog.pg_ts_parser AS p ON p.oid = c.cfgparser
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_ts_config'::regclass AND d.objid = c.oid AND d.deptype = 'e');

SELECT 'text search dictionary', t.oid::regdictionary::text,
  concat_ws('; ', 'template ' || format('%s.%I', p.tmplnamespace::regnamespace, p.tmplname),
    t.dictinitoption), NULL
FROM pg_catalog.pg_ts_dict AS t JOIN pg_catalog.pg_ts_template AS p ON p.oid = t.dicttemplate
WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_ts_dict'::regclass AND d.objid = t.oid AND d.deptype = 'e');

SELECT 'text search parser', format('%s.%I', p.prsnamespace::regnamespace, p.prsname),
  concat_ws('; ', p.prsstart::oid::regprocedure, p.prstoken::oid::regprocedure,
    p.prsend::oid::regprocedure, 'headline ' || nullif(p.prsheadline::oid, 0)::regprocedure,
    p.prslextype::oid::regprocedure), NULL
FROM pg_catalog.pg_ts_parser AS p WHERE p.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_ts_parser'::regclass AND d.objid = p.oid AND d.deptype = 'e');

SELECT 'text search template', format('%s.%I', t.tmplnamespace::regnamespace, t.tmplname),
  concat_ws('; ', 'init ' || nullif(t.tmplinit::oid, 0)::regprocedure,
    'lexize ' || t.tmpllexize::oid::regprocedure), NULL
FROM pg_catalog.pg_ts_template AS t WHERE t.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_ts_template'::regclass AND d.objid = t.oid
      AND d.deptype = 'e');
