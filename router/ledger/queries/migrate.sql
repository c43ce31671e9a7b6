-- name: lock
-- One process migrates at a time; the others wait here.
SELECT pg_advisory_lock(7413306218);

-- name: unlock
-- Let the next one look.
SELECT pg_advisory_unlock(7413306218);

-- name: has_table
-- A new database has no table of migrations yet.
SELECT to_regclass('schema_migrations') IS NOT NULL;

-- name: make_table
-- What has been applied, and the hash of the file, so that a rewrite is noticed.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- name: applied
-- All that this database has had.
SELECT name, sha256 FROM schema_migrations;

-- name: limit_lock_wait
-- A migration gives up rather than hold up live traffic behind its lock.
SET LOCAL lock_timeout = '10s';

-- name: note_applied
-- In the same transaction as the migration itself.
INSERT INTO schema_migrations (name, sha256) VALUES ($1, $2);
