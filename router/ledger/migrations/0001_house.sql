-- The ledger: contacts, their timeline, decisions, promises and effects.
-- The invariants of docs/architecture.md are constraints and triggers here;
-- router/ledger/queries/audit.sql proves each of them again.

-- One row: the key from which access codes and reply tokens are derived. It
-- lives here so that every process that shares the ledger agrees on it.
CREATE TABLE installation (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    secret bytea NOT NULL CHECK (length(secret) >= 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO installation (secret)
VALUES (sha256((gen_random_uuid()::text || gen_random_uuid()::text || gen_random_uuid()::text)::bytea));

-- Departments and caseworkers mirror the configuration, so that an owner is
-- always somebody who exists. Nobody is deleted; one who left is inactive.
CREATE TABLE departments (
    id text PRIMARY KEY,
    name text NOT NULL,
    active boolean NOT NULL DEFAULT true
);
CREATE TABLE caseworkers (
    id text PRIMARY KEY,
    name text NOT NULL,
    department text NOT NULL REFERENCES departments,
    active boolean NOT NULL DEFAULT true
);

-- A party (part): a person, company or association, by the numbers and
-- addresses that it is known by. Its number is that of the contact that made it known.
CREATE TABLE parties (
    id bigint PRIMARY KEY,
    name text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL
);
CREATE TABLE party_addresses (
    kind text NOT NULL CHECK (kind IN ('phone', 'mail')),
    value text NOT NULL CHECK (value <> ''),
    party_id bigint NOT NULL REFERENCES parties,
    PRIMARY KEY (kind, value)
);

-- Contact numbers are taken in blocks by each process; gaps are fine. The
-- reference that people see is computed from the number (router/reference.py).
CREATE SEQUENCE contact_number;
CREATE TABLE contacts (
    id bigint PRIMARY KEY,
    reference text NOT NULL UNIQUE CHECK (reference ~ '^[1-9][0-9]{8}$'),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    channel text NOT NULL CHECK (channel IN ('phone', 'sms', 'mail', 'web', 'desk')),
    party_id bigint REFERENCES parties,
    name text NOT NULL DEFAULT '',
    phone text NOT NULL DEFAULT '',
    email text NOT NULL DEFAULT '',
    sender_group text NOT NULL CHECK (sender_group IN ('borger', 'erhverv', 'forening')),
    language text NOT NULL,
    subject text NOT NULL DEFAULT '',
    -- The owner: always a department, and a caseworker once one has taken it.
    department text NOT NULL REFERENCES departments,
    caseworker text REFERENCES caseworkers,
    -- An offer to somebody else; the owner changes only when they accept.
    offered_department text REFERENCES departments,
    offered_caseworker text REFERENCES caseworkers,
    offered_by text,
    offered_until timestamptz,
    next_due_at timestamptz,
    rule_id text NOT NULL,
    priority smallint NOT NULL DEFAULT 0,
    flags text[] NOT NULL DEFAULT '{}',
    outcome text CHECK (outcome IN ('solved', 'answered', 'forwarded', 'withdrawn',
                                    'unreachable', 'spam', 'duplicate')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    closed_at timestamptz,
    is_open boolean NOT NULL GENERATED ALWAYS AS (state = 'open') STORED,
    -- What an open promise refers to (see promises).
    UNIQUE (id, is_open),
    CONSTRAINT open_contact_has_due_time CHECK (state <> 'open' OR next_due_at IS NOT NULL),
    CONSTRAINT closed_contact_has_outcome
        CHECK ((state = 'closed') = (outcome IS NOT NULL)
               AND (state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT offer_is_whole
        CHECK ((offered_department IS NULL) = (offered_by IS NULL)
               AND (offered_department IS NULL) = (offered_until IS NULL)
               AND (offered_caseworker IS NULL OR offered_department IS NOT NULL))
);
CREATE INDEX contacts_offered ON contacts (offered_until) WHERE offered_until IS NOT NULL;

-- One arrival, one contact. `opening` marks the arrival that made the contact.
CREATE TABLE arrivals (
    channel text NOT NULL,
    dedupe_key text NOT NULL CHECK (dedupe_key <> ''),
    contact_id bigint NOT NULL REFERENCES contacts DEFERRABLE INITIALLY DEFERRED,
    opening boolean NOT NULL,
    fingerprint bytea NOT NULL DEFAULT '',
    received_at timestamptz NOT NULL,
    PRIMARY KEY (channel, dedupe_key)
);

-- The timeline (forløb): what happened, in order, never rewritten.
CREATE TABLE timeline (
    id bigint GENERATED ALWAYS AS IDENTITY,
    contact_id bigint NOT NULL REFERENCES contacts,
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind <> ''),
    -- 'citizen', 'house', or 'staff:' and the caseworker's id.
    actor text NOT NULL CHECK (actor <> ''),
    body text NOT NULL DEFAULT '',
    data jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (contact_id, id)
);

CREATE TABLE attachments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts,
    received_at timestamptz NOT NULL,
    filename text NOT NULL,
    content_type text NOT NULL,
    size integer NOT NULL,
    content bytea NOT NULL
);
CREATE INDEX attachments_contact ON attachments (contact_id);

-- What the rules answered (visitering), with the table's version and why.
CREATE TABLE decisions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    contact_id bigint NOT NULL REFERENCES contacts,
    at timestamptz NOT NULL,
    table_version text NOT NULL,
    rule_id text NOT NULL,
    department text NOT NULL,
    caseworker text,
    confidence real NOT NULL,
    explanation jsonb NOT NULL,
    PRIMARY KEY (contact_id, id)
);

-- What we said that we would do (løfte), and until when.
CREATE TABLE promises (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts,
    kind text NOT NULL CHECK (kind IN ('callback', 'answer')),
    state text NOT NULL CHECK (state IN ('waiting', 'scheduled', 'resting', 'needs_person', 'kept',
                                         'answered_inbound', 'withdrawn', 'replaced', 'unreachable')),
    department text NOT NULL REFERENCES departments,
    caseworker text REFERENCES caseworkers,
    phone text NOT NULL DEFAULT '',
    not_before timestamptz,
    due_at timestamptz NOT NULL,
    retry_at timestamptz,
    attempts smallint NOT NULL DEFAULT 0,
    last_result text NOT NULL DEFAULT '',
    -- Late is a mark and an alarm, never an end.
    late_at timestamptz,
    -- When the clock looks at it again; NULL only after its end.
    fire_at timestamptz,
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    replaced_by bigint REFERENCES promises,
    version integer NOT NULL DEFAULT 1,
    -- An open promise refers to an open contact: so a contact closes only with
    -- no open promise, and a closed contact gets no new one.
    contact_must_be_open boolean
        GENERATED ALWAYS AS (CASE WHEN ended_at IS NULL THEN true END) STORED,
    CONSTRAINT closed_contact_has_no_open_promise
        FOREIGN KEY (contact_id, contact_must_be_open) REFERENCES contacts (id, is_open)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT promise_ends_in_an_end
        CHECK ((state IN ('waiting', 'scheduled', 'resting', 'needs_person')) = (ended_at IS NULL)),
    CONSTRAINT open_promise_has_a_clock CHECK ((ended_at IS NULL) = (fire_at IS NOT NULL)),
    CONSTRAINT resting_promise_has_a_next_try CHECK (state <> 'resting' OR retry_at IS NOT NULL),
    CONSTRAINT replaced_by_another CHECK ((state = 'replaced') = (replaced_by IS NOT NULL)),
    CONSTRAINT window_ends_after_it_starts CHECK (not_before IS NULL OR not_before < due_at)
);
CREATE INDEX promises_contact ON promises (contact_id);
CREATE INDEX promises_due ON promises (due_at, id) WHERE ended_at IS NULL;
CREATE INDEX promises_fire ON promises (fire_at) WHERE ended_at IS NULL;

-- The outbox: what must happen outside, exactly as durable as its cause.
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    contact_id bigint NOT NULL REFERENCES contacts,
    payload jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    attempts smallint NOT NULL DEFAULT 0,
    -- Not before this; a worker that claims the effect moves it past its lease.
    next_try_at timestamptz NOT NULL,
    last_error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    -- The promise that makes a person own the last failure.
    failure_promise bigint REFERENCES promises,
    CONSTRAINT failed_effect_is_owned CHECK ((state = 'failed') = (failure_promise IS NOT NULL)),
    CONSTRAINT ended_effect_has_a_time CHECK ((state = 'pending') = (ended_at IS NULL))
);
CREATE INDEX effects_pending ON effects (next_try_at) WHERE state = 'pending';
CREATE INDEX effects_contact ON effects (contact_id);

-- The timeline and the decisions are append-only. Retention (issue: erase) acts
-- as the role indgang_retention, which may blank content and nothing else.
CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'timeline' AND current_user = 'indgang_retention' THEN
        IF NEW.id = OLD.id AND NEW.contact_id = OLD.contact_id AND NEW.at = OLD.at
           AND NEW.kind = OLD.kind AND NEW.actor = OLD.actor THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER timeline_append_only BEFORE UPDATE OR DELETE ON timeline
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER timeline_no_truncate BEFORE TRUNCATE ON timeline
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE ON decisions
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER decisions_no_truncate BEFORE TRUNCATE ON decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- A contact, arrival, promise or effect is never deleted: what was answered
-- with a receipt stays.
CREATE FUNCTION refuse_deleting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never deleted', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END;
$$;
CREATE TRIGGER contacts_stay BEFORE DELETE ON contacts
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER arrivals_stay BEFORE DELETE ON arrivals
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER promises_stay BEFORE DELETE ON promises
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER effects_stay BEFORE DELETE ON effects
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER arrivals_no_truncate BEFORE TRUNCATE ON arrivals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER promises_no_truncate BEFORE TRUNCATE ON promises
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER effects_no_truncate BEFORE TRUNCATE ON effects
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting();
