-- name: call
-- One call as it stands.
SELECT call_sid, contact_id, reference, step, language, number, menu, fails, department, promise,
       answers, last_status, last_sequence, about
FROM calls WHERE call_sid = $1;

-- name: begin_call
-- The first answer of a call. Changes nothing when another webhook was first; a row that a
-- status callback or the spool left without an answer is taken over.
INSERT INTO calls (call_sid, contact_id, reference, step, language, number, menu, fails,
                   department, promise, answers, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ARRAY[$11::text], $12, $12)
ON CONFLICT (call_sid) DO UPDATE
SET answers = excluded.answers, step = excluded.step, number = excluded.number,
    updated_at = excluded.updated_at
WHERE cardinality(calls.answers) = 0
RETURNING call_sid;

-- name: missed_call
-- A call that never got an answer from us: only that it was there.
INSERT INTO calls (call_sid, contact_id, reference, step, language, number, department,
                   promise, created_at, updated_at)
VALUES ($1, $2, $3, $4, 'da', $5, $6, $7, $8, $8)
ON CONFLICT (call_sid) DO NOTHING;

-- name: next_answer
-- One step on, only if no other webhook has taken this turn ($2 answers so far).
UPDATE calls
SET step = $3, language = $4, number = $5, menu = $6, fails = $7, department = $8, promise = $9,
    answers = answers || $10::text, updated_at = $11, contact_id = $12, reference = $13,
    about = $14
WHERE call_sid = $1 AND cardinality(answers) = $2
RETURNING call_sid;

-- name: call_status
-- What the provider says about the call; older news never overwrites newer.
UPDATE calls SET last_status = $2, last_sequence = $3, updated_at = $4
WHERE call_sid = $1 AND last_sequence <= $3;
