//! Keys that move tasks in the queue.

use super::Turn;
use crate::core::id::Target;
use crate::core::plan::Priority;
use crate::core::task::{State, Task};
use crate::core::wire::{Move, Request};
use crate::screen::keymap::Command;
use crate::screen::screen::{Asked, Screen};

impl Screen {
    /// Starts nothing that is queued, or starts it again.
    pub(super) fn pause_queue(&mut self, turn: &mut Turn) {
        let pause = turn.engine.queue_paused().is_none();
        self.ask(
            &mut turn.out,
            Asked::Pause(pause),
            Request::PauseQueue(pause),
        );
    }

    /// What a key does to the place of a queued task.
    pub(super) fn queue_key(&mut self, turn: &mut Turn, task: &Task, command: Command) {
        if !matches!(task.state(), State::Queued { .. }) {
            self.fail(format!(
                "{} {} is {}: only a queued task has a place in the queue",
                task.id,
                task.spec.name,
                task.state().word()
            ));
            return;
        }
        let target = Target::Id(task.id);
        let request = match command {
            Command::QueueUp => Request::Move(target, Move::Up),
            Command::QueueDown => Request::Move(target, Move::Down),
            Command::QueueTop => Request::Move(target, Move::Top),
            _ => {
                let Some(priority) = beside(task.priority, command == Command::Raise) else {
                    let word = task.priority.word();
                    self.say(format!(
                        "{} {} has {word} priority",
                        task.id, task.spec.name
                    ));
                    return;
                };
                Request::Priority(vec![target].into(), priority)
            }
        };
        self.ask(&mut turn.out, Asked::Act(""), request);
    }

    /// Says what can be done about a task that has not started.
    pub(super) fn explain_queued(&mut self, task: &Task) {
        let key = |command| self.keymap.key(command);
        let line = format!(
            "{} {} has not started: {} takes it out, {} {} move it, {} pauses the queue",
            task.id,
            task.spec.name,
            key(Command::Revoke),
            key(Command::QueueUp),
            key(Command::QueueDown),
            key(Command::PauseQueue)
        );
        self.say(line);
    }
}

/// The next priority up or down, where there is one.
fn beside(priority: Priority, up: bool) -> Option<Priority> {
    let at = Priority::ALL.iter().position(|known| *known == priority)?;
    let at = if up { at.checked_sub(1)? } else { at + 1 };
    Priority::ALL.get(at).copied()
}
