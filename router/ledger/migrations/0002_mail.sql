-- Mail as it came in. The raw bytes are committed here before the sending server
-- hears `250`; everything else about a mail is read from them afterwards, as
-- often as it takes. A row is done when a contact owns it.
CREATE TABLE mail_intake (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    door text NOT NULL CHECK (door IN ('smtp', 'lmtp')),
    -- Address of the server that delivered it.
    peer text NOT NULL DEFAULT '',
    -- Empty: the null return path of a bounce.
    envelope_sender text NOT NULL DEFAULT '',
    recipients text[] NOT NULL CHECK (cardinality(recipients) > 0),
    size integer NOT NULL,
    sha256 bytea NOT NULL CHECK (length(sha256) = 32),
    raw bytea NOT NULL,
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done')),
    attempts smallint NOT NULL DEFAULT 0,
    -- Not before this; moved ahead when reading or receiving it failed.
    next_try_at timestamptz NOT NULL,
    contact_id bigint REFERENCES contacts,
    -- Static words about how it was read; never a name, address or text.
    note text NOT NULL DEFAULT '',
    CONSTRAINT done_mail_has_a_contact CHECK ((state = 'done') = (contact_id IS NOT NULL)),
    CONSTRAINT mail_size_is_the_raw_size CHECK (size = length(raw))
);
-- Base64 hardly compresses and every byte is written once: skip the attempt.
ALTER TABLE mail_intake ALTER COLUMN raw SET STORAGE EXTERNAL;
CREATE INDEX mail_intake_new ON mail_intake (next_try_at, id) WHERE state = 'new';
CREATE INDEX mail_intake_contact ON mail_intake (contact_id);
CREATE TRIGGER mail_intake_stays BEFORE DELETE ON mail_intake
    FOR EACH ROW EXECUTE FUNCTION refuse_deleting();

-- How many acknowledgements an address has had lately (a guard against loops).
CREATE INDEX effects_told_by_mail ON effects ((payload ->> 'to'), created_at)
    WHERE kind = 'mail.tell';
