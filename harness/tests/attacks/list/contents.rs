//! What the backup holds is not what the source held.

use super::{Attack, C, F, G, I, L, S, sql};

pub const ATTACKS: &[Attack] = &[
    // Rows.
    sql(true, "row_deleted", "sql mini 'DELETE FROM mini.item WHERE id = 7'", F),
    sql(false, "null_becomes_empty", "sql mini \"UPDATE mini.item SET note = '' WHERE id = 3\"", F),
    sql(false, "numeric_scale", "sql mini 'UPDATE mini.item SET price = 7.100 WHERE id = 7'", F),
    sql(false, "row_added", "sql mini \"INSERT INTO mini.loose VALUES ('more')\"", F),
    sql(
        false,
        "row_doubled_for_another",
        "sql mini \"DELETE FROM mini.loose WHERE word = 'loose-marker-5'; \
         INSERT INTO mini.loose VALUES ('loose-marker-6')\"",
        F,
    ),
    sql(
        false,
        "values_swapped",
        "sql mini \"UPDATE mini.loose SET word = CASE word \
        WHEN 'loose-marker-1' THEN 'loose-marker-2 ' ELSE 'loose-marker-1' END \
        WHERE word IN ('loose-marker-1', 'loose-marker-2')\"",
        F,
    ),
    sql(
        false,
        "toast_changed",
        "sql mini \"UPDATE mini.bulky SET body = \
        overlay(body placing 'x' from 9000) WHERE id = 3\"",
        F,
    ),
    sql(false, "large_object_changed", "sql mini \"SELECT lo_put(4711, 3, 'X')\"", F),
    sql(
        false,
        "large_object_gone",
        "sql mini 'SELECT lo_unlink(4711)'",
        &["fingerprint", "inventory"],
    ),
    sql(
        false,
        "materialized_view_emptied",
        "sql mini 'REFRESH MATERIALIZED VIEW mini.counted WITH NO DATA'",
        &["fingerprint", "inventory"],
    ),
    sql(false, "table_gone", "sql mini 'DROP TABLE mini.bulky'", F),
    sql(false, "table_added", "sql mini 'CREATE TABLE mini.more (a int)'", F),
    sql(false, "table_in_postgres", "sql postgres 'CREATE TABLE stray (a int)'", F),
    sql(
        false,
        "table_in_template1",
        "sql template1 'CREATE TABLE stray (a int)'",
        &["inventory", "fingerprint"],
    ),
    // Objects.
    sql(false, "index_gone", "sql mini 'DROP INDEX mini.item_kind'", I),
    sql(
        false,
        "index_invalid",
        "sql mini \"SET allow_system_table_mods = on; UPDATE pg_index \
        SET indisvalid = false WHERE indexrelid = 'mini.item_kind'::regclass\"",
        I,
    ),
    sql(
        false,
        "constraint_gone",
        "sql mini 'ALTER TABLE mini.item DROP CONSTRAINT item_price_check'",
        I,
    ),
    sql(
        false,
        "foreign_key_unvalidated",
        "sql mini 'ALTER TABLE mini.item DROP CONSTRAINT item_kind_fkey; \
        ALTER TABLE mini.item ADD CONSTRAINT item_kind_fkey FOREIGN KEY (kind) REFERENCES mini.kind NOT VALID'",
        I,
    ),
    sql(
        false,
        "foreign_key_switched_off",
        "sql mini 'ALTER TABLE mini.item DISABLE TRIGGER ALL'",
        I,
    ),
    sql(false, "trigger_gone", "sql mini 'DROP TRIGGER watch ON mini.item'", I),
    sql(false, "trigger_disabled", "sql mini 'ALTER TABLE mini.item DISABLE TRIGGER watch'", I),
    sql(false, "policy_widened", "sql mini 'ALTER POLICY own ON mini.item USING (true)'", I),
    sql(
        false,
        "row_security_off",
        "sql mini 'ALTER TABLE mini.item DISABLE ROW LEVEL SECURITY'",
        I,
    ),
    sql(false, "comment_gone", "sql mini 'COMMENT ON TABLE mini.item IS NULL'", I),
    sql(
        false,
        "comment_on_a_system_object",
        "sql mini \"COMMENT ON FUNCTION pg_catalog.now() IS 'never'\"",
        I,
    ),
    sql(
        false,
        "function_changed",
        "sql mini \"CREATE OR REPLACE FUNCTION mini.watch() RETURNS trigger \
        LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'\"",
        I,
    ),
    sql(
        false,
        "function_security_definer",
        "sql mini 'ALTER FUNCTION mini.watch() SECURITY DEFINER'",
        I,
    ),
    sql(
        false,
        "system_function_changed",
        "sql mini 'ALTER FUNCTION pg_catalog.upper(text) VOLATILE'",
        I,
    ),
    sql(
        false,
        "system_function_replaced",
        "sql mini \"CREATE OR REPLACE FUNCTION \
        pg_catalog.ts_debug(document text, OUT alias text, OUT description text, OUT token text, \
        OUT dictionaries regdictionary[], OUT dictionary regdictionary, OUT lexemes text[]) \
        RETURNS SETOF record LANGUAGE sql STABLE PARALLEL SAFE STRICT AS 'SELECT NULL::text, NULL::text, \
        NULL::text, NULL::regdictionary[], NULL::regdictionary, NULL::text[]'\"",
        I,
    ),
    sql(
        false,
        "system_view_replaced",
        "sql mini \"SET allow_system_table_mods = on; CREATE OR REPLACE VIEW \
        pg_catalog.pg_stat_archiver AS SELECT archived_count, last_archived_wal, last_archived_time, \
        0::bigint AS failed_count, last_failed_wal, last_failed_time, stats_reset \
        FROM pg_stat_get_archiver()\"",
        I,
    ),
    sql(
        false,
        "system_column_default",
        "sql mini \"SET allow_system_table_mods = on; \
        ALTER TABLE pg_catalog.pg_class ALTER relname SET STATISTICS 7\"",
        I,
    ),
    sql(
        false,
        "column_default",
        "sql mini \"ALTER TABLE mini.item ALTER owner SET DEFAULT 'x'\"",
        I,
    ),
    sql(
        false,
        "identity_loosened",
        "sql mini 'ALTER TABLE mini.item ALTER id SET GENERATED BY DEFAULT'",
        I,
    ),
    sql(false, "not_null_gone", "sql mini 'ALTER TABLE mini.item ALTER name DROP NOT NULL'", I),
    sql(
        false,
        "options_changed",
        "sql mini 'ALTER TABLE mini.item SET (autovacuum_enabled = off)'",
        I,
    ),
    sql(false, "replica_identity", "sql mini 'ALTER TABLE mini.item REPLICA IDENTITY FULL'", I),
    sql(
        false,
        "unlogged_now",
        "sql mini 'ALTER TABLE mini.loose SET UNLOGGED'",
        &["fingerprint", "inventory"],
    ),
    sql(false, "owner_changed", "sql mini 'ALTER TABLE mini.item OWNER TO mini_app'", I),
    sql(
        false,
        "publication_narrowed",
        "sql mini \"ALTER PUBLICATION mini_news SET (publish = 'insert')\"",
        I,
    ),
    sql(
        false,
        "view_changed",
        "sql mini 'CREATE OR REPLACE VIEW mini.cheap AS SELECT * FROM mini.item WHERE price < 11'",
        I,
    ),
    sql(false, "view_invoker", "sql mini 'ALTER VIEW mini.cheap SET (security_barrier = true)'", I),
    sql(false, "cast_added", "sql mini 'CREATE CAST (text AS xid) WITH INOUT AS ASSIGNMENT'", I),
    sql(
        false,
        "rule_added",
        "sql mini 'CREATE RULE no AS ON DELETE TO mini.kind DO INSTEAD NOTHING'",
        I,
    ),
    sql(
        false,
        "event_trigger_added",
        "sql mini \"CREATE FUNCTION mini.ev() RETURNS event_trigger LANGUAGE plpgsql \
        AS 'BEGIN END'; CREATE EVENT TRIGGER ev ON ddl_command_end EXECUTE FUNCTION mini.ev()\"",
        I,
    ),
    sql(false, "extension_added", "sql mini 'CREATE EXTENSION IF NOT EXISTS pgcrypto'", I),
    sql(
        false,
        "statistics_added",
        "sql mini 'CREATE STATISTICS mini.st ON kind, price FROM mini.item'",
        I,
    ),
    sql(false, "language_trusted", "sql mini 'ALTER LANGUAGE plpgsql RENAME TO plpgsql2'", I),
    sql(
        false,
        "text_search_changed",
        "sql mini 'ALTER TEXT SEARCH CONFIGURATION pg_catalog.english \
        ALTER MAPPING FOR word WITH simple'",
        I,
    ),
    sql(
        false,
        "fk_action_changed",
        "sql mini 'ALTER TABLE mini.item DROP CONSTRAINT item_kind_fkey; \
        ALTER TABLE mini.item ADD CONSTRAINT item_kind_fkey FOREIGN KEY (kind) REFERENCES mini.kind ON DELETE CASCADE'",
        I,
    ),
    // What the server goes by, though every object is there.
    sql(
        false,
        "triggers_forgotten",
        "sql mini \"UPDATE pg_class SET relhastriggers = false WHERE relname = 'item'\"",
        I,
    ),
    sql(
        false,
        "indexes_forgotten",
        "sql mini \"UPDATE pg_class SET relhasindex = false WHERE relname = 'kind'\"",
        I,
    ),
    sql(
        false,
        "default_not_in_force",
        "sql mini \"UPDATE pg_attribute SET atthasdef = false WHERE atthasdef \
        AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'mini'::regnamespace)\"",
        I,
    ),
    sql(
        false,
        "dependencies_gone",
        "sql mini \"DELETE FROM pg_depend WHERE refobjid = 'mini.item'::regclass \
        AND deptype = 'n'\"",
        I,
    ),
    sql(
        false,
        "frozen_too_far",
        "sql mini \"UPDATE pg_class SET relfrozenxid = pg_current_xact_id()::text::xid \
        WHERE relname = 'item'\"",
        &["indexes"],
    ),
    sql(
        false,
        "database_that_lets_nobody_in",
        "sql postgres 'CREATE DATABASE aside ALLOW_CONNECTIONS false'",
        G,
    ),
    // Who may do what.
    sql(false, "grant_revoked", "sql mini 'REVOKE INSERT ON mini.item FROM mini_group'", I),
    sql(false, "grant_to_public", "sql mini 'GRANT SELECT ON mini.item TO PUBLIC'", I),
    sql(false, "column_grant", "sql mini 'GRANT UPDATE (note) ON mini.item TO mini_reader'", I),
    sql(
        false,
        "grant_on_a_system_function",
        "sql mini 'GRANT EXECUTE ON FUNCTION \
        pg_catalog.pg_read_file(text) TO PUBLIC'",
        I,
    ),
    sql(false, "grant_on_our_schema", "sql mini 'GRANT DELETE ON ledger.tx TO PUBLIC'", I),
    sql(
        false,
        "default_privileges_gone",
        "sql mini 'ALTER DEFAULT PRIVILEGES IN SCHEMA mini \
        REVOKE SELECT ON TABLES FROM mini_reader'",
        I,
    ),
    sql(false, "membership_gone", "sql mini 'REVOKE mini_group FROM mini_app'", G),
    sql(
        false,
        "membership_in_a_system_role",
        "sql mini 'GRANT pg_read_all_data TO mini_reader'",
        G,
    ),
    sql(false, "password_changed", "sql mini \"ALTER ROLE mini_reader PASSWORD 'other'\"", G),
    sql(false, "role_added", "sql mini 'CREATE ROLE intruder LOGIN SUPERUSER'", G),
    sql(
        false,
        "role_of_the_system_changed",
        "sql mini \"SET allow_system_table_mods = on; \
        UPDATE pg_authid SET rolsuper = true WHERE rolname = 'pg_monitor'\"",
        G,
    ),
    sql(false, "role_bypasses_rls", "sql mini 'ALTER ROLE mini_reader BYPASSRLS'", G),
    sql(
        false,
        "role_setting",
        "sql mini \"ALTER ROLE mini_app SET statement_timeout = '2min'\"",
        G,
    ),
    sql(false, "database_setting_gone", "sql mini 'ALTER DATABASE mini RESET timezone'", G),
    sql(false, "database_closed", "sql mini 'REVOKE CONNECT ON DATABASE mini FROM PUBLIC'", G),
    sql(false, "database_added", "sql mini 'CREATE DATABASE stray'", G),
    sql(
        false,
        "parameter_granted",
        "sql mini 'GRANT SET ON PARAMETER log_statement TO mini_app'",
        G,
    ),
    sql(false, "sequence_set_back", "sql mini \"SELECT setval('mini.ticket', 1008)\"", S),
    // Settings.
    sql(true, "alter_system", "sql mini 'ALTER SYSTEM SET synchronous_commit = off'", C),
    sql(false, "alter_system_masked", "sql mini 'ALTER SYSTEM SET logging_collector = on'", C),
    // The workload's own rows.
    sql(
        false,
        "ledger_tx_gone",
        "sql mini 'DELETE FROM ledger.tx WHERE ctid = (SELECT min(ctid) FROM ledger.tx)'",
        L,
    ),
    sql(false, "ledger_entry_gone", "sql mini 'DELETE FROM ledger.entry WHERE line = 2'", L),
    sql(
        false,
        "ledger_note_changed",
        "sql mini \"UPDATE ledger.tx SET note = note || ' ' WHERE ctid = \
        (SELECT min(ctid) FROM ledger.tx)\"",
        L,
    ),
    sql(
        false,
        "ledger_balances_moved",
        "sql mini 'UPDATE ledger.account SET balance = balance + \
        CASE account WHEN 0 THEN 1 ELSE -1 END WHERE account IN (0, 1) AND writer = 0'",
        L,
    ),
    sql(
        false,
        "ledger_phantom",
        "sql mini 'INSERT INTO ledger.tx SELECT (jsonb_populate_record(t, \
        jsonb_build_object($$id$$, gen_random_uuid(), $$seq$$, 999999))).* FROM ledger.tx AS t LIMIT 1'",
        L,
    ),
];
