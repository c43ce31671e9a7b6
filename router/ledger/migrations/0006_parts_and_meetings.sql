-- Parts that can be offered, meetings, and the notice of a deadline that is missed.

-- A part is handed over like a contact: the owner changes when the receiver accepts.
ALTER TABLE parts
    ADD COLUMN offered_department text REFERENCES departments,
    ADD COLUMN offered_caseworker text REFERENCES caseworkers,
    ADD COLUMN offered_by text,
    ADD COLUMN offered_until timestamptz,
    ADD CONSTRAINT part_offer_is_whole
        CHECK ((offered_department IS NULL) = (offered_by IS NULL)
               AND (offered_department IS NULL) = (offered_until IS NULL)
               AND (offered_caseworker IS NULL OR offered_department IS NOT NULL)),
    ADD CONSTRAINT ended_part_is_not_offered CHECK (ended_at IS NULL OR offered_department IS NULL);
CREATE INDEX parts_offered ON parts (offered_until) WHERE offered_until IS NOT NULL;

-- The notice (retssikkerhedsloven § 3) that tells of another promise's missed deadline:
-- one for each, whoever makes it and how often.
ALTER TABLE promises
    ADD COLUMN notice_of bigint REFERENCES promises,
    ADD CONSTRAINT only_notices_tell_of_another
        CHECK (notice_of IS NULL OR kind = 'deadline_notice');
CREATE UNIQUE INDEX promises_one_notice ON promises (notice_of) WHERE notice_of IS NOT NULL;

-- A meeting (møde) agreed with the citizen. To meet, the agenda (dagsorden) before and
-- the minutes (referat) after are promises; what was written stands on the timeline.
CREATE TABLE meetings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts,
    part_id bigint,
    subject text NOT NULL CHECK (subject <> ''),
    way text NOT NULL CHECK (way IN ('place', 'phone', 'video')),
    -- The address, the number (E.164) or the link.
    place text NOT NULL CHECK (place <> ''),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    state text NOT NULL DEFAULT 'agreed' CHECK (state IN ('agreed', 'held', 'cancelled')),
    meeting_promise bigint NOT NULL REFERENCES promises,
    agenda_promise bigint NOT NULL REFERENCES promises,
    -- Made when the meeting is held: minutes that are missing are an open promise.
    minutes_promise bigint REFERENCES promises,
    -- When they were written, the last time.
    agenda_at timestamptz,
    minutes_at timestamptz,
    made_at timestamptz NOT NULL,
    version integer NOT NULL DEFAULT 1,
    CONSTRAINT held_meeting_has_minutes CHECK ((state = 'held') = (minutes_promise IS NOT NULL)),
    CONSTRAINT meeting_about_a_part_of_its_contact
        FOREIGN KEY (part_id, contact_id) REFERENCES parts (id, contact_id)
);
CREATE INDEX meetings_contact ON meetings (contact_id);
CREATE TRIGGER meetings_stay BEFORE DELETE ON meetings
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();
CREATE TRIGGER meetings_no_truncate BEFORE TRUNCATE ON meetings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_deleting();
