//! `run` and `retry`: which task it is, and what it waits for, or its output until it ends.

use super::call::{objects, tasks};
use super::line::Line;
use super::logs::{self, Form};
use super::out::Out;
use super::table;
use super::trouble::{Trouble, say};
use crate::core::report::TaskReport;
use crate::verb::Call;

/// Launches one task; says which it is, or follows it.
pub(super) fn one(line: &mut Line, call: Call) -> Result<u8, Trouble> {
    let number = line.ask(call.request)?;
    let Some(task) = tasks(line, number)?.pop() else {
        return Err(Trouble::Failed(
            "the supervisor did not say which task this is; wrangle ls lists them".into(),
        ));
    };
    let mut out = Out::new();
    if call.follow {
        return follow(line, &mut out, &task);
    }
    let waits = waits(&task);
    match waits {
        _ if call.json => objects(&mut out, &[task])?,
        Some(waits) if out.tty => out.line(&waits)?,
        None if out.tty => {
            let command = table::plain(&task.command);
            out.line(&format!("task {} launched: {command}", task.id))?;
        }
        waits => {
            // for scripts: ID=$(wrangle run ...)
            out.line(&task.id.to_string())?;
            waits.as_deref().map(say);
        }
    }
    out.flush()?;
    Ok(0)
}

/// Launches many; says which they are, a number a line.
pub(super) fn each(line: &mut Line, call: Call) -> Result<u8, Trouble> {
    let number = line.ask(call.request)?;
    let all = tasks(line, number)?;
    let mut out = Out::new();
    if call.json {
        objects(&mut out, &all)?;
    } else {
        for task in &all {
            out.line(&task.id.to_string())?;
        }
    }
    out.flush()?;
    let waiting = all.iter().filter(|task| task.state == "queued");
    if let Some(first) = waiting.clone().next()
        && !call.json
    {
        let reason = first.reason.as_deref().unwrap_or("it is about to start");
        say(&format!(
            "{} of {} tasks wait, task {} because {}",
            waiting.count(),
            all.len(),
            first.id,
            table::plain(reason)
        ));
    }
    Ok(0)
}

/// What a task waits for, where it does.
fn waits(task: &TaskReport) -> Option<String> {
    let reason = task.reason.as_deref().filter(|_| task.state == "queued")?;
    Some(format!("task {} queued: {}", task.id, table::plain(reason)))
}

fn follow(line: &mut Line, out: &mut Out, task: &TaskReport) -> Result<u8, Trouble> {
    waits(task).as_deref().map(say);
    let form = if out.tty {
        Form::safe(out)
    } else {
        Form::Exact
    };
    let task = logs::follow(line, out, task, form, |task| {
        matches!(task.state.as_str(), "ended" | "lingering")
    })?;
    say_how(&task);
    if task.state == "lingering" {
        say(&format!(
            "{} left in the background go on; wrangle revoke {} stops them",
            table::processes(task.left),
            task.id
        ));
    }
    Ok(code(&task))
}

/// A bad end is worth a line.
pub(super) fn say_how(task: &TaskReport) {
    if code(task) != 0 {
        say(&table::sentence(task));
    }
}

/// What a call that stands for the task exits with.
pub(super) fn code(task: &TaskReport) -> u8 {
    match (task.exit_code, task.signal) {
        (Some(code), _) => code as u8,
        (None, Some(signal)) => (128 + signal) as u8,
        (None, None) => 1,
    }
}
