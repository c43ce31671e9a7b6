-- name: lock_department
-- Whoever takes a time of a department waits for those who are taking one: the last
-- one is given away once. Held until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('slots ' || $1, 5));

-- name: promised_calls
-- The open calls of a department by their windows, to five minutes and never to our own
-- advantage. One that joined another is made with it, unless it has a window of its own.
-- $2: a promise that is about to be moved.
SELECT date_bin('5 minutes', coalesce(retry_at, not_before) + interval '299 seconds', 'epoch')
           AS not_before,
       date_bin('5 minutes', due_at, 'epoch') AS due_at, count(*) AS number
FROM promises
WHERE department = $1 AND ended_at IS NULL
  AND kind IN ('callback', 'complaint_call', 'call_before_refusal')
  AND state <> 'needs_person' AND (joins IS NULL OR not_before IS NOT NULL)
  AND id IS DISTINCT FROM $2::bigint
GROUP BY 1, 2 ORDER BY 2, 1;

-- name: talks
-- How long a department's talks have taken since $2.
SELECT count(*) AS talks, avg(talk_seconds)::float8 AS seconds FROM promises
WHERE department = $1 AND talk_seconds IS NOT NULL AND ended_at > $2;

-- name: talked
-- How long the talk took that kept a promise.
UPDATE promises SET talk_seconds = $2 WHERE id = $1;
