//! Calls of tools: rows of their own, one for each call, written as it begins and as it
//! ends.

use rusqlite::{Connection, Row, named_params};

use super::load;
use super::rows::{int, json, parsed, text, time, word};
use crate::core::agent::tool::{Category, Fault, FaultKind, ToolCall};
use crate::core::id::TaskId;

/// Writes calls of a task; what stands there of one already is replaced. Those of a task
/// that is no longer are nobody's.
pub(super) fn put(db: &Connection, task: TaskId, calls: &[ToolCall]) -> rusqlite::Result<()> {
    let mut known = db.prepare_cached("SELECT 1 FROM task WHERE id = ?")?;
    if !known.exists([task.0])? {
        return Ok(());
    }
    let mut put = db.prepare_cached(
        "INSERT INTO tool_call (task, run, number, call, session, name, category, within, \
         started, ended, duration_ms, fault, fault_text, exit_code, input, file, output_bytes) \
         VALUES (:task, :run, :number, :call, :session, :name, :category, :within, :started, \
         :ended, :duration_ms, :fault, :fault_text, :exit_code, :input, :file, :output_bytes) \
         ON CONFLICT (task, run, number) DO UPDATE SET call = excluded.call, \
         session = excluded.session, name = excluded.name, category = excluded.category, \
         within = excluded.within, started = excluded.started, ended = excluded.ended, \
         duration_ms = excluded.duration_ms, fault = excluded.fault, \
         fault_text = excluded.fault_text, exit_code = excluded.exit_code, \
         input = excluded.input, file = excluded.file, output_bytes = excluded.output_bytes",
    )?;
    for call in calls {
        put.execute(named_params! {
            ":task": task.0,
            ":run": call.run,
            ":number": call.number,
            ":call": call.id,
            ":session": call.session,
            ":name": call.name,
            ":category": word(&call.category),
            ":within": call.within,
            ":started": int(call.started.0),
            ":ended": call.ended.map(|at| int(at.0)),
            ":duration_ms": call.duration_ms.map(int),
            ":fault": call.fault.as_ref().map(|fault| fault.kind.word()),
            ":fault_text": call.fault.as_ref().map(|fault| &fault.text),
            ":exit_code": call.exit_code,
            ":input": text(&call.input),
            ":file": call.file,
            ":output_bytes": int(call.output_bytes),
        })?;
    }
    Ok(())
}

/// A task's calls, by run and in the order in which they began. One that makes no sense is
/// named in a line, and takes no other along.
pub(super) fn of_task(
    db: &Connection,
    task: TaskId,
) -> rusqlite::Result<(Vec<ToolCall>, Vec<String>)> {
    let mut query = db.prepare_cached(
        "SELECT task || '-' || run || '.' || number, * FROM tool_call WHERE task = ? \
         ORDER BY run, number",
    )?;
    let mut problems = Vec::new();
    let rows = query.query([task.0])?;
    let calls = load::sensible(rows, "the call of a tool", &mut problems, call)?;
    Ok((calls, problems))
}

fn call(row: &Row<'_>) -> rusqlite::Result<ToolCall> {
    let fault: Option<String> = row.get("fault")?;
    let duration: Option<i64> = row.get("duration_ms")?;
    Ok(ToolCall {
        run: row.get("run")?,
        number: row.get("number")?,
        id: row.get("call")?,
        session: row.get("session")?,
        name: row.get("name")?,
        category: parsed::<Category>(row, "category")?,
        within: row.get("within")?,
        started: time(row, "started")?.unwrap_or_default(),
        ended: time(row, "ended")?,
        duration_ms: duration.map(i64::cast_unsigned),
        fault: match fault {
            Some(_) => Some(Fault {
                kind: parsed::<FaultKind>(row, "fault")?,
                text: row
                    .get::<_, Option<String>>("fault_text")?
                    .unwrap_or_default(),
            }),
            None => None,
        },
        exit_code: row.get("exit_code")?,
        input: json(row, "input")?,
        file: row.get("file")?,
        output_bytes: row.get::<_, i64>("output_bytes")?.cast_unsigned(),
    })
}
