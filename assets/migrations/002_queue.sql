-- The queue: what tasks wait for, what they count against, how long they may run.
-- task.priority and task.lane were there before and are used from now on.

-- Environments of runs that are still to come by themselves. A row stays as long as a
-- task names it: values that a person gave may be secrets.
CREATE TABLE environment (
    id   INTEGER PRIMARY KEY,
    vars BLOB NOT NULL -- a JSON array of names and values; what is not UTF-8 is an array of bytes
) STRICT;

ALTER TABLE task ADD COLUMN place INTEGER NOT NULL DEFAULT 0; -- when it came, in the queue's own microseconds
ALTER TABLE task ADD COLUMN environment INTEGER REFERENCES environment (id);
ALTER TABLE task ADD COLUMN model TEXT;
ALTER TABLE task ADD COLUMN provider TEXT;
ALTER TABLE task ADD COLUMN lease TEXT;         -- JSON: the directory that it wants for itself
ALTER TABLE task ADD COLUMN timeout_ms INTEGER; -- how long it may run
ALTER TABLE task ADD COLUMN idle TEXT;          -- JSON: how long it may write nothing, and what follows
ALTER TABLE task ADD COLUMN retry_on TEXT NOT NULL DEFAULT '["failed","killed"]';
UPDATE task SET place = created * 1000 + id % 1000;
CREATE INDEX task_by_environment ON task (environment) WHERE environment IS NOT NULL;

ALTER TABLE run ADD COLUMN hold TEXT;           -- queued until `since` for this reason: clock, delay, again
ALTER TABLE run ADD COLUMN paused_ms INTEGER NOT NULL DEFAULT 0;
UPDATE run SET hold = 'again' WHERE state = 'queued';

-- Which tasks have to come to what before a task starts.
CREATE TABLE after (
    task  INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    first INTEGER NOT NULL, -- may be removed once it has ended
    needs TEXT    NOT NULL, -- success, any_success, end
    PRIMARY KEY (task, first, needs)
) STRICT, WITHOUT ROWID;
