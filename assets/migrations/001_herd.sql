-- Tasks, their runs, what happened to them, and what clients want remembered.
-- Times are milliseconds since the Unix epoch, in UTC. Text of the operating system
-- (arguments, directories) is TEXT where it is UTF-8 and BLOB where it is not.

-- What a person wants run. The row comes before anything is started; of it only
-- attention, priority, lane and budget ever change.
CREATE TABLE task (
    id          INTEGER PRIMARY KEY AUTOINCREMENT, -- so that no number is given out twice
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    argv        TEXT    NOT NULL, -- a JSON array; a word that is not UTF-8 is an array of bytes
    dir         ANY     NOT NULL, -- absolute
    env_names   TEXT    NOT NULL, -- a JSON array: names of variables, never values
    grace_ms    INTEGER NOT NULL,
    after_exit  TEXT    NOT NULL, -- sweep, keep
    stdin       INTEGER NOT NULL,
    restarts    INTEGER NOT NULL DEFAULT 0, -- further runs that follow failures by themselves, at most
    priority    TEXT    NOT NULL DEFAULT 'normal',
    lane        TEXT,
    budget_usd  REAL,
    parent      INTEGER,          -- the task from within which it was launched; may be removed
    created     INTEGER NOT NULL,
    attention   TEXT    NOT NULL DEFAULT 'none'
) STRICT;
CREATE INDEX task_by_dir ON task (dir);
CREATE INDEX task_by_time ON task (created);

CREATE TABLE label (
    task  INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    label TEXT    NOT NULL,
    PRIMARY KEY (task, label)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_by_word ON label (label);

-- One attempt at a task.
CREATE TABLE run (
    task        INTEGER NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    number      INTEGER NOT NULL, -- from 1
    restarts    INTEGER NOT NULL DEFAULT 0, -- runs in a row, this one too, that nobody asked for
    state       TEXT    NOT NULL, -- a word of the contract
    created     INTEGER NOT NULL,
    started     INTEGER,          -- when the leader started
    since       INTEGER,          -- when it was paused, the leader ended, it was given up; queued: until when
    pid         INTEGER,          -- the leader, as last known: pid, start time in clock
    pid_start   INTEGER,          -- ticks since boot, and the boot in which both mean
    boot        TEXT    NOT NULL, -- anything
    stop_cause  TEXT,             -- revoked, swept, lost: while it is being stopped
    kill_at     INTEGER,          -- when SIGKILL follows; none: it does already
    left_alive  INTEGER,          -- processes that live, as last counted
    example     TEXT,             -- the command line of one of them
    outcome     TEXT,             -- a word of the contract, once it is decided
    exit_code   INTEGER,
    signal      INTEGER,
    reason      TEXT,             -- why it did not start or was lost
    log         TEXT    NOT NULL, -- its directory, below that of all tasks
    written     INTEGER NOT NULL, -- bytes of output, dropped ones included
    dropped     INTEGER NOT NULL,
    last_output INTEGER,
    PRIMARY KEY (task, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_state ON run (state);
CREATE INDEX run_by_time ON run (since);

-- The activity log. It outlives what it speaks of.
CREATE TABLE event (
    seq       INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    what      TEXT    NOT NULL,
    by        TEXT    NOT NULL,
    task      INTEGER NOT NULL,
    run       INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    outcome   TEXT,
    exit_code INTEGER,
    signal    INTEGER,
    text      TEXT
) STRICT;
CREATE INDEX event_by_task ON event (task, seq);

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Removed tasks of which something may still lie on disk.
CREATE TABLE deletion (
    task INTEGER PRIMARY KEY
) STRICT;
