//! A filter that stands, and what it lets through.

use std::collections::HashMap;

use nucleo_matcher::{Config, Matcher};

use super::query::{Query, Texts, Verdict};
use super::rows::Row;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::Task;

/// A filter of the list. It asks about a task once, and again when the task has changed
/// or something else is typed.
#[derive(Debug)]
pub(in crate::screen) struct Filter {
    text: String,
    query: Query,
    /// What was selected before it.
    pub(super) origin: Option<Row>,
    matcher: Matcher,
    /// What is known of each task that was asked about.
    known: HashMap<TaskId, Known>,
    /// How many of those it lets through.
    matches: usize,
}

/// What is known of a task.
#[derive(Debug)]
struct Known {
    texts: Texts,
    verdict: Option<Verdict>,
}

impl Filter {
    /// What was typed, while `origin` is selected.
    pub(super) fn new(text: &str, origin: Option<Row>) -> Self {
        Self {
            text: text.to_owned(),
            query: Query::new(text),
            origin,
            matcher: Matcher::new(Config::DEFAULT),
            known: HashMap::new(),
            matches: 0,
        }
    }

    /// As typed.
    pub(in crate::screen) fn text(&self) -> &str {
        &self.text
    }

    /// How many tasks it lets through.
    pub(in crate::screen) const fn matches(&self) -> usize {
        self.matches
    }

    /// Something else is typed. Where it asks for more of the same, who was far from it
    /// still is.
    pub(super) fn set(&mut self, text: &str) {
        let query = Query::new(text);
        let narrows = query.narrows(&self.query);
        text.clone_into(&mut self.text);
        self.query = query;
        self.matches = 0;
        for known in self.known.values_mut() {
            known.verdict = known
                .verdict
                .filter(|verdict| narrows && *verdict == Verdict::Far);
        }
    }

    /// Whether it asks nothing: then the list is as without it.
    pub(in crate::screen) const fn is_empty(&self) -> bool {
        self.query.is_empty()
    }

    /// Whether it lets a task through.
    pub(super) fn lets(&mut self, task: &Task) -> bool {
        let known = self.known.entry(task.id).or_insert_with(|| Known {
            texts: Texts::of(task),
            verdict: None,
        });
        let verdict = known.verdict.unwrap_or_else(|| {
            let verdict = self.query.judge(task, &known.texts, &mut self.matcher);
            self.matches += usize::from(verdict == Verdict::Lets);
            verdict
        });
        known.verdict = Some(verdict);
        verdict == Verdict::Lets
    }

    /// A task came, went or changed.
    pub(super) fn changed(&mut self, engine: &Engine, id: TaskId) {
        if let Some(known) = self.known.get_mut(&id) {
            self.matches -= usize::from(known.verdict == Some(Verdict::Lets));
            known.verdict = None;
            if engine.task(id).is_none() {
                self.known.remove(&id);
            }
        }
    }

    /// Nobody knows which tasks came, went or changed.
    pub(super) fn all_changed(&mut self, engine: &Engine) {
        self.matches = 0;
        self.known.retain(|id, known| {
            known.verdict = None;
            engine.task(*id).is_some()
        });
    }

    /// What it found of a task that its row does not show.
    pub(in crate::screen) fn elsewhere(&mut self, task: &Task, more: char) -> Option<String> {
        let texts = &self.known.get(&task.id)?.texts;
        self.query.elsewhere(task, texts, more, &mut self.matcher)
    }

    /// Which graphemes of a name are to be marked.
    pub(in crate::screen) fn marks(&mut self, name: &str) -> Vec<u32> {
        self.query.marks(name, &mut self.matcher)
    }

    /// Which digits of a number are to be marked.
    pub(in crate::screen) fn digits(&self, number: &str) -> Vec<u32> {
        self.query.digits(number)
    }
}
