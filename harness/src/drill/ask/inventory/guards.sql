-- Constraints of tables and domains. A foreign key that refers to a partitioned table has a copy
-- for every partition, under a name nobody chose: they are counted, not named.
SELECT CASE k.contype WHEN 'n' THEN 'not-null constraint' ELSE 'constraint' END AS class,
  o.identity,
  concat_ws('; ',
    pg_catalog.pg_get_constraintdef(k.oid),
    CASE WHEN NOT k.convalidated THEN 'NOT VALIDATED' END,
    CASE WHEN k.coninhcount > 0 THEN CASE WHEN k.conislocal THEN 'inherited and local'
      ELSE 'inherited' END END,
    (SELECT 'copies ' || count(*) FROM pg_catalog.pg_constraint AS copy
      WHERE copy.conparentid = k.oid AND copy.contype = 'f' AND copy.conrelid = k.conrelid
      HAVING count(*) > 0)
  ) AS definition, NULL AS secret
FROM pg_catalog.pg_constraint AS k
CROSS JOIN LATERAL
  pg_catalog.pg_identify_object('pg_catalog.pg_constraint'::regclass, k.oid, 0) AS o
WHERE k.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS parent
    WHERE parent.oid = k.conparentid AND k.contype = 'f' AND parent.conrelid = k.conrelid)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c
    WHERE c.oid = k.conrelid AND c.relpersistence = 't');

-- Triggers that somebody made.
SELECT 'trigger', o.identity,
  concat_ws('; ', pg_catalog.pg_get_triggerdef(g.oid), 'enabled ' || g.tgenabled::text,
    CASE WHEN g.tgparentid <> 0 THEN 'copied from its parent' END), NULL
FROM pg_catalog.pg_trigger AS g
JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid AND c.relpersistence <> 't'
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_trigger'::regclass, g.oid, 0) AS o
WHERE g.oid >= 16384 AND NOT g.tgisinternal;

-- The triggers by which the server keeps foreign keys: switched off, they keep nothing.
SELECT 'foreign key trigger',
  g.tgrelid::regclass || ' ' || g.tgfoid::regproc || ' of ' || coalesce(k.conname, 'none'),
  string_agg(g.tgenabled::text, '' ORDER BY g.tgenabled::text COLLATE "C"), NULL
FROM pg_catalog.pg_trigger AS g
JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid AND c.relpersistence <> 't'
LEFT JOIN pg_catalog.pg_constraint AS k ON k.oid = g.tgconstraint
  AND NOT (k.conparentid <> 0 AND k.contype = 'f')
WHERE g.oid >= 16384 AND g.tgisinternal AND g.tgparentid = 0
GROUP BY g.tgrelid, g.tgfoid, k.conname;

-- Rules; the one that makes a view a view is told with the view.
SELECT 'rule', o.identity,
  concat_ws('; ', pg_catalog.pg_get_ruledef(r.oid), 'enabled ' || r.ev_enabled::text), NULL
FROM pg_catalog.pg_rewrite AS r
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_rewrite'::regclass, r.oid, 0) AS o
WHERE r.oid >= 16384 AND r.rulename <> '_RETURN';

SELECT 'policy', o.identity,
  concat_ws('; ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
    'for ' || p.polcmd::text,
    'to ' || (SELECT string_agg(CASE role WHEN 0 THEN 'PUBLIC'
      ELSE quote_ident(pg_get_userbyid(role)) END,
        ', ' ORDER BY pg_get_userbyid(role) COLLATE "C") FROM unnest(p.polroles) AS role),
    'using ' || pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check ' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)), NULL
FROM pg_catalog.pg_policy AS p
CROSS JOIN LATERAL pg_catalog.pg_identify_object('pg_catalog.pg_policy'::regclass, p.oid, 0) AS o
WHERE p.oid >= 16384;

SELECT 'event trigger', quote_ident(e.evtname),
  concat_ws('; ', 'on ' || e.evtevent, 'enabled ' || e.evtenabled::text,
    'function ' || e.evtfoid::regprocedure,
    'tags ' || (SELECT string_agg(tag, ', ' ORDER BY tag COLLATE "C")
      FROM unnest(e.evttags) AS tag)), NULL
FROM pg_catalog.pg_event_trigger AS e WHERE e.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_event_trigger'::regclass AND d.objid = e.oid
      AND d.deptype = 'e');

SELECT 'statistics', format('%s.%I', s.stxnamespace::regnamespace, s.stxname),
  concat_ws('; ', pg_catalog.pg_get_statisticsobjdef(s.oid),
    CASE WHEN s.stxstattarget >= 0 THEN 'target ' || s.stxstattarget END), NULL
FROM pg_catalog.pg_statistic_ext AS s WHERE s.oid >= 16384;
