-- What the server goes by, as the superuser meets it in a session of its own. Commands, connection
-- strings and what an extension or the application made up may hold a key: told apart by hash.
SELECT 'setting' AS class, s.name AS identity,
  CASE WHEN hidden THEN 'value' ELSE concat(s.setting, ' ' || s.unit) END AS definition,
  CASE WHEN hidden THEN coalesce(s.setting, '') END AS secret
FROM pg_catalog.pg_settings AS s
CROSS JOIN LATERAL (SELECT s.name ~ '[.]|_command$|conninfo$' AS hidden) AS h
WHERE s.name <> 'pgrehearse.nonce';

-- What the files say, whatever is in force: the last line of a name counts.
SELECT 'line of a file', l.name, CASE WHEN hidden THEN 'value' ELSE concat(l.setting) END,
  CASE WHEN hidden THEN coalesce(l.setting, '') END
FROM (
  SELECT DISTINCT ON (lower(f.name)) lower(f.name) AS name, f.setting
  FROM pg_catalog.pg_file_settings AS f WHERE f.name IS NOT NULL
  ORDER BY lower(f.name), f.seqno DESC
) AS l
CROSS JOIN LATERAL (SELECT l.name ~ '[.]|_command$|conninfo$' AS hidden) AS h;

-- A line that waits for a restart is no mistake.
SELECT 'mistake in a file', concat_ws(' ', f.name, 'number ' || row_number() OVER (
    PARTITION BY f.name, f.error ORDER BY f.seqno)), f.error, NULL
FROM pg_catalog.pg_file_settings AS f
WHERE f.error IS NOT NULL AND f.error <> 'setting could not be applied';

-- Who gets in, in the order in which the rules are tried.
SELECT 'access rule', 'number ' || lpad(row_number() OVER (
    ORDER BY (to_jsonb(r) ->> 'rule_number')::int, r.line_number)::text, 4, '0'),
  concat_ws(' ', r.type, 'databases ' || array_to_string(r.database, ', '),
    'users ' || array_to_string(r.user_name, ', '), r.address, r.netmask, r.auth_method,
    'error ' || r.error),
  array_to_string(r.options, ', ')
FROM pg_catalog.pg_hba_file_rules AS r;

SELECT 'name mapping', 'number ' || lpad(row_number() OVER (
    ORDER BY (to_jsonb(m) ->> 'map_number')::int, m.line_number)::text, 4, '0'),
  concat_ws(' ', m.map_name, m.sys_name, 'is', m.pg_username, 'error ' || m.error), NULL
FROM pg_catalog.pg_ident_file_mappings AS m;

-- Certificates and keys are not in any setting.
SELECT 'file', s.name, CASE WHEN c.content IS NULL THEN 'not there'
    ELSE format('%s bytes', length(c.content)) END, encode(sha256(c.content), 'hex')
FROM pg_catalog.pg_settings AS s
CROSS JOIN LATERAL (
  SELECT pg_catalog.pg_read_binary_file(s.setting, 0, 1048576, true) AS content
) AS c
WHERE s.setting <> ''
  AND s.name IN ('ssl_cert_file', 'ssl_key_file', 'ssl_ca_file', 'ssl_crl_file',
    'ssl_dh_params_file');
