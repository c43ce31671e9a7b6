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
WHERE (p.ended_at IS NULL) <> (p.state IN ('waiting', 'scheduled', 'reserved', 'dialling',
                                            'uncertain', 'resting', 'needs_person'))
   OR (p.ended_at IS NULL AND p.fire_at IS NULL)
   OR (p.state = 'replaced' AND p.replaced_by IS NULL);

-- name: 4_passing_state_ends
-- Reserved, dialling and uncertain have a lease, at which the clock looks, and have not
-- outlived it by an hour.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL
  AND ((p.state IN ('reserved', 'dialling', 'uncertain')) <> (p.lease_until IS NOT NULL)
       OR p.fire_at > p.lease_until
       OR p.lease_until < $1::timestamptz - interval '1 hour');

-- name: 4_law_comes_first
-- Nothing is promised beyond a deadline of the law.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.due_at > p.statutory_due_at;

-- name: 4_one_open_callback_a_number
-- One open callback for each number and department; others of them join it.
SELECT min(c.reference) AS reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.kind = 'callback' AND p.ended_at IS NULL AND p.joins IS NULL AND p.phone <> ''
GROUP BY p.phone, p.department HAVING count(*) > 1;

-- name: 4_joined_callback_has_its_main_one
-- An open callback that joined another: that one is open, is itself the main one, and
-- calls the same number for the same department.
SELECT c.reference FROM promises p
JOIN contacts c ON c.id = p.contact_id
JOIN promises m ON m.id = p.joins
WHERE p.ended_at IS NULL
  AND (m.ended_at IS NOT NULL OR m.joins IS NOT NULL
       OR (m.phone, m.department) IS DISTINCT FROM (p.phone, p.department));

-- name: 4_escalation_is_looked_at
-- The clock has looked at every open promise within the last hour that it wanted to.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL AND p.fire_at < $1::timestamptz - interval '1 hour';

-- name: 4_late_promise_was_alarmed
-- A promise an hour past its due time has been marked late by the clock.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.ended_at IS NULL AND p.late_at IS NULL AND p.due_at < $1::timestamptz - interval '1 hour';

-- name: 5_owner_accepted
-- Whoever owns a contact claimed or accepted it, and owns its open promises; but for
-- those of its parts.
SELECT c.reference FROM contacts c
WHERE c.state = 'open' AND c.caseworker IS NOT NULL
  AND (NOT EXISTS (SELECT FROM timeline t WHERE t.contact_id = c.id
                   AND t.kind IN ('claimed', 'accepted') AND t.actor = 'staff:' || c.caseworker)
       OR EXISTS (SELECT FROM promises p WHERE p.contact_id = c.id AND p.ended_at IS NULL
                  AND p.part_id IS NULL
                  AND (p.caseworker IS DISTINCT FROM c.caseworker
                       OR p.department IS DISTINCT FROM c.department)));

-- name: 5_part_is_owned_and_promised
-- An open part has a department that exists, an owner who took it, and an open promise
-- that is theirs.
SELECT c.reference FROM parts t
JOIN contacts c ON c.id = t.contact_id
LEFT JOIN departments d ON d.id = t.department AND d.active
WHERE t.ended_at IS NULL
  AND (d.id IS NULL
       OR (t.caseworker IS NOT NULL
           AND NOT EXISTS (SELECT FROM timeline e WHERE e.contact_id = c.id
                           AND e.kind = 'part_claimed' AND e.actor = 'staff:' || t.caseworker
                           AND (e.data ->> 'part')::bigint = t.id))
       OR NOT EXISTS (SELECT FROM promises p WHERE p.part_id = t.id AND p.ended_at IS NULL)
       OR EXISTS (SELECT FROM promises p WHERE p.part_id = t.id AND p.ended_at IS NULL
                  AND (p.caseworker IS DISTINCT FROM t.caseworker
                       OR p.department IS DISTINCT FROM t.department)));

-- name: 3_ended_part_owes_nothing
-- A part ends with no open promise.
SELECT c.reference FROM parts t
JOIN contacts c ON c.id = t.contact_id
JOIN promises p ON p.part_id = t.id AND p.ended_at IS NULL
WHERE t.ended_at IS NOT NULL;

-- name: 4_meeting_is_a_promise
-- A meeting that is agreed is an open promise; one that was held is kept.
SELECT c.reference FROM meetings m
JOIN contacts c ON c.id = m.contact_id
JOIN promises p ON p.id = m.meeting_promise
WHERE (m.state = 'agreed') <> (p.ended_at IS NULL)
   OR (m.state = 'agreed' AND p.due_at <> m.ends_at)
   OR (m.state = 'held' AND p.state <> 'kept');

-- name: 4_missed_deadline_has_a_notice
-- A deadline of the law that was marked late has a notice promised; but not the 24 hours
-- in which a concern about a child is assessed.
SELECT c.reference FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.late_at IS NOT NULL AND p.statutory_due_at IS NOT NULL AND p.ended_at IS NULL
  AND NOT (p.kind IN ('callback', 'answer') AND 'urgent_child_concern' = ANY (c.flags))
  AND NOT EXISTS (SELECT FROM promises n WHERE n.notice_of = p.id);

-- name: 5_lapsed_offer_came_back
-- An offer that nobody took an hour ago has come back.
SELECT reference FROM contacts WHERE offered_until < $1::timestamptz - interval '1 hour'
UNION
SELECT c.reference FROM parts t JOIN contacts c ON c.id = t.contact_id
WHERE t.offered_until < $1::timestamptz - interval '1 hour';

-- name: 6_timeline_cannot_be_rewritten
-- The triggers that keep the timeline and the decisions append-only are there and on.
SELECT 'trigger ' || wanted.name AS reference
FROM unnest(ARRAY['timeline_append_only', 'timeline_no_truncate',
                  'decisions_append_only', 'decisions_no_truncate',
                  'contacts_stay', 'arrivals_stay', 'promises_stay', 'effects_stay',
                  'arrivals_no_truncate', 'promises_no_truncate', 'effects_no_truncate',
                  'parts_stay', 'parts_no_truncate', 'meetings_stay',
                  'meetings_no_truncate']) AS wanted (name)
WHERE $1::timestamptz IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = wanted.name AND t.tgenabled = 'O');

-- name: 7_effect_sent_or_owned
-- An effect was sent, is still being tried, or its failure is a promise that a person has.
SELECT c.reference FROM effects e JOIN contacts c ON c.id = e.contact_id
WHERE (e.state = 'failed' AND e.failure_promise IS NULL)
   OR (e.state = 'pending' AND e.next_try_at < $1::timestamptz - interval '1 hour');
