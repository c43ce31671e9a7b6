-- name: say
-- Something written to the citizen; the message that carries it names this event.
INSERT INTO timeline (contact_id, at, kind, actor, body, data)
VALUES ($1, $2, $3, $4, $5, $6) RETURNING id;

-- name: lock
-- The contact of a promise, held before the promise itself.
SELECT c.* FROM contacts c WHERE c.id = (SELECT contact_id FROM promises WHERE id = $1) FOR UPDATE;

-- name: promise
-- The promise, once its contact is held.
SELECT * FROM promises WHERE id = $1;

-- name: earliest_law
-- The first deadline of the law that is still open in a contact.
SELECT min(statutory_due_at) FROM promises WHERE contact_id = $1 AND ended_at IS NULL;

-- name: settle_notices
-- Notices of a contact that have nothing to tell: what they are about ended in time, or
-- is no longer wanted. $2 is now.
WITH settled AS (
    UPDATE promises n SET state = CASE p.state WHEN 'withdrawn' THEN 'withdrawn' ELSE 'replaced' END,
           replaced_by = CASE p.state WHEN 'withdrawn' THEN NULL ELSE p.id END,
           ended_at = $2, fire_at = NULL, version = n.version + 1
    FROM promises p
    WHERE n.contact_id = $1 AND n.ended_at IS NULL AND p.id = n.notice_of
      AND p.ended_at IS NOT NULL AND (p.state = 'withdrawn' OR p.ended_at <= p.statutory_due_at)
    RETURNING n.id, n.contact_id, n.notice_of
)
INSERT INTO timeline (contact_id, at, kind, actor, body, data)
SELECT contact_id, $2, 'notice_settled', 'house', '',
       jsonb_build_object('promise', id, 'of', notice_of)
FROM settled;

-- name: promise_notices
-- Notices of deadlines that are missed: one for each, however often it is asked for.
-- $1 is now, $2 rows as JSON, $3 the actor.
WITH made AS (
    INSERT INTO promises (contact_id, kind, state, department, caseworker, due_at, fire_at,
                          made_at, policy, part_id, notice_of)
    SELECT contact_id, 'deadline_notice', 'waiting', department, caseworker, due_at, $1, $1,
           policy, part_id, notice_of
    FROM json_to_recordset($2::json) AS n (
        contact_id bigint, department text, caseworker text, due_at timestamptz, policy text,
        part_id bigint, notice_of bigint)
    ORDER BY notice_of
    ON CONFLICT (notice_of) WHERE notice_of IS NOT NULL DO NOTHING
    RETURNING id, contact_id, notice_of, due_at
)
INSERT INTO timeline (contact_id, at, kind, actor, body, data)
SELECT contact_id, $1, 'notice_promised', $3, '',
       jsonb_build_object('promise', id, 'of', notice_of, 'due_at', due_at)
FROM made RETURNING (data ->> 'promise')::bigint AS id;
