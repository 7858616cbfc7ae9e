//! Which tasks a person means.

use std::collections::BTreeSet;

use super::herd::{Engine, answer, refuse};
use crate::core::effect::Effect;
use crate::core::id::{RunId, Target, TaskId};
use crate::core::input::Ticket;
use crate::core::task::Task;
use crate::core::wire::{Answer, Failure, Kin, Pick};

/// How many of those that bear one name are named.
const NAMESAKES: usize = 8;

impl Engine {
    /// The task a person means.
    ///
    /// # Errors
    /// One line that names what was asked for, when there is none or more than one.
    pub fn resolve(&self, target: &Target) -> Result<TaskId, String> {
        match target {
            Target::Id(id) if self.tasks.contains(*id) => Ok(*id),
            Target::Id(id) => Err(format!(
                "no task {id}; wrangle ls --all shows all there are"
            )),
            Target::Newest => self
                .tasks
                .iter()
                .next_back()
                .map(|task| task.id)
                .ok_or_else(|| "no task yet; wrangle run launches one".into()),
            Target::Name(name) => self.by_name(name),
        }
    }

    fn by_name(&self, name: &str) -> Result<TaskId, String> {
        let bearers: Vec<&Task> = self
            .tasks
            .iter()
            .filter(|task| task.spec.name == name)
            .collect();
        let active: Vec<&Task> = bearers.iter().copied().filter(|t| t.is_active()).collect();
        match (active.as_slice(), bearers.as_slice()) {
            ([one], _) | ([], [one]) => Ok(one.id),
            ([], []) => Err(format!(
                "no task is called {name:?}; wrangle ls --all shows all there are"
            )),
            (many, _) if !many.is_empty() => Err(ambiguous(name, many)),
            (_, many) => Err(ambiguous(name, many)),
        }
    }

    /// Resolves a target, or refuses.
    pub(super) fn with(
        &mut self,
        ticket: Ticket,
        target: &Target,
        out: &mut Vec<Effect>,
        then: impl FnOnce(&mut Self, TaskId, &mut Vec<Effect>),
    ) {
        match self.resolve(target) {
            Ok(id) => then(self, id, out),
            Err(line) => out.push(refuse(ticket, Failure::NoSuchTask, line)),
        }
    }

    /// The tasks that are meant, or a refusal of all: a list with a wrong one does nothing
    /// by halves.
    pub(super) fn picked(
        &self,
        ticket: Ticket,
        pick: &Pick,
        out: &mut Vec<Effect>,
    ) -> Option<BTreeSet<TaskId>> {
        let named: Result<BTreeSet<TaskId>, String> = pick
            .targets
            .iter()
            .map(|target| self.resolve(target))
            .collect();
        let found = named.and_then(|mut ids| {
            if pick.labels.is_empty() {
                return Ok(ids);
            }
            let mut bearers = self.bearers(&pick.labels).peekable();
            if bearers.peek().is_none() {
                let labels = pick.labels.join(", ");
                return Err(format!(
                    "no task bears {labels}; wrangle ls --all shows all there are"
                ));
            }
            ids.extend(bearers);
            Ok(ids)
        });
        let found = found.map(|ids| self.with_kin(ids, pick.kin));
        match found {
            Ok(ids) => Some(ids),
            Err(line) => {
                out.push(refuse(ticket, Failure::NoSuchTask, line));
                None
            }
        }
    }

    /// Tasks, with or without themselves and what was launched from within them.
    fn with_kin(&self, ids: BTreeSet<TaskId>, kin: Kin) -> BTreeSet<TaskId> {
        if kin == Kin::Alone {
            return ids;
        }
        let mut within = ids.clone();
        // a child has a higher number than its parent
        for task in self.tasks.iter() {
            if task.parent.is_some_and(|parent| within.contains(&parent)) {
                within.insert(task.id);
            }
        }
        match kin {
            Kin::Below => &within - &ids,
            Kin::Alone | Kin::Tree => within,
        }
    }

    /// These are revoked together with what was launched from within them: until each has
    /// ended, nothing more is.
    pub(super) fn fell(&mut self, ids: &BTreeSet<TaskId>) {
        let tasks = &self.tasks;
        let ends = |run: &RunId| {
            let task = tasks.get(run.task);
            task.is_none_or(|task| !task.is_active() || task.run_id() != *run)
        };
        self.felled.retain(|run| !ends(run));
        let runs = ids.iter().filter_map(|id| tasks.get(*id));
        self.felled.extend(runs.map(Task::run_id));
    }

    /// The task, itself or above it, that is revoked with all that was launched within.
    pub(super) fn falls_with(&self, id: TaskId) -> Option<TaskId> {
        let mut above = self.tasks.get(id);
        while let Some(task) = above {
            if task.is_active() && self.felled.contains(&task.run_id()) {
                return Some(task.id);
            }
            above = task.parent.and_then(|parent| self.tasks.get(parent));
        }
        None
    }

    /// Every task that bears all of these labels.
    fn bearers<'a>(&'a self, labels: &'a [String]) -> impl Iterator<Item = TaskId> + 'a {
        self.tasks
            .iter()
            .filter(|task| {
                let bears = |label| task.spec.labels.contains(label);
                labels.iter().all(bears)
            })
            .map(|task| task.id)
    }

    /// Does something to each; answers with how many, or with the first refusal. Of those
    /// that labels mean only such are refused as leave nobody it could be done to.
    pub(super) fn each(
        &mut self,
        ticket: Ticket,
        pick: &Pick,
        out: &mut Vec<Effect>,
        act: impl Fn(&mut Self, TaskId, &mut Vec<Effect>) -> Result<(), String>,
    ) {
        let Some(ids) = self.picked(ticket, pick, out) else {
            return;
        };
        let named: BTreeSet<TaskId> = pick
            .targets
            .iter()
            .filter_map(|target| self.resolve(target).ok())
            .collect();
        let (mut done, mut refusal, mut skipped) = (0_usize, None, None);
        for id in ids {
            match act(self, id, out) {
                Ok(()) => done += 1,
                Err(line) if named.contains(&id) => drop(refusal.get_or_insert(line)),
                Err(line) => drop(skipped.get_or_insert(line)),
            }
        }
        out.push(match refusal.or_else(|| skipped.filter(|_| done == 0)) {
            Some(line) => refuse(ticket, Failure::Failed, line),
            None => answer(ticket, Answer::Done(None)),
        });
    }
}

fn ambiguous(name: &str, many: &[&Task]) -> String {
    // the newest are the likely ones, and a line has to be read
    let older = many.len().saturating_sub(NAMESAKES);
    let newest = many[older..].iter().map(|task| task.id.to_string());
    let before = (older > 0).then(|| "..".to_owned()).into_iter();
    format!(
        "{name:?} is the name of {} tasks ({}); say which by number",
        many.len(),
        before.chain(newest).collect::<Vec<_>>().join(", ")
    )
}
