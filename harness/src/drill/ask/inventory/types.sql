-- Types of every kind. Composite types are told with the relations, arrays with their element.
SELECT CASE t.typtype WHEN 'b' THEN 'base type' WHEN 'd' THEN 'domain' WHEN 'e' THEN 'enum'
    WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange' WHEN 'p' THEN 'pseudo type'
    ELSE 'type of kind ' || t.typtype::text END AS class,
  format('%I.%I', n.nspname, t.typname) AS identity,
  concat_ws('; ',
    CASE WHEN NOT t.typisdefined THEN 'a shell' END,
    CASE WHEN t.typtype = 'b' THEN concat_ws(' ', 'length', t.typlen,
      CASE WHEN t.typbyval THEN 'by value' END,
      'aligned', t.typalign, 'storage', t.typstorage, 'category', t.typcategory,
      CASE WHEN t.typispreferred THEN 'preferred' END, 'delimiter', t.typdelim,
      'element', nullif(t.typelem, 0)::regtype,
      'input', t.typinput::oid::regprocedure, 'output', t.typoutput::oid::regprocedure,
      'receive', nullif(t.typreceive::oid, 0)::regprocedure,
      'send', nullif(t.typsend::oid, 0)::regprocedure,
      'modifiers', nullif(t.typmodin::oid, 0)::regprocedure,
      nullif(t.typmodout::oid, 0)::regprocedure,
      'analyze', nullif(t.typanalyze::oid, 0)::regprocedure,
      'subscript', nullif((to_jsonb(t) ->> 'typsubscript'), '-')) END,
    CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END,
    CASE WHEN t.typtype = 'd' AND t.typcollation <> base.typcollation
      THEN 'collation ' || t.typcollation::regcollation END,
    CASE WHEN t.typtype = 'b' AND t.typcollation <> 0 THEN 'collatable' END,
    CASE WHEN t.typnotnull THEN 'not null' END,
    'default ' || coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault),
    (SELECT 'labels ' || string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
      FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid),
    (SELECT concat_ws(' ', 'of', format_type(r.rngsubtype, NULL), 'by',
        (pg_catalog.pg_identify_object('pg_catalog.pg_opclass'::regclass, r.rngsubopc, 0)).identity,
        'collation', nullif(r.rngcollation, 0)::regcollation,
        'canonical', nullif(r.rngcanonical::oid, 0)::regprocedure,
        'difference', nullif(r.rngsubdiff::oid, 0)::regprocedure,
        'multirange', r.rngmultitypid::regtype)
      FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid)
  ) AS definition, NULL AS secret
FROM pg_catalog.pg_type AS t
JOIN pg_catalog.pg_namespace AS n ON n.oid = t.typnamespace AND n.nspname !~ '^pg_(temp|toast)'
LEFT JOIN pg_catalog.pg_type AS base ON base.oid = t.typbasetype
WHERE t.oid >= 16384 AND t.typtype <> 'c'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS element WHERE element.typarray = t.oid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e');

-- A collation's encoding is its database's, or any: a dump does not tell these apart.
SELECT 'collation', c.oid::regcollation::text,
  concat_ws('; ', 'provider ' || c.collprovider::text,
    'collate ' || c.collcollate, 'ctype ' || c.collctype,
    'locale ' || coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale'),
    'rules ' || (to_jsonb(c) ->> 'collicurules'),
    CASE WHEN NOT c.collisdeterministic THEN 'not deterministic' END,
    'version ' || c.collversion), NULL
FROM pg_catalog.pg_collation AS c WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_collation'::regclass AND d.objid = c.oid AND d.deptype = 'e');

SELECT 'conversion', format('%s.%I', c.connamespace::regnamespace, c.conname),
  concat_ws('; ',
    pg_encoding_to_char(c.conforencoding) || ' to ' || pg_encoding_to_char(c.contoencoding),
    'function ' || c.conproc::oid::regprocedure, CASE WHEN c.condefault THEN 'default' END), NULL
FROM pg_catalog.pg_conversion AS c WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_conversion'::regclass AND d.objid = c.oid AND d.deptype = 'e');

SELECT 'cast', o.identity,
  concat_ws('; ', 'context ' || c.castcontext::text, 'method ' || c.castmethod::text,
    'function ' || nullif(c.castfunc, 0)::regprocedure), NULL
FROM pg_catalog.pg_cast AS c
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_cast'::regclass, c.oid, 0) AS o
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'e');
