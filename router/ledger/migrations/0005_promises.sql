-- Promises of every kind, with their policies, escalation, parts and merging.

ALTER TABLE promises DROP CONSTRAINT promises_kind_check;
ALTER TABLE promises ADD CONSTRAINT promises_kind_check CHECK (kind IN (
    'callback', 'answer', 'status_letter', 'receipt', 'document_access', 'complaint_call',
    'call_before_refusal', 'deadline_notice', 'agenda', 'meeting', 'minutes')) NOT VALID;
ALTER TABLE promises VALIDATE CONSTRAINT promises_kind_check;

-- A part (delsag) of a contact with several topics: its own owner, its own promises.
-- The contact's owner, the coordinating caseworker, owns the whole.
CREATE TABLE parts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts,
    title text NOT NULL CHECK (title <> ''),
    department text NOT NULL REFERENCES departments,
    caseworker text REFERENCES caseworkers,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'solved', 'withdrawn')),
    made_at timestamptz NOT NULL,
    ended_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    -- An open part refers to an open contact: so the whole closes after its parts.
    contact_must_be_open boolean
        GENERATED ALWAYS AS (CASE WHEN ended_at IS NULL THEN true END) STORED,
    CONSTRAINT part_ends_in_an_end CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT closed_contact_has_no_open_part
        FOREIGN KEY (contact_id, contact_must_be_open) REFERENCES contacts (id, is_open)
        DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (id, contact_id)
);
CREATE INDEX parts_contact ON parts (contact_id);
CREATE TRIGGER parts_stay BEFORE DELETE ON parts
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER parts_no_truncate BEFORE TRUNCATE ON parts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting();

-- Reserved for a caseworker, being dialled, and waiting to hear what came of it.
ALTER TABLE promises DROP CONSTRAINT promises_state_check;
ALTER TABLE promises ADD CONSTRAINT promises_state_check CHECK (state IN (
    'waiting', 'scheduled', 'reserved', 'dialling', 'uncertain', 'resting', 'needs_person',
    'kept', 'answered_inbound', 'withdrawn', 'replaced', 'unreachable')) NOT VALID;
ALTER TABLE promises VALIDATE CONSTRAINT promises_state_check;
ALTER TABLE promises DROP CONSTRAINT promise_ends_in_an_end;
ALTER TABLE promises ADD CONSTRAINT promise_ends_in_an_end CHECK (
    (state IN ('waiting', 'scheduled', 'reserved', 'dialling', 'uncertain', 'resting',
               'needs_person')) = (ended_at IS NULL)) NOT VALID;
ALTER TABLE promises VALIDATE CONSTRAINT promise_ends_in_an_end;

ALTER TABLE promises
    -- The policy that governs it; '' is the one named like its kind.
    ADD COLUMN policy text NOT NULL DEFAULT '',
    -- What it is about, in staff's words: the meeting's subject, the letter's.
    ADD COLUMN about text NOT NULL DEFAULT '',
    -- A deadline of the law. Nothing moves it, and nothing is promised beyond it.
    ADD COLUMN statutory_due_at timestamptz,
    -- Escalation steps already taken.
    ADD COLUMN level smallint NOT NULL DEFAULT 0,
    -- When somebody was last alarmed.
    ADD COLUMN alarmed_at timestamptz,
    -- A reservation ends, a provider that stays silent is asked: no state sticks.
    ADD COLUMN lease_until timestamptz,
    -- Where a reservation came from, and goes when it lapses.
    ADD COLUMN back_to text,
    -- A callback that was merged into this one: same number, same department.
    ADD COLUMN joins bigint REFERENCES promises,
    ADD COLUMN part_id bigint,
    ADD CONSTRAINT part_of_its_own_contact
        FOREIGN KEY (part_id, contact_id) REFERENCES parts (id, contact_id),
    ADD CONSTRAINT law_comes_first
        CHECK (statutory_due_at IS NULL OR due_at <= statutory_due_at),
    ADD CONSTRAINT passing_states_end
        CHECK ((state IN ('reserved', 'dialling', 'uncertain')) = (lease_until IS NOT NULL)),
    ADD CONSTRAINT clock_looks_before_the_lease_ends
        CHECK (lease_until IS NULL OR fire_at <= lease_until),
    ADD CONSTRAINT only_callbacks_join CHECK (joins IS NULL OR kind = 'callback');
CREATE INDEX promises_joins ON promises (joins) WHERE joins IS NOT NULL;
CREATE INDEX promises_part ON promises (part_id) WHERE part_id IS NOT NULL;

-- A storm of alarms for one address is one mail a minute: a list that every process adds to.
CREATE UNIQUE INDEX effects_alarm_list ON effects ((payload ->> 'list'))
    WHERE kind = 'mail.alert_list';

