//! Keys of list and output.

use super::Turn;
use crate::core::id::Target;
use crate::core::task::{State, Task};
use crate::core::wire::Request;
use crate::screen::action::Action;
use crate::screen::keymap::Command;
use crate::screen::list::Row;
use crate::screen::mode::{KillMenu, Mode};
use crate::screen::screen::{Asked, Screen};
use crate::screen::text::count;
use crate::screen::transcript::{Only, TalkPane};
use crate::screen::widget::Field;

impl Screen {
    /// Does what a key of list or output is bound to.
    pub(super) fn perform(&mut self, turn: &mut Turn, command: Command) {
        match command {
            Command::Down => self.step(1),
            Command::Up => self.step(-1),
            Command::Top if self.reading => self.view.go_top(),
            Command::Top => drop(self.list.select_at(0)),
            Command::Bottom if self.reading => self.view.go_end(),
            Command::Bottom => drop(self.list.select_at(self.list.len().saturating_sub(1))),
            Command::PageUp => self.view.page(-1),
            Command::PageDown => self.view.page(1),
            Command::Switch => {
                self.zoom = false;
                self.reading = !self.reading;
            }
            Command::Fold => self.toggle_fold(turn),
            Command::Tree => {
                let line = if self.list.toggle_tree() {
                    "a tree: each under what it waits for"
                } else {
                    "a list again"
                };
                self.say(line);
            }
            Command::PauseQueue => self.pause_queue(turn),
            Command::Raw => self.toggle_raw(turn),
            Command::Tools => self.show_tools(turn),
            Command::Unfold | Command::UnfoldAll | Command::NextFold | Command::PreviousFold => {
                self.fold_key(command);
            }
            Command::Zoom if self.reading && self.view.has_chosen() => {
                self.fold_key(Command::Unfold);
            }
            Command::Zoom if self.list.is_selected(Row::Fold) => self.toggle_fold(turn),
            Command::Zoom => {
                if !self.zoom {
                    self.was_reading = self.reading;
                }
                self.zoom = !self.zoom;
                self.reading = self.zoom || self.was_reading;
            }
            Command::Back => self.back(),
            Command::Attention => {
                if !self.list.attention(turn.engine) {
                    self.say("nobody needs you");
                }
            }
            Command::Filter => self.open_filter(turn),
            Command::Bar => self.mode = Mode::Bar,
            Command::Compose => self.mode = Mode::Compose,
            Command::Help => self.mode = Mode::Help(0),
            Command::KillMenu => self.open_kill_menu(turn),
            Command::Leave => self.leave(turn),
            Command::Finish => self.finish(turn),
            Command::Interrupt => {
                let (leave, finish) = (
                    self.keymap.key(Command::Leave),
                    self.keymap.key(Command::Finish),
                );
                self.say(format!("{leave} leaves, {finish} revokes all and quits"));
            }
            Command::Follow => self.view.toggle_follow(),
            Command::NextHit => self.next_hit(true),
            Command::PreviousHit => self.next_hit(false),
            Command::EndSearch => self.end_search(&mut turn.out),
            _ => self.on_task(turn, command),
        }
    }

    /// What needs a selected task.
    fn on_task(&mut self, turn: &mut Turn, command: Command) {
        let engine = turn.engine;
        let Some(task) = self.list.selected().and_then(|id| engine.task(id)) else {
            self.fail_for_want_of_a_task(turn);
            return;
        };
        let target = Target::Id(task.id);
        match command {
            Command::Revoke | Command::RevokeNow => {
                self.revoke_task(turn, task, command == Command::RevokeNow);
            }
            Command::Retry if task.is_active() => {
                let key = self.keymap.key(Command::Revoke);
                self.fail(format!(
                    "{} {} is {}; {key} revokes it first",
                    task.id,
                    task.spec.name,
                    task.state().word()
                ));
            }
            Command::Retry => {
                let caller = self.context.caller.clone();
                let request = Request::Retry { target, caller };
                self.ask(&mut turn.out, Asked::Act(""), request);
            }
            Command::Pause => match task.state() {
                State::Running { .. } => {
                    self.ask(
                        &mut turn.out,
                        Asked::Act(""),
                        Request::Pause(vec![target].into()),
                    );
                }
                State::Paused { .. } => {
                    self.ask(
                        &mut turn.out,
                        Asked::Act(""),
                        Request::Resume(vec![target].into()),
                    );
                }
                State::Queued { .. } => self.explain_queued(task),
                state => self.fail(format!(
                    "{} {} is {}: nothing to pause",
                    task.id,
                    task.spec.name,
                    state.word()
                )),
            },
            Command::QueueUp
            | Command::QueueDown
            | Command::QueueTop
            | Command::Raise
            | Command::Lower => self.queue_key(turn, task, command),
            Command::Remove => self.ask_to_remove(task),
            Command::Send => self.open_send(task),
            Command::Fork => self.open_fork(task),
            Command::Answer => self.open_answer(task),
            Command::Search => {
                self.reading = true;
                self.mode = Mode::Search(Box::new(Field::line("")));
            }
            Command::Copy => self.copy(turn),
            Command::Pager => turn.out.push(Action::Page(task.run_id())),
            _ => {}
        }
    }

