//! Which column holds what.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::waits::{forget_environment, put_after, put_environment};
use crate::core::attention::Attention;
use crate::core::id::{Ident, RunId, TaskId};
use crate::core::plan::{Hold, HoldCause, Priority};
use crate::core::raw::Raw;
use crate::core::record::{Environment, Record};
use crate::core::task::{
    AfterExit, Exit, Kind, Outcome, Overrun, Run, Spec, State, StopCause, Task,
};
use crate::core::time::Timestamp;

/// `SQLite` has signed integers alone.
pub(super) const fn int(value: u64) -> i64 {
    value.cast_signed()
}

pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    let time: Option<i64> = row.get(column)?;
    Ok(time.map(|ms| Timestamp(ms.cast_unsigned())))
}

/// A column that only a later or a broken program can have written.
#[derive(Debug, thiserror::Error)]
#[error("{column} is {value:?}, which means nothing here")]
struct Unknown {
    column: &'static str,
    value: String,
}

pub(super) fn unknown(column: &'static str, value: impl Into<String>) -> rusqlite::Error {
    let value = value.into();
    let error = Unknown { column, value };
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}

/// A task of which no run is left, or not the last one.
pub(super) fn without_run() -> rusqlite::Error {
    let error = "its last run is missing or can't be read".into();
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Null, error)
}

/// A word as serde writes it, without its quotes.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.trim_matches('"').to_owned()
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(word.clone().into()).map_err(|_| unknown(column, word))
}

pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| unknown(column, text))
}

fn maybe_json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| unknown(column, text)))
        .transpose()
}

fn raw(text: &Raw) -> Value {
    match std::str::from_utf8(text.as_bytes()) {
        Ok(text) => Value::Text(text.to_owned()),
        Err(_) => Value::Blob(text.as_bytes().to_vec()),
    }
}

/// Writes a task with its runs; what stands there already of them is replaced. Of earlier
/// runs only those are written that stand there otherwise: their end could not be stored
/// when it came, their log was trimmed since, or more was heard of them.
pub(super) fn put(db: &Connection, record: &Record) -> rusqlite::Result<()> {
    let task = &record.task;
    put_task(db, task, record.env.as_deref())?;
    for run in &task.past {
        let stands: bool = db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM run WHERE task = ? AND number = ? AND state = ? \
                 AND dropped = ? AND story IS ?)",
            )?
            .query_row(
                params![
                    task.id.0,
                    run.number,
                    run.state.word(),
                    int(run.dropped),
                    run.story.as_ref().map(text)
                ],
                |row| row.get(0),
            )?;
        if !stands {
            put_run(db, task.id, run, &record.boot)?;
        }
    }
    put_run(db, task.id, &task.run, &record.boot)
}

