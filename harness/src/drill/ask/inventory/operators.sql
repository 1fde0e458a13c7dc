-- Operators, and the classes and families by which indexes know them.
SELECT 'operator' AS class, o.oid::regoperator::text AS identity,
  concat_ws('; ', 'function ' || o.oprcode::oid::regprocedure,
    'result ' || format_type(o.oprresult, NULL),
    'commutator ' || nullif(o.oprcom, 0)::regoperator,
    'negator ' || nullif(o.oprnegate, 0)::regoperator,
    'restrict ' || nullif(o.oprrest::oid, 0)::regprocedure,
    'join ' || nullif(o.oprjoin::oid, 0)::regprocedure,
    CASE WHEN o.oprcanmerge THEN 'merges' END,
    CASE WHEN o.oprcanhash THEN 'hashes' END) AS definition,
  NULL AS secret
FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e');

SELECT 'operator family', i.identity, '', NULL
FROM pg_catalog.pg_opfamily AS f
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_opfamily'::regclass, f.oid, 0) AS i
WHERE f.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_opfamily'::regclass AND d.objid = f.oid AND d.deptype = 'e');

SELECT 'operator class', i.identity,
  concat_ws('; ', 'for ' || format_type(c.opcintype, NULL),
    CASE WHEN c.opcdefault THEN 'default' END,
    'family ' || (pg_catalog.pg_identify_object(
      'pg_catalog.pg_opfamily'::regclass, c.opcfamily, 0)).identity,
    'stores ' || format_type(nullif(c.opckeytype, 0), NULL)), NULL
FROM pg_catalog.pg_opclass AS c
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_opclass'::regclass, c.oid, 0) AS i
WHERE c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_opclass'::regclass AND d.objid = c.oid AND d.deptype = 'e');

SELECT 'operator of a family', i.identity,
  concat_ws('; ', a.amopopr::regoperator::text, 'purpose ' || a.amoppurpose::text,
    'sorts by ' || (pg_catalog.pg_identify_object('pg_catalog.pg_opfamily'::regclass,
      nullif(a.amopsortfamily, 0), 0)).identity), NULL
FROM pg_catalog.pg_amop AS a
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_amop'::regclass, a.oid, 0) AS i
WHERE a.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'e' AND (d.classid = 'pg_catalog.pg_amop'::regclass AND d.objid = a.oid
      OR d.classid = 'pg_catalog.pg_opfamily'::regclass AND d.objid = a.amopfamily));

SELECT 'function of a family', i.identity, a.amproc::oid::regprocedure::text, NULL
FROM pg_catalog.pg_amproc AS a
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_amproc'::regclass, a.oid, 0) AS i
WHERE a.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'e' AND (d.classid = 'pg_catalog.pg_amproc'::regclass AND d.objid = a.oid
      OR d.classid = 'pg_catalog.pg_opfamily'::regclass AND d.objid = a.amprocfamily));

SELECT 'access method', quote_ident(a.amname),
  concat_ws('; ', 'type ' || a.amtype::text, 'handler ' || a.amhandler::oid::regprocedure), NULL
FROM pg_catalog.pg_am AS a WHERE a.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_am'::regclass AND d.objid = a.oid AND d.deptype = 'e');
