-- Routing that knows the past: who had the sender's last contacts, who coordinates
-- for them, what an offer is followed by, and by which table an old contact was routed.

-- Each table of rules that was ever live, so that a contact routed by it can still
-- be explained. The card holds ids and sentences of rules, nobody's data.
CREATE TABLE rule_tables (
    version text PRIMARY KEY,
    loaded_at timestamptz NOT NULL,
    card jsonb NOT NULL
);

-- The coordinating caseworker (koordinerende sagsbehandler) of a citizen.
ALTER TABLE parties ADD COLUMN coordinator text REFERENCES caseworkers;

-- To whom the contact is offered next, in order, when nobody takes it in time.
ALTER TABLE contacts ADD COLUMN plan jsonb;

-- The contacts of one party, newest last.
CREATE INDEX contacts_party ON contacts (party_id, id) WHERE party_id IS NOT NULL;

-- Rehearsing reads the decisions of some days. They come in order of time, so a small
-- block range index is enough.
CREATE INDEX decisions_at ON decisions USING brin (at);
