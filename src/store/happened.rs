//! Entries of the activity log as rows.

use rusqlite::{Connection, Row, params};

use super::rows::{exit, int, outcome, parsed, time};
use crate::core::event::{By, Event, What};
use crate::core::id::TaskId;
use crate::core::task::{Exit, Outcome};

/// Appends to the activity log.
pub(super) fn put_event(db: &Connection, event: &Event) -> rusqlite::Result<()> {
    let exit = event
        .exit
        .or_else(|| event.outcome.as_ref().and_then(Outcome::exit));
    db.prepare_cached(
        "INSERT INTO event (seq, at, what, by, task, run, name, outcome, exit_code, signal, text) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        int(event.seq),
        int(event.at.0),
        event.what.word(),
        event.by.word(),
        event.task.0,
        event.run,
        event.name,
        event.outcome.as_ref().map(Outcome::word),
        exit.and_then(Exit::code),
        exit.and_then(Exit::signal),
        event.text,
    ])?;
    Ok(())
}

/// An entry of the activity log.
pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    let outcome = outcome(row, "text")?;
    Ok(Event {
        seq: row.get::<_, i64>("seq")?.cast_unsigned(),
        at: time(row, "at")?.unwrap_or_default(),
        what: parsed::<What>(row, "what")?,
        by: parsed::<By>(row, "by")?,
        task: TaskId(row.get("task")?),
        run: row.get("run")?,
        name: row.get("name")?,
        exit: if outcome.is_some() { None } else { exit(row)? },
        outcome,
        text: row.get("text")?,
    })
}
