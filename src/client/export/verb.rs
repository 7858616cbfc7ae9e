//! The verb: which task and runs, and where to.

use super::pieces::Pieces;
use super::sink::Sink;
use super::{json, markdown};
use crate::client::call::shown;
use crate::client::connect::connect;
use crate::client::out::lines;
use crate::client::trouble::Trouble;
use crate::config::Paths;
use crate::core::report::{RunReport, TaskReport};
use crate::core::time::Timestamp;
use crate::core::wire::Role;
use crate::sys::clock::wall;
use crate::verb::{Document, Export};

/// What is written.
#[derive(Debug)]
pub(super) struct Transcript {
    /// The task, without its runs.
    pub(super) task: TaskReport,
    /// Those of its runs that were asked for.
    pub(super) runs: Vec<RunReport>,
    /// When.
    pub(super) at: Timestamp,
}

/// Asks, writes, gives the exit code.
pub(in crate::client) fn export(paths: &Paths, asked: &Export) -> Result<u8, Trouble> {
    let (mut line, _) = connect(paths, &Role::Call)?;
    let task = shown(&mut line, &asked.target)?;
    let transcript = select(task, asked.run)?;
    let mut sink = match &asked.to {
        Some(path) => {
            // so that Ctrl-C leaves no half of a file behind
            line.catch_interrupts()?;
            Sink::file(path)?
        }
        None => Sink::out(),
    };
    let mut pieces = Pieces::new(asked.to.is_some().then_some(line));
    match asked.document {
        Document::Markdown => markdown::write(&mut sink, &mut pieces, &transcript)?,
        Document::Json => json::write(&mut sink, &mut pieces, &transcript)?,
    }
    sink.finish()?;
    if let Some(path) = &asked.to
        && asked.told
    {
        let (task, path) = (transcript.task.id, path.display());
        return lines(&[format!("task {task} exported to {path}")]);
    }
    Ok(0)
}

/// The runs that are wanted.
fn select(mut task: TaskReport, run: Option<u32>) -> Result<Transcript, Trouble> {
    let Some(mut runs) = task.runs.take() else {
        return Err(Trouble::Failed(format!(
            "the supervisor does not tell the runs of task {}; is it of another version? wrangle doctor says",
            task.id
        )));
    };
    if let Some(run) = run {
        let many = runs.len();
        runs.retain(|known| known.run == run);
        if runs.is_empty() {
            let all = match many {
                1 => "one run".into(),
                many => format!("{many} runs"),
            };
            return Err(Trouble::Failed(format!(
                "task {} has no run {run}; it has {all}, counted from 1",
                task.id
            )));
        }
    }
    Ok(Transcript {
        task,
        runs,
        at: wall(),
    })
}
