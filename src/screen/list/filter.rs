//! A filter that stands, and what it lets through.

use std::collections::HashMap;

use nucleo_matcher::{Config, Matcher};

use super::query::{Query, Texts};
use super::rows::{Row, Rows};
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::Task;

/// A filter of the list.
#[derive(Debug)]
pub(in crate::screen) struct Filter {
    text: String,
    query: Query,
    /// What was selected before it.
    pub(super) origin: Option<Row>,
    matcher: Matcher,
    /// What is known of each task that was asked about.
    known: HashMap<TaskId, Known>,
    /// As of which the rows are true.
    revision: u64,
    /// How many it lets through.
    matches: usize,
}

/// What is known of a task.
#[derive(Debug)]
struct Known {
    texts: Texts,
    /// Whether this run of it, which has ended, is let through.
    ended: Option<(u32, bool)>,
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
            revision: 0,
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

    /// Something else is typed.
    pub(super) fn set(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        self.query = Query::new(text);
        for known in self.known.values_mut() {
            known.ended = None;
        }
    }

    /// Whether it asks nothing: then the list is as without it.
    pub(in crate::screen) const fn is_empty(&self) -> bool {
        self.query.is_empty()
    }

    /// Whether it lets a task through. An ended run is asked about once.
    pub(super) fn lets(&mut self, task: &Task) -> bool {
        let known = self.known.entry(task.id).or_insert_with(|| Known {
            texts: Texts::of(task),
            ended: None,
        });
        let run = task.run.number;
        match known.ended {
            Some((of, lets)) if of == run && !task.is_active() => lets,
            _ => {
                let lets = self.query.lets(task, &known.texts, &mut self.matcher);
                known.ended = (!task.is_active()).then_some((run, lets));
                lets
            }
        }
    }

    /// Whether an active task has come to be let through, or has ceased to, since the
    /// rows were made. What has ended changes no more.
    pub(super) fn has_turned(
        &mut self,
        engine: &Engine,
        rows: &Rows,
        selected: Option<Row>,
    ) -> bool {
        if self.revision == engine.revision() {
            return false;
        }
        self.revision = engine.revision();
        engine.active_ids().any(|id| {
            let task = engine.task(id);
            let shown = rows.above().binary_search(&id).is_ok();
            task.is_some_and(|task| self.lets(task) != shown && selected != Some(Row::Task(id)))
        })
    }

    /// The rows that it leaves. What is selected stays: a row never goes from under the
    /// cursor by itself.
    pub(super) fn rows(
        &mut self,
        engine: &Engine,
        above: &[TaskId],
        selected: Option<Row>,
    ) -> Rows {
        self.revision = engine.revision();
        if self.known.len() > engine.tasks().len() {
            self.known.retain(|id, _| engine.task(*id).is_some());
        }
        let mut matches = 0;
        let mut shows = |task: &Task| {
            let lets = self.lets(task);
            matches += usize::from(lets);
            lets || selected == Some(Row::Task(task.id))
        };
        let mut shown = Vec::new();
        for id in above {
            if engine.task(*id).is_some_and(&mut shows) {
                shown.push(*id);
            }
        }
        let rest = engine.tasks().rev();
        let rest = rest.filter(|task| above.binary_search(&task.id).is_err() && shows(task));
        let history = rest.map(|task| task.id).collect();
        self.matches = matches;
        Rows::new(shown, false, history)
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
