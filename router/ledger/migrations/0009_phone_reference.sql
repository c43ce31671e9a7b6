-- Callers with a reference: they hear what is promised, and change it.

ALTER TABLE calls
    DROP CONSTRAINT calls_step_check,
    ADD CONSTRAINT calls_step_check CHECK (step IN (
        'topic', 'number', 'offer', 'done', 'reference', 'code', 'status', 'times', 'words')),
    -- The contact that the caller has named, how it was proved to be theirs, and what was
    -- offered; {} for everybody else. `contact_id` is that contact once the call belongs to it.
    ADD COLUMN about jsonb NOT NULL DEFAULT '{}';
