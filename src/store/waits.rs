//! What a run that is still to come needs: others that come first, and its environment.

use rusqlite::{Connection, Row, params};

use super::rows::{int, parsed, text, unknown, word};
use crate::core::id::TaskId;
use crate::core::plan::After;
use crate::core::record::Environment;
use crate::core::task::Task;

/// Writes what a task waits for in others, in place of what it waited for.
pub(super) fn put_after(db: &Connection, task: &Task) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM after WHERE task = ?")?
        .execute([task.id.0])?;
    for after in &task.after {
        db.prepare_cached("INSERT INTO after (task, first, needs) VALUES (?, ?, ?)")?
            .execute(params![task.id.0, after.task.0, word(&after.needs)])?;
    }
    Ok(())
}

/// Whom a task waits for, and to what.
pub(super) fn after(row: &Row<'_>) -> rusqlite::Result<(TaskId, After)> {
    let after = After {
        task: TaskId(row.get("first")?),
        needs: parsed(row, "needs")?,
    };
    Ok((TaskId(row.get("task")?), after))
}

/// An environment that some task may need.
pub(super) fn environment(row: &Row<'_>) -> rusqlite::Result<Environment> {
    let vars: Vec<u8> = row.get("vars")?;
    Ok(Environment {
        number: row.get::<_, i64>("id")?.cast_unsigned(),
        vars: serde_json::from_slice(&vars).map_err(|error| unknown("vars", error.to_string()))?,
    })
}

/// The number of the environment that a task needs.
pub(super) fn environment_of(row: &Row<'_>) -> rusqlite::Result<Option<u64>> {
    let number: Option<i64> = row.get("environment")?;
    Ok(number.map(i64::cast_unsigned))
}

pub(super) fn put_environment(db: &Connection, env: &Environment) -> rusqlite::Result<()> {
    let number = int(env.number);
    // thousands of tasks may share one: it is put into words once
    let mut known = db.prepare_cached("SELECT 1 FROM environment WHERE id = ?")?;
    if !known.exists([number])? {
        db.prepare_cached("INSERT INTO environment (id, vars) VALUES (?, ?)")?
            .execute(params![number, text(&env.vars).into_bytes()])?;
    }
    Ok(())
}

/// Forgets an environment that no task needs any more.
pub(super) fn forget_environment(db: &Connection, number: Option<i64>) -> rusqlite::Result<()> {
    if let Some(number) = number {
        db.prepare_cached(
            "DELETE FROM environment WHERE id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM task WHERE environment = ?1)",
        )?
        .execute([number])?;
    }
    Ok(())
}
