//! What happened to which task, as it happens where that is asked; and what was written.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;

use super::connect::connect;
use super::json;
use super::line::Line;
use super::lines::{RunLines, Written};
use super::out::Out;
use super::table::{self, plain};
use super::trouble::{Trouble, say};
use crate::config::Paths;
use crate::core::event::{By, Event, EventReport, What};
use crate::core::filter::Filter;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::report::TaskReport;
use crate::core::time::Timestamp;
use crate::core::wire::{Answer, Request, Role};
use crate::output::display::safe_line;
use crate::sys::clock::wall;
use crate::verb::Events;

/// The word of a line of output.
const LINE: &str = "line";

/// The verb.
pub(super) fn events(paths: &Paths, asked: Events) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    if asked.asked.follow {
        line.catch_interrupts()?;
    }
    let began = wall();
    let number = line.ask(Request::Events(asked.asked.clone()))?;
    let mut stream = Stream {
        line,
        later: VecDeque::new(),
        printer: Printer {
            out: Out::new(),
            json: asked.json,
        },
        began,
        lines: asked.lines,
        runs: BTreeMap::new(),
        told: BTreeMap::new(),
    };
    let active = match asked.asked.task {
        _ if !asked.lines => None,
        Some(target) => Some(stream.line.ask(Request::Show(target))?),
        None => Some(stream.line.ask(Request::List(Filter::default()))?),
    };
    while let Some((answered, answer, last)) = stream.next()? {
        match answer {
            Answer::Failed(failure, line) if answered == number => {
                return Err((failure, line).into());
            }
            Answer::Events(events) if answered == number => {
                for event in &events {
                    stream.happened(event)?;
                }
                if last {
                    break;
                }
            }
            Answer::Tasks(tasks) if Some(answered) == active => {
                for task in &tasks {
                    stream.meet(task)?;
                }
            }
            Answer::Task(task) if Some(answered) == active => stream.meet(&task)?,
            Answer::Task(task) => {
                stream.wrote(&task)?;
                if !last {
                    stream.line.taken_in()?;
                }
            }
            _ => {}
        }
        stream.printer.out.flush()?;
    }
    stream.printer.out.flush()?;
    Ok(0)
}

/// What is followed.
struct Stream {
    line: Line,
    /// What was answered while something else was waited for.
    later: VecDeque<(u64, Answer, bool)>,
    printer: Printer,
    /// What began later is read from its first line on.
    began: Timestamp,
    /// Whether lines of output are wanted.
    lines: bool,
    /// Runs whose output is read.
    runs: BTreeMap<RunId, RunLines>,
    /// The last run of each task whose output is told to its end: what was said of it
    /// before and is heard now adds nothing.
    told: BTreeMap<TaskId, u32>,
}

impl Stream {
    fn next(&mut self) -> Result<Option<(u64, Answer, bool)>, Trouble> {
        match self.later.pop_front() {
            Some(answer) => Ok(Some(answer)),
            None => self.line.any_answer(None),
        }
    }

    /// A task that was there before: if it is active, its lines count from now on.
    fn meet(&mut self, task: &TaskReport) -> Result<(), Trouble> {
        if task.state == "ended" {
            return Ok(());
        }
        let run = RunId {
            task: task.id,
            number: task.run,
        };
        // both are RFC 3339 of one length: they sort as times do
        let new = task
            .started_at
            .as_ref()
            .is_none_or(|at| *at >= self.began.to_string());
        if !new && !self.runs.contains_key(&run) {
            let lines =
                RunLines::new_ones(Path::new(&task.log)).map_err(|error| unread(run, &error))?;
            self.runs.insert(run, lines);
        }
        self.watch(task.id)
    }

    fn watch(&mut self, task: TaskId) -> Result<(), Trouble> {
        self.line.ask(Request::Watch(Target::Id(task))).map(drop)
    }

    fn happened(&mut self, event: &Event) -> Result<(), Trouble> {
        // what was before is told, not followed
        let run = (self.lines && event.at >= self.began).then_some(RunId {
            task: event.task,
            number: event.run,
        });
        if let Some(run) = run
            && event.what == What::Ended
        {
            self.close(run, &event.name)?;
        }
        self.printer.event(&event.into())?;
        if run.is_some() && event.what == What::Started {
            self.watch(event.task)?;
        }
        Ok(())
    }

    /// Something of a task has changed: perhaps it wrote.
    fn wrote(&mut self, task: &TaskReport) -> Result<(), Trouble> {
        let run = RunId {
            task: task.id,
            number: task.run,
        };
        // the last lines are told with its end, which is an event
        if task.state == "ended" || self.told.get(&run.task) >= Some(&run.number) {
            return Ok(());
        }
        let mut lines = match self.runs.remove(&run) {
            Some(lines) => lines,
            None => match RunLines::all(Path::new(&task.log)) {
                Ok(lines) => lines,
                // nothing of it is there yet
                Err(_) if task.output_bytes == 0 => return Ok(()),
                Err(error) => return Err(unread(run, &error)),
            },
        };
        let printer = &mut self.printer;
        lines.up_to(task.output_bytes, |written| {
            printer.line(run, &task.name, written)
        })?;
        self.runs.insert(run, lines);
        Ok(())
    }