-- Callbacks that are there already: the oldest of a number and department stays the main one.
UPDATE promises p SET joins = f.first
FROM (
    SELECT phone, department, min(id) AS first FROM promises
    WHERE kind = 'callback' AND ended_at IS NULL AND phone <> ''
    GROUP BY phone, department HAVING count(*) > 1
) f
WHERE p.kind = 'callback' AND p.ended_at IS NULL
  AND (p.phone, p.department) = (f.phone, f.department) AND p.id <> f.first;

-- One open callback per citizen's number and department.
CREATE UNIQUE INDEX promises_one_callback ON promises (phone, department)
    WHERE kind = 'callback' AND ended_at IS NULL AND joins IS NULL AND phone <> '';

-- Whoever makes, moves or ends a callback holds its number and department first, so that
-- another one of the same moment is there to be seen.
CREATE FUNCTION call_key(phone text, department text) RETURNS bigint IMMUTABLE LANGUAGE sql AS
$$ SELECT hashtextextended(phone || ' ' || department, 4) $$;

-- Holds all callbacks of a contact, and what they become in another department: in one
-- order, and before any of their rows, so that two who move them never wait crosswise.
CREATE FUNCTION hold_calls(contact bigint, new_department text DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    key bigint;
BEGIN
    FOR key IN
        SELECT call_key(p.phone, d.id) AS k
        FROM promises p
        CROSS JOIN LATERAL (VALUES (p.department), (coalesce(new_department, p.department))) AS d (id)
        WHERE p.contact_id = contact AND p.kind = 'callback' AND p.ended_at IS NULL AND p.phone <> ''
        GROUP BY k ORDER BY k
    LOOP
        PERFORM pg_advisory_xact_lock(key);
    END LOOP;
    RETURN true;
END;
$$;

-- A second one joins the first, on whatever way it comes: a new contact, another
-- number, another department.
CREATE FUNCTION join_callback() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    here bigint := call_key(NEW.phone, NEW.department);
    there bigint := here;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        there := call_key(OLD.phone, OLD.department);
    END IF;
    PERFORM pg_advisory_xact_lock(least(here, there));
    PERFORM pg_advisory_xact_lock(greatest(here, there));
    NEW.joins := (
        SELECT id FROM promises
        WHERE NEW.phone <> '' AND kind = 'callback' AND ended_at IS NULL AND joins IS NULL
          AND phone = NEW.phone AND department = NEW.department AND id IS DISTINCT FROM NEW.id
    );
    RETURN NEW;
END;
$$;
CREATE TRIGGER promises_join_new BEFORE INSERT ON promises
    FOR EACH ROW WHEN (NEW.kind = 'callback' AND NEW.ended_at IS NULL AND NEW.phone <> '')
    EXECUTE FUNCTION join_callback();
CREATE TRIGGER promises_join_moved BEFORE UPDATE OF phone, department ON promises
    FOR EACH ROW WHEN (NEW.kind = 'callback' AND NEW.ended_at IS NULL
                       AND (OLD.phone, OLD.department) IS DISTINCT FROM (NEW.phone, NEW.department))
    EXECUTE FUNCTION join_callback();

CREATE FUNCTION hold_ending_callback() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(call_key(OLD.phone, OLD.department));
    RETURN NEW;
END;
$$;
CREATE TRIGGER promises_main_ends BEFORE UPDATE OF ended_at ON promises
    FOR EACH ROW WHEN (OLD.kind = 'callback' AND OLD.joins IS NULL AND OLD.phone <> ''
                       AND OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL)
    EXECUTE FUNCTION hold_ending_callback();

-- The main one has ended, or belongs to another department or number now: the oldest of
-- those that had joined it takes its place, and the others join that one.
CREATE FUNCTION callback_left() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    next bigint;
BEGIN
    PERFORM FROM promises WHERE joins = NEW.id AND ended_at IS NULL ORDER BY id FOR UPDATE;
    SELECT min(id) INTO next FROM promises
    WHERE joins = NEW.id AND ended_at IS NULL
      AND (NEW.ended_at IS NOT NULL
           OR (phone, department) IS DISTINCT FROM (NEW.phone, NEW.department));
    IF next IS NOT NULL THEN
        UPDATE promises SET joins = nullif(next, id), version = version + 1
        WHERE joins = NEW.id AND ended_at IS NULL
          AND (NEW.ended_at IS NOT NULL
               OR (phone, department) IS DISTINCT FROM (NEW.phone, NEW.department));
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER promises_left AFTER UPDATE OF phone, department, ended_at ON promises
    FOR EACH ROW WHEN (OLD.kind = 'callback' AND OLD.ended_at IS NULL AND OLD.phone <> ''
                       AND ((OLD.phone, OLD.department) IS DISTINCT FROM (NEW.phone, NEW.department)
                            OR NEW.ended_at IS NOT NULL))
    EXECUTE FUNCTION callback_left();
