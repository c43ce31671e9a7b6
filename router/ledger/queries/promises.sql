-- name: by_id
-- One promise.
SELECT * FROM promises WHERE id = $1;

-- name: lock
-- The contact first, then its promise: one order for everybody who changes both.
SELECT c.id, c.reference, c.state AS contact_state, c.department AS contact_department,
       c.caseworker AS contact_caseworker, c.email, c.phone AS contact_phone, c.language, c.channel,
       c.flags
FROM contacts c WHERE c.id = (SELECT contact_id FROM promises WHERE id = $1)
FOR UPDATE;

-- name: lock_call
-- The contacts of one call: of a callback, of the one that it joined and of those that
-- joined that one. In one order, as everybody takes them who needs more than one.
SELECT c.id FROM contacts c WHERE c.id IN (
    SELECT p.contact_id FROM promises p,
        (SELECT coalesce(joins, id) AS main FROM promises WHERE id = $1) m
    WHERE p.id = m.main OR (p.joins = m.main AND p.ended_at IS NULL)
) ORDER BY c.id FOR UPDATE;

-- name: contacts_of_call
-- The same contacts as they are now, to see whether all are held.
SELECT p.contact_id AS id FROM promises p,
    (SELECT coalesce(joins, id) AS main FROM promises WHERE id = $1) m
WHERE p.id = m.main OR (p.joins = m.main AND p.ended_at IS NULL);

-- name: call_of
-- The callback that is called when this one is: itself, or the one that it joined.
SELECT m.* FROM promises p JOIN promises m ON m.id = coalesce(p.joins, p.id) WHERE p.id = $1;

-- name: lock_contact
-- The same, for a promise that is about to be made.
SELECT c.id, c.reference, c.state AS contact_state, c.department AS contact_department,
       c.caseworker AS contact_caseworker, c.email, c.phone AS contact_phone, c.language, c.channel,
       c.flags
FROM contacts c WHERE c.reference = $1 FOR UPDATE;

-- name: owner
-- Who owns what is left to do in a contact.
SELECT department, caseworker FROM contacts WHERE id = $1;

-- name: end_joined
-- Callbacks that had joined one that is kept are kept by the same call.
UPDATE promises SET state = $2, ended_at = $3, fire_at = NULL, retry_at = NULL,
       lease_until = NULL, back_to = NULL, version = version + 1
WHERE joins = $1 AND ended_at IS NULL RETURNING id, contact_id;

-- name: hold_calls
-- Holds the numbers that a contact's callbacks call, before one of them ends or moves.
SELECT hold_calls($1);

-- name: list
-- A page of promises by due time, overdue first, from after the cursor (due time, id).
SELECT p.*, c.reference, c.name, c.phone AS contact_phone, c.subject, c.channel,
       c.caseworker AS contact_caseworker, c.language, c.version AS contact_version,
       c.priority, c.flags, d.explanation -> 'why' AS why
FROM promises p
JOIN contacts c ON c.id = p.contact_id
LEFT JOIN LATERAL (
    SELECT explanation FROM decisions WHERE contact_id = c.id ORDER BY id DESC LIMIT 1
) d ON true
WHERE CASE WHEN $1 = 'open' THEN p.ended_at IS NULL
           WHEN $1 IS NULL THEN true
           ELSE p.state = $1 END
  AND ($2::timestamptz IS NULL OR p.due_at < $2)
  AND ($3::text IS NULL OR p.department = $3)
  AND ($4::text IS NULL OR p.caseworker = $4)
  AND ($5::text IS NULL OR p.kind = $5)
  AND ($6::timestamptz IS NULL OR (p.due_at, p.id) > ($6, $7::bigint))
ORDER BY p.due_at, p.id LIMIT $8;

-- name: counts
-- How many promises are open, late, without a caseworker, and due soon.
SELECT count(*) AS open,
       count(*) FILTER (WHERE due_at < $1) AS late,
       count(*) FILTER (WHERE caseworker IS NULL) AS unclaimed,
       count(*) FILTER (WHERE due_at >= $1 AND due_at < $1 + interval '30 minutes') AS due_soon
FROM promises
WHERE ended_at IS NULL AND ($2::text IS NULL OR department = $2)
  AND ($3::text IS NULL OR caseworker = $3);

-- name: change
-- A promise after something has happened to it.
UPDATE promises SET state = $2, not_before = $3, due_at = $4, retry_at = $5, attempts = $6,
       late_at = $7, level = $8, alarmed_at = $9, lease_until = $10, fire_at = $11,
       ended_at = $12, last_result = $13, back_to = $14, statutory_due_at = $15,
       version = version + 1
WHERE id = $1;

-- name: renumber
-- Another number is called.
UPDATE promises SET phone = $2, version = version + 1
WHERE id = $1 AND (SELECT hold_calls(contact_id) FROM promises WHERE id = $1);

-- name: due_to_fire
-- Promises that the clock must look at; other processes take other rows. The contact
-- is held too, as everybody does who changes a promise; what somebody holds waits a turn.
SELECT p.*, c.reference, c.email, c.channel, c.language, c.phone AS contact_phone, c.flags
FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL AND p.fire_at <= $1
ORDER BY p.fire_at LIMIT $2 FOR NO KEY UPDATE OF c, p SKIP LOCKED;

-- name: fire
-- What the clock made of many promises, with the events and effects that follow.
-- $1 is now; then rows as JSON: promises, events, effects.
WITH changed AS (
    UPDATE promises p SET state = n.state, retry_at = n.retry_at, attempts = n.attempts,
           late_at = n.late_at, level = n.level, alarmed_at = n.alarmed_at,
           lease_until = n.lease_until, back_to = n.back_to, fire_at = n.fire_at,
           last_result = coalesce(n.result, p.last_result), version = version + n.changes
    FROM json_to_recordset($2::json) AS n (
        id bigint, state text, retry_at timestamptz, attempts smallint, late_at timestamptz,
        level smallint, alarmed_at timestamptz, lease_until timestamptz, back_to text,
        fire_at timestamptz, result text, changes integer)
    WHERE p.id = n.id
), told AS (
    INSERT INTO timeline (contact_id, at, kind, actor, body, data)
    SELECT contact_id, $1, kind, 'house', '', data
    FROM json_to_recordset($3::json) AS e (contact_id bigint, kind text, data jsonb)
)
INSERT INTO effects (kind, contact_id, payload, next_try_at, created_at)
SELECT kind, contact_id, payload, leaves_at, $1
FROM json_to_recordset($4::json) AS e (
    kind text, contact_id bigint, payload jsonb, leaves_at timestamptz);

-- name: list_alarms
-- Many alarms for one address in one minute are one mail: a list, which grows until it
-- leaves. Answers nothing when it has left.
INSERT INTO effects AS e (kind, contact_id, payload, next_try_at, created_at)
VALUES ('mail.alert_list', $1, $2::jsonb, $3, $4)
ON CONFLICT ((payload ->> 'list')) WHERE kind = 'mail.alert_list' DO UPDATE
SET payload = jsonb_set(e.payload, '{promises}',
                        e.payload -> 'promises' || (excluded.payload -> 'promises'))
WHERE e.state = 'pending' AND e.attempts = 0
RETURNING e.id;

-- name: next_fire
-- When the clock has something to do next.
SELECT min(fire_at) FROM promises WHERE ended_at IS NULL;

-- name: policies_in_use
-- Policies that open promises were made by.
SELECT policy, kind, count(*) AS promises FROM promises
WHERE ended_at IS NULL AND policy <> '' GROUP BY policy, kind ORDER BY policy;
