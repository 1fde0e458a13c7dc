-- (class, identity, definition).
SELECT 'setting' AS class, name AS identity, setting AS definition
FROM pg_catalog.pg_settings WHERE name IN ('archive_mode', 'max_logical_replication_workers')
UNION ALL
-- What is left out is the housekeeping of a server that is alone in the world, and clients.
SELECT 'process', backend_type, count(*)::text
FROM pg_catalog.pg_stat_activity
WHERE backend_type NOT IN ('client backend', 'parallel worker', 'autovacuum launcher',
  'autovacuum worker', 'background writer', 'checkpointer', 'startup', 'walwriter',
  'walsummarizer', 'walsummarizer worker', 'io worker', 'logical replication launcher',
  'standalone backend', 'syslogger', 'logger')
GROUP BY backend_type
UNION ALL
SELECT 'client', format('%s in %s as %s', coalesce(usename, '?'), coalesce(datname, '?'),
  coalesce(nullif(application_name, ''), '?')), count(*)::text
FROM pg_catalog.pg_stat_activity
WHERE backend_type = 'client backend' AND application_name <> 'pgrehearse'
  AND usename IS DISTINCT FROM :writer
GROUP BY 2
UNION ALL
SELECT 'slot in use', slot_name, slot_type || ' ' || coalesce(plugin, '')
FROM pg_catalog.pg_replication_slots WHERE active
UNION ALL
SELECT 'enabled subscription', format('%I in %I', s.subname, d.datname), 'enabled'
FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
WHERE s.subenabled
UNION ALL
SELECT 'prepared transaction', format('%L in %I', p.gid, p.database),
  format('owner %I, %s locks', p.owner,
    (SELECT count(*) FROM pg_catalog.pg_locks AS l
      WHERE l.pid IS NULL AND l.virtualtransaction LIKE '%%/' || p.transaction::text))
FROM pg_catalog.pg_prepared_xacts AS p
ORDER BY 1, 2
