//! Where keys go that are not for list or output: texts being typed, dialogs.

use std::collections::HashSet;

use super::completing::Completing;
use super::widget::Field;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
use crate::core::wire::Caller;

/// What has the keys.
#[derive(Debug)]
pub(super) enum Mode {
    /// List or output.
    Normal,
    /// The command bar.
    Bar,
    /// A filter of the list being typed.
    Filter(Box<Field>),
    /// A search being typed.
    Search(Box<Field>),
    /// A line for a task's standard input, or a message to its agent.
    Send {
        /// The line.
        field: Box<Field>,
        /// Whose it is.
        id: TaskId,
        /// Whether an ended agent is to go another way with it.
        fork: bool,
    },
    /// An answer to what a task's agent asks.
    Answer {
        /// The answer.
        field: Box<Field>,
        /// Whose agent asks.
        id: TaskId,
        /// Which question it is.
        request: String,
        /// Rows scrolled in it.
        scroll: usize,
    },
    /// The question whether this task is to be removed.
    Remove(TaskId),
    /// A task being composed.
    Compose,
    /// The kill menu.
    Kill(KillMenu),
    /// The keys; scrolled by so many rows.
    Help(usize),
    /// A text of several lines to be read.
    Text {
        /// What it is.
        title: String,
        /// The text.
        text: String,
        /// Rows scrolled.
        scroll: usize,
    },
    /// Leave: detach, stop all, or stay.
    Leave,
    /// All is being revoked; then this client leaves.
    Finish {
        /// Rows scrolled.
        scroll: usize,
    },
}

impl Mode {
    /// A search being typed ends with what it searched.
    pub(super) fn leave_search(&mut self) {
        if matches!(self, Self::Search(_)) {
            *self = Self::Normal;
        }
    }
}

/// Every active task under a key of its own. A key stays its task's while the menu is
/// open, also when the task is gone: what a finger aims at never moves.
#[derive(Debug, Default)]
pub(super) struct KillMenu {
    tasks: Vec<TaskId>,
    /// The same, to be asked for one.
    known: HashSet<TaskId>,
    /// The shape of the herd as of which these were all.
    shape: Option<u64>,
    /// Rows scrolled.
    pub(super) scroll: usize,
}

/// The keys of the menu, easiest first.
const LABELS: &str = "123456789abcdefghijklmnopqrstuvwxyz0ABCDEFGHIJKLMNOPQRSTUVWXYZ";

impl KillMenu {
    /// Takes in tasks that have become active since: those under way first, then those
    /// that wait in line, as they come.
    pub(super) fn refresh(&mut self, engine: &Engine) {
        if self.shape.replace(engine.shape()) == Some(engine.shape()) {
            return;
        }
        for task in engine.under_way().chain(engine.queued()) {
            if self.known.insert(task.id) {
                self.tasks.push(task.id);
            }
        }
    }

    /// The tasks that have a key.
    pub(super) fn place(&self) -> Vec<TaskId> {
        self.tasks.iter().copied().take(LABELS.len()).collect()
    }

    /// The menu with the same keys for the same tasks.
    pub(super) fn resume(tasks: Vec<TaskId>, scroll: usize) -> Self {
        Self {
            known: tasks.iter().copied().collect(),
            tasks,
            shape: None,
            scroll,
        }
    }

    /// Its tasks with their keys; those past the last key have none.
    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = (Option<char>, TaskId)> + '_ {
        let tasks = self.tasks.iter().enumerate();
        tasks.map(|(at, id)| (LABELS.chars().nth(at), *id))
    }

    /// The task under a key.
    pub(super) fn task(&self, key: char) -> Option<TaskId> {
        self.entries()
            .find(|(label, _)| *label == Some(key))
            .map(|(_, id)| id)
    }
}

/// The command bar.
#[derive(Debug)]
pub(super) struct Bar {
    /// What is typed.
    pub(super) field: Field,
    /// Commands given, on screens before this one too, oldest first.
    pub(super) history: Vec<String>,
    /// How far back in them the field is; 0: not at all.
    pub(super) back: usize,
    /// What was typed before going back.
    pub(super) typed: String,
    /// Completions of what was typed, once asked for.
    pub(super) completing: Option<Completing>,
}

impl Bar {
    /// An empty one that knows commands given before.
    pub(super) fn new(history: Vec<String>) -> Self {
        Self {
            field: Field::line(""),
            history,
            back: 0,
            typed: String::new(),
            completing: None,
        }
    }
}

/// A task being composed, kept while the screen lives.
#[derive(Debug)]
pub(super) struct Draft {
    /// The agent that it is for; `None`: it is a command.
    pub(super) agent: Option<String>,
    /// A command for `sh -c`, or a prompt, in as many lines as it takes.
    pub(super) command: Field,
    /// What it is called; empty: after its command.
    pub(super) name: Field,
    /// Where it runs.
    pub(super) dir: Field,
    /// Which of the three has the keys.
    pub(super) field: usize,
    /// How far back in what was composed before the field is; 0: not at all.
    pub(super) back: usize,
}

impl Draft {
    /// An empty one, in the caller's directory.
    pub(super) fn new(caller: &Caller) -> Self {
        Self {
            agent: None,
            command: Field::lines(""),
            name: Field::line(""),
            dir: Field::line(&caller.dir.lossy()),
            field: 0,
            back: 0,
        }
    }

    /// How many fields there are.
    pub(super) const FIELDS: usize = 3;

    /// Moves the keys on by so many fields, round and round.
    pub(super) const fn step(&mut self, by: usize) {
        self.field = (self.field + by) % Self::FIELDS;
    }

    /// The next agent, and after the last a command again.
    pub(super) fn next_agent<'a>(&mut self, mut all: impl Iterator<Item = &'a str>) {
        let now = self.agent.take();
        let next = match now {
            None => all.next(),
            Some(now) => all.skip_while(|name| **name != now).nth(1),
        };
        self.agent = next.map(str::to_owned);
    }

    /// The field that has the keys.
    pub(super) const fn focused(&mut self) -> &mut Field {
        match self.field {
            0 => &mut self.command,
            1 => &mut self.name,
            _ => &mut self.dir,
        }
    }
}
