//! The tasks that a completion knows of: those of the engine in the command bar, reports of
//! the supervisor's in a shell.

use std::collections::BTreeSet;

use super::complete::Candidate;
use crate::core::id::TaskId;
use crate::core::report::TaskReport;
use crate::core::task::Task;

/// What a completion needs to know of a task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    id: TaskId,
    name: &'a str,
    state: &'a str,
    active: bool,
    labels: &'a [String],
    lane: Option<&'a str>,
    model: Option<&'a str>,
    provider: Option<&'a str>,
}

impl<'a> From<&'a Task> for Known<'a> {
    fn from(task: &'a Task) -> Self {
        Self {
            id: task.id,
            name: &task.spec.name,
            state: task.state().word(),
            active: task.is_active(),
            labels: &task.spec.labels,
            lane: task.spec.lane.as_deref(),
            model: task.spec.model.as_deref(),
            provider: task.spec.provider.as_deref(),
        }
    }
}

impl<'a> From<&'a TaskReport> for Known<'a> {
    fn from(task: &'a TaskReport) -> Self {
        Self {
            id: task.id,
            name: &task.name,
            state: &task.state,
            active: task.state != "ended",
            labels: &task.labels,
            lane: task.lane.as_deref(),
            model: task.model.as_deref(),
            provider: task.provider.as_deref(),
        }
    }
}

/// Tasks by number, or by name once a letter was typed. Active ones first, then the newest.
/// Texts are as they are: to quote them is for who puts them in.
pub(super) fn ids<'a>(
    word: &str,
    given: &[String],
    tasks: impl DoubleEndedIterator<Item = Known<'a>>,
) -> Vec<Candidate> {
    let by_name = word.starts_with(|c: char| !c.is_ascii_digit());
    let mut found: Vec<(Known<'_>, String)> = tasks
        .rev()
        .map(|task| {
            let text = if by_name {
                task.name.to_owned()
            } else {
                task.id.to_string()
            };
            (task, text)
        })
        .filter(|(_, text)| text.starts_with(word) && !given.contains(text))
        .collect();
    found.sort_by_key(|(task, _)| !task.active);
    let mut seen = BTreeSet::new();
    found
        .into_iter()
        .filter(|(_, text)| seen.insert(text.clone()))
        .map(|(task, text)| Candidate {
            text,
            help: if by_name {
                format!("{} {}", task.id, task.state)
            } else {
                format!("{} {}", task.name, task.state)
            },
            whole: true,
        })
        .collect()
}

/// The labels that tasks have.
pub(super) fn labels<'a>(
    word: &str,
    given: &[String],
    tasks: impl Iterator<Item = Known<'a>>,
) -> Vec<Candidate> {
    words(word, given, tasks.flat_map(|task| task.labels).cloned())
}

/// The lanes that tasks are in.
pub(super) fn lanes<'a>(word: &str, tasks: impl Iterator<Item = Known<'a>>) -> Vec<Candidate> {
    words(
        word,
        &[],
        tasks.filter_map(|task| task.lane).map(str::to_owned),
    )
}

/// Models that tasks were given.
pub(super) fn models<'a>(word: &str, tasks: impl Iterator<Item = Known<'a>>) -> Vec<Candidate> {
    words(
        word,
        &[],
        tasks.filter_map(|task| task.model).map(str::to_owned),
    )
}

/// What tasks may count against.
pub(super) fn limits<'a>(word: &str, tasks: impl Iterator<Item = Known<'a>>) -> Vec<Candidate> {
    let of_task = |task: Known<'a>| {
        let provider = task.provider.map(|name| format!("provider:{name}"));
        task.lane.map(str::to_owned).into_iter().chain(provider)
    };
    let always = ["global", "agents"].map(str::to_owned);
    words(word, &[], always.into_iter().chain(tasks.flat_map(of_task)))
}

/// Those of some words that begin with what is typed and are not given yet, each once.
fn words(typed: &str, given: &[String], all: impl Iterator<Item = String>) -> Vec<Candidate> {
    let found: BTreeSet<String> = all
        .filter(|word| word.starts_with(typed) && !given.contains(word))
        .collect();
    let candidate = |text| Candidate {
        text,
        help: String::new(),
        whole: true,
    };
    found.into_iter().map(candidate).collect()
}
