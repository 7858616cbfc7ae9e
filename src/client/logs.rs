//! A task's output, read from the disk as far as the supervisor says it goes.

use std::io::{self, Write};
use std::path::Path;

use unicode_width::UnicodeWidthStr;

use super::call::{goes_on, shown};
use super::connect::connect;
use super::line::Line;
use super::out::{Out, failed};
use super::safe::SafeLines;
use super::table;
use super::trouble::{Trouble, say};
use crate::config::Paths;
use crate::core::id::Target;
use crate::core::report::{RunReport, TaskReport};
use crate::core::wire::{Answer, Request, Role};
use crate::output::LogFiles;
use crate::output::display::safe_line;
use crate::verb::Logs;

/// What is read at once.
const READ: usize = 256 << 10;

/// How output is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The bytes as they were written.
    Exact,
    /// Lines that a terminal can be trusted with.
    Safe {
        /// Whether colours stay.
        colour: bool,
        /// Whether a last line that may go on is shown already.
        live: bool,
    },
}

impl Form {
    pub(super) const fn safe(out: &Out) -> Self {
        Self::Safe {
            colour: out.colour,
            live: out.tty,
        }
    }
}

/// The verb.
pub(super) fn logs(paths: &Paths, asked: &Logs) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    let mut task = shown(&mut line, &asked.target)?;
    let waits = matches!(task.state.as_str(), "queued" | "parked");
    if waits {
        say(&table::sentence(&task));
    }
    let to_come = waits && asked.follow;
    if !to_come && !has_log(&task.log, task.output_bytes, task.outcome.as_deref()) {
        match earlier(&task) {
            Some(run) => {
                say(&format!(
                    "run {} of task {} has no output ({}); this is the output of run {}",
                    task.run,
                    task.id,
                    no_output(&task),
                    run.run
                ));
                task = of_run(task, run);
            }
            None if waits => return Ok(0),
            None => {
                return Err(Trouble::Failed(format!(
                    "task {} has no output: {}",
                    task.id,
                    no_output(&task)
                )));
            }
        }
    }
    let mut out = Out::new();
    let form = if asked.raw {
        Form::Exact
    } else {
        Form::safe(&out)
    };
    let mut printer = Printer::open(&task, form)?;
    printer.begin(
        asked
            .lines
            .filter(|_| !matches!(task.state.as_str(), "queued" | "parked")),
    )?;
    if asked.follow && task.state != "ended" {
        follow_on(&mut line, &mut out, &task, printer, |_| false, |_| Ok(None))?;
    } else {
        let end = printer.end()?;
        printer.up_to(end, &mut out)?;
        printer.finish(&mut out)?;
        // the log may have grown since the task was shown, never shrunk
        if printer.at < task.output_bytes && task.dropped_bytes == task.output_bytes {
            say(&format!(
                "{} are missing here: dropped to stay within the cap",
                table::bytes(task.dropped_bytes)
            ));
        } else if printer.at < task.output_bytes {
            out.flush()?;
            return Err(Trouble::Failed(format!(
                "the last {} of task {} are missing: something else removed them from {}",
                table::bytes(task.output_bytes - printer.at),
                task.id,
                task.log
            )));
        }
    }
    Ok(0)
}

/// Whether anything can have been written: a leader was started.
fn has_log(dir: &str, bytes: u64, outcome: Option<&str>) -> bool {
    let began = || outcome != Some("did_not_start") && LogFiles::open(Path::new(dir)).is_ok();
    bytes > 0 || began()
}

/// Why nothing was.
fn no_output(task: &TaskReport) -> String {
    let why = task.reason.as_deref().map(table::plain);
    match task.outcome.as_deref() {
        Some(outcome) => {
            let why = why.map_or_else(String::new, |why| format!(": {why}"));
            format!("{}{why}", outcome.replace('_', " "))
        }
        None => task.state.clone(),
    }
}

/// The newest run before the current one that has a log.
fn earlier(task: &TaskReport) -> Option<RunReport> {
    let mut runs = task.runs.iter().flatten().rev();
    let found = runs.find(|run| {
        let has = has_log(&run.log, run.output_bytes, run.outcome.as_deref());
        run.run < task.run && has
    });
    found.cloned()
}

/// A task as it was in an earlier run, as far as its output goes.
fn of_run(task: TaskReport, run: RunReport) -> TaskReport {
    TaskReport {
        run: run.run,
        state: run.state,
        log: run.log,
        output_bytes: run.output_bytes,
        dropped_bytes: run.dropped_bytes,
        ..task
    }
}

/// Prints a task's output from its beginning as it comes, of each run that follows by itself
/// too, which `further` is told of, until `done`, or the task has ended; gives the task as it
/// was then.
pub(super) fn follow(
    line: &mut Line,
    out: &mut Out,
    task: &TaskReport,
    form: Form,
    (done, further): (impl Fn(&TaskReport) -> bool, impl Fn(&TaskReport)),
) -> Result<TaskReport, Trouble> {
    let mut printer = Printer::open(task, form)?;
    printer.begin(None)?;
    follow_on(line, out, task, printer, done, |now| {
        further(now);
        Printer::open(now, form).map(Some)
    })
}