    /// Revokes, or forces where that is under way; says so where there is nothing to do.
    pub(super) fn revoke_task(&mut self, turn: &mut Turn, task: &Task, force: bool) {
        match task.state() {
            State::Ended { .. } => {
                self.say(format!("{} {} has ended", task.id, task.spec.name));
            }
            State::Stopping { kill_at: None, .. } => {
                self.say(format!("{} {}: SIGKILL is sent", task.id, task.spec.name));
            }
            State::Stopping { .. } => self.revoke(&mut turn.out, task.id, true),
            _ => self.revoke(&mut turn.out, task.id, force),
        }
    }

    fn step(&mut self, by: isize) {
        if self.reading {
            self.view.scroll(by);
        } else {
            self.list.step(by);
        }
    }

    /// Says why a key that needs a selected task does nothing.
    pub(super) fn fail_for_want_of_a_task(&mut self, turn: &Turn) {
        if turn.engine.tasks().len() == 0 {
            let key = self.keymap.key(Command::Compose);
            self.say(format!("no task yet; {key} composes one"));
        } else {
            self.say("no task is selected");
        }
    }

    /// An agent's output as it was written, or as a conversation again; a search begins anew
    /// in what is shown then.
    fn toggle_raw(&mut self, turn: &mut Turn) {
        let task = self.list.selected().and_then(|id| turn.engine.task(id));
        if task.is_some_and(|task| task.spec.agent.is_none()) {
            self.say("this is what it writes: only what agents say is read for you");
            return;
        }
        let sought = self.find.as_ref().map(|find| find.text.clone());
        self.end_search(&mut turn.out);
        self.view.raw = !self.view.raw;
        turn.out.extend(self.refresh(turn.engine));
        if let Some(text) = sought {
            self.search(&mut turn.out, &text);
        }
        self.say(if self.view.raw {
            "as it was written"
        } else {
            "as a conversation"
        });
    }

    /// Of an agent's conversation the calls of tools alone, then those that failed, then all.
    fn show_tools(&mut self, turn: &mut Turn) {
        let task = self.list.selected().and_then(|id| turn.engine.task(id));
        let Some(task) = task.filter(|task| task.spec.agent.is_some()) else {
            self.say("only agents call tools");
            return;
        };
        if self.view.raw {
            self.toggle_raw(turn);
        }
        let runs = task.past.iter().chain([&task.run]);
        let stories = runs.filter_map(|run| run.story.as_deref());
        let (called, failed) = stories.fold((0, 0), |(called, failed), story| {
            (called + story.tools_called, failed + story.tools_failed)
        });
        let Some(talk) = self.view.talk() else {
            return;
        };
        let only = talk.only().next();
        talk.show_only(only);
        let key = self.keymap.key(Command::Tools);
        self.say(match only {
            Only::All => "all of the conversation".to_owned(),
            Only::Calls => {
                format!("{called} calls of tools, {failed} failed; {key}: those that failed")
            }
            Only::Failed => format!("{failed} of {called} calls failed; {key}: all again"),
        });
    }

    /// What folds and unfolds in a conversation.
    fn fold_key(&mut self, command: Command) {
        let Some(talk) = self.view.talk() else {
            self.say("nothing folds here");
            return;
        };
        match command {
            Command::NextFold => talk.choose(true),
            Command::PreviousFold => talk.choose(false),
            Command::UnfoldAll => talk.toggle_all(),
            _ => talk.toggle(),
        }
    }

    /// One thing at a time: the selection, the zoom, the keys back to the list, the
    /// filter.
    fn back(&mut self) {
        if self.view.drop_selection() || self.view.talk().is_some_and(TalkPane::unchoose) {
            return;
        }
        if !self.reading && self.list.drop_filter(false) {
            return;
        }
        if self.zoom {
            self.zoom = false;
        }
        self.reading = false;
    }

    fn open_kill_menu(&mut self, turn: &Turn) {
        let mut menu = KillMenu::default();
        menu.refresh(turn.engine);
        if menu.entries().len() == 0 {
            self.say("nothing to revoke: no task is active");
        } else {
            self.mode = Mode::Kill(menu);
        }
    }

    fn leave(&mut self, turn: &mut Turn) {
        if turn.engine.active() == 0 {
            turn.out.push(Action::Detach);
        } else {
            self.mode = Mode::Leave;
        }
    }

    /// Revokes all, and shows who still lives until nobody does.
    pub(super) fn finish(&mut self, turn: &mut Turn) {
        if turn.engine.active() == 0 {
            turn.out.push(Action::Finish);
        } else {
            self.revoke_all(&mut turn.out, false);
            self.mode = Mode::Finish { scroll: 0 };
        }
    }

    fn copy(&mut self, turn: &mut Turn) {
        let text = self.view.selected_text();
        let text = text.unwrap_or_else(|| self.view.visible_text());
        if text.is_empty() {
            self.say("no output in view to copy");
            return;
        }
        self.say(format!("copied {}", count(text.lines().count(), "line")));
        turn.out.push(Action::Copy(text));
    }

    fn next_hit(&mut self, forward: bool) {
        if let Some(find) = &mut self.find {
            find.step(forward, &mut self.view);
        }
    }
}
