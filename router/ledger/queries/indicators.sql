-- name: departments
-- Every department that there is or was.
SELECT id FROM departments;

-- name: room_to_sort
-- For this transaction only: a large period is counted in memory, by hashing; sorting
-- a million rows by seven texts takes longer than all the rest.
SELECT set_config('work_mem', '128MB', true), set_config('enable_mergejoin', 'off', true);

-- name: promises
-- Promises that fell due from $1 until before $2, by everything that they are counted by.
-- One that was replaced, or that joined another callback, is counted as the other.
-- `few` names the contacts where there are fewer than $3: parts can then be put together
-- without counting a contact twice. Each contact sets one of 64 bits, so whoever sees
-- $3 of them knows without sorting that there are not few.
WITH fell_due AS MATERIALIZED (
    SELECT id, contact_id, kind, department, attempts, due_at,
           CASE WHEN state IN ('kept', 'answered_inbound')
                THEN CASE WHEN ended_at <= due_at THEN 'kept_in_time' ELSE 'kept_late' END
                WHEN state = 'withdrawn'
                THEN CASE WHEN ended_at <= due_at THEN 'withdrawn' ELSE 'withdrawn_late' END
                WHEN state = 'unreachable' THEN 'unreachable'
                ELSE 'open_late' END AS became
    FROM promises
    WHERE due_at >= $1 AND due_at < $2 AND state <> 'replaced' AND joins IS NULL
), counted AS MATERIALIZED (
    SELECT p.contact_id, p.kind, p.department, c.sender_group, c.language, c.channel, p.became,
           p.became NOT IN ('kept_in_time', 'withdrawn') AND p.attempts > 0 AND EXISTS (
               SELECT FROM timeline t
               WHERE t.contact_id = p.contact_id AND t.kind = 'attempt'
                 AND (t.data ->> 'promise')::bigint = p.id AND t.at <= p.due_at
           ) AS tried
    FROM fell_due p JOIN contacts c ON c.id = p.contact_id
    WHERE c.outcome IS NULL OR c.outcome NOT IN ('spam', 'duplicate')
), cells AS (
    SELECT kind, department, sender_group, language, channel, became, tried,
           count(*) AS promises,
           bit_count(bit_or(1::bigint << (contact_id % 64)::int)::bit(64)) < $3::int AS maybe_few
    FROM counted GROUP BY 1, 2, 3, 4, 5, 6, 7
), few AS (
    SELECT kind, department, sender_group, language, channel, became, tried,
           array_agg(DISTINCT p.contact_id) AS contacts
    FROM counted p JOIN cells USING (kind, department, sender_group, language, channel, became, tried)
    WHERE maybe_few
    GROUP BY 1, 2, 3, 4, 5, 6, 7 HAVING count(DISTINCT p.contact_id) < $3::int
)
SELECT kind, department, sender_group AS "group", language, channel, became, tried, promises,
       few.contacts AS few
FROM cells
LEFT JOIN few USING (kind, department, sender_group, language, channel, became, tried);

-- name: contacts
-- Contacts that came from $1 until before $2, how long they waited until a person took
-- them up, and whether the same party had come within 7 days before. As seen at $3.
-- A row with `whole` is one full combination; the others say how long one group waited
-- (only in department $4, when it is given): median and ninth decile in seconds, where
-- whoever waits still counts as longer than everybody who does not.
WITH came AS MATERIALIZED (
    SELECT * FROM (
        SELECT id, department, sender_group, language, channel, state, created_at, party_id,
               lag(created_at) OVER (PARTITION BY party_id ORDER BY created_at, id) AS before
        FROM contacts
        WHERE created_at >= $1::timestamptz - interval '7 days' AND created_at < $2
          AND (outcome IS NULL OR outcome NOT IN ('spam', 'duplicate'))
    ) c WHERE created_at >= $1
), taken_up AS (
    -- Numbers follow time closely: these are hardly more than the contacts of the period.
    SELECT contact_id, min(at) AS at FROM timeline
    WHERE contact_id >= (SELECT min(id) FROM came) AND contact_id <= (SELECT max(id) FROM came)
      AND actor LIKE 'staff:%' AND kind <> 'offered'
    GROUP BY contact_id
), waited AS MATERIALIZED (
    SELECT c.department COLLATE "C" AS department, c.sender_group COLLATE "C" AS sender_group,
           c.language COLLATE "C" AS language, c.channel COLLATE "C" AS channel,
           CASE WHEN c.channel = 'desk' OR (t.at IS NULL AND c.state = 'closed') THEN 'no_wait'
                WHEN t.at IS NULL THEN 'waiting'
                ELSE 'met' END AS became,
           extract(epoch FROM coalesce(t.at, $3::timestamptz) - c.created_at)::float8 AS seconds,
           CASE WHEN c.party_id IS NULL THEN 'unknown_party'
                WHEN c.before >= c.created_at - interval '7 days' THEN 'repeats'
                ELSE 'first_time' END AS came_as
    FROM came c LEFT JOIN taken_up t ON t.contact_id = c.id
), ranked AS (
    SELECT department, sender_group, language, channel,
           CASE WHEN became = 'waiting' THEN 'Infinity' ELSE seconds END AS seconds
    FROM waited WHERE became <> 'no_wait' AND ($4::text IS NULL OR department = $4)
), middle AS MATERIALIZED (
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) AS seconds FROM ranked
)
SELECT department, sender_group AS "group", language, channel, true AS whole,
       count(*) AS contacts,
       count(*) FILTER (WHERE became = 'met') AS met,
       count(*) FILTER (WHERE became = 'waiting') AS waiting,
       count(*) FILTER (WHERE became = 'no_wait') AS no_wait,
       count(*) FILTER (WHERE came_as = 'repeats') AS repeats,
       count(*) FILTER (WHERE came_as = 'first_time') AS first_time,
       count(*) FILTER (WHERE came_as = 'unknown_party') AS unknown_party,
       count(*) FILTER (WHERE became <> 'no_wait' AND w.seconds > m.seconds) AS longer,
       count(*) FILTER (WHERE became = 'met' AND w.seconds <= m.seconds) AS shorter,
       NULL::float8[] AS seconds
FROM waited w CROSS JOIN middle m
GROUP BY 1, 2, 3, 4
UNION ALL
SELECT department, sender_group, language, channel, false,
       count(*), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
       percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY seconds)
FROM ranked
GROUP BY GROUPING SETS ((department), (sender_group), (language), (channel), ());
