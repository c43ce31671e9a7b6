-- name: open_promises
-- Open promises, and those past their due time, by department and kind.
SELECT department, kind, count(*) AS open, count(*) FILTER (WHERE due_at < $1) AS late
FROM promises WHERE ended_at IS NULL GROUP BY department, kind;

-- name: open_contacts
-- Open contacts by department; the partial index on due times keeps it cheap.
SELECT department, count(*) AS open FROM contacts WHERE state = 'open' GROUP BY department;

-- name: pending_effects
-- What has still to leave the house, and since when the oldest waits.
SELECT kind, count(*) AS pending, min(created_at) AS oldest
FROM effects WHERE state = 'pending' GROUP BY kind;