fn put_task(db: &Connection, task: &Task, env: Option<&Environment>) -> rusqlite::Result<()> {
    let spec = &task.spec;
    let had: Option<Option<i64>> = db
        .prepare_cached("SELECT environment FROM task WHERE id = ?")?
        .query_row([task.id.0], |row| row.get(0))
        .optional()?;
    if let Some(env) = env {
        put_environment(db, env)?;
    }
    let needed = env.map(|env| int(env.number));
    if let Some(had) = had {
        db.prepare_cached(
            "UPDATE task SET attention = ?2, priority = ?3, place = ?4, environment = ?5, \
             wanted_since = ?6 WHERE id = ?1",
        )?
        .execute(params![
            task.id.0,
            task.attention.word(),
            task.priority.word(),
            task.place,
            needed,
            task.wanted_since.map(|at| int(at.0)),
        ])?;
        if had != needed {
            forget_environment(db, had)?;
        }
        // only while it is queued it can come to wait for others
        if matches!(task.state(), State::Queued { .. }) {
            put_after(db, task)?;
        }
        return Ok(());
    }
    db.prepare_cached(
        "INSERT INTO task (id, name, kind, argv, dir, env_names, grace_ms, after_exit, stdin, \
         restarts, retry_on, model, lane, provider, lease, timeout_ms, idle, priority, place, \
         environment, parent, created, attention, wanted_since, agent) VALUES (:id, :name, :kind, :argv, :dir, \
         :env_names, :grace_ms, :after_exit, :stdin, :restarts, :retry_on, :model, :lane, \
         :provider, :lease, :timeout_ms, :idle, :priority, :place, :environment, :parent, \
         :created, :attention, :wanted_since, :agent)",
    )?
    .execute(named_params! {
        ":id": task.id.0,
        ":name": spec.name,
        ":kind": word(&spec.kind),
        ":argv": serde_json::to_string(&spec.argv).unwrap_or_default(),
        ":dir": raw(&spec.dir),
        ":env_names": serde_json::to_string(&spec.env_names).unwrap_or_default(),
        ":grace_ms": int(spec.grace_ms),
        ":after_exit": word(&spec.after_exit),
        ":stdin": spec.stdin,
        ":restarts": spec.restarts,
        ":retry_on": text(&spec.retry_on),
        ":model": spec.model,
        ":lane": spec.lane,
        ":provider": spec.provider,
        ":lease": spec.lease.as_ref().map(text),
        ":timeout_ms": spec.timeout_ms.map(int),
        ":idle": spec.idle.as_ref().map(text),
        ":priority": task.priority.word(),
        ":place": task.place,
        ":environment": needed,
        ":parent": task.parent.map(|id| id.0),
        ":created": int(task.created.0),
        ":attention": task.attention.word(),
        ":wanted_since": task.wanted_since.map(|at| int(at.0)),
        ":agent": spec.agent.as_ref().map(text),
    })?;
    for label in &spec.labels {
        db.prepare_cached("INSERT OR IGNORE INTO label (task, label) VALUES (?, ?)")?
            .execute(params![task.id.0, label])?;
    }
    if task.after.is_empty() {
        return Ok(());
    }
    put_after(db, task)
}

pub(super) fn text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn put_run(db: &Connection, task: TaskId, run: &Run, boot: &str) -> rusqlite::Result<()> {
    let (leader, since, stop, left, example) = match &run.state {
        State::Queued { hold } => (None, hold.map(|hold| hold.until), None, None, None),
        State::Starting => (None, None, None, None, None),
        State::Running { leader } => (Some(*leader), None, None, None, None),
        State::Paused { leader, since } => (Some(*leader), Some(*since), None, None, None),
        State::Stopping {
            cause,
            leader,
            kill_at,
            left,
            ..
        } => (*leader, None, Some((*cause, *kill_at)), Some(*left), None),
        State::Lingering {
            since,
            left,
            example,
            ..
        } => (None, Some(*since), None, Some(*left), example.as_deref()),
        State::Ended { at, .. } => (None, Some(*at), None, None, None),
    };
    let outcome = run.state.settled();
    let exit = outcome.as_ref().and_then(Outcome::exit);
    let run_id = RunId {
        task,
        number: run.number,
    };
    // a leader that has ended stays on record as the one it was
    db.prepare_cached(
        "INSERT INTO run (task, number, restarts, state, hold, paused_ms, created, started, since, pid, pid_start, boot, \
         stop_cause, kill_at, left_alive, example, outcome, exit_code, signal, reason, log, \
         written, dropped, last_output, follow, story) VALUES (:task, :number, :restarts, :state, :hold, :paused_ms, :created, :started, \
         :since, :pid, :pid_start, :boot, :stop_cause, :kill_at, :left_alive, :example, \
         :outcome, :exit_code, :signal, :reason, :log, :written, :dropped, :last_output, :follow, :story) \
         ON CONFLICT (task, number) DO UPDATE SET state = excluded.state, hold = excluded.hold, \
         paused_ms = excluded.paused_ms, \
         started = excluded.started, since = excluded.since, \
         pid = coalesce(excluded.pid, pid), pid_start = coalesce(excluded.pid_start, pid_start), \
         boot = excluded.boot, stop_cause = excluded.stop_cause, kill_at = excluded.kill_at, \
         left_alive = excluded.left_alive, example = excluded.example, \
         outcome = excluded.outcome, exit_code = excluded.exit_code, signal = excluded.signal, \
         reason = excluded.reason, written = excluded.written, dropped = excluded.dropped, \
         last_output = excluded.last_output, story = excluded.story",
    )?
    .execute(named_params! {
        ":task": task.0,
        ":number": run.number,
        ":restarts": run.restarts,
        ":state": run.state.word(),
        ":hold": match &run.state {
            State::Queued { hold: Some(hold) } => Some(hold.cause.word()),
            _ => None,
        },
        ":paused_ms": int(run.paused_ms),
        ":created": int(run.created.0),
        ":started": run.started.map(|at| int(at.0)),
        ":since": since.map(|at| int(at.0)),
        ":pid": leader.map(|leader| leader.pid),
        ":pid_start": leader.map(|leader| int(leader.start)),
        ":boot": boot,
        ":stop_cause": stop.map(|(cause, _)| word(&cause)),
        ":kill_at": stop.and_then(|(_, at)| at).map(|at| int(at.0)),
        ":left_alive": left,
        ":example": example,
        ":outcome": outcome.as_ref().map(Outcome::word),
        ":exit_code": exit.and_then(Exit::code),
        ":signal": exit.and_then(Exit::signal),
        ":reason": match &outcome {
            Some(Outcome::DidNotStart(why) | Outcome::Lost(why)) => Some(why.clone()),
            Some(Outcome::TimedOut(overrun, _)) => Some(word(overrun)),
            Some(Outcome::Spent(_)) => Some(SPENT.into()),
            _ => None,
        },
        ":log": log_dir(run_id),
        ":written": int(run.written),
        ":dropped": int(run.dropped),
        ":last_output": run.last_output.map(|at| int(at.0)),
        ":follow": run.follow.as_ref().map(text),
        ":story": run.story.as_ref().map(text),
    })?;
    Ok(())
}

