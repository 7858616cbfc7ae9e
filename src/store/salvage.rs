//! What the log directories know of tasks that the database doesn't: each run's intent
//! and last status lie beside its log. Of version 0.1 a record of each task does.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::waiting::WAITING;
use crate::core::attention::Attention;
use crate::core::engine::decided;
use crate::core::first;
use crate::core::id::{RunId, TaskId};
use crate::core::plan::Priority;
use crate::core::record::Record;
use crate::core::shim::{INTENT, Intent, STATUS, Status};
use crate::core::task::{Outcome, Run, State, Task};
use crate::output::LogFiles;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    /// The highest number of a directory, known or not.
    pub(super) highest: u32,
    pub(super) problems: Vec<String>,
}

/// Looks at every directory below `tasks` that is not of a `known` task.
pub(super) fn list(tasks: &Path, known: &BTreeSet<TaskId>) -> io::Result<Found> {
    let mut found = Found::default();
    for id in numbers(tasks)? {
        found.highest = found.highest.max(id);
        if known.contains(&TaskId(id)) {
            continue;
        }
        match task(&tasks.join(id.to_string()), TaskId(id)) {
            Ok(Some(record)) => found.records.push(record),
            Ok(None) => {}
            Err(why) => found
                .problems
                .push(format!("task {id} can't be listed anew: {why}")),
        }
    }
    Ok(found)
}

/// Entries that are numbers, in their order; none where there is no such directory.
fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        numbers.extend(
            entry?
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A file of JSON; `None` where there is no such file.
fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| format!("{}: {error}", path.display())),
    }
}

/// The task whose directory this is; `None` where nothing in it says what it was.
fn task(dir: &Path, id: TaskId) -> Result<Option<Record>, String> {
    let ran = ran(dir, id)?;
    let known = ran.as_ref().map_or(0, |record| record.task.run.number);
    let waits = read::<Record>(&dir.join(WAITING))?;
    let Some(mut waits) = waits.filter(|it| it.task.id == id && it.task.run.number > known) else {
        return Ok(ran);
    };
    // what ran before it is told better by what it left
    if let Some(Record { task, .. }) = ran {
        waits.task.past = task.past;
        waits.task.past.push(ended(task.run));
    }
    Ok(Some(waits))
}

/// The same, of its runs that began.
fn ran(dir: &Path, id: TaskId) -> Result<Option<Record>, String> {
    let first = read::<Record>(&dir.join(first::RECORD))?.filter(|it| it.task.id == id);
    let known = first.as_ref().map_or(0, |record| record.task.run.number);
    let mut runs: Vec<(Intent, Run)> = Vec::new();
    let numbers = numbers(dir).map_err(|error| error.to_string())?;
    for number in numbers.into_iter().filter(|number| *number > known) {
        let run_id = RunId { task: id, number };
        let dir = dir.join(number.to_string());
        if let Some(intent) = read::<Intent>(&dir.join(INTENT))?.filter(|it| it.run == run_id) {
            let run = run(&dir, &intent)?;
            runs.push((intent, run));
        }
    }
    if let Some(mut record) = first {
        // what ran since ran under a later version
        for (intent, run) in runs {
            record.boot = intent.boot;
            let before = std::mem::replace(&mut record.task.run, run);
            record.task.past.push(ended(before));
        }
        return Ok(Some(record));
    }
    let created = runs.first().map(|(intent, _)| intent.created);
    let Some(((intent, run), created)) = runs.pop().zip(created) else {
        return Ok(None);
    };
    let past = runs.into_iter().map(|(_, run)| ended(run)).collect();
    Ok(Some(Record {
        boot: intent.boot,
        task: Task {
            id,
            spec: intent.spec,
            parent: intent.parent,
            created,
            priority: Priority::Normal,
            place: i64::try_from(created.0.saturating_mul(1000)).unwrap_or(i64::MAX),
            after: Vec::new(),
            run,
            past,
            attention: Attention::None,
            wanted_since: None,
        },
        env: None,
    }))
}

/// A run as its directory tells it: ended where its shim put its end on record, else
/// yet to be looked for.
fn run(dir: &Path, intent: &Intent) -> Result<Run, String> {
    let mut run = Run {
        state: State::Starting,
        ..Run::new(intent.run.number, intent.created)
    };
    let status = read::<Status>(&dir.join(STATUS))?.filter(|status| status.run == intent.run);
    if let Some(status) = &status {
        run.started = status.started;
        run.last_output = status.last_output;
        if status.is_final() {
            let outcome = decided(&State::Starting, status);
            run.state = State::Ended {
                outcome: outcome.unwrap_or_else(no_record),
                at: status.exited.unwrap_or(intent.created),
            };
        }
    }
    let log = LogFiles::open(dir).and_then(|mut log| log.bounds());
    let log = log.unwrap_or_default();
    (run.dropped, run.written) = (log.start, log.end);
    Ok(run)
}

/// An earlier run: whatever became of it, it is over.
fn ended(mut run: Run) -> Run {
    if run.state.is_active() {
        run.state = State::Ended {
            outcome: no_record(),
            at: run.last_output.or(run.started).unwrap_or(run.created),
        };
    }
    run
}

fn no_record() -> Outcome {
    Outcome::Lost("no record of its end is left".into())
}
