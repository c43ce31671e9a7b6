-- name: take_contact_numbers
-- Each process takes contact numbers in blocks, so that numbering costs no round trip.
SELECT array_agg(nextval('contact_number')) FROM generate_series(1, $1::int);

-- name: claim_arrivals
-- The dedupe keys that are new, in one order for every process so that two
-- batches never wait for each other crosswise. A key that another transaction is
-- writing is waited for, then counts as known.
INSERT INTO arrivals (channel, dedupe_key, contact_id, opening, fingerprint, received_at)
SELECT channel, dedupe_key, contact_id, true, fingerprint, received_at
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[], $5::timestamptz[])
     AS a (channel, dedupe_key, contact_id, fingerprint, received_at)
ORDER BY channel, dedupe_key
ON CONFLICT DO NOTHING
RETURNING contact_id;

-- name: known_addresses
-- The parties behind these phone numbers and mail addresses, and whether they cannot be
-- called. LIMIT makes it one index look-up each; a plain join reads all of a kind.
SELECT w.kind, w.value, a.party_id,
       (SELECT no_calls FROM parties WHERE id = a.party_id) AS no_calls
FROM unnest($1::text[], $2::text[]) AS w (kind, value)
CROSS JOIN LATERAL (
    SELECT party_id FROM party_addresses p WHERE p.kind = w.kind AND p.value = w.value LIMIT 1
) a;

-- name: keep_no_calls
-- Parties that cannot be called from now on ($1), or can again ($2). In one order, so that
-- two batches never wait for each other crosswise.
UPDATE parties p SET no_calls = w.no_calls
FROM (
    SELECT id, id = ANY ($1::bigint[]) AS no_calls FROM parties
    WHERE id = ANY ($1::bigint[] || $2::bigint[]) ORDER BY id FOR UPDATE
) w
WHERE p.id = w.id AND p.no_calls <> w.no_calls;

-- name: histories
-- What the rules may know of these parties' past: the newest open contact, the
-- caseworker who had one last, and who coordinates for them.
SELECT p.id AS party_id, p.coordinator, o.department AS open_department,
       o.caseworker AS open_caseworker, l.caseworker AS last_caseworker
FROM parties p
LEFT JOIN LATERAL (
    SELECT department, caseworker FROM contacts
    WHERE party_id = p.id AND state = 'open' AND id IS DISTINCT FROM $2
    ORDER BY id DESC LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT caseworker FROM contacts
    WHERE party_id = p.id AND caseworker IS NOT NULL AND id IS DISTINCT FROM $2
    ORDER BY id DESC LIMIT 1
) l ON true
WHERE p.id = ANY ($1::bigint[]);

-- name: write_openings
-- New contacts with all that belongs to them, in one statement: what one
-- receipt stands for is there whole or not at all. $1 is now; a row of $2 is
-- one contact with its event, decision and promise; then $3 new addresses of
-- parties, $4 effects, the columns of attachments, and $10 promises besides. Rows come as JSON: that
-- costs the intake process, which is the narrow place, the least.
WITH opened AS MATERIALIZED (
    SELECT * FROM json_to_recordset($2::json) AS o (
        id bigint, reference text, channel text, party_id bigint, name text, phone text,
        email text, sender_group text, language text, subject text, department text,
        offered_department text, named text, offered_until timestamptz, plan jsonb,
        rule_id text, priority smallint, flags text,
        received_at timestamptz, event text, body text, data jsonb,
        table_version text, confidence real, explanation jsonb,
        promise text, promise_state text, promise_phone text,
        not_before timestamptz, due_at timestamptz, next_due_at timestamptz, policy text,
        fire_at timestamptz, law timestamptz
    )
), new_parties AS (
    INSERT INTO parties (id, name, created_at)
    SELECT id, name, $1 FROM opened WHERE party_id = id
), new_addresses AS (
    INSERT INTO party_addresses (kind, value, party_id)
    SELECT kind, value, party_id
    FROM json_to_recordset($3::json) AS a (kind text, value text, party_id bigint)
    ORDER BY kind, value
    ON CONFLICT DO NOTHING
), new_contacts AS (
    INSERT INTO contacts (id, reference, channel, party_id, name, phone, email, sender_group,
                          language, subject, department, offered_department, offered_caseworker,
                          offered_by, offered_until, next_due_at, rule_id, priority, flags,
                          plan, created_at, updated_at)
    SELECT id, reference, channel, party_id, name, phone, email, sender_group,
           language, subject, department, offered_department, named,
           CASE WHEN offered_department IS NOT NULL THEN 'house' END, offered_until, next_due_at,
           rule_id, priority, string_to_array(flags, ' '), plan, $1, $1
    FROM opened
), new_events AS (
    INSERT INTO timeline (contact_id, at, kind, actor, body, data)
    SELECT id, received_at, event, 'citizen', body, data FROM opened
), new_decisions AS (
    INSERT INTO decisions (contact_id, at, table_version, rule_id, department, caseworker,
                           confidence, explanation)
    SELECT id, $1, table_version, rule_id, department, named, confidence, explanation FROM opened
), new_promises AS (
    INSERT INTO promises (contact_id, kind, state, department, phone, not_before,
                          due_at, fire_at, made_at, policy, statutory_due_at)
    -- In one order, so that two batches never wait for each other crosswise.
    (SELECT id, promise, promise_state, department, promise_phone, not_before,
            due_at, fire_at, $1, policy, law
     FROM opened ORDER BY call_key(promise_phone, department))
    UNION ALL
    SELECT contact_id, kind, 'waiting', department, phone, NULL, due_at, fire_at, $1, policy, law
    FROM json_to_recordset($10::json) AS d (
        contact_id bigint, kind text, department text, phone text, due_at timestamptz,
        fire_at timestamptz, policy text, law timestamptz)
), new_effects AS (
    INSERT INTO effects (kind, contact_id, payload, next_try_at, created_at)
    SELECT kind, contact_id, payload, coalesce(leaves_at, $1), $1
    FROM json_to_recordset($4::json) AS e (
        kind text, contact_id bigint, payload jsonb, leaves_at timestamptz)
)
INSERT INTO attachments (contact_id, received_at, filename, content_type, size, content)
SELECT contact_id, received_at, filename, content_type, length(content), content
FROM unnest($5::bigint[], $6::timestamptz[], $7::text[], $8::text[], $9::bytea[])
     AS a (contact_id, received_at, filename, content_type, content);

