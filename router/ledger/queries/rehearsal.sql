-- name: decided
-- The last decision of each contact within a span of time, the newest contact first, with
-- what the citizen had said when it was made: the first decision knew the first words only.
-- $1 from, $2 until, $3 department decided, $4 how many at most, $5 only these contacts.
WITH newest AS (
    SELECT contact_id, max(id) AS id FROM decisions
    WHERE at >= $1 AND at < $2 AND ($5::bigint[] IS NULL OR contact_id = ANY ($5))
    GROUP BY contact_id
)
SELECT c.id, c.reference, c.party_id, c.channel, c.name, c.phone, c.email, c.subject, c.language,
       c.sender_group, c.outcome, c.flags, d.at, d.table_version, d.rule_id, d.department, d.caseworker,
       d.explanation, coalesce(said.text, '') AS text, taken.department AS taken_by
FROM newest
JOIN decisions d ON d.contact_id = newest.contact_id AND d.id = newest.id
JOIN contacts c ON c.id = d.contact_id
CROSS JOIN LATERAL (
    SELECT string_agg(t.body, E'\n' ORDER BY t.id) AS text FROM timeline t
    WHERE t.contact_id = c.id AND t.actor = 'citizen' AND t.body <> '' AND t.at <= d.at
      AND (t.id = (SELECT min(f.id) FROM timeline f
                   WHERE f.contact_id = c.id AND f.actor = 'citizen')
           OR EXISTS (SELECT FROM decisions e WHERE e.contact_id = c.id AND e.id < d.id))
) said
LEFT JOIN LATERAL (
    SELECT t.data ->> 'department' AS department FROM timeline t
    WHERE t.contact_id = c.id AND t.kind IN ('accepted', 'claimed') AND t.actor LIKE 'staff:%'
    ORDER BY t.id DESC LIMIT 1
) taken ON true
WHERE $3::text IS NULL OR d.department = $3
ORDER BY c.id DESC LIMIT $4;

-- name: how_many
-- How many contacts were decided within a span of time, to tell how far a rehearsal has come.
SELECT count(DISTINCT contact_id) FROM decisions
WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR department = $3);

-- name: by_rule
-- How often each rule decided, and when it did last.
SELECT rule_id, count(*) AS decided, max(at) AS last FROM decisions
WHERE at >= $1 AND at < $2 GROUP BY rule_id;

-- name: ever
-- When each of these rules decided last, however long ago.
SELECT rule_id, max(at) AS last FROM decisions WHERE rule_id = ANY ($1::text[]) GROUP BY rule_id;

-- name: names_among
-- Which of these words (lower case) are part of the name of a citizen or a caseworker.
SELECT DISTINCT part FROM (
    SELECT name FROM contacts WHERE name <> '' UNION ALL SELECT name FROM parties WHERE name <> ''
    UNION ALL SELECT name FROM caseworkers
) AS known, regexp_split_to_table(lower(known.name), '[^[:alpha:]]+') AS part
WHERE part = ANY ($1::text[]);
