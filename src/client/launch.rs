//! `run` and `retry`: which task it is, and what it waits for, or its output until it ends.

use super::call::{objects, tasks};
use super::connect::connect;
use super::line::Line;
use super::local::reason;
use super::logs::{self, Form};
use super::out::Out;
use super::table;
use super::trouble::{Trouble, say};
use crate::config::Paths;
use crate::core::filter::Filter;
use crate::core::id::Target;
use crate::core::report::TaskReport;
use crate::core::wire::{Request, Role};
use crate::verb::{Again, Call};

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
        let why = reason(first).unwrap_or_else(|| "it is about to start".into());
        say(&format!(
            "{} of {} tasks wait, task {} because {}",
            waiting.count(),
            all.len(),
            first.id,
            why
        ));
    }
    Ok(0)
}

/// Runs again what did not succeed; says which they are, a number a line.
pub(super) fn again(paths: &Paths, asked: Again) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    let labels = asked.labels.join(", ");
    let number = line.ask(Request::List(Filter {
        all: true,
        labels: asked.labels,
        ..Filter::default()
    }))?;
    let bearers = tasks(&mut line, number)?;
    if bearers.is_empty() {
        return Err(nobody(&labels));
    }
    let failed =
        |task: &&TaskReport| task.state == "ended" && task.outcome.as_deref() != Some("succeeded");
    let mut out = Out::new();
    let mut none = true;
    for task in bearers.iter().filter(failed) {
        let target = Target::Id(task.id);
        let caller = asked.caller.clone();
        let number = line.ask(Request::Retry { target, caller })?;
        for task in tasks(&mut line, number)? {
            out.line(&task.id.to_string())?;
        }
        out.flush()?;
        none = false;
    }
    if none {
        say(&format!("of what bears {labels} nothing has failed"));
    }
    Ok(0)
}

/// No task bears these labels.
pub(super) fn nobody(labels: &str) -> Trouble {
    Trouble::NoSuchTask(format!(
        "no task bears {labels}; wrangle ls --all shows all there are"
    ))
}

/// What a task waits for, where it does.
fn waits(task: &TaskReport) -> Option<String> {
    let why = reason(task).filter(|_| task.state == "queued")?;
    Some(format!("task {} queued: {why}", task.id))
}

fn follow(line: &mut Line, out: &mut Out, task: &TaskReport) -> Result<u8, Trouble> {
    waits(task).as_deref().map(say);
    let form = if out.tty {
        Form::safe(out)
    } else {
        Form::Exact
    };
    let lingers = |task: &TaskReport| task.state == "lingering";
    let goes_on = |task: &TaskReport| {
        let why = reason(task).map_or_else(String::new, |why| format!(": {why}"));
        say(&format!(
            "task {} goes on in run {}{why}",
            task.id, task.run
        ));
    };
    let task = logs::follow(line, out, task, form, (lingers, goes_on))?;
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
        // an agent that did not say that it had done what was asked for
        (Some(0), _) if task.outcome.as_deref() == Some("failed") => 1,
        (Some(code), _) => code as u8,
        (None, Some(signal)) => (128 + signal) as u8,
        (None, None) => 1,
    }
}
