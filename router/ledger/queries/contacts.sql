-- name: by_reference
-- One contact, by what people say.
SELECT * FROM contacts WHERE reference = $1;

-- name: by_id
-- One contact, by our own number.
SELECT * FROM contacts WHERE id = $1;

-- name: timeline
-- Its story, in order.
SELECT id, at, kind, actor, body, data FROM timeline WHERE contact_id = $1 ORDER BY id;

-- name: decisions
-- What the rules answered and why, the newest last.
SELECT id, at, table_version, rule_id, department, caseworker, confidence, explanation
FROM decisions WHERE contact_id = $1 ORDER BY id;

-- name: promises
-- All promises made in it, ended ones too.
SELECT * FROM promises WHERE contact_id = $1 ORDER BY id;

-- name: effects
-- What was sent outside because of it.
SELECT id, kind, state, attempts, last_error, created_at, ended_at
FROM effects WHERE contact_id = $1 ORDER BY id;

-- name: attachments
-- Its files, without their content.
SELECT id, filename, content_type, size FROM attachments WHERE contact_id = $1 ORDER BY id;

-- name: attachment
-- One file, only through the contact that it belongs to.
SELECT a.filename, a.content_type, a.content
FROM attachments a JOIN contacts c ON c.id = a.contact_id
WHERE c.reference = $1 AND a.id = $2;

-- name: list
-- A page of contacts, newest first, from after the cursor (a contact number).
SELECT * FROM contacts
WHERE ($1::text IS NULL OR state = $1)
  AND ($2::text IS NULL OR department = $2)
  AND ($3::text IS NULL OR caseworker = $3)
  AND ($4::bigint IS NULL OR id < $4)
ORDER BY id DESC LIMIT $5;

-- name: lock
-- Whoever changes a contact holds its row, so that steps follow one another.
SELECT * FROM contacts WHERE reference = $1 FOR UPDATE;

-- name: take
-- A caseworker takes it: the owner of the next step, of the contact and its promises.
UPDATE contacts SET department = $2, caseworker = $3, offered_department = NULL,
       offered_caseworker = NULL, offered_by = NULL, offered_until = NULL, plan = NULL,
       updated_at = $4, version = version + 1
WHERE id = $1;

-- name: take_promises
-- The promises of a contact follow its owner; those of its parts follow the part's.
UPDATE promises SET department = $2, caseworker = $3, version = version + 1
WHERE contact_id = $1 AND ended_at IS NULL AND part_id IS NULL
  AND (SELECT hold_calls($1, $2));

-- name: offer
-- An offer changes no owner. What the rules had planned to follow ends with it, unless
-- it is the plan itself that goes on.
UPDATE contacts SET offered_department = $2, offered_caseworker = $3, offered_by = $4,
       offered_until = $5, updated_at = $6, plan = $7, version = version + 1
WHERE id = $1;

-- name: close
-- Only with an outcome; the trigger refuses it while a promise is open.
UPDATE contacts SET state = 'closed', outcome = $2, closed_at = $3, next_due_at = NULL,
       offered_department = NULL, offered_caseworker = NULL, offered_by = NULL,
       offered_until = NULL, plan = NULL, updated_at = $3, version = version + 1
WHERE id = $1;

-- name: reaching
-- What has been done to reach the citizen of a contact: whether a call was tried, and the
-- state of the notice that it was in vain. What they say afterwards makes it void; an
-- automatic reply says nothing. A number that is somebody else's gets no text message.
SELECT c.flags, c.email, c.channel,
       EXISTS (SELECT FROM timeline WHERE contact_id = c.id AND kind = 'attempt') AS tried,
       c.phone <> '' OR EXISTS (SELECT FROM promises WHERE contact_id = c.id AND phone <> '') AS number,
       CASE WHEN NOT EXISTS (SELECT FROM promises WHERE contact_id = c.id AND phone = c.phone
                             AND last_result = 'wrong_number')
            THEN c.phone ELSE '' END AS phone,
       (SELECT state FROM effects e
        WHERE e.contact_id = c.id AND e.payload ->> 'template' = 'unreachable'
          AND e.created_at >= (SELECT max(at) FROM timeline WHERE contact_id = c.id
                               AND actor = 'citizen' AND kind <> 'automatic')
        ORDER BY id DESC LIMIT 1) AS notice
FROM contacts c WHERE c.id = $1;

-- name: touch
-- Count a change that is only on the timeline.
UPDATE contacts SET updated_at = $2, version = version + 1 WHERE id = $1;

-- name: lapsed_offers
-- Offers that nobody took in time; other processes take other rows.
SELECT * FROM contacts WHERE offered_until <= $1 ORDER BY offered_until
LIMIT $2 FOR UPDATE SKIP LOCKED;

-- name: withdraw_offer
-- It comes back to who had it all along.
UPDATE contacts SET offered_department = NULL, offered_caseworker = NULL, offered_by = NULL,
       offered_until = NULL, plan = NULL, updated_at = $2, version = version + 1
WHERE id = $1;

-- name: set_coordinator
-- Who coordinates for the citizen of this contact; NULL for nobody. Answers the party, if any.
UPDATE parties SET coordinator = $2
WHERE id = (SELECT party_id FROM contacts WHERE id = $1) RETURNING id;