fn follow_on(
    line: &mut Line,
    out: &mut Out,
    task: &TaskReport,
    mut printer: Printer,
    done: impl Fn(&TaskReport) -> bool,
    further: impl Fn(&TaskReport) -> Result<Option<Printer>, Trouble>,
) -> Result<TaskReport, Trouble> {
    line.catch_interrupts()?;
    let mut run = task.run;
    let number = line.ask(Request::Watch(Target::Id(task.id)))?;
    loop {
        let answer = match line.answer(number, None) {
            Err(Trouble::Signalled(signal, _)) => {
                printer.finish(out)?;
                return Err(Trouble::Signalled(signal, goes_on(task.id)));
            }
            answer => answer?,
        };
        let Some((Answer::Task(now), last)) = answer else {
            continue;
        };
        // a further run has a log of its own
        if now.run != run {
            // the last that was told of the run before may be of its middle
            let end = printer.end()?;
            printer.up_to(end, out)?;
            printer.finish(out)?;
            let Some(next) = further(&now)? else {
                return Ok(*now);
            };
            (run, printer) = (now.run, next);
        }
        printer.up_to(now.output_bytes, out)?;
        printer.show_partial(out)?;
        if last || done(&now) {
            printer.finish(out)?;
            return Ok(*now);
        }
        line.taken_in();
    }
}

/// Prints one run's log, forwards.
#[derive(Debug)]
struct Printer {
    log: LogFiles,
    form: Form,
    /// What was printed last ends here.
    at: u64,
    lines: SafeLines,
    /// Whether a line that may go on is on the terminal already.
    shown: bool,
    buffer: Vec<u8>,
    name: String,
}

impl Printer {
    fn open(task: &TaskReport, form: Form) -> Result<Self, Trouble> {
        let dir = Path::new(&task.log);
        let log = match task.state.as_str() {
            "queued" | "parked" => Ok(LogFiles::to_come(dir)),
            _ => LogFiles::open(dir),
        };
        let log = log.map_err(|error| unreadable(&task.log, &error))?;
        Ok(Self {
            log,
            form,
            at: 0,
            lines: SafeLines::new(matches!(form, Form::Safe { colour: true, .. })),
            shown: false,
            buffer: vec![0; READ],
            name: task.log.clone(),
        })
    }

    /// Goes to where the last `lines` begin, or to the first byte that is kept.
    fn begin(&mut self, lines: Option<u64>) -> Result<(), Trouble> {
        if let Some(lines) = lines {
            self.at = self
                .log
                .tail(lines)
                .map_err(|error| unreadable(&self.name, &error))?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<u64, Trouble> {
        let bounds = self
            .log
            .bounds()
            .map_err(|error| unreadable(&self.name, &error))?;
        Ok(bounds.end)
    }

    /// Prints what is new below `end`.
    fn up_to(&mut self, end: u64, out: &mut Out) -> Result<(), Trouble> {
        let mut buffer = std::mem::take(&mut self.buffer);
        while self.at < end {
            let room = usize::try_from(end - self.at).map_or(READ, |left| left.min(READ));
            let (at, read) = self
                .log
                .read_at(self.at, &mut buffer[..room])
                .map_err(|error| unreadable(&self.name, &error))?;
            if read == 0 {
                break;
            }
            if at > self.at {
                say(&format!(
                    "{} are missing here: dropped to stay within the cap",
                    table::bytes(at - self.at)
                ));
            }
            self.at = at + read as u64;
            match self.form {
                Form::Exact => out
                    .write_all(&buffer[..read])
                    .map_err(|error| failed(&error))?,
                Form::Safe { .. } => {
                    self.wipe(out)?;
                    self.lines
                        .feed(&buffer[..read], out)
                        .map_err(|error| failed(&error))?;
                }
            }
        }
        self.buffer = buffer;
        out.flush()
    }

    /// Shows a line that has no end yet, such as a question, where it fits in one row.
    fn show_partial(&mut self, out: &mut Out) -> Result<(), Trouble> {
        if !matches!(self.form, Form::Safe { live: true, .. }) || self.lines.partial().is_empty() {
            return Ok(());
        }
        self.wipe(out)?;
        let bare = safe_line(self.lines.partial(), false);
        let width = String::from_utf8_lossy(&bare).width();
        if table::columns().is_some_and(|columns| width < columns) {
            self.lines.show(out).map_err(|error| failed(&error))?;
            self.shown = true;
        }
        out.flush()
    }

    /// Takes a shown partial line off the terminal again.
    fn wipe(&mut self, out: &mut Out) -> Result<(), Trouble> {
        if std::mem::take(&mut self.shown) {
            out.write_all(b"\r\x1b[K").map_err(|error| failed(&error))?;
        }
        Ok(())
    }

    /// Prints what has no line feed after it.
    fn finish(&mut self, out: &mut Out) -> Result<(), Trouble> {
        if let Form::Safe { live, .. } = self.form
            && !self.lines.partial().is_empty()
        {
            self.wipe(out)?;
            self.lines.end(out).map_err(|error| failed(&error))?;
            if live {
                out.write_all(b"\n").map_err(|error| failed(&error))?;
            }
        }
        out.flush()
    }
}

pub(super) fn unreadable(dir: &str, error: &io::Error) -> Trouble {
    Trouble::Failed(format!(
        "cannot read the log in {dir}: {error}; is the data directory yours?"
    ))
}
