-- name: claim
-- Effects that are due; the claim is a lease, so what a dead worker held comes back.
UPDATE effects SET next_try_at = $1::timestamptz + $2::interval, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM effects WHERE state = 'pending' AND next_try_at <= $1
    ORDER BY next_try_at LIMIT $3 FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, contact_id, payload, attempts;

-- name: sent
-- It left; once.
UPDATE effects SET state = 'sent', ended_at = $2, last_error = '' WHERE id = $1 AND state = 'pending'
RETURNING kind;

-- name: retry
-- It did not leave yet; again later.
UPDATE effects SET next_try_at = $2, last_error = $3 WHERE id = $1 AND state = 'pending';

-- name: not_yet
-- It may not leave at this hour: that was no attempt.
UPDATE effects SET next_try_at = $2, attempts = attempts - 1 WHERE id = $1 AND state = 'pending';

-- name: failed
-- It will not leave by itself; the promise makes a person own that.
UPDATE effects SET state = 'failed', ended_at = $2, last_error = $3, failure_promise = $4
WHERE id = $1 AND state = 'pending'
RETURNING kind;

-- name: next_due
-- When the next effect wants to be tried.
SELECT min(next_try_at) FROM effects WHERE state = 'pending';

-- name: lock_contact
-- The contact that a failed effect belongs to.
SELECT * FROM contacts WHERE id = $1 FOR UPDATE;

-- name: alarm_owner
-- Who owns that an alarm did not arrive: what it was about, while that is open, else a
-- failure that is looked into already. A closed contact stays closed: the last of its
-- promises has it. Nothing where an open contact has neither.
SELECT p.id FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE (p.contact_id = $1 OR p.id = ANY ($2::bigint[]))
  AND CASE WHEN p.ended_at IS NULL
           THEN p.id = ANY ($2::bigint[]) OR p.policy = 'delivery-failure'
           ELSE p.contact_id = $1 AND c.state = 'closed' END
ORDER BY p.ended_at IS NOT NULL, p.id = ANY ($2::bigint[]) DESC, p.contact_id = $1 DESC,
         p.id DESC
LIMIT 1;

-- name: reopen
-- A failed delivery reopens a closed contact: somebody must own it.
UPDATE contacts SET state = 'open', outcome = NULL, closed_at = NULL, next_due_at = $2
WHERE id = $1 AND state = 'closed';