-- name: known_arrival
-- The contact that this key made or was attached to, and what was sent with it.
SELECT a.contact_id, a.opening, a.fingerprint FROM arrivals a
WHERE a.channel = $1 AND a.dedupe_key = $2;

-- name: receipt_of
-- What a receipt says of a contact: its owner, and the call to the number $2 that was just
-- asked for, else the promise that is due first.
SELECT c.id, c.reference, c.department, c.caseworker, c.language, c.state,
       p.kind, p.not_before, p.due_at, p.phone
FROM contacts c
LEFT JOIN LATERAL (
    SELECT kind, not_before, due_at, phone FROM promises
    WHERE contact_id = c.id AND ended_at IS NULL
    ORDER BY kind <> 'callback' OR phone <> $2, due_at, id LIMIT 1
) p ON true
WHERE c.id = $1;

-- name: lock_by_reference
-- Whoever changes a contact holds its row, so that steps follow one another.
SELECT * FROM contacts WHERE reference = $1 FOR UPDATE;

-- name: claim_attached
-- The key of an arrival that belongs to a contact that is there.
INSERT INTO arrivals (channel, dedupe_key, contact_id, opening, fingerprint, received_at)
VALUES ($1, $2, $3, false, $4, $5)
ON CONFLICT DO NOTHING
RETURNING contact_id;

-- name: said_so_far
-- Everything that the citizen has told us in this contact, in order.
SELECT body FROM timeline WHERE contact_id = $1 AND actor = 'citizen' AND body <> ''
ORDER BY id;

-- name: add_decision
-- What the rules answered when they were asked again.
INSERT INTO decisions (contact_id, at, table_version, rule_id, department, caseworker,
                       confidence, explanation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: reroute_contact
-- A contact that nobody has taken goes where the rules now say.
UPDATE contacts SET department = $2, rule_id = $3, priority = $4, sender_group = $5,
       offered_department = CASE WHEN $7::timestamptz IS NOT NULL THEN $2::text END,
       offered_caseworker = $6::text,
       offered_by = CASE WHEN $7::timestamptz IS NOT NULL THEN 'house' END,
       offered_until = $7, plan = $8
WHERE id = $1;

-- name: reroute_promises
-- Its open promises go with it; those of its parts stay with the part.
UPDATE promises SET department = $2, version = version + 1
WHERE contact_id = $1 AND ended_at IS NULL AND part_id IS NULL
  AND (SELECT hold_calls($1, $2));

-- name: reopen_contact
-- A closed contact that hears from its citizen is open again, due when we answer.
UPDATE contacts SET state = 'open', outcome = NULL, closed_at = NULL, next_due_at = $2
WHERE id = $1;

-- name: touch_contact
-- Fill in what was not known, add flags, and count the change.
UPDATE contacts SET
    name = CASE WHEN name = '' THEN $2 ELSE name END,
    phone = CASE WHEN phone = '' THEN $3 ELSE phone END,
    email = CASE WHEN email = '' THEN $4 ELSE email END,
    subject = CASE WHEN subject = '' THEN $5 ELSE subject END,
    language = $6,
    flags = ARRAY(SELECT DISTINCT f FROM unnest(flags || $7::text[]) AS f ORDER BY f),
    updated_at = $8,
    version = version + 1
WHERE id = $1;

-- name: promised_kinds
-- Kinds of promises that have been made in a contact, open or ended.
SELECT DISTINCT kind FROM promises WHERE contact_id = $1;

-- name: was_promised
-- Whether a promise has been told in this contact before.
SELECT EXISTS (SELECT FROM timeline WHERE contact_id = $1 AND kind = 'promised');

-- name: add_attachment
-- A file that came with a later message.
INSERT INTO attachments (contact_id, received_at, filename, content_type, size, content)
VALUES ($1, $2, $3, $4, length($5::bytea), $5);
