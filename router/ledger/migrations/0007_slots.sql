-- Free times, how long talks take, and numbers that want no text messages.

ALTER TABLE promises
    -- How long the talk took that kept it, as the phone provider or the caseworker says.
    ADD COLUMN talk_seconds integer,
    ADD CONSTRAINT talk_took_time CHECK (talk_seconds > 0);

-- The calls that a department has promised, for the times that are still free.
CREATE INDEX promises_calls ON promises (department, due_at) INCLUDE (not_before, retry_at)
    WHERE ended_at IS NULL AND kind IN ('callback', 'complaint_call', 'call_before_refusal');
CREATE INDEX promises_talks ON promises (department, ended_at) INCLUDE (talk_seconds)
    WHERE talk_seconds IS NOT NULL;

-- Who answered STOP gets no more text messages, until they answer START.
CREATE TABLE sms_stops (
    phone text PRIMARY KEY CHECK (phone <> ''),
    stopped_at timestamptz NOT NULL,
    -- NULL: no messages now.
    started_at timestamptz CHECK (started_at >= stopped_at)
);
