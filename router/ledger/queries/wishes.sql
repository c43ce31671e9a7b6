-- name: told_last
-- The open callback to a number that we wrote to it about last, for an answer by text
-- message. Those that joined another count as well: each was told of.
SELECT p.*, c.reference, c.language,
       (SELECT count(*) FROM promises q
        WHERE q.contact_id = p.contact_id AND q.kind = 'callback' AND q.id <= p.id) AS call
FROM promises p JOIN contacts c ON c.id = p.contact_id
LEFT JOIN LATERAL (
    SELECT max(e.id) AS told FROM effects e
    WHERE e.contact_id = c.id AND e.kind = 'sms.tell' AND e.payload ->> 'to' = $1
) last ON true
WHERE p.id IN (
    SELECT id FROM promises
    WHERE kind = 'callback' AND ended_at IS NULL AND joins IS NULL AND phone = $1
    UNION ALL
    SELECT j.id FROM promises m JOIN promises j ON j.joins = m.id
    WHERE m.kind = 'callback' AND m.ended_at IS NULL AND m.joins IS NULL AND m.phone = $1
      AND j.ended_at IS NULL
)
ORDER BY last.told DESC NULLS LAST, p.id DESC LIMIT 1;

-- name: said_before
-- The contact that a message made or belongs to, and what it did there.
SELECT c.id, c.reference, c.department AS contact_department, c.caseworker AS contact_caseworker,
       c.language, t.kind, t.promise
FROM arrivals a JOIN contacts c ON c.id = a.contact_id
LEFT JOIN LATERAL (
    SELECT kind, (data ->> 'promise')::bigint AS promise FROM timeline
    WHERE contact_id = c.id AND actor = 'citizen' AND data ->> 'message_sid' = $2
    ORDER BY id DESC LIMIT 1
) t ON true
WHERE a.channel = $1 AND a.dedupe_key = $2;

-- name: calls
-- Every callback of a contact; each is known to its citizen by its place in this order.
SELECT * FROM promises WHERE contact_id = $1 AND kind = 'callback' ORDER BY id;

-- name: stop
-- No text message goes to this number any more.
INSERT INTO sms_stops AS s (phone, stopped_at) VALUES ($1, $2)
ON CONFLICT (phone) DO UPDATE SET stopped_at = excluded.stopped_at, started_at = NULL
WHERE s.started_at IS NOT NULL;

-- name: start
-- Text messages go to it again.
UPDATE sms_stops SET started_at = greatest($2, stopped_at) WHERE phone = $1 AND started_at IS NULL;

-- name: is_stopped
-- Whether a number wants no text messages.
SELECT EXISTS (SELECT FROM sms_stops WHERE phone = $1 AND started_at IS NULL);

-- name: owner
-- Who has a contact now.
SELECT department, caseworker FROM contacts WHERE id = $1;
