-- name: 1_open_contact_is_owned_and_due
-- Every open contact has a department that exists, a due time, and an open promise.
SELECT c.reference FROM contacts c
LEFT JOIN departments d ON d.id = c.department AND d.active
LEFT JOIN (SELECT DISTINCT contact_id FROM promises WHERE ended_at IS NULL) p
    ON p.contact_id = c.id
WHERE c.state = 'open'
  AND (d.id IS NULL OR c.next_due_at IS NULL OR p.contact_id IS NULL);

-- name: 1_due_when_the_first_promise_is
-- A contact's due time is that of its first open promise.
SELECT c.reference FROM contacts c
LEFT JOIN (SELECT contact_id, min(due_at) AS first_due FROM promises WHERE ended_at IS NULL
           GROUP BY contact_id) p ON p.contact_id = c.id
WHERE c.state = 'open' AND c.next_due_at IS DISTINCT FROM p.first_due;

-- name: 2_one_arrival_one_contact
-- Every contact was made by exactly one arrival.
SELECT c.reference FROM contacts c
LEFT JOIN (SELECT contact_id, count(*) AS arrivals FROM arrivals WHERE opening
           GROUP BY contact_id) a ON a.contact_id = c.id
WHERE a.arrivals IS DISTINCT FROM 1;

-- name: 2_every_arrival_is_on_the_timeline
-- What was answered is there to be read: a contact has an event for each of its arrivals.
SELECT c.reference FROM contacts c
JOIN (SELECT contact_id, count(*) AS arrivals FROM arrivals GROUP BY contact_id) a
    ON a.contact_id = c.id
LEFT JOIN (SELECT contact_id, count(*) AS events FROM timeline WHERE actor = 'citizen'
           GROUP BY contact_id) t ON t.contact_id = c.id
WHERE a.arrivals > coalesce(t.events, 0);

-- name: 3_closed_with_outcome_and_no_open_promise
-- A contact closes only with an outcome and no open promise.
SELECT c.reference FROM contacts c
LEFT JOIN (SELECT DISTINCT contact_id FROM promises WHERE ended_at IS NULL) p
    ON p.contact_id = c.id
WHERE c.state = 'closed'
  AND (c.outcome IS NULL OR c.closed_at IS NULL OR p.contact_id IS NOT NULL);

-- name: 4_promise_ends_in_an_end
-- A promise is open with a clock, or ended in one of its ends; a replaced one names the other.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE (p.ended_at IS NULL) <> (p.state IN ('waiting', 'scheduled', 'resting', 'needs_person'))
   OR (p.ended_at IS NULL AND p.fire_at IS NULL)
   OR (p.state = 'replaced' AND p.replaced_by IS NULL);

-- name: 4_late_promise_was_alarmed
-- A promise an hour past its due time has been marked late by the clock.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL AND p.late_at IS NULL AND p.due_at < $1::timestamptz - interval '1 hour';

-- name: 5_owner_accepted
-- Whoever owns a contact claimed or accepted it, and owns its open promises.
SELECT c.reference FROM contacts c
WHERE c.state = 'open' AND c.caseworker IS NOT NULL
  AND (NOT EXISTS (SELECT FROM timeline t WHERE t.contact_id = c.id
                   AND t.kind IN ('claimed', 'accepted') AND t.actor = 'staff:' || c.caseworker)
       OR EXISTS (SELECT FROM promises p WHERE p.contact_id = c.id AND p.ended_at IS NULL
                  AND (p.caseworker IS DISTINCT FROM c.caseworker
                       OR p.department IS DISTINCT FROM c.department)));

-- name: 5_lapsed_offer_came_back
-- An offer that nobody took an hour ago has come back.
SELECT reference FROM contacts WHERE offered_until < $1::timestamptz - interval '1 hour';

-- name: 6_timeline_cannot_be_rewritten
-- The triggers that keep the timeline and the decisions append-only are there and on.
SELECT 'trigger ' || wanted.name AS reference
FROM unnest(ARRAY['timeline_append_only', 'timeline_no_truncate',
                  'decisions_append_only', 'decisions_no_truncate',
                  'contacts_stay', 'arrivals_stay', 'promises_stay', 'effects_stay',
                  'arrivals_no_truncate', 'promises_no_truncate', 'effects_no_truncate']) AS wanted (name)
WHERE $1::timestamptz IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = wanted.name AND t.tgenabled = 'O');

-- name: 7_effect_sent_or_owned
-- An effect was sent, is still being tried, or its failure is a promise that a person has.
SELECT c.reference FROM effects e JOIN contacts c ON c.id = e.contact_id
WHERE (e.state = 'failed' AND e.failure_promise IS NULL)
   OR (e.state = 'pending' AND e.next_try_at < $1::timestamptz - interval '1 hour');
