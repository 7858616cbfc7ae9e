-- Agents: how they are spoken to, what was heard of them, which tools they called.

ALTER TABLE task ADD COLUMN agent TEXT;           -- JSON: how it is run and spoken to
ALTER TABLE task ADD COLUMN wanted_since INTEGER; -- since when it wants a person

ALTER TABLE run ADD COLUMN follow TEXT;           -- JSON: the conversation that it goes on with
ALTER TABLE run ADD COLUMN story TEXT;            -- JSON: what was heard of it

-- Calls of tools, in the order in which they began.
CREATE TABLE tool_call (
    task         INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    run          INTEGER NOT NULL,
    number       INTEGER NOT NULL, -- counts the calls of the run, from 1
    call         TEXT    NOT NULL, -- what the agent calls it
    session      TEXT,
    name         TEXT    NOT NULL,
    category     TEXT    NOT NULL,
    within       TEXT,             -- the call within which a subagent made it
    started      INTEGER NOT NULL,
    ended        INTEGER,
    duration_ms  INTEGER,
    fault        TEXT,             -- what kind of failure it was; NULL: none, or it goes on
    fault_text   TEXT,
    exit_code    INTEGER,
    input        TEXT    NOT NULL, -- JSON, bounded, secrets masked
    file         TEXT,             -- the one that it read, wrote or edited
    output_bytes INTEGER NOT NULL,
    PRIMARY KEY (task, run, number)
) STRICT, WITHOUT ROWID;
