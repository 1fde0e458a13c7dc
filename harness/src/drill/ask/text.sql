-- How this database keeps text: (what, identity, recorded, found). Of the collations, those that
-- agree with their library are counted.
SELECT 'database', property.name, property.value, NULL
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL (VALUES
  ('encoding', pg_catalog.pg_encoding_to_char(d.encoding)::text),
  ('locale provider', coalesce(to_jsonb(d) ->> 'datlocprovider', 'c')),
  ('collate', d.datcollate::text),
  ('ctype', d.datctype::text),
  ('locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')),
  ('rules', to_jsonb(d) ->> 'daticurules')
) AS property (name, value)
WHERE d.datname = pg_catalog.current_database();

SELECT CASE WHEN agrees THEN 'agreeing collations' ELSE 'collation' END,
  CASE WHEN agrees THEN 'provider ' || c.collprovider::text ELSE c.name END,
  CASE WHEN agrees THEN count(*)::text ELSE min(c.recorded) END,
  CASE WHEN NOT agrees THEN min(c.found) END
FROM (
  SELECT o.oid, format('%I.%I', n.nspname, o.collname)
      || CASE WHEN o.collencoding < 0 THEN ''
        ELSE ' for ' || pg_catalog.pg_encoding_to_char(o.collencoding) END AS name,
    o.collprovider, o.collversion AS recorded,
    pg_catalog.pg_collation_actual_version(o.oid) AS found
  FROM pg_catalog.pg_collation AS o
  JOIN pg_catalog.pg_namespace AS n ON n.oid = o.collnamespace
  WHERE o.collversion IS NOT NULL AND o.collencoding IN
    (-1, (SELECT encoding FROM pg_catalog.pg_database WHERE datname = current_database()))
) AS c
CROSS JOIN LATERAL (SELECT c.recorded IS NOT DISTINCT FROM c.found) AS agreed (agrees)
GROUP BY agrees, CASE WHEN agrees THEN 'provider ' || c.collprovider::text ELSE c.name END;
