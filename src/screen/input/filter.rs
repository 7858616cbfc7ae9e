//! Filtering, folding and clearing away what the list shows.

use crossterm::event::KeyEvent;

use super::Turn;
use crate::core::id::{Target, TaskId};
use crate::core::task::Task;
use crate::core::wire::Request;
use crate::screen::action::Action;
use crate::screen::keymap::Command;
use crate::screen::list::Filter;
use crate::screen::mode::Mode;
use crate::screen::remembered;
use crate::screen::screen::{Asked, Screen};
use crate::screen::widget::Field;

impl Screen {
    /// Opens the filter's text: the one that stands, to be changed.
    pub(super) fn open_filter(&mut self, turn: &Turn) {
        if turn.engine.tasks().len() == 0 {
            self.fail_for_want_of_a_task(turn);
            return;
        }
        let text = self.list.filter().map_or("", Filter::text);
        self.mode = Mode::Filter(Box::new(Field::line(text)));
    }

    /// A key while a filter is typed: each change filters anew.
    pub(super) fn filter_key(&mut self, command: Option<Command>, key: KeyEvent) {
        let Mode::Filter(field) = &mut self.mode else {
            return;
        };
        match command {
            Some(Command::Accept) => {
                if field.text().trim().is_empty() {
                    self.list.drop_filter(true);
                }
                self.mode = Mode::Normal;
            }
            Some(Command::Interrupt) if !field.is_empty() => {
                field.set("");
                self.list.filter_by("");
            }
            Some(Command::Cancel | Command::Interrupt) => {
                self.list.drop_filter(true);
                self.mode = Mode::Normal;
            }
            Some(Command::Older) => self.list.step(-1),
            Some(Command::Newer) => self.list.step(1),
            _ => {
                let before = field.text();
                field.key(key);
                self.filter_by_field(&before);
            }
        }
    }

    /// Filters by what is typed, where that is not what was typed before.
    pub(super) fn filter_by_field(&mut self, before: &str) {
        if let Mode::Filter(field) = &self.mode {
            let text = field.text();
            if text != before {
                self.list.filter_by(&text);
            }
        }
    }

    /// Unfolds the history, or folds it.
    pub(super) fn toggle_fold(&mut self, turn: &mut Turn) {
        if self.list.filter().is_some() {
            let key = self.keymap.key(Command::Back);
            self.say(format!(
                "the filter goes through the history too; {key} drops it"
            ));
            return;
        }
        let (history, unfolded) = self.list.history();
        self.list.toggle_fold();
        if history == 0 && !unfolded {
            self.say("the history is empty yet; what comes into it will be shown");
        }
        let value = remembered::fold(!unfolded);
        turn.out.push(Action::Remember(remembered::FOLD, value));
    }

    /// Asks whether a task is to be removed.
    pub(super) fn ask_to_remove(&mut self, task: &Task) {
        if task.is_active() {
            let key = self.keymap.key(Command::Revoke);
            self.fail(format!(
                "{} {} is {}; {key} revokes it first",
                task.id,
                task.spec.name,
                task.state().word()
            ));
        } else {
            self.mode = Mode::Remove(task.id);
        }
    }

    /// A key at that question: one alone removes, so that a key held down removes nothing.
    pub(super) fn remove_key(&mut self, turn: &mut Turn, command: Option<Command>, id: TaskId) {
        self.mode = Mode::Normal;
        if command == Some(Command::Accept) {
            let request = Request::Remove {
                targets: vec![Target::Id(id)],
                ended: None,
                older_than_ms: 0,
            };
            self.ask(&mut turn.out, Asked::Act("removed"), request);
        } else {
            self.say("nothing is removed");
        }
    }
}
