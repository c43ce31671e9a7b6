-- name: by_id
-- One promise.
SELECT * FROM promises WHERE id = $1;

-- name: lock
-- The contact first, then its promise: one order for everybody who changes both.
SELECT c.id, c.reference, c.state AS contact_state, c.department AS contact_department,
       c.caseworker AS contact_caseworker, c.email, c.phone AS contact_phone, c.language, c.channel
FROM contacts c WHERE c.id = (SELECT contact_id FROM promises WHERE id = $1)
FOR UPDATE;

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
-- A promise after an attempt or after time has passed.
UPDATE promises SET state = $2, attempts = $3, retry_at = $4, late_at = $5, fire_at = $6,
       ended_at = $7, last_result = $8, version = version + 1
WHERE id = $1;

-- name: due_to_fire
-- Promises that the clock must look at; other processes take other rows. The contact
-- is held too, as everybody does who changes a promise; what somebody holds waits a turn.
SELECT p.*, c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL AND p.fire_at <= $1
ORDER BY p.fire_at LIMIT $2 FOR NO KEY UPDATE OF c, p SKIP LOCKED;
