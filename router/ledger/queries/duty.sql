-- name: loads
-- Open contacts by who has them, from the promises that are open: those are few and indexed.
SELECT department, caseworker, count(DISTINCT contact_id) AS contacts
FROM promises WHERE ended_at IS NULL GROUP BY department, caseworker;

-- name: offered
-- Contacts that are offered to a caseworker count as theirs while they decide.
SELECT offered_caseworker AS caseworker, count(*) AS contacts FROM contacts
WHERE offered_until IS NOT NULL AND offered_caseworker IS NOT NULL
  AND offered_caseworker IS DISTINCT FROM caseworker
GROUP BY offered_caseworker;

-- name: last_given
-- When each caseworker was last given a contact, among the newest decisions.
SELECT caseworker, max(at) AS at
FROM (SELECT caseworker, at FROM decisions ORDER BY contact_id DESC LIMIT 2000) newest
WHERE caseworker IS NOT NULL GROUP BY caseworker;
