-- name: by_id
-- One part.
SELECT * FROM parts WHERE id = $1;

-- name: of_contact
-- The parts of a contact, in the order they were made.
SELECT * FROM parts WHERE contact_id = $1 ORDER BY id;

-- name: lock_contact
-- The contact that a part belongs to, held: one order for everybody who changes both.
SELECT c.* FROM contacts c WHERE c.id = (SELECT contact_id FROM parts WHERE id = $1) FOR UPDATE;

-- name: add
-- A new part; its department owns it until somebody takes it.
INSERT INTO parts (contact_id, title, department, caseworker, offered_department,
                   offered_caseworker, offered_by, offered_until, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id;

-- name: take
-- A caseworker takes it; whatever was offered is settled.
UPDATE parts SET department = $2, caseworker = $3, offered_department = NULL,
       offered_caseworker = NULL, offered_by = NULL, offered_until = NULL, version = version + 1
WHERE id = $1;

-- name: take_promises
-- The promises of a part follow its owner.
UPDATE promises SET department = $2, caseworker = $3, version = version + 1
WHERE part_id = $1 AND ended_at IS NULL
  AND (SELECT hold_calls(contact_id, $2) FROM parts WHERE id = $1);

-- name: offer
-- An offer changes no owner.
UPDATE parts SET offered_department = $2, offered_caseworker = $3, offered_by = $4,
       offered_until = $5, version = version + 1
WHERE id = $1;

-- name: finish
-- It is solved, or no longer wanted.
UPDATE parts SET state = $2, ended_at = $3, offered_department = NULL, offered_caseworker = NULL,
       offered_by = NULL, offered_until = NULL, version = version + 1
WHERE id = $1;

-- name: open_promises
-- What is still owed in a part.
SELECT * FROM promises WHERE part_id = $1 AND ended_at IS NULL ORDER BY due_at, id;

-- name: lapsed_offers
-- Offers of parts that nobody took in time; other processes take other rows.
SELECT t.*, c.reference FROM parts t JOIN contacts c ON c.id = t.contact_id
WHERE t.offered_until <= $1 ORDER BY t.offered_until LIMIT $2
FOR NO KEY UPDATE OF c, t SKIP LOCKED;

-- name: left_behind
-- Open parts of some contacts, which are held, whose department or caseworker is no
-- longer configured.
SELECT t.* FROM parts t
JOIN departments d ON d.id = t.department
LEFT JOIN caseworkers w ON w.id = t.caseworker
WHERE t.contact_id = ANY ($1::bigint[]) AND t.ended_at IS NULL
  AND (NOT d.active OR NOT w.active)
ORDER BY t.contact_id, t.id FOR UPDATE OF t;

-- name: left_unanswered
-- Where call $1 was promised, when it is one that the citizen did not want: unless another
-- call or an answer is left there, bound by the same deadline of the law. A receipt, or
-- documents to be sent, say nothing about what the call was about.
SELECT w.part_id, coalesce(t.department, c.department) AS department,
       CASE WHEN t.id IS NULL THEN c.caseworker ELSE t.caseworker END AS caseworker,
       w.statutory_due_at AS law
FROM promises w
JOIN contacts c ON c.id = w.contact_id
LEFT JOIN parts t ON t.id = w.part_id
WHERE w.id = $1 AND w.kind = 'callback' AND w.state = 'withdrawn'
  AND c.state = 'open' AND t.ended_at IS NULL
  AND NOT EXISTS (
    SELECT FROM promises p
    WHERE p.contact_id = w.contact_id AND p.ended_at IS NULL
      AND p.part_id IS NOT DISTINCT FROM w.part_id
      AND (p.kind = 'callback' OR (p.kind = 'answer' AND p.policy <> 'delivery-failure'
                                   AND p.about IN ('', t.title)))
      AND (w.statutory_due_at IS NULL OR p.statutory_due_at <= w.statutory_due_at));

-- name: hold_calls_to_be
-- What hold_calls does, and the numbers ($2) and departments ($3) of calls about to be made.
SELECT pg_advisory_xact_lock(k) FROM (
    SELECT call_key(p.phone, p.department) AS k FROM promises p
    WHERE p.contact_id = $1 AND p.kind = 'callback' AND p.ended_at IS NULL AND p.phone <> ''
    UNION
    SELECT call_key(p.phone, c.department) FROM promises p JOIN contacts c ON c.id = p.contact_id
    WHERE c.id = $1 AND p.kind = 'callback' AND p.ended_at IS NULL AND p.phone <> ''
    UNION
    SELECT call_key(t.phone, t.department)
    FROM unnest($2::text[], $3::text[]) AS t (phone, department) WHERE t.phone <> ''
    ORDER BY k
) AS keys;

-- name: nothing_promised
-- Open parts, and an open contact without open parts, in which nothing is promised any more.
-- A deadline of the law outlives the call or the answer that the citizen did not want.
SELECT t.id AS part_id, t.department, t.caseworker, NULL::timestamptz AS law FROM parts t
WHERE t.contact_id = $1 AND t.ended_at IS NULL
  AND NOT EXISTS (SELECT FROM promises p WHERE p.part_id = t.id AND p.ended_at IS NULL)
UNION ALL
SELECT NULL, c.department, c.caseworker, l.statutory_due_at FROM contacts c
LEFT JOIN LATERAL (
    SELECT state, statutory_due_at FROM promises
    WHERE contact_id = c.id AND kind IN ('callback', 'answer') AND statutory_due_at IS NOT NULL
    ORDER BY id DESC LIMIT 1
) l ON l.state = 'withdrawn'
WHERE c.id = $1 AND c.state = 'open'
  AND NOT EXISTS (SELECT FROM promises p WHERE p.contact_id = c.id AND p.ended_at IS NULL)
  AND NOT EXISTS (SELECT FROM parts t WHERE t.contact_id = c.id AND t.ended_at IS NULL);
