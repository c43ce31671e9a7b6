-- The desk's own reading of the ledger. Changes go through the router.

-- name: queue
-- A page of open promises by due time, which puts the overdue first. The page is
-- cut before the dear parts (why, first words) are looked up.
-- $1 department, $2 owner, $3 without owner, $4 kind, $5 state, $6 due from, $7 due
-- before, $8-$9 cursor, $10 offered to this department or ($11) this caseworker, $12 rows.
WITH page AS (
    SELECT p.id AS promise_id, p.contact_id, p.kind, p.state, p.department, p.caseworker,
           p.phone AS promise_phone, p.not_before, p.due_at, p.retry_at, p.attempts, p.last_result,
           c.reference, c.name, c.phone, c.email, c.subject, c.channel, c.flags,
           c.version AS contact_version, t.title AS topic,
           CASE WHEN t.id IS NULL THEN c.offered_department ELSE t.offered_department
           END AS offered_department,
           CASE WHEN t.id IS NULL THEN c.offered_caseworker ELSE t.offered_caseworker
           END AS offered_caseworker
    FROM promises p JOIN contacts c ON c.id = p.contact_id LEFT JOIN parts t ON t.id = p.part_id
    WHERE p.ended_at IS NULL
      AND ($1::text IS NULL OR p.department = $1)
      AND ($2::text IS NULL OR p.caseworker = $2)
      AND (NOT $3::boolean OR p.caseworker IS NULL)
      AND ($4::text IS NULL OR p.kind = $4)
      AND ($5::text IS NULL OR p.state = $5)
      AND ($6::timestamptz IS NULL OR p.due_at >= $6)
      AND ($7::timestamptz IS NULL OR p.due_at < $7)
      AND ($8::timestamptz IS NULL OR (p.due_at, p.id) > ($8, $9::bigint))
      AND ($10::text IS NULL
           OR (t.id IS NULL AND ((c.offered_department = $10 AND c.offered_caseworker IS NULL)
                                 OR c.offered_caseworker = $11))
           OR (t.offered_department = $10 AND t.offered_caseworker IS NULL)
           OR t.offered_caseworker = $11)
    ORDER BY p.due_at, p.id
    LIMIT $12
)
SELECT page.*, d.explanation -> 'why' AS why, left(first_words.body, 160) AS words,
       EXISTS (SELECT FROM effects e
               WHERE e.contact_id = page.contact_id AND e.failure_promise = page.promise_id
              ) AS undelivered
FROM page
LEFT JOIN LATERAL (
    SELECT explanation FROM decisions WHERE contact_id = page.contact_id ORDER BY id DESC LIMIT 1
) d ON true
LEFT JOIN LATERAL (
    SELECT body FROM timeline
    WHERE contact_id = page.contact_id AND actor = 'citizen' AND body <> '' ORDER BY id LIMIT 1
) first_words ON true
ORDER BY page.due_at, page.promise_id;

-- name: counts
-- The figures above the queue: how much there is, and how much of it hurts.
-- $1 department or NULL, $2 now, $3 soon, $4 and $5 the person's department and id.
SELECT count(*) AS open,
       count(*) FILTER (WHERE due_at < $2) AS overdue,
       count(*) FILTER (WHERE due_at >= $2 AND due_at < $3) AS soon,
       count(*) FILTER (WHERE caseworker IS NULL) AS unowned,
       count(*) FILTER (WHERE caseworker = $5) AS mine,
       (SELECT count(*) FROM promises p JOIN contacts c ON c.id = p.contact_id
        WHERE c.offered_until IS NOT NULL AND p.ended_at IS NULL AND p.part_id IS NULL
          AND ($1::text IS NULL OR p.department = $1)
          AND ((c.offered_department = $4 AND c.offered_caseworker IS NULL)
               OR c.offered_caseworker = $5))
       + (SELECT count(*) FROM promises p JOIN parts t ON t.id = p.part_id
          WHERE t.offered_until IS NOT NULL AND p.ended_at IS NULL
            AND ($1::text IS NULL OR p.department = $1)
            AND ((t.offered_department = $4 AND t.offered_caseworker IS NULL)
                 OR t.offered_caseworker = $5)) AS offered
FROM promises
WHERE ended_at IS NULL AND ($1::text IS NULL OR department = $1);

-- name: coordinator
-- The caseworker who coordinates for the citizen of a contact, as far as there is one.
SELECT p.coordinator FROM contacts c JOIN parties p ON p.id = c.party_id WHERE c.id = $1;
