-- Phone calls: where each one has got to. The contact itself is in `contacts`;
-- a call that is lost here costs nobody a contact.
CREATE TABLE calls (
    call_sid text PRIMARY KEY CHECK (call_sid <> ''),
    contact_id bigint NOT NULL REFERENCES contacts,
    reference text NOT NULL,
    step text NOT NULL CHECK (step IN ('topic', 'number', 'offer', 'done')),
    language text NOT NULL DEFAULT 'da',
    -- E.164, the number that we promise to call; empty when we have none.
    number text NOT NULL DEFAULT '',
    -- Department id that the caller chose by key; empty when not chosen.
    menu text NOT NULL DEFAULT '',
    fails smallint NOT NULL DEFAULT 0,
    -- Owner and promise as reception last answered, for steps that ask nothing of it.
    department text NOT NULL,
    promise jsonb,
    -- Every TwiML document answered, in order. The index is the turn, so that a
    -- webhook that comes twice or late is answered as it was the first time.
    answers text[] NOT NULL DEFAULT '{}',
    -- As the provider last said, by its own sequence number.
    last_status text NOT NULL DEFAULT '',
    last_sequence integer NOT NULL DEFAULT -1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX calls_contact ON calls (contact_id);