    /// A run has ended: its last lines come before its end does.
    fn close(&mut self, run: RunId, name: &str) -> Result<(), Trouble> {
        let known = self.runs.remove(&run);
        self.told.insert(run.task, run.number);
        let Some((log, end)) = self.end_of(run)? else {
            return Ok(());
        };
        let lines = match known {
            Some(lines) => Ok(lines),
            None if end == 0 => return Ok(()),
            None => RunLines::all(Path::new(&log)),
        };
        let printer = &mut self.printer;
        let read = lines.map_err(Trouble::from).and_then(|mut lines| {
            lines.up_to(end, |written| printer.line(run, name, written))?;
            lines.finish(|written| printer.line(run, name, written))
        });
        match read {
            // removed at once: its end is worth telling all the same
            Err(Trouble::Failed(why)) => {
                say(&format!(
                    "the last lines of task {} are not told: {why}",
                    run.task
                ));
                Ok(())
            }
            read => read,
        }
    }

    /// Where the log of an ended run lies, and where it ends; `None` where the task was
    /// removed since.
    fn end_of(&mut self, run: RunId) -> Result<Option<(String, u64)>, Trouble> {
        let number = self.line.ask(Request::Show(Target::Id(run.task)))?;
        loop {
            match self.line.any_answer(None)? {
                Some((answered, Answer::Task(task), _)) if answered == number => {
                    if task.run == run.number {
                        return Ok(Some((task.log, task.output_bytes)));
                    }
                    let runs = task.runs.unwrap_or_default();
                    let ended = runs.into_iter().find(|known| known.run == run.number);
                    return Ok(ended.map(|known| (known.log, known.output_bytes)));
                }
                Some((answered, ..)) if answered == number => return Ok(None),
                Some(answer) => self.later.push_back(answer),
                None => return Ok(None),
            }
        }
    }
}

/// Prints events, each in one line.
struct Printer {
    out: Out,
    json: bool,
}

impl Printer {
    fn event(&mut self, event: &EventReport) -> Result<(), Trouble> {
        if self.json {
            return self.out.line(&json::text(event, "an event")?);
        }
        self.out.line(&sentence(event))
    }

    fn line(&mut self, run: RunId, name: &str, written: Written<'_>) -> Result<(), Trouble> {
        let (by, text) = match written {
            Written::Line(line, 0) => (By::Task, String::from_utf8_lossy(line).into_owned()),
            Written::Line(line, more) => (
                By::Task,
                format!(
                    "{} … ({} more are cut here)",
                    String::from_utf8_lossy(line),
                    table::bytes(more)
                ),
            ),
            Written::Missing(count) => (
                By::Policy,
                format!(
                    "({} are missing here: dropped to stay within the cap)",
                    table::bytes(count)
                ),
            ),
        };
        self.event(&EventReport {
            seq: 0,
            at: wall().to_string(),
            event: LINE.into(),
            by: by.word().into(),
            task: run.task,
            run: run.number,
            name: name.into(),
            outcome: None,
            exit_code: None,
            signal: None,
            text: Some(text),
        })
    }
}

/// An event for people: when, which task, what, and what there is to say of it.
fn sentence(event: &EventReport) -> String {
    let EventReport {
        at,
        task,
        event: what,
        ..
    } = event;
    let run = match event.run {
        1 => String::new(),
        run => format!(" (run {run})"),
    };
    let name = plain(&event.name);
    let mut line = format!("{at}  {:>4}  {what:<9}  {name}{run}", task.0);
    let text = event.text.as_deref().map(|text| {
        let safe = safe_line(text.as_bytes(), false);
        plain(&String::from_utf8_lossy(&safe))
    });
    if what == LINE {
        return format!("{line}: {}", text.unwrap_or_default());
    }
    let how = table::how(event.outcome.as_deref(), event.exit_code, event.signal);
    // who did it goes without saying where the task did it itself
    let by = (event.by != By::Task.word()).then(|| format!("by {}", event.by));
    let said: Vec<String> = [how, text, by].into_iter().flatten().collect();
    if !said.is_empty() {
        line.push_str(": ");
        line.push_str(&said.join("; "));
    }
    line
}

fn unread(run: RunId, error: &io::Error) -> Trouble {
    Trouble::Failed(format!(
        "cannot read the output of task {}: {error}",
        run.task
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::task::{Exit, Outcome};

    fn event(what: What, by: By) -> Event {
        Event {
            seq: 1,
            at: Timestamp(0),
            what,
            by,
            task: TaskId(3),
            run: 1,
            name: "a\x1bpi".into(),
            outcome: None,
            exit: None,
            text: None,
        }
    }

    #[test]
    fn sentences() {
        let at = Timestamp(0);
        let mut ended = event(What::Ended, By::Task);
        ended.outcome = Some(Outcome::Failed(2));
        assert_eq!(
            sentence(&(&ended).into()),
            format!("{at}     3  ended      a\u{fffd}pi: failed, exit code 2")
        );
        let mut stopping = event(What::Stopping, By::Person);
        stopping.run = 2;
        stopping.text = Some("SIGTERM\x1b[2J sent".into());
        assert_eq!(
            sentence(&(&stopping).into()),
            format!("{at}     3  stopping   a\u{fffd}pi (run 2): SIGTERM sent; by person")
        );
        let mut lingering = event(What::Lingering, By::Task);
        lingering.exit = Some(Exit::Code(0));
        assert!(sentence(&(&lingering).into()).ends_with(": succeeded"));
    }
}
