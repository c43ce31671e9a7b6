-- name: add_event
-- One step on the timeline.
INSERT INTO timeline (contact_id, at, kind, actor, body, data) VALUES ($1, $2, $3, $4, $5, $6);

-- name: add_effect
-- What must happen outside, written with its cause.
INSERT INTO effects (kind, contact_id, payload, next_try_at, created_at)
VALUES ($1, $2, $3, $4, $4) RETURNING id;

-- name: make_promise
-- A new open promise.
-- The clock looks at it in the minute it is made, and then knows when to look again.
INSERT INTO promises (contact_id, kind, state, department, caseworker, phone, not_before,
                      due_at, fire_at, made_at, policy, about, statutory_due_at, part_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11, $12, $13) RETURNING id;

-- name: open_promises
-- The open promises of a contact, those due first in front.
SELECT * FROM promises WHERE contact_id = $1 AND ended_at IS NULL ORDER BY due_at, id;

-- name: refresh_due
-- A contact is due when the first of its open promises is.
UPDATE contacts SET next_due_at = (
    SELECT min(due_at) FROM promises WHERE contact_id = $1 AND ended_at IS NULL
) WHERE id = $1 AND state = 'open';

-- name: end_promise
-- A promise ends in one of its ends, once.
UPDATE promises SET state = $2, ended_at = $3, fire_at = NULL, retry_at = NULL,
       lease_until = NULL, back_to = NULL, replaced_by = $4, version = version + 1
WHERE id = $1 AND ended_at IS NULL
  AND (SELECT hold_calls(contact_id) FROM promises WHERE id = $1);

-- name: mirror_department
-- Configuration is where departments are kept; the ledger mirrors them.
INSERT INTO departments (id, name, active) VALUES ($1, $2, true)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = true
WHERE (departments.name, departments.active) IS DISTINCT FROM (excluded.name, true);

-- name: mirror_caseworker
-- And caseworkers.
INSERT INTO caseworkers (id, name, department, active) VALUES ($1, $2, $3, true)
ON CONFLICT (id) DO UPDATE
SET name = excluded.name, department = excluded.department, active = true
WHERE (caseworkers.name, caseworkers.department, caseworkers.active)
      IS DISTINCT FROM (excluded.name, excluded.department, true);

-- name: retire_departments
-- Who is no longer configured stays in the ledger, inactive.
UPDATE departments SET active = false WHERE active AND NOT id = ANY ($1::text[]);

-- name: retire_caseworkers
-- The same for caseworkers.
UPDATE caseworkers SET active = false WHERE active AND NOT id = ANY ($1::text[]);

-- name: left_behind
-- Open contacts whose department or caseworker is no longer configured, or that of one of
-- their parts: they need a new owner. In one order, so that processes that start together
-- do not wait crosswise.
SELECT c.id FROM contacts c
JOIN departments d ON d.id = c.department
LEFT JOIN caseworkers w ON w.id = c.caseworker
WHERE c.state = 'open' AND (NOT d.active OR NOT w.active)
UNION
SELECT t.contact_id FROM parts t
JOIN departments d ON d.id = t.department
LEFT JOIN caseworkers w ON w.id = t.caseworker
WHERE t.ended_at IS NULL AND (NOT d.active OR NOT w.active)
ORDER BY id;

-- name: lock_left_behind
-- Some of them, held, as they are now.
SELECT id, department, caseworker FROM contacts
WHERE id = ANY ($1::bigint[]) AND state = 'open' ORDER BY id FOR UPDATE;

-- name: hold_calls_moved
-- What hold_calls does, for many contacts ($1) and the departments they move to ($2).
SELECT pg_advisory_xact_lock(k) FROM (
    SELECT DISTINCT call_key(p.phone, d.id) AS k
    FROM unnest($1::bigint[], $2::text[]) AS m (contact_id, home)
    JOIN promises p USING (contact_id)
    CROSS JOIN LATERAL (VALUES (p.department), (m.home)) AS d (id)
    WHERE p.kind = 'callback' AND p.ended_at IS NULL AND p.phone <> ''
    ORDER BY k
) AS keys;

-- name: keep_rule_table
-- The rules that count from now on, so that what they decide can be explained later.
INSERT INTO rule_tables (version, loaded_at, card) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;

-- name: rule_table_card
-- The rules by which an old contact was routed.
SELECT card FROM rule_tables WHERE version = $1;
