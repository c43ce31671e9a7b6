-- A citizen who cannot be called cannot be called the next time either.

ALTER TABLE parties ADD COLUMN no_calls boolean NOT NULL DEFAULT false;
UPDATE parties SET no_calls = true
WHERE id IN (SELECT party_id FROM contacts WHERE 'no_calls' = ANY (flags));
