//! One verb on the command line: a request, and what becomes of its answers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use super::connect::{connect, connect_if_running};
use super::detail;
use super::json;
use super::launch;
use super::line::{Line, News, Process};
use super::out::Out;
use super::table;
use super::tree;
use super::trouble::{Trouble, say};
use super::wait::{self, Until};
use crate::config::Paths;
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::report::{TaskReport, ToolReport};
use crate::core::wire::{Answer, Kin, Pick, Request, Role};
use crate::verb::{Call, stats_table, tools_table};

/// How long a supervisor may take to be gone once it has said that nothing lives.
const LEAVING: Duration = Duration::from_secs(10);

/// Asks, prints, gives the exit code.
pub(super) fn call(paths: &Paths, call: Call) -> Result<u8, Trouble> {
    if let Some(notice) = &call.notice {
        say(notice);
    }
    if matches!(call.request, Request::Reload) {
        return reload(paths, call.request);
    }
    let (mut line, welcome) = connect(paths, &Role::Call)?;
    match call.request {
        Request::Run(_) | Request::Retry { .. } => launch::one(&mut line, call),
        Request::RunEach(..) => launch::each(&mut line, call),
        Request::Wait(pick) => {
            let alone = matches!((pick.targets.as_slice(), &pick.labels), ([_], labels) if labels.is_empty());
            let targets = numbers(&mut line, pick, true)?;
            let until = match (call.any, alone) {
                (true, _) => Until::Any,
                (false, true) => Until::One,
                (false, false) => Until::All,
            };
            wait::wait(&mut line, targets, call.timeout, until)
        }
        Request::Shutdown { .. } => {
            let supervisor = Process::of(&welcome);
            let number = line.ask(call.request)?;
            print_all(&mut line, number, false)?;
            // it closes the line as it leaves
            let until = Instant::now() + LEAVING;
            while !matches!(line.next(Some(until))?, News::Ended | News::Late) {}
            if supervisor.wait(LEAVING) {
                return Ok(0);
            }
            Err(Trouble::Failed(format!(
                "every task has ended, but the supervisor (pid {}) lives on; see {}",
                welcome.pid,
                paths.log().display()
            )))
        }
        Request::Tools(target) => {
            let id = shown(&mut line, &target)?.id;
            let number = line.ask(Request::Tools(Target::Id(id)))?;
            tools(&mut line, number, id, call.json)
        }
        request => {
            let request = lasting(&mut line, request)?;
            let wanted = matches!(&request, Request::List(filter) if filter.attention);
            let list = matches!(request, Request::List(_));
            let one = matches!(request, Request::Show(_));
            let number = line.ask(request)?;
            if !(list || one) {
                print_all(&mut line, number, call.json)?;
                return Ok(0);
            }
            let tasks = tasks(&mut line, number)?;
            let mut out = Out::new();
            match tasks.as_slice() {
                tasks if call.json => objects(&mut out, tasks)?,
                [task] if one => detail::one(&mut out, task)?,
                tasks if wanted => {
                    if tasks.is_empty() && out.tty {
                        say("no task wants anything of a person");
                    }
                    for task in tasks {
                        out.line(&table::wish(task))?;
                    }
                }
                tasks if call.tree => table::list(&mut out, &tree::of(tasks))?,
                [] if out.tty => say("no such task is active; wrangle ls --all shows every one"),
                tasks => table::list(&mut out, tasks)?,
            }
            out.flush()?;
            Ok(0)
        }
    }
}

/// Tasks by their numbers, which mean the same whenever they are asked again; of those that
/// are meant by labels, ended ones only where `ended`.
fn numbers(line: &mut Line, pick: Pick, ended: bool) -> Result<Vec<Target>, Trouble> {
    if pick.kin != Kin::Alone {
        return kin(line, pick, ended);
    }
    let mut ids = Vec::with_capacity(pick.targets.len());
    if !pick.labels.is_empty() {
        let labels = pick.labels.join(", ");
        let number = line.ask(Request::List(Filter {
            all: true,
            labels: pick.labels,
            ..Filter::default()
        }))?;
        let bearers = tasks(line, number)?;
        if bearers.is_empty() {
            return Err(launch::nobody(&labels));
        }
        let meant = |task: &TaskReport| ended || task.state != "ended";
        let bearers = bearers.into_iter().filter(meant);
        ids.extend(bearers.map(|task| Target::Id(task.id)));
    }
    for target in pick.targets {
        if matches!(target, Target::Id(_)) {
            ids.push(target);
            continue;
        }
        ids.push(Target::Id(shown(line, &target)?.id));
    }
    Ok(ids)
}

/// The same of tasks with what was launched from within them.
fn kin(line: &mut Line, pick: Pick, ended: bool) -> Result<Vec<Target>, Trouble> {
    let mut within = BTreeSet::new();
    for target in pick.targets {
        within.insert(shown(line, &target)?.id);
    }
    let named = within.clone();
    let number = line.ask(Request::List(Filter {
        all: true,
        ..Filter::default()
    }))?;
    let mut ids = Vec::new();
    // a child has a higher number than its parent, and comes after it
    for task in tasks(line, number)? {
        if task.parent.is_some_and(|parent| within.contains(&parent)) {
            within.insert(task.id);
        }
        let own = named.contains(&task.id);
        let meant = within.contains(&task.id) && (!own || pick.kin == Kin::Tree);
        if meant && (ended || own || task.state != "ended") {
            ids.push(Target::Id(task.id));
        }
    }
    if ids.is_empty() {
        let line = "no task was launched from within this one";
        return Err(Trouble::Failed(line.into()));
    }
    Ok(ids)
}

