//! Which task is selected. The list shows all tasks by number, oldest first: a task
//! never changes its place, whatever becomes of it, and a new one comes last.

use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::task::Task;

/// The selection in the task list.
#[derive(Debug, Default)]
pub(super) struct List {
    selected: Option<TaskId>,
    /// The row of the whole list that is drawn first.
    pub(super) top: usize,
    /// Whether the selected row has to come into view.
    reveal: bool,
}

impl List {
    /// The selected task; there is one whenever there are tasks.
    pub(super) const fn selected(&self) -> Option<TaskId> {
        self.selected
    }

    /// Selects a task.
    pub(super) const fn select(&mut self, id: TaskId) {
        self.reveal = true;
        self.selected = Some(id);
    }

    /// Keeps the selection on a task that exists: its neighbour where it is gone, at
    /// first the one that most wants a person, else the newest.
    pub(super) fn refresh(&mut self, engine: &Engine) {
        match self.selected {
            Some(id) if engine.task(id).is_some() => {}
            Some(id) => {
                let after = engine.tasks().find(|task| task.id > id);
                self.selected = after.or_else(|| engine.tasks().next_back()).map(|t| t.id);
            }
            None => {
                let urgent = engine.tasks().max_by_key(|task| (task.attention, task.id));
                self.selected = urgent.map(|task| task.id);
                self.reveal = true;
            }
        }
    }

    /// Moves the selection by so many rows; stays within the list.
    pub(super) fn step(&mut self, engine: &Engine, by: isize) {
        let Some(at) = self.position(engine) else {
            return;
        };
        let last = engine.tasks().len().saturating_sub(1);
        self.select_at(engine, at.saturating_add_signed(by).min(last));
    }

    /// Selects the task in this row of the whole list, where there is one.
    pub(super) fn select_at(&mut self, engine: &Engine, at: usize) {
        if let Some(task) = engine.tasks().nth(at) {
            self.select(task.id);
        }
    }

    /// Moves what is in view by so many rows, the selection left alone.
    pub(super) const fn scroll(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
        self.reveal = false;
    }

    /// Settles which rows are drawn, where so many have room.
    pub(super) fn settle(&mut self, engine: &Engine, room: usize) {
        if let Some(at) = self.position(engine)
            && self.reveal
        {
            self.top = self.top.min(at).max((at + 1).saturating_sub(room));
        }
        self.top = self.top.min(engine.tasks().len().saturating_sub(room));
    }

    /// The selected task's row in the whole list.
    pub(super) fn position(&self, engine: &Engine) -> Option<usize> {
        let selected = self.selected?;
        engine.tasks().position(|task| task.id == selected)
    }

    /// Selects the next task after the selected one that wants a person, from the top
    /// again at the end. Whether there was one.
    pub(super) fn attention(&mut self, engine: &Engine) -> bool {
        let wants = |task: &&Task| task.attention != Attention::None;
        let after = engine
            .tasks()
            .filter(wants)
            .find(|task| Some(task.id) > self.selected);
        let Some(task) = after.or_else(|| engine.tasks().find(wants)) else {
            return false;
        };
        self.select(task.id);
        true
    }
}
