//! The activity log: what happened, written down with the change that it is about, and
//! told to those who follow once it is stored.

use std::collections::BTreeMap;

use super::herd::{Engine, refuse};
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, Event, What};
use crate::core::id::{Target, TaskId};
use crate::core::input::{EventsRead, Ticket};
use crate::core::record::Change;
use crate::core::report::TaskReport;
use crate::core::task::{Outcome, State, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, EventsAsked, Failure};

/// So many entries that make no sense are named.
const MOST_LINES: usize = 10;

/// What happened and is not yet handed to the store, and who wants to know.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// The last number given out.
    pub(super) seq: u64,
    /// The last that was told.
    told: u64,
    noted: Vec<Event>,
    /// Who follows, which task alone, and from which number on.
    follows: BTreeMap<Ticket, (Option<TaskId>, u64)>,
}

impl Journal {
    /// One that goes on after this number.
    pub(super) fn after(seq: u64) -> Self {
        Self {
            seq,
            told: seq,
            ..Self::default()
        }
    }

    /// What was noted since the last write.
    pub(super) fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.noted)
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.follows.remove(&ticket);
    }
}

impl Engine {
    /// Notes what happened to a task: it goes into the next write.
    pub(super) fn note(&mut self, now: Now, id: TaskId, what: What, by: By, text: Option<String>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        self.journal.seq += 1;
        let (outcome, exit) = match (what, &task.run.state) {
            (What::Ended, State::Ended { outcome, .. }) => (Some(outcome.clone()), None),
            (What::Lingering, State::Lingering { exit, .. }) => (None, Some(*exit)),
            _ => (None, None),
        };
        self.journal.noted.push(Event {
            seq: self.journal.seq,
            at: now.wall,
            what,
            by,
            task: id,
            run: task.run.number,
            name: task.spec.name.clone(),
            outcome,
            exit,
            text,
        });
    }

    /// What was noted and belongs to no other write.
    pub(super) fn write_down(&mut self, out: &mut Vec<Effect>) {
        if !self.journal.noted.is_empty() {
            out.push(Effect::Store {
                change: Change::Nothing,
                events: self.journal.take(),
                then: Vec::new(),
            });
        }
    }

    /// The log so far, and what comes to it.
    pub(super) fn events(&mut self, ticket: Ticket, asked: &EventsAsked, out: &mut Vec<Effect>) {
        let task = match &asked.task {
            None => None,
            // what happened to a task that was removed is still told
            Some(Target::Id(id)) if id.0 < self.next => Some(*id),
            Some(target) => match self.resolve(target) {
                Ok(id) => Some(id),
                Err(line) => {
                    out.push(refuse(ticket, Failure::NoSuchTask, line));
                    return;
                }
            },
        };
        // what was noted up to now is read from the store, whether it lies there already
        // or is on its way
        if asked.follow {
            let from = self.journal.seq + 1;
            self.journal.follows.insert(ticket, (task, from));
        }
        out.push(Effect::ReadEvents {
            ticket,
            task,
            most: asked.last,
            last: !asked.follow,
        });
    }

    /// The log as it is stored, with what could not be written so far: who asked before
    /// that was told to those who follow is not told it again.
    pub(super) fn events_read(&mut self, read: EventsRead, free: &mut Vec<Effect>) {
        let EventsRead {
            ticket,
            task,
            most,
            last,
            found,
        } = read;
        let (mut events, problems) = match found {
            Ok(found) => found,
            Err(line) => {
                self.journal.forget(ticket);
                free.push(refuse(ticket, Failure::Failed, line));
                return;
            }
        };
        let follow = self.journal.follows.get(&ticket);
        let before = follow.map_or(u64::MAX, |(_, from)| *from);
        let unwritten = self
            .writes
            .unwritten()
            .iter()
            .filter(|event| event.seq < before && task.is_none_or(|task| task == event.task));
        events.extend(unwritten.cloned());
        events.sort_by_key(|event| event.seq);
        let most = most.map_or(usize::MAX, |most| most as usize);
        events.drain(..events.len().saturating_sub(most));
        if !problems.is_empty() {
            free.push(Effect::Answer {
                ticket,
                answer: Answer::Aside(in_few(problems)),
                last: false,
            });
        }
        free.push(Effect::Answer {
            ticket,
            answer: Answer::Events(events),
            last,
        });
    }

    /// Tells those who follow, and those whom the configuration names, what is stored now.
    pub(super) fn tell(&mut self, events: &[Event], change: &Change, free: &mut Vec<Effect>) {
        let told = self.journal.told;
        let new = || events.iter().filter(|event| event.seq > told);
        self.journal.told = new().map(|event| event.seq).max().unwrap_or(told);
        for (ticket, (task, from)) in &self.journal.follows {
            let wanted =
                |event: &&Event| event.seq >= *from && task.is_none_or(|task| task == event.task);
            let events: Vec<Event> = new().filter(wanted).cloned().collect();
            if !events.is_empty() {
                free.push(Effect::Answer {
                    ticket: *ticket,
                    answer: Answer::Events(events),
                    last: false,
                });
            }
        }
        for event in new() {
            self.hook(event, change, free);
        }
    }

    fn hook(&self, event: &Event, change: &Change, free: &mut Vec<Effect>) {
        let task: Option<&Task> = match change {
            Change::Task(record) if record.task.id == event.task => Some(&record.task),
            _ => self.tasks.get(event.task),
        };
        let wanted = |task: &&Task| {
            hook_words(event, task.attention).any(|word| self.rules.hooked.contains(word))
        };
        if let Some(task) = task.filter(wanted) {
            let log = self.rules.run_dir(task.run_id());
            let task = TaskReport::of(task, self.reason(task), log.to_string_lossy().into_owned())
                .having_used(&self.bill(task));
            free.push(Effect::Hook {
                event: Box::new(event.clone()),
                task: Box::new(task),
            });
        }
    }
}

/// The first of many lines, and how many more there are.
fn in_few(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    if more > 0 {
        lines.push(format!("{more} more can't be read"));
    }
    lines
}

/// The words under which the configuration can want something run for an event: its
/// own, `failed` for an end that is neither a success nor a revoke, and `asking` where what
/// its task wants by it is an answer.
pub fn hook_words(event: &Event, attention: Attention) -> impl Iterator<Item = &'static str> {
    let failed = event.outcome.as_ref().is_some_and(|outcome| {
        !matches!(
            outcome,
            Outcome::Succeeded | Outcome::Revoked(_) | Outcome::Spent(_)
        )
    });
    let asking = event.what == What::Attention && attention == Attention::Asking;
    [event.what.word()]
        .into_iter()
        .chain(failed.then_some("failed"))
        .chain(asking.then_some("asking"))
}