/// Where a run's log lies, below the directory of all tasks.
fn log_dir(run: RunId) -> String {
    format!("{}/{}", run.task, run.number)
}

/// A task without its runs and labels.
pub(super) fn task(row: &Row<'_>, run: Run) -> rusqlite::Result<Task> {
    let dir: Raw = match row.get_ref("dir")? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec().into(),
        _ => return Err(unknown("dir", "a number")),
    };
    Ok(Task {
        id: TaskId(row.get("id")?),
        spec: Spec {
            name: row.get("name")?,
            kind: parsed::<Kind>(row, "kind")?,
            argv: json(row, "argv")?,
            dir,
            grace_ms: row.get::<_, i64>("grace_ms")?.cast_unsigned(),
            after_exit: parsed::<AfterExit>(row, "after_exit")?,
            stdin: row.get("stdin")?,
            env_names: json(row, "env_names")?,
            labels: Vec::new(),
            restarts: row.get("restarts")?,
            retry_on: json(row, "retry_on")?,
            model: row.get("model")?,
            lane: row.get("lane")?,
            provider: row.get("provider")?,
            lease: maybe_json(row, "lease")?,
            timeout_ms: row
                .get::<_, Option<i64>>("timeout_ms")?
                .map(i64::cast_unsigned),
            idle: maybe_json(row, "idle")?,
            agent: maybe_json(row, "agent")?,
        },
        parent: row.get::<_, Option<u32>>("parent")?.map(TaskId),
        created: time(row, "created")?.unwrap_or_default(),
        priority: parsed::<Priority>(row, "priority")?,
        place: row.get("place")?,
        after: Vec::new(),
        run,
        past: Vec::new(),
        attention: parsed::<Attention>(row, "attention")?,
        wanted_since: time(row, "wanted_since")?,
    })
}

/// A run, and the boot in which its pids mean anything.
pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<(RunId, Run, String)> {
    let id = RunId {
        task: TaskId(row.get("task")?),
        number: row.get("number")?,
    };
    let run = Run {
        number: id.number,
        restarts: row.get("restarts")?,
        state: state(row)?,
        created: time(row, "created")?.unwrap_or_default(),
        started: time(row, "started")?,
        written: row.get::<_, i64>("written")?.cast_unsigned(),
        dropped: row.get::<_, i64>("dropped")?.cast_unsigned(),
        last_output: time(row, "last_output")?,
        trouble: None,
        paused_ms: row.get::<_, i64>("paused_ms")?.cast_unsigned(),
        follow: maybe_json(row, "follow")?,
        story: maybe_json(row, "story")?,
    };
    Ok((id, run, row.get("boot")?))
}