/// A request in words that still mean the same when it is asked again long after.
fn lasting(line: &mut Line, request: Request) -> Result<Request, Trouble> {
    Ok(match request {
        Request::Revoke {
            pick,
            all,
            force,
            wait: true,
        } => {
            // what is launched meanwhile is meant too
            let kin = if all { Kin::Tree } else { pick.kin };
            let targets = if all {
                let number = line.ask(Request::List(Filter::default()))?;
                let listed = tasks(line, number)?.into_iter();
                let active = listed.filter(|task| task.state != "ended");
                active.map(|task| Target::Id(task.id)).collect()
            } else {
                numbers(line, pick, false)?
            };
            Request::Revoke {
                all: targets.is_empty(),
                pick: Pick {
                    kin,
                    ..targets.into()
                },
                force,
                wait: true,
            }
        }
        request => request,
    })
}

/// None is started for it: it would read what there is anyway.
fn reload(paths: &Paths, request: Request) -> Result<u8, Trouble> {
    match connect_if_running(paths, &Role::Call)? {
        Some((mut line, _)) => {
            let number = line.ask(request)?;
            print_all(&mut line, number, false)?;
        }
        None => say("no supervisor runs; the next one reads the configuration at its start"),
    }
    Ok(0)
}

/// One task, with all its runs.
pub(super) fn shown(line: &mut Line, target: &Target) -> Result<TaskReport, Trouble> {
    let number = line.ask(Request::Show(target.clone()))?;
    match line.answer(number, None)? {
        Some((Answer::Task(task), _)) => Ok(*task),
        _ => Err(Trouble::Failed(format!(
            "the supervisor does not show task {target}; try again"
        ))),
    }
}

/// Every task that a request is answered with.
pub(super) fn tasks(line: &mut Line, number: u64) -> Result<Vec<TaskReport>, Trouble> {
    let mut tasks = Vec::new();
    while let Some((answer, last)) = line.answer(number, None)? {
        match answer {
            Answer::Task(task) => tasks.push(*task),
            Answer::Tasks(more) => tasks.extend(more),
            Answer::Events(_)
            | Answer::Aside(_)
            | Answer::Limits(_)
            | Answer::Tools(_)
            | Answer::Stats(_)
            | Answer::Done(_)
            | Answer::Failed(..) => {}
        }
        if last {
            break;
        }
    }
    Ok(tasks)
}

/// Prints answers as they come: a line each.
fn print_all(line: &mut Line, number: u64, as_json: bool) -> Result<(), Trouble> {
    let mut out = Out::new();
    while let Some((answer, last)) = line.answer(number, None)? {
        let tasks = match answer {
            Answer::Task(task) => vec![*task],
            Answer::Tasks(tasks) => tasks,
            Answer::Done(what) => {
                if let Some(what) = what {
                    out.line(&what)?;
                }
                Vec::new()
            }
            Answer::Stats(lines) if as_json => {
                each(&mut out, &lines, "a sum")?;
                Vec::new()
            }
            Answer::Stats(lines) => {
                match lines.as_slice() {
                    [] if out.tty => say("no agent has run"),
                    [] => {}
                    lines => out.lines(&stats_table(lines))?,
                }
                Vec::new()
            }
            Answer::Aside(problems) => {
                for problem in &problems {
                    say(problem);
                }
                Vec::new()
            }
            Answer::Events(_) | Answer::Limits(_) | Answer::Tools(_) | Answer::Failed(..) => {
                Vec::new()
            }
        };
        if as_json {
            objects(&mut out, &tasks)?;
        } else {
            for task in &tasks {
                out.line(&table::sentence(task))?;
            }
        }
        out.flush()?;
        if last {
            break;
        }
    }
    Ok(())
}

/// Prints calls of a task's agent.
fn tools(line: &mut Line, number: u64, id: TaskId, as_json: bool) -> Result<u8, Trouble> {
    let mut out = Out::new();
    while let Some((answer, last)) = line.answer(number, None)? {
        match answer {
            Answer::Aside(problems) => {
                for problem in &problems {
                    say(problem);
                }
            }
            Answer::Tools(calls) if as_json => {
                let reports: Vec<_> = calls.iter().map(|call| ToolReport::of(id, call)).collect();
                each(&mut out, &reports, "a call")?;
            }
            Answer::Tools(calls) if calls.is_empty() && out.tty => say("it has called no tool"),
            Answer::Tools(calls) if calls.is_empty() => {}
            Answer::Tools(calls) => out.lines(&tools_table(&calls))?,
            _ => {}
        }
        if last {
            break;
        }
    }
    out.flush()?;
    Ok(0)
}

/// A line of JSON each.
fn each<T: serde::Serialize>(out: &mut Out, all: &[T], what: &str) -> Result<(), Trouble> {
    for one in all {
        out.line(&json::text(one, what)?)?;
    }
    Ok(())
}

pub(super) fn objects(out: &mut Out, tasks: &[TaskReport]) -> Result<(), Trouble> {
    for task in tasks {
        out.line(&json::text(task, "a task")?)?;
    }
    Ok(())
}

/// Says why a task stands where it stands.
pub(super) fn why(paths: &Paths, target: &Target) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    let task = shown(&mut line, target)?;
    let mut out = Out::new();
    out.line(&detail::why(&task, SystemTime::now()))?;
    out.flush()?;
    Ok(0)
}

/// What is said when the following of a task is interrupted.
pub(super) fn goes_on(task: TaskId) -> String {
    format!(
        "task {task} goes on; wrangle logs -f {task} shows it again, wrangle revoke {task} stops it"
    )
}
