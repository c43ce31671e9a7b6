-- name: by_id
-- One meeting.
SELECT * FROM meetings WHERE id = $1;

-- name: of_contact
-- The meetings of a contact, the earliest first.
SELECT * FROM meetings WHERE contact_id = $1 ORDER BY starts_at, id;

-- name: lock_contact
-- The contact that a meeting belongs to, held: one order for everybody who changes both.
SELECT c.* FROM contacts c WHERE c.id = (SELECT contact_id FROM meetings WHERE id = $1) FOR UPDATE;

-- name: add
-- A meeting with its promises.
INSERT INTO meetings (contact_id, part_id, subject, way, place, starts_at, ends_at,
                      meeting_promise, agenda_promise, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id;

-- name: move
-- Another time, and perhaps another place.
UPDATE meetings SET starts_at = $2, ends_at = $3, way = $4, place = $5, version = version + 1
WHERE id = $1;

-- name: move_promise
-- A promise of a meeting that was moved: what was late for the old time is not for the new.
UPDATE promises SET not_before = $2, due_at = $3, fire_at = $4, phone = $5,
       level = CASE WHEN $3 > due_at THEN 0 ELSE level END,
       alarmed_at = CASE WHEN $3 > due_at THEN NULL ELSE alarmed_at END,
       late_at = CASE WHEN $3 > due_at THEN NULL ELSE late_at END,
       version = version + 1
WHERE id = $1 AND ended_at IS NULL;

-- name: written
-- The agenda ($2) or the minutes have been written.
UPDATE meetings SET agenda_at = CASE WHEN $2 = 'agenda' THEN $3 ELSE agenda_at END,
       minutes_at = CASE WHEN $2 = 'minutes' THEN $3 ELSE minutes_at END, version = version + 1
WHERE id = $1;

-- name: held
-- They have met; the minutes are promised.
UPDATE meetings SET state = 'held', minutes_promise = $2, version = version + 1 WHERE id = $1;

-- name: cancelled
-- They will not meet.
UPDATE meetings SET state = 'cancelled', version = version + 1 WHERE id = $1;

-- name: cancel_all
-- The contact closes without them: the citizen no longer wants it.
UPDATE meetings SET state = 'cancelled', version = version + 1
WHERE contact_id = $1 AND state = 'agreed';
