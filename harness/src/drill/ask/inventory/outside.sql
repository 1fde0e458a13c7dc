-- What reaches outside: foreign servers, publications, subscriptions. An option may be a
-- password: its value only ever leaves this file in the column `secret`.
SELECT 'foreign data wrapper' AS class, quote_ident(f.fdwname) AS identity,
  concat_ws('; ', 'handler ' || nullif(f.fdwhandler, 0)::regprocedure,
    'validator ' || nullif(f.fdwvalidator, 0)::regprocedure) AS definition, NULL AS secret
FROM pg_catalog.pg_foreign_data_wrapper AS f WHERE f.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = f.oid AND d.deptype = 'e'
    AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass);

SELECT 'server', quote_ident(s.srvname),
  concat_ws('; ', 'wrapper ' || quote_ident(f.fdwname), 'type ' || quote_literal(s.srvtype),
    'version ' || quote_literal(s.srvversion)), NULL
FROM pg_catalog.pg_foreign_server AS s
JOIN pg_catalog.pg_foreign_data_wrapper AS f ON f.oid = s.srvfdw WHERE s.oid >= 16384;

SELECT 'user mapping', format('%s on %I', coalesce(quote_ident(r.rolname), 'PUBLIC'), s.srvname),
  '', NULL
FROM pg_catalog.pg_user_mapping AS u
JOIN pg_catalog.pg_foreign_server AS s ON s.oid = u.umserver
LEFT JOIN pg_catalog.pg_authid AS r ON r.oid = u.umuser;

SELECT 'foreign option', o.what || ' ' || quote_ident(split_part(o.option, '=', 1)), 'value',
  substr(o.option, strpos(o.option, '=') + 1)
FROM (
  SELECT 'wrapper ' || quote_ident(fdwname) AS what, unnest(fdwoptions) AS option
  FROM pg_catalog.pg_foreign_data_wrapper
  UNION ALL
  SELECT 'server ' || quote_ident(srvname), unnest(srvoptions) FROM pg_catalog.pg_foreign_server
  UNION ALL
  SELECT format('user mapping %s on %I', coalesce(quote_ident(r.rolname), 'PUBLIC'), s.srvname),
    unnest(u.umoptions)
  FROM pg_catalog.pg_user_mapping AS u
  JOIN pg_catalog.pg_foreign_server AS s ON s.oid = u.umserver
  LEFT JOIN pg_catalog.pg_authid AS r ON r.oid = u.umuser
  UNION ALL
  SELECT 'table ' || ftrelid::regclass, unnest(ftoptions) FROM pg_catalog.pg_foreign_table
  UNION ALL
  SELECT format('column %s.%I', attrelid::regclass, attname), unnest(attfdwoptions)
  FROM pg_catalog.pg_attribute WHERE attfdwoptions IS NOT NULL AND NOT attisdropped
) AS o;

SELECT 'publication', quote_ident(p.pubname),
  (to_jsonb(p) - 'oid' - 'pubname' - 'pubowner')::text, NULL
FROM pg_catalog.pg_publication AS p WHERE p.oid >= 16384;

SELECT 'publication of a table', format('%s in %I', r.prrelid::regclass, p.pubname),
  concat_ws('; ',
    'columns ' || (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname COLLATE "C")
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs)),
    'where ' || pg_catalog.pg_get_expr(r.prqual, r.prrelid)), NULL
FROM pg_catalog.pg_publication_rel AS r JOIN pg_catalog.pg_publication AS p ON p.oid = r.prpubid;

SELECT 'publication of a schema', format('%s in %I', n.pnnspid::regnamespace, p.pubname), '', NULL
FROM pg_catalog.pg_publication_namespace AS n
JOIN pg_catalog.pg_publication AS p ON p.oid = n.pnpubid;

SELECT 'subscription', quote_ident(s.subname),
  (to_jsonb(s) - '{oid,subname,subdbid,subowner,subconninfo,subskiplsn}'::text[])::text,
    s.subconninfo
FROM pg_catalog.pg_subscription AS s
WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database());

SELECT 'subscription of a table', format('%s in %I', r.srrelid::regclass, s.subname), '', NULL
FROM pg_catalog.pg_subscription_rel AS r JOIN pg_catalog.pg_subscription AS s ON s.oid = r.srsubid;
