-- Tables, views, materialized views, foreign tables, composite types: what they are beside
-- their columns. A toast table speaks through the options of the table it belongs to.
SELECT
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type'
    ELSE 'relation of kind ' || c.relkind::text END AS class,
  format('%I.%I', n.nspname, c.relname) AS identity,
  concat_ws('; ',
    CASE c.relpersistence WHEN 'p' THEN 'permanent' WHEN 'u' THEN 'unlogged'
      ELSE c.relpersistence::text END,
    'access method ' || am.amname,
    'tablespace ' || t.spcname,
    'of ' || nullif(c.reloftype, 0)::regtype::text,
    'options ' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C")
      FROM unnest(c.reloptions) AS option),
    'toast options ' || (SELECT string_agg(option, ', ' ORDER BY option COLLATE "C")
      FROM pg_catalog.pg_class AS toast, unnest(toast.reloptions) AS option
      WHERE toast.oid = c.reltoastrelid),
    CASE WHEN c.relkind IN ('r', 'p', 'm') THEN 'replica identity ' || c.relreplident::text END,
    CASE WHEN c.relrowsecurity THEN 'row security' END,
    CASE WHEN c.relforcerowsecurity THEN 'row security forced' END,
    CASE WHEN c.relkind = 'm' THEN
      CASE WHEN c.relispopulated THEN 'populated' ELSE 'not populated' END END,
    'partition by ' || CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END,
    (SELECT 'inherits ' || string_agg(i.inhparent::regclass::text
        || CASE WHEN i.inhdetachpending THEN ' (being detached)' ELSE '' END, ', '
          ORDER BY i.inhseqno)
      FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid),
    'bound ' || pg_catalog.pg_get_expr(c.relpartbound, c.oid),
    'server ' || s.srvname,
    -- What these flags deny the server does not look for: no index is kept up, no trigger fires.
    'KNOWS OF NO ' || nullif(concat_ws(', ',
      CASE WHEN NOT c.relhasindex AND EXISTS (SELECT FROM pg_catalog.pg_index AS i
        WHERE i.indrelid = c.oid) THEN 'index' END,
      CASE WHEN NOT c.relhastriggers AND EXISTS (SELECT FROM pg_catalog.pg_trigger AS g
        WHERE g.tgrelid = c.oid) THEN 'trigger' END,
      CASE WHEN NOT c.relhasrules AND EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w
        WHERE w.ev_class = c.oid) THEN 'rule' END,
      CASE WHEN NOT c.relhassubclass AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS i
        WHERE i.inhparent = c.oid) THEN 'child' END,
      CASE WHEN c.relchecks <> (SELECT count(*) FROM pg_catalog.pg_constraint AS k
        WHERE k.conrelid = c.oid AND k.contype = 'c') THEN 'CHECK' END,
      CASE WHEN c.relispartition <> (c.relpartbound IS NOT NULL) THEN 'bound' END), ''),
    'as ' || CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid) END
  ) AS definition,
  NULL AS secret
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
LEFT JOIN pg_catalog.pg_foreign_table AS ft ON ft.ftrelid = c.oid
LEFT JOIN pg_catalog.pg_foreign_server AS s ON s.oid = ft.ftserver
WHERE c.oid >= 16384 AND c.relkind NOT IN ('i', 'I', 'S', 't') AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');

-- Indexes, with whether they may be used and are kept up.
SELECT CASE c.relkind WHEN 'I' THEN 'partitioned index' ELSE 'index' END,
  format('%I.%I', n.nspname, c.relname),
  concat_ws('; ',
    pg_catalog.pg_get_indexdef(c.oid),
    'tablespace ' || t.spcname,
    CASE WHEN i.indisvalid THEN 'valid' ELSE 'NOT VALID' END,
    CASE WHEN NOT i.indisready THEN 'NOT READY' END,
    CASE WHEN NOT i.indislive THEN 'NOT LIVE' END,
    CASE WHEN i.indisprimary THEN 'primary key' END,
    CASE WHEN i.indisexclusion THEN 'exclusion' END,
    CASE WHEN NOT i.indimmediate THEN 'deferrable' END,
    CASE WHEN i.indisclustered THEN 'clustered on' END,
    CASE WHEN i.indisreplident THEN 'replica identity' END,
    'part of ' || (SELECT string_agg(h.inhparent::regclass::text, ', ')
      FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid),
    (SELECT 'statistics ' || string_agg(a.attnum || ': ' || a.attstattarget, ', ' ORDER BY a.attnum)
      FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attstattarget >= 0)
  ), NULL
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_tablespace AS t ON t.oid = c.reltablespace
WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND n.nspname <> 'pg_toast';

-- Sequences: how they count and whose they are. Where they stand is another question. The type
-- of one that feeds an identity says no more than its bounds, and a dump does not carry it.
SELECT 'sequence', format('%I.%I', n.nspname, c.relname),
  concat_ws('; ', CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
    CASE WHEN d.deptype IS DISTINCT FROM 'i' THEN format_type(s.seqtypid, NULL) END,
    format('from %s by %s within %s and %s, cache %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache),
    CASE WHEN s.seqcycle THEN 'cycles' END,
    CASE d.deptype WHEN 'i' THEN 'identity of ' WHEN 'a' THEN 'owned by ' END
      || (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).identity
  ), NULL
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
LEFT JOIN pg_catalog.pg_depend AS d ON d.classid = 'pg_catalog.pg_class'::regclass
  AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
WHERE c.oid >= 16384 AND c.relpersistence <> 't'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');
