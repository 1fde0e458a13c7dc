-- What belongs to the whole cluster. A column `secret` never leaves as it is.
-- Roles: the ones somebody made, the first superuser, and of the system's own those that are not
-- as they come: without login, and with no other right than to inherit.
SELECT 'role' AS class, quote_ident(r.rolname) AS identity,
  concat_ws('; ',
    CASE WHEN r.rolcanlogin THEN 'login' ELSE 'no login' END,
    CASE WHEN r.rolsuper THEN 'superuser' END,
    CASE WHEN r.rolcreaterole THEN 'create role' END,
    CASE WHEN r.rolcreatedb THEN 'create database' END,
    CASE WHEN r.rolreplication THEN 'replication' END,
    CASE WHEN r.rolbypassrls THEN 'bypass row security' END,
    CASE WHEN r.rolinherit THEN 'inherit' ELSE 'no inherit' END,
    'connection limit ' || nullif(r.rolconnlimit, -1),
    'valid until ' || r.rolvaliduntil,
    CASE WHEN r.rolpassword IS NULL THEN 'no password' ELSE 'password' END) AS definition,
  r.rolpassword AS secret
FROM pg_catalog.pg_authid AS r
WHERE r.oid >= 16384 OR r.oid = 10 OR r.rolcanlogin OR r.rolsuper OR r.rolcreaterole
  OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls OR NOT r.rolinherit
  OR r.rolconnlimit <> -1 OR r.rolpassword IS NOT NULL OR r.rolvaliduntil IS NOT NULL;

-- Memberships. Their options to inherit and to become the role came with 16.
SELECT 'membership',
  format('%I in %I by %I', pg_get_userbyid(m.member), pg_get_userbyid(m.roleid),
    pg_get_userbyid(m.grantor)),
  concat_ws('; ', 'admin ' || m.admin_option, 'inherit ' || (to_jsonb(m) ->> 'inherit_option'),
    'set ' || (to_jsonb(m) ->> 'set_option')), NULL
FROM pg_catalog.pg_auth_members AS m;

-- Settings of roles and databases. One with a dot is an extension's or the application's own,
-- and may be a key: it is told apart by its hash.
SELECT 'setting',
  format('%s of %s in %s', split_part(entry, '=', 1),
    CASE s.setrole WHEN 0 THEN 'every role' ELSE quote_ident(pg_get_userbyid(s.setrole)) END,
    coalesce(quote_ident(d.datname), 'every database')),
  CASE WHEN strpos(split_part(entry, '=', 1), '.') = 0
    THEN substr(entry, strpos(entry, '=') + 1) ELSE 'value' END,
  CASE WHEN strpos(split_part(entry, '=', 1), '.') > 0
    THEN substr(entry, strpos(entry, '=') + 1) END
FROM pg_catalog.pg_db_role_setting AS s
CROSS JOIN LATERAL unnest(s.setconfig) AS entry
LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase;

SELECT 'database', quote_ident(d.datname),
  concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(d.datdba)),
    'encoding ' || pg_encoding_to_char(d.encoding), 'collate ' || d.datcollate,
    'ctype ' || d.datctype, 'provider ' || d.datlocprovider::text,
    'locale ' || coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
    'rules ' || (to_jsonb(d) ->> 'daticurules'), 'collation version ' || d.datcollversion,
    'tablespace ' || t.spcname, 'connection limit ' || nullif(d.datconnlimit, -1),
    CASE WHEN NOT d.datallowconn THEN 'no connections' END,
    CASE WHEN d.datistemplate THEN 'template' END), NULL
FROM pg_catalog.pg_database AS d JOIN pg_catalog.pg_tablespace AS t ON t.oid = d.dattablespace;

-- Where a tablespace lies is the ground's affair; that it is there, whose, and how, is not.
SELECT 'tablespace', quote_ident(t.spcname),
  concat_ws('; ', 'owner ' || quote_ident(pg_get_userbyid(t.spcowner)),
    (SELECT 'options ' || string_agg(option, ', ' ORDER BY option COLLATE "C")
      FROM unnest(t.spcoptions) AS option)), NULL
FROM pg_catalog.pg_tablespace AS t;

-- Privileges, as what was granted beyond and revoked from the built-in defaults.
WITH listed AS (
  SELECT 'database ' || quote_ident(datname) AS object,
    coalesce(datacl, acldefault('d', datdba)) AS now, acldefault('d', datdba) AS first
  FROM pg_catalog.pg_database
  UNION ALL
  SELECT 'tablespace ' || quote_ident(spcname), coalesce(spcacl, acldefault('t', spcowner)),
    acldefault('t', spcowner) FROM pg_catalog.pg_tablespace
  UNION ALL
  SELECT 'parameter ' || parname, paracl, acldefault('p', 10) FROM pg_catalog.pg_parameter_acl
), changed AS (
  SELECT l.object, 'granted' AS how, e.* FROM listed AS l, aclexplode(l.now) AS e
  EXCEPT SELECT l.object, 'granted', e.* FROM listed AS l, aclexplode(l.first) AS e
  UNION ALL (
    SELECT l.object, 'revoked', e.* FROM listed AS l, aclexplode(l.first) AS e
    EXCEPT SELECT l.object, 'revoked', e.* FROM listed AS l, aclexplode(l.now) AS e
  )
)
SELECT 'privilege', c.object,
  string_agg(format('%s %s%s %s %s by %s', c.how, c.privilege_type,
      CASE WHEN c.is_grantable THEN ' with grant option' ELSE '' END,
      CASE c.how WHEN 'granted' THEN 'to' ELSE 'from' END,
      CASE c.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(c.grantee)) END,
      quote_ident(pg_get_userbyid(c.grantor))), '; '
    ORDER BY c.how, c.privilege_type COLLATE "C",
      CASE c.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(c.grantee) END COLLATE "C",
      pg_get_userbyid(c.grantor) COLLATE "C", c.is_grantable), NULL
FROM changed AS c GROUP BY c.object;

SELECT 'comment', o.type || ' ' || o.identity, c.description, NULL
FROM pg_catalog.pg_shdescription AS c
CROSS JOIN LATERAL pg_catalog.pg_identify_object(c.classoid, c.objoid, 0) AS o;

SELECT 'security label', l.provider || ' on ' || o.type || ' ' || o.identity, l.label, NULL
FROM pg_catalog.pg_shseclabel AS l
CROSS JOIN LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, 0) AS o;

-- What no dump carries, and a copy of the files only in part.
SELECT 'replication slot', quote_ident(s.slot_name),
  concat_ws('; ', s.slot_type, 'plugin ' || s.plugin, 'database ' || s.database), NULL
FROM pg_catalog.pg_replication_slots AS s WHERE NOT s.temporary;

-- The origin of a subscription bears its number, and is told with it.
SELECT 'replication origin', quote_ident(o.roname), '', NULL
FROM pg_catalog.pg_replication_origin AS o WHERE o.roname !~ '^pg_[0-9]+';

SELECT 'prepared transaction', quote_literal(x.gid),
  format('by %I in %I', x.owner, x.database), NULL
FROM pg_catalog.pg_prepared_xacts AS x WHERE x.gid !~ '^pgrehearse';
