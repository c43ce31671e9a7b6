-- name: take_in
-- A mail as it came, before the sender hears 250.
INSERT INTO mail_intake (received_at, door, peer, envelope_sender, recipients, size, sha256, raw,
                         next_try_at)
VALUES ($1, $2, $3, $4, $5, length($7::bytea), $6, $7, $1);

-- name: claim
-- The mail that has waited longest and that nobody is reading. The row lock is
-- the claim: it goes with the process that dies, so nothing has to expire.
SELECT id, received_at, envelope_sender, recipients, size, raw
FROM mail_intake
WHERE state = 'new' AND next_try_at <= $1
ORDER BY next_try_at, id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- name: done
-- The mail has become part of a contact.
UPDATE mail_intake SET state = 'done', contact_id = $2, note = $3 WHERE id = $1;

-- name: put_off
-- Reading or receiving it failed; another try later, and the next mail goes first.
UPDATE mail_intake SET attempts = attempts + 1, next_try_at = $2, note = $3
WHERE id = $1 AND state = 'new'
RETURNING attempts;

-- name: attempts
-- How often it has been tried.
SELECT attempts FROM mail_intake WHERE id = $1;

-- name: one_sender_at_a_time
-- Mails of one sender are taken in one after another, so that the count of
-- acknowledgements is right. Released with the transaction.
SELECT pg_advisory_xact_lock(hashtextextended('mail sender ' || $1, 0));

-- name: told_since
-- Acknowledgements written to this address since then.
SELECT count(*) FROM effects
WHERE kind = 'mail.tell' AND payload ->> 'to' = $1 AND created_at > $2;

-- name: contact_of_effect
-- The contact that a mail of ours was about.
SELECT contact_id FROM effects WHERE id = $1 AND kind LIKE 'mail.%';

-- name: last_message_id
-- The citizen's latest mail in this contact, to answer in its thread.
SELECT data ->> 'message_id' FROM timeline
WHERE contact_id = $1 AND data ? 'message_id' ORDER BY id DESC LIMIT 1;

-- name: raw_mail
-- The mail to hand on.
SELECT raw, recipients, peer, received_at FROM mail_intake WHERE id = $1;

-- name: promise_to_tell
-- What the citizen hears: the promise named, else the open one that is due first.
SELECT kind, not_before, due_at, phone FROM promises
WHERE contact_id = $1 AND (id = $2 OR ($2::bigint IS NULL AND ended_at IS NULL))
ORDER BY due_at LIMIT 1;

-- name: words
-- What staff wrote to the citizen, as it stands on the timeline.
SELECT body FROM timeline WHERE contact_id = $1 AND id = $2;

-- name: alarm
-- The promise that an alarm is about, and who has it now.
SELECT kind, due_at, department, caseworker, ended_at FROM promises WHERE id = $1;

-- name: alarmed
-- Those of many promises that are still open, the first due first.
SELECT p.kind, p.due_at, c.reference
FROM promises p JOIN contacts c ON c.id = p.contact_id
WHERE p.id = ANY ($1::bigint[]) AND p.ended_at IS NULL
ORDER BY p.due_at, p.id;
