//! What persons change about the queue's order.

use super::herd::{Engine, answer, refuse};
use crate::core::effect::Effect;
use crate::core::id::{Target, TaskId};
use crate::core::input::Ticket;
use crate::core::plan::Priority;
use crate::core::task::Task;
use crate::core::wire::{Answer, Failure, Move};

impl Engine {
    /// Gives a task another priority: it counts while it is queued, and for further runs.
    pub(super) fn prioritise(&mut self, id: TaskId, priority: Priority, out: &mut Vec<Effect>) {
        self.tasks.update(id, |task| task.priority = priority);
        self.store(id, Vec::new(), out);
        self.tell_watchers(id, out);
    }

    /// Gives a queued task another place in the queue.
    pub(super) fn reorder(
        &mut self,
        ticket: Ticket,
        target: &Target,
        to: Move,
        out: &mut Vec<Effect>,
    ) {
        let id = match self.resolve(target) {
            Ok(id) => id,
            Err(line) => return out.push(refuse(ticket, Failure::NoSuchTask, line)),
        };
        let queue = self.tasks.queue();
        let Some(turn) = queue.entry(id).map(|entry| (entry.turn, id)) else {
            let word = self
                .tasks
                .get(id)
                .map_or("gone", |task| task.state().word());
            let line = format!("task {id} is {word}: only a queued one has a place in the queue");
            return out.push(refuse(ticket, Failure::Failed, line));
        };
        let first = queue.order().next();
        let other = match to {
            Move::Top => first.filter(|first| *first != turn),
            Move::Up => queue.before(turn).next(),
            Move::Down => queue.behind(turn).next(),
        };
        if let Some(other) = other {
            match to {
                Move::Top => self.give_turn(id, other.0 - 1, out),
                // two may have the same turn: then one more parts them
                Move::Up if other.0 == turn.0 => self.give_turn(id, other.0 - 1, out),
                Move::Down if other.0 == turn.0 => self.give_turn(id, other.0 + 1, out),
                Move::Up | Move::Down => {
                    self.give_turn(id, other.0, out);
                    self.give_turn(other.1, turn.0, out);
                }
            }
        }
        let told = self.tasks.get(id).map(|task| self.report(task));
        out.extend(told.map(|task| answer(ticket, Answer::Task(Box::new(task)))));
    }

    /// Gives a queued task this turn, whatever its priority.
    fn give_turn(&mut self, id: TaskId, turn: i64, out: &mut Vec<Effect>) {
        let change = |task: &mut Task| task.place += turn - task.turn();
        self.tasks.update(id, change);
        self.store(id, Vec::new(), out);
    }
}