pub(super) fn exit(row: &Row<'_>) -> rusqlite::Result<Option<Exit>> {
    let code: Option<i32> = row.get("exit_code")?;
    let signal: Option<i32> = row.get("signal")?;
    Ok(code.map(Exit::Code).or(signal.map(Exit::Signal)))
}

pub(super) fn outcome(row: &Row<'_>, reason: &str) -> rusqlite::Result<Option<Outcome>> {
    let Some(word) = row.get::<_, Option<String>>("outcome")? else {
        return Ok(None);
    };
    let exit = exit(row)?;
    let why =
        || Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(reason)?.unwrap_or_default());
    Ok(Some(match (word.as_str(), exit) {
        ("succeeded", _) => Outcome::Succeeded,
        ("failed", Some(Exit::Code(code))) => Outcome::Failed(code),
        ("killed", Some(Exit::Signal(signal))) => Outcome::Killed(signal),
        ("revoked", exit) if is_spent(row, reason)? => Outcome::Spent(exit),
        ("revoked", exit) => Outcome::Revoked(exit),
        // an entry of the activity log says it in words for people
        ("timed_out", exit) => Outcome::TimedOut(overrun(row, reason)?, exit),
        ("did_not_start", _) => Outcome::DidNotStart(why()?),
        ("lost", _) => Outcome::Lost(why()?),
        _ => return Err(unknown("outcome", word)),
    }))
}

/// What stands for the reason of a run that was revoked because it had used what it may.
const SPENT: &str = "budget";

fn is_spent(row: &Row<'_>, column: &str) -> rusqlite::Result<bool> {
    let reason: Option<String> = row.get(column)?;
    Ok(reason.as_deref() == Some(SPENT))
}

/// Which bound a run went beyond; where a line for people stands in its place, time.
fn overrun(row: &Row<'_>, column: &str) -> rusqlite::Result<Overrun> {
    let silence = word(&Overrun::Silence);
    let reason: Option<String> = row.get(column)?;
    Ok(match reason {
        Some(reason) if reason == silence => Overrun::Silence,
        _ => Overrun::Time,
    })
}

/// Until when a queued run is held.
fn hold(row: &Row<'_>) -> rusqlite::Result<Option<Hold>> {
    let cause: Option<String> = row.get("hold")?;
    cause
        .map(|_| {
            Ok(Hold {
                until: time(row, "since")?.unwrap_or_default(),
                cause: parsed::<HoldCause>(row, "hold")?,
            })
        })
        .transpose()
}

fn state(row: &Row<'_>) -> rusqlite::Result<State> {
    let word: String = row.get("state")?;
    let leader = || -> rusqlite::Result<Option<Ident>> {
        let pid: Option<i32> = row.get("pid")?;
        let start: Option<i64> = row.get("pid_start")?;
        Ok(pid.zip(start).map(|(pid, start)| Ident {
            pid,
            start: start.cast_unsigned(),
        }))
    };
    let since = || Ok::<_, rusqlite::Error>(time(row, "since")?.unwrap_or_default());
    let left = || Ok::<_, rusqlite::Error>(row.get::<_, Option<u32>>("left_alive")?.unwrap_or(0));
    let missing = || unknown("state", word.clone());
    Ok(match word.as_str() {
        "queued" | "parked" => State::Queued { hold: hold(row)? },
        "starting" => State::Starting,
        "running" => State::Running {
            leader: leader()?.ok_or_else(missing)?,
        },
        "paused" => State::Paused {
            leader: leader()?.ok_or_else(missing)?,
            since: since()?,
        },
        "stopping" => State::Stopping {
            cause: parsed::<StopCause>(row, "stop_cause")?,
            leader: leader()?,
            outcome: outcome(row, "reason")?,
            kill_at: time(row, "kill_at")?,
            left: left()?,
        },
        "lingering" => State::Lingering {
            exit: exit(row)?.ok_or_else(missing)?,
            since: since()?,
            left: left()?,
            example: row.get("example")?,
        },
        "ended" => State::Ended {
            outcome: outcome(row, "reason")?.ok_or_else(missing)?,
            at: since()?,
        },
        _ => return Err(missing()),
    })
}
