-- Privileges, as what was granted beyond and revoked from what the object had at first: for what
-- the system and extensions bring, that is what they came with; for the rest the built-in
-- defaults. So a list that says the same as no list is the same, and majors can be compared.
-- The schema `public` may be the one that it came with or another: all that it grants is told.
WITH object AS (
  SELECT 'pg_catalog.pg_class'::regclass AS class, oid, 0 AS sub,
    CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END AS kind, relowner AS owner,
      relacl AS acl
  FROM pg_catalog.pg_class WHERE relpersistence <> 't'
  UNION ALL SELECT 'pg_catalog.pg_class'::regclass, attrelid, attnum, 'c'::"char", c.relowner,
    attacl
    FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_class AS c ON c.oid = attrelid
    WHERE NOT attisdropped AND c.relpersistence <> 't'
  UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, 0, 'f'::"char", proowner, proacl
    FROM pg_catalog.pg_proc
  UNION ALL SELECT 'pg_catalog.pg_namespace'::regclass, oid, 0, 'n'::"char", nspowner, nspacl
    FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_(temp|toast)'
  UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid, 0, 'T'::"char", typowner, typacl
    FROM pg_catalog.pg_type
  UNION ALL SELECT 'pg_catalog.pg_language'::regclass, oid, 0, 'l'::"char", lanowner, lanacl
    FROM pg_catalog.pg_language
  UNION ALL SELECT 'pg_catalog.pg_foreign_data_wrapper'::regclass, oid, 0, 'F'::"char", fdwowner,
    fdwacl
    FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL SELECT 'pg_catalog.pg_foreign_server'::regclass, oid, 0, 'S'::"char", srvowner, srvacl
    FROM pg_catalog.pg_foreign_server
  UNION ALL SELECT 'pg_catalog.pg_largeobject'::regclass, oid, 0, 'L'::"char", lomowner, lomacl
    FROM pg_catalog.pg_largeobject_metadata
), listed AS (
  SELECT x.class, x.oid, x.sub,
    coalesce(x.acl, acldefault(x.kind, x.owner)) AS now,
    CASE WHEN x.class = 'pg_catalog.pg_namespace'::regclass AND x.oid = to_regnamespace('public')
      THEN NULL ELSE coalesce(p.initprivs, acldefault(x.kind, x.owner)) END AS first
  FROM object AS x
  LEFT JOIN pg_catalog.pg_init_privs AS p
    ON p.classoid = x.class AND p.objoid = x.oid AND p.objsubid = x.sub
  WHERE x.acl IS NOT NULL OR p.initprivs IS NOT NULL
    OR x.class = 'pg_catalog.pg_namespace'::regclass AND x.oid = to_regnamespace('public')
), changed AS (
  SELECT l.class, l.oid, l.sub, 'granted' AS how, e.* FROM listed AS l, aclexplode(l.now) AS e
  EXCEPT SELECT l.class, l.oid, l.sub, 'granted', e.* FROM listed AS l, aclexplode(l.first) AS e
  UNION ALL (
    SELECT l.class, l.oid, l.sub, 'revoked', e.* FROM listed AS l, aclexplode(l.first) AS e
    EXCEPT SELECT l.class, l.oid, l.sub, 'revoked', e.* FROM listed AS l, aclexplode(l.now) AS e
  )
)
SELECT 'privilege' AS class, o.type || ' ' || o.identity AS identity,
  string_agg(format('%s %s%s %s %s by %s', c.how, c.privilege_type,
      CASE WHEN c.is_grantable THEN ' with grant option' ELSE '' END,
      CASE c.how WHEN 'granted' THEN 'to' ELSE 'from' END,
      CASE c.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(c.grantee)) END,
      quote_ident(pg_get_userbyid(c.grantor))), '; '
    ORDER BY c.how, c.privilege_type COLLATE "C",
      CASE c.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(c.grantee) END COLLATE "C",
      pg_get_userbyid(c.grantor) COLLATE "C", c.is_grantable) AS definition,
  NULL AS secret
FROM changed AS c
CROSS JOIN LATERAL pg_catalog.pg_identify_object(c.class, c.oid, c.sub) AS o
GROUP BY o.type, o.identity;

-- What whoever makes an object grants by default.
SELECT 'default privilege', o.identity,
  coalesce((SELECT string_agg(format('%s%s to %s by %s', e.privilege_type,
        CASE WHEN e.is_grantable THEN ' with grant option' ELSE '' END,
        CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END,
        quote_ident(pg_get_userbyid(e.grantor))), '; '
      ORDER BY e.privilege_type COLLATE "C",
        CASE e.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(e.grantee) END COLLATE "C",
        pg_get_userbyid(e.grantor) COLLATE "C", e.is_grantable)
    FROM aclexplode(a.defaclacl) AS e), 'nothing'), NULL
FROM pg_catalog.pg_default_acl AS a
CROSS JOIN LATERAL
  pg_catalog.pg_identify_object('pg_catalog.pg_default_acl'::regclass, a.oid, 0) AS o;
