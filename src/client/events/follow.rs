//! What is asked of the supervisor, and what its answers come to.
//!
//! Lines of output are read from the disk as far as the supervisor says they go, as
//! `logs -f` does. An end is told after the last line before it: it is held back until
//! these are read.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;

use super::lines::{RunLines, Written};
use super::print::{LINE, Printer};
use crate::client::connect::connect;
use crate::client::line::Line;
use crate::client::table;
use crate::client::trouble::{Trouble, say};
use crate::config::Paths;
use crate::core::event::{By, Event, EventReport, What};
use crate::core::filter::Filter;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::report::TaskReport;
use crate::core::time::Timestamp;
use crate::core::wire::{Answer, EventsAsked, Request, Role};
use crate::sys::clock::wall;
use crate::verb::Events;

/// Who is told of events.
pub(super) trait Teller {
    fn event(&mut self, event: &EventReport) -> Result<(), Trouble>;
    fn flush(&mut self) -> Result<(), Trouble>;
}

/// The verb.
pub(in crate::client) fn events(paths: &Paths, asked: Events) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    if asked.asked.follow {
        line.catch_interrupts()?;
    }
    let mut printer = Printer::new(asked.json);
    let lines = asked.lines;
    follow(line, asked.asked, lines, wall(), &mut printer)?;
    Ok(0)
}

/// Tells what is asked for until there is no more. What happens from `began` on is now.
pub(super) fn follow(
    mut line: Line,
    mut asked: EventsAsked,
    lines: bool,
    began: Timestamp,
    teller: &mut impl Teller,
) -> Result<(), Trouble> {
    // the last event is asked for even where none is wanted: by its number the next
    // supervisor's answer is told apart from what was told
    let mut past = asked.last != Some(0);
    asked.last = asked.last.map(|last| last.max(1));
    let number = line.ask(Request::Events(asked.clone()))?;
    let active = match asked.task {
        _ if !lines => None,
        Some(target) => Some(line.ask(Request::Show(target))?),
        None => Some(line.ask(Request::List(Filter::default()))?),
    };
    let mut stream = Stream {
        line,
        later: VecDeque::new(),
        teller,
        began,
        lines,
        runs: BTreeMap::new(),
        told: BTreeMap::new(),
    };
    loop {
        let (answered, answer, last) = stream.next()?;
        match answer {
            Answer::Failed(failure, line) if answered == number => {
                return Err((failure, line).into());
            }
            Answer::Aside(lines) if answered == number => {
                for line in lines {
                    say(&line);
                }
            }
            // the first answer is what was before
            Answer::Events(_) if answered == number && !past => past = true,
            Answer::Events(events) if answered == number => {
                for event in &events {
                    stream.happened(event)?;
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
                    stream.line.taken_in();
                }
            }
            _ => {}
        }
        stream.teller.flush()?;
        if last && answered == number {
            return Ok(());
        }
    }
}

/// What is followed.
struct Stream<'a, T> {
    line: Line,
    /// What was answered while something else was waited for.
    later: VecDeque<(u64, Answer, bool)>,
    teller: &'a mut T,
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

impl<T: Teller> Stream<'_, T> {
    fn next(&mut self) -> Result<(u64, Answer, bool), Trouble> {
        match self.later.pop_front() {
            Some(answer) => Ok(answer),
            None => self.hear(),
        }
    }

    /// The next answer from the supervisor.
    fn hear(&mut self) -> Result<(u64, Answer, bool), Trouble> {
        loop {
            if let Some(answer) = self.line.any_answer(None)? {
                return Ok(answer);
            }
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
        self.teller.event(&event.into())?;
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
        let teller = &mut *self.teller;
        lines.up_to(task.output_bytes, |written| {
            teller.event(&line(run, &task.name, written))
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
        let teller = &mut *self.teller;
        let read = lines.map_err(Trouble::from).and_then(|mut lines| {
            lines.up_to(end, |written| teller.event(&line(run, name, written)))?;
            lines.finish(|written| teller.event(&line(run, name, written)))
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
            match self.hear()? {
                (answered, Answer::Task(task), _) if answered == number => {
                    if task.run == run.number {
                        return Ok(Some((task.log, task.output_bytes)));
                    }
                    let runs = task.runs.unwrap_or_default();
                    let ended = runs.into_iter().find(|known| known.run == run.number);
                    return Ok(ended.map(|known| (known.log, known.output_bytes)));
                }
                (answered, ..) if answered == number => return Ok(None),
                answer => self.later.push_back(answer),
            }
        }
    }
}

/// A line of output as an event.
fn line(run: RunId, name: &str, written: Written<'_>) -> EventReport {
    let (by, text) = match written {
        Written::Line(line, 0) => (By::Task, String::from_utf8_lossy(line).into_owned()),
        Written::Line(line, more) => {
            let line = String::from_utf8_lossy(line);
            let more = table::bytes(more);
            (By::Task, format!("{line} … ({more} more are cut here)"))
        }
        Written::Missing(count) => {
            let count = table::bytes(count);
            let text = format!("({count} are missing here: dropped to stay within the cap)");
            (By::Policy, text)
        }
    };
    EventReport {
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
    }
}

fn unread(run: RunId, error: &io::Error) -> Trouble {
    Trouble::Failed(format!(
        "cannot read the output of task {}: {error}",
        run.task
    ))
}
